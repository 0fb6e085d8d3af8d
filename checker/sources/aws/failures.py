"""What the AWS client raises → why an account could not be read, and what to do about it."""

from textwrap import shorten

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError

from checker.errors import SignInFailed
from checker.permissions import CALLS
from checker.sources.aws.connection_advice import CHECK_NETWORK, unreached
from checker.sources.aws.reader import listing

FAILURES = (ClientError, BotoCoreError, ResponseParserError, SignInFailed, listing.Untrustworthy)

EXPIRED = {"ExpiredToken", "ExpiredTokenException"}
CLOCK = {"RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"}
CLOCK_WORDS = ("Signature expired", "Signature not yet current")  # how AWS begins its message then
EXPLICIT_DENY = "explicit deny"  # AWS's words for a policy that no other can overrule, such as an SCP
HTML = ("<!doctype", "<html")
REFUSED = {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown"}
RUN_AGAIN = "run again, and report it if it stays"
LONGEST = 200  # characters of a parser's message
SIGN_IN_AGAIN = "sign in again, with `aws sso login` or whatever gave the credentials"


def explain(error: Exception, verb: str | None = None) -> str:
    """One line for the report: what failed and how to mend it; `verb` is the one whose permissions were wanted."""
    if isinstance(error, SignInFailed):
        return str(error)
    if isinstance(error, ClientError):
        return _refusal(error, verb)
    if isinstance(error, NoCredentialsError):
        needless = "`keyage check --from FILE` and `keyage demo` need none"
        return f"no AWS credentials were found: set AWS_PROFILE or the AWS_ variables, or sign in; {needless}"
    if isinstance(error, BotoCoreError) and (why := unreached(error)) is not None:
        return why
    if isinstance(error, ResponseParserError):  # botocore's first line; the answer itself is in the others
        what = shorten(str(error).partition("\n")[0], LONGEST)
        return f"something else than AWS answered, or half of it came: {what}; {CHECK_NETWORK}"
    if isinstance(error, listing.Untrustworthy):
        return f"{error}; {RUN_AGAIN}"
    return f"{type(error).__name__}: {' '.join(str(error).split())}; {RUN_AGAIN}"


def _refusal(error: ClientError, verb: str | None) -> str:
    operation, code = error.operation_name, listing.error_code(error)
    message = " ".join(error.response.get("Error", {}).get("Message", "").split())
    refusal = f"{code} on {operation}: {message}" if message else f"{code} on {operation}"
    if message.lower().startswith(HTML):
        return f"something else than AWS answered {operation}, with a page of HTML ({code}); {CHECK_NETWORK}"
    if code in CLOCK or message.startswith(CLOCK_WORDS):
        return (
            f"the clock of this machine is wrong, AWS does not accept its time ({refusal}): set it right and run again"
        )
    if code in EXPIRED:
        return f"the credentials expired ({refusal}): {SIGN_IN_AGAIN}"
    if code in REFUSED:
        check = "check the access key, and in China and GovCloud that AWS_REGION is one of theirs"
        return f"AWS does not accept the credentials ({refusal}): {check}, or {SIGN_IN_AGAIN}"
    if code in DENIED:
        return _denial(operation, message, verb)
    if code in THROTTLED:
        fewer = "check, snapshot and diff can do so with a lower --concurrency"
        return f"AWS kept throttling {operation} ({code}): run again later; {fewer}"
    return f"{operation} failed with {code}: {message}; {RUN_AGAIN}"


def _denial(operation: str, message: str, verb: str | None) -> str:
    if EXPLICIT_DENY in message:
        return f"{operation} is denied by a policy, whatever others allow: {message}; ask whoever keeps that policy"
    prints = f" {verb}" if verb else _verb_of(operation)
    return f"{operation} was denied: allow what `keyage permissions{prints}` prints ({message})"


def _verb_of(operation: str) -> str:
    """The argument with which `keyage permissions` prints an operation; none for those of `check`."""
    verbs = {verb for call in CALLS if call.operation == operation for verb in call.verbs}
    return "" if not verbs or "check" in verbs else f" {min(verbs)}"
