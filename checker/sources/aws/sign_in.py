"""The boundary of the sign-in: whatever botocore raises while it finds or renews credentials is a failure of ours.

botocore reads the configuration, runs programs and opens files for its credentials, and lets everything through that
goes wrong there: read in botocore 1.44, credentials.py, configloader.py, tokens.py, utils.py and args.py.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from getpass import getpass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from botocore.credentials import CredentialProvider, Credentials, ReadOnlyCredentials, create_credential_resolver
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from checker.errors import KeyageError, SignInFailed, UsageError, printable
from checker.sources.aws.sign_in_advice import INVALID_ENDPOINT, mistake, trouble
from checker.sources.aws.throttled import Tell
from checker.sources.aws.waits import TERMINAL, Patience, watch

RAISED = (
    BotoCoreError,
    ClientError,
    ResponseParserError,  # another server than AWS STS answered
    OSError,  # a program or a file of a token that is not there, or that is a folder
    EOFError,
    ValueError,  # an address, a region, JSON, text, a command or a date that is none
    LookupError,  # an answer without a member
    TypeError,  # JSON or a setting of another shape
    AttributeError,  # likewise
    ArithmeticError,  # a date that is out of range
    RuntimeError,  # renewed credentials that have expired; the C library of `aws login`
)
NO_TERMINAL = (
    "the AWS profile asks for the code of an MFA device (mfa_serial), and there is no terminal to ask at: run keyage at"
    " a terminal, or sign in before and give the credentials in the AWS_ variables"
)


@contextmanager
def boundary(core: Session, way: str | None = None, *, renewing: bool = False) -> Iterator[None]:
    """Inside it botocore signs in: by that way, if one is being tried (`METHOD` of a provider).

    Raises UsageError for a file or a variable that a person wrote wrong, and SignInFailed for everything else; if
    credentials are renewed always the latter, because then the configuration was right at the beginning.
    """
    try:
        yield
    except RAISED as error:
        raise _failure(core, way, error, renewing=renewing) from error


def _failure(core: Session, way: str | None, error: Exception, *, renewing: bool) -> KeyageError:
    profile: str = core.get_config_variable("profile") or "default"
    wrong = None if renewing else mistake(error, profile, way)
    return SignInFailed(trouble(error, profile, way)) if wrong is None else UsageError(wrong)


def require_usable(core: Session, client: Any) -> None:
    """What botocore would look at with the first request only: the port of the address, the file of certificates.

    Raises ValueError, UsageError.
    """
    try:
        urlsplit(client.meta.endpoint_url).port  # noqa: B018 -- reading it is the check
    except ValueError:
        raise ValueError(f"{INVALID_ENDPOINT}{client.meta.endpoint_url}") from None
    bundle = core.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
    if bundle and not Path(bundle).exists():
        raise UsageError(f"the file of certificates {bundle} is not there: correct AWS_CA_BUNDLE (ca_bundle)")


class SignIn(CredentialProvider):
    """botocore's ways to find credentials, one after the other as it tries them, inside the boundary."""

    METHOD = "keyage-sign-in"

    def __init__(
        self,
        core: Session,
        region: Callable[[], str],
        tell: Tell | None = None,
        patience: Patience = Patience(),  # noqa: B008 -- a tuple
    ) -> None:
        """`region`: where AWS STS is asked for the credentials of a role; `tell` gets a line while a person waits."""
        super().__init__()
        self._core = core
        self._region = region
        self._tell, self._patience = tell, patience

    def load(self) -> Credentials | None:
        """The credentials; None if there are none. Raises UsageError, SignInFailed."""
        with boundary(self._core):
            resolver = create_credential_resolver(self._core, region_name=self._region())
            roles: Any = resolver.get_provider("assume-role")
            roles._prompter = _code  # noqa: SLF001 -- botocore has no other way to it
            watch(resolver, self._tell, self._patience)
        for provider in resolver.providers:
            with boundary(self._core, provider.METHOD):
                credentials = provider.load()
            if credentials is not None:
                return _Guarded(self._core, credentials)
        return None


class _Guarded(Credentials):
    """Credentials whose first use and whose renewal, which many ways put off until then, are inside the boundary."""

    def __init__(self, core: Session, credentials: Credentials) -> None:
        super().__init__("", "", method=credentials.method)
        self._core = core
        self._credentials = credentials
        self._signed_in = False

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        with boundary(self._core, self.method, renewing=self._signed_in):
            frozen = self._credentials.get_frozen_credentials()
        self._signed_in = True
        return frozen


def _code(prompt: str) -> str:
    """The code of an MFA device: asked for at the terminal, or a line of standard input where there is none."""
    try:
        TERMINAL.open("rb").close()
    except OSError:
        code = sys.stdin.readline().strip() if sys.stdin else ""
        if not code:
            raise SignInFailed(NO_TERMINAL) from None
        return code
    return getpass(printable(prompt))
