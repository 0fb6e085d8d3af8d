"""A boto3 session that can call only what it is for, and that counts what it asks."""

import os
import platform
import threading
from collections import Counter
from collections.abc import Collection, Mapping
from copy import copy
from datetime import datetime
from typing import Any, Self

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialProvider, CredentialResolver, Credentials, ReadOnlyCredentials
from botocore.utils import parse_timestamp

from checker import __version__
from checker.errors import KeyageError
from checker.permissions import ALLOWED, ALLOWED_TO_ROTATE, SIGN_IN
from checker.sources.aws.answers import ask_again
from checker.sources.aws.first_contact import FirstContact
from checker.sources.aws.sign_in import SignIn, boundary, require_usable
from checker.sources.aws.throttled import Tell, Throttling
from checker.sources.concurrency import CALLS_SIDE_BY_SIDE

# IAM answers within a second; ten attempts with adaptive backoff outlast a throttling burst of minutes.
CONNECT_TIMEOUT = 4  # seconds
READ_TIMEOUT = 20  # seconds
ATTEMPTS = 10
DEFAULT_REGION = "us-east-1"  # IAM is global; a client still wants a region to sign for
IN_AN_ANSWER = ("AccessKeyId", "SecretAccessKey", "SessionToken")  # of AssumeRole
# Whole, because botocore makes its own anew for every request, which takes a tenth of a call's time.
USER_AGENT = f"keyage/{__version__} Boto3/{boto3.__version__} Python/{platform.python_version()}"


class WriteRefused(KeyageError):
    """keyage was about to make a call that it must not make: a bug, stopped before it left the machine."""


class GuardedSession:
    """Clients for the calls of `allowed` and no others; safe to share between threads."""

    allowed: Collection[tuple[str, str]] = SIGN_IN  # services and operations
    purpose = "keyage only signs in"

    def __init__(
        self,
        profile: str | None = None,
        concurrency: int = CALLS_SIDE_BY_SIDE,
        credentials: Mapping[str, str] | None = None,
        tell: Tell | None = None,
    ) -> None:
        """`credentials` as AssumeRole returns them; else the environment's or the profile's.

        `tell` gets a line for people now and then while AWS throttles, or a sign-in is not answered.
        Raises UsageError for a configuration that a person wrote wrong, such as a profile that is not there.
        """
        self._profile = profile
        self.concurrency = concurrency  # calls side by side, each over a connection of its own
        self._throttling = Throttling(tell) if tell else None
        core = botocore.session.Session(profile=profile)
        if credentials:
            core.set_credentials(*(credentials[name] for name in IN_AN_ANSWER))
        else:
            core.register_component("credential_provider", CredentialResolver([SignIn(core, self._region, tell)]))
        self._core = core
        self._config = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
            max_pool_connections=concurrency,
            user_agent=USER_AGENT,
        )
        self._lock = threading.Lock()
        self._contact = FirstContact()
        self._set_up()

    def _set_up(self) -> None:
        self._core.register("before-call", self.guard)
        ask_again(self._core, moment)
        if self._throttling:
            self._throttling.watch(self._core)
        self._core.register("needs-retry", self._contact.needs_retry)
        self._core.set_default_client_config(self._config)  # of every client, botocore's own too, which sign in
        with boundary(self._core):
            self._session = boto3.Session(botocore_session=self._core)
        self._calls: Counter[str] = Counter()

    def recounted(self) -> Self:
        """The same session, counting from nought."""
        other = copy(self)
        other._calls = Counter()  # noqa: SLF001 -- its own
        return other

    def guard(self, **call: Any) -> None:
        """Stands before every call of every client, botocore's own sign-in too; raises WriteRefused."""
        model = call["model"]
        service, operation = model.service_model.service_name, model.name
        if (service, operation) not in self.allowed:
            raise WriteRefused(f"refused to call {service}:{operation}: {self.purpose}; please report this")

    @property
    def ca_bundle(self) -> str | None:
        """The file of the certificates to trust, by AWS_CA_BUNDLE or the profile; None for those that botocore has."""
        file: str | None = self._core.get_config_variable("ca_bundle")
        return file

    def signing_with(self, credentials: Credentials) -> Self:
        """A session like this one whose every request is signed with what these credentials are at that moment."""
        other = copy(self)
        other._core = botocore.session.Session(profile=self._profile)  # noqa: SLF001 -- its own
        # Parsing the models of the services again would take a fifth of a second and ten MiB.
        other._core.register_component("data_loader", self._core.get_component("data_loader"))  # noqa: SLF001
        resolver = CredentialResolver([_Given(credentials)])
        other._core.register_component("credential_provider", resolver)  # noqa: SLF001 -- likewise
        other._set_up()  # noqa: SLF001 -- likewise
        return other

    def client(self, service: str, region: str | None = None) -> Any:
        """A client of the service, by default in the region of AWS_REGION, as other SDKs have it, or the session's.

        Making one is not thread-safe in boto3, hence the lock. Raises UsageError, SignInFailed.
        """
        with boundary(self._core), self._lock:
            region = region or self._region()
            client: Any = self._session.client(service, region_name=region)  # type: ignore[call-overload]
            require_usable(self._core, client)
        client.meta.events.register("before-call", self._count)
        return client

    def _region(self) -> str:
        return self.configured_region() or DEFAULT_REGION

    def own_key_id(self) -> str | None:
        """The id of the access key that signs the session's calls; None without credentials."""
        credentials = self._core.get_credentials()
        return credentials.get_frozen_credentials().access_key if credentials else None

    def configured_region(self) -> str | None:
        """The region that the environment or the profile names; None without one."""
        return os.environ.get("AWS_REGION") or self._core.get_config_variable("region")

    def calls(self) -> dict[str, int]:
        """How often each operation was called, without retries."""
        with self._lock:
            return dict(sorted(self._calls.items()))

    def _count(self, **call: Any) -> None:
        with self._lock:
            self._calls[call["model"].name] += 1


class ReadOnlySession(GuardedSession):
    """Can read what verdicts, plans and comparisons need; neither change anything nor see a secret."""

    allowed = ALLOWED
    purpose = "keyage only reads"


class RotatingSession(GuardedSession):
    """Can do what a rotation needs, of which no other session can do anything but read users and keys."""

    allowed = ALLOWED_TO_ROTATE
    purpose = "a rotation does not need it"


class _Given(CredentialProvider):
    """A way for botocore to find credentials: those that it was given."""

    METHOD = "keyage"

    def __init__(self, credentials: Credentials) -> None:
        super().__init__()
        self._credentials = credentials

    def load(self) -> Credentials:
        return self._credentials


def frozen(credentials: Mapping[str, str]) -> ReadOnlyCredentials:
    """Credentials as AssumeRole returns them, in botocore's form."""
    return ReadOnlyCredentials(*(credentials[name] for name in IN_AN_ANSWER))


def moment(text: Any) -> datetime:
    """A time in an answer of AWS, as botocore reads it but, for the form that IAM uses, twenty times faster."""
    try:
        parsed = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return parse_timestamp(text)
    return parsed if parsed.tzinfo else parse_timestamp(text)
