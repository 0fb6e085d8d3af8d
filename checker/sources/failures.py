"""What the AWS client raises → why an account could not be read, and what to do about it."""

from textwrap import shorten

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)
from botocore.parsers import ResponseParserError

from checker.errors import SignInFailed
from checker.sources.permissions import CALLS
from checker.sources.reader import reader

FAILURES = (ClientError, BotoCoreError, ResponseParserError, SignInFailed, reader.Untrustworthy)

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
REFUSED = {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
THROTTLED = {"Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException", "SlowDown"}
CHECK_NETWORK = "check the network, proxy and AWS_ENDPOINT_URL, then run again"
RUN_AGAIN = "run again, and report it if it stays"
LONGEST = 200  # characters of a parser's message
SIGN_IN_AGAIN = "sign in again, with `aws sso login` or whatever gave the credentials"


def explain(error: Exception) -> str:
    """One line for the report: what failed and how to mend it."""
    if isinstance(error, SignInFailed):
        return str(error)
    if isinstance(error, ClientError):
        return _refusal(error)
    if isinstance(error, NoCredentialsError):
        return "no AWS credentials were found: set AWS_PROFILE or the AWS_ variables, or use --from FILE"
    if isinstance(error, PartialCredentialsError):
        return f"the AWS credentials are incomplete: {error}"
    if isinstance(error, SSOTokenLoadError | TokenRetrievalError | UnauthorizedSSOTokenError):
        return f"the sign-in has expired: {SIGN_IN_AGAIN}"
    if isinstance(error, ConnectTimeoutError | ReadTimeoutError | EndpointConnectionError):
        return f"AWS did not answer: {error}; {CHECK_NETWORK}"
    if isinstance(error, ResponseParserError):  # botocore's first line; the answer itself is in the others
        what = shorten(str(error).partition("\n")[0].partition(", invalid")[0], LONGEST)
        return f"something else than AWS answered, or half of it came: {what}; {CHECK_NETWORK}"
    return f"{type(error).__name__}: {' '.join(str(error).split())}; {RUN_AGAIN}"


def _refusal(error: ClientError) -> str:
    operation, code = error.operation_name, reader.error_code(error)
    message = " ".join(error.response.get("Error", {}).get("Message", "").split())
    if code in EXPIRED:
        return f"the credentials expired ({code} on {operation}): {SIGN_IN_AGAIN}"
    if code in REFUSED:
        check = "check the access key, and in China and GovCloud that AWS_REGION is one of theirs"
        return f"AWS does not accept the credentials ({code} on {operation}): {check}, or {SIGN_IN_AGAIN}"
    if code in DENIED:
        return f"{operation} was denied: allow what `keyage permissions{_verb_of(operation)}` prints ({message})"
    if code in THROTTLED:
        return f"AWS kept throttling {operation} ({code}): run again later, or with a lower --concurrency"
    return f"{operation} failed with {code}: {message}; {RUN_AGAIN}"


def _verb_of(operation: str) -> str:
    """The argument with which `keyage permissions` prints an operation; none for those of `check`."""
    verbs = {verb for call in CALLS if call.operation == operation for verb in call.verbs}
    return "" if not verbs or "check" in verbs else f" {min(verbs)}"
