"""A boto3 session that can only read, and that counts what it asks."""

import platform
import threading
from collections import Counter
from collections.abc import Mapping
from copy import copy
from datetime import datetime
from typing import Any, Self

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ProfileNotFound
from botocore.utils import parse_timestamp

from checker import __version__
from checker.errors import KeyageError, UsageError
from checker.sources.permissions import ALLOWED

# IAM answers within a second; ten attempts with adaptive backoff outlast a throttling burst of minutes.
CONNECT_TIMEOUT = 5  # seconds
READ_TIMEOUT = 20  # seconds
ATTEMPTS = 10
DEFAULT_REGION = "us-east-1"  # IAM is global; a client still wants a region to sign for
# Whole, because botocore makes its own anew for every request, which takes a tenth of a call's time.
USER_AGENT = f"keyage/{__version__} Boto3/{boto3.__version__} Python/{platform.python_version()}"
CREDENTIALS = {  # the arguments of a client, by their names in the answer of AssumeRole
    "aws_access_key_id": "AccessKeyId",
    "aws_secret_access_key": "SecretAccessKey",
    "aws_session_token": "SessionToken",
}


class WriteRefused(KeyageError):
    """keyage was about to make a call that it must not make: a bug, stopped before it left the machine."""


class ReadOnlySession:
    """Clients for the calls of the catalogue and no others; safe to share between threads."""

    def __init__(
        self, profile: str | None = None, concurrency: int = 16, credentials: Mapping[str, str] | None = None
    ) -> None:
        """`credentials` as AssumeRole returns them; else the environment's or the profile's.

        Raises UsageError for a profile that is not configured.
        """
        core = botocore.session.Session(profile=profile)
        core.register("before-call", guard)
        core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
        try:
            self._session = boto3.Session(botocore_session=core)
        except ProfileNotFound as error:
            raise UsageError(f"{error}: see `aws configure list-profiles`") from None
        self._config = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
            max_pool_connections=concurrency,
            user_agent=USER_AGENT,
        )
        self._lock = threading.Lock()
        self._credentials = dict(credentials or {})
        self._calls: Counter[str] = Counter()

    def for_account(self, credentials: Mapping[str, str] | None = None) -> Self:
        """The same session for one account, by default with the same credentials; it counts from nought."""
        other = copy(self)
        other._credentials = self._credentials if credentials is None else dict(credentials)  # noqa: SLF001 -- its own
        other._calls = Counter()  # noqa: SLF001 -- likewise
        return other

    def client(self, service: str, region: str | None = None) -> Any:
        """A client of the service, in the session's region by default.

        Making one is not thread-safe in boto3, hence the lock.
        """
        region = region or self._session.region_name or DEFAULT_REGION
        given = {argument: self._credentials.get(name) for argument, name in CREDENTIALS.items()}
        with self._lock:
            client: Any = self._session.client(  # type: ignore[call-overload]
                service, region_name=region, config=self._config, **given
            )
        client.meta.events.register("before-call", self._count)
        return client

    def calls(self) -> dict[str, int]:
        """How often each operation was called, without retries."""
        with self._lock:
            return dict(sorted(self._calls.items()))

    def _count(self, **call: Any) -> None:
        with self._lock:
            self._calls[call["model"].name] += 1


def moment(text: Any) -> datetime:
    """A time in an answer of AWS, as botocore reads it but, for the form that IAM uses, twenty times faster."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return parse_timestamp(text)
    return found if found.tzinfo else parse_timestamp(text)


def guard(**call: Any) -> None:
    """Stands before every call of every client of the session, those of botocore's own sign-in too."""
    model = call["model"]
    service, operation = model.service_model.service_name, model.name
    if (service, operation) not in ALLOWED:
        raise WriteRefused(f"refused to call {service}:{operation}: keyage only reads; please report this")
