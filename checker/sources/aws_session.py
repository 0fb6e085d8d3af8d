"""A boto3 session that can only read, and that counts what it asks."""

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ProfileNotFound

from checker.errors import KeyageError, UsageError
from checker.sources.permissions import ALLOWED

# IAM answers within a second; ten attempts with adaptive backoff outlast a throttling burst of minutes.
CONNECT_TIMEOUT = 5  # seconds
READ_TIMEOUT = 20  # seconds
ATTEMPTS = 10
DEFAULT_REGION = "us-east-1"  # IAM is global; a client still wants a region to sign for


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
        if credentials:
            core.set_credentials(
                credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"]
            )
        core.register("before-call", self._guard)
        try:
            self._session = boto3.Session(botocore_session=core)
        except ProfileNotFound as error:
            raise UsageError(f"{error}: see `aws configure list-profiles`") from None
        self._config = Config(
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
            max_pool_connections=concurrency,
            user_agent_extra="keyage",
        )
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()

    def client(self, service: str, region: str | None = None) -> Any:
        """A client of the service, in the session's region by default.

        Making one is not thread-safe in boto3, hence the lock.
        """
        region = region or self._session.region_name or DEFAULT_REGION
        with self._lock:
            return self._session.client(service, region_name=region, config=self._config)  # type: ignore[call-overload]

    def calls(self) -> dict[str, int]:
        """How often each operation was called, without retries."""
        with self._lock:
            return dict(sorted(self._calls.items()))

    def _guard(self, **call: Any) -> None:
        model = call["model"]
        service, operation = model.service_model.service_name, model.name
        if (service, operation) not in ALLOWED:
            raise WriteRefused(f"refused to call {service}:{operation}: keyage only reads; please report this")
        with self._lock:
            self._calls[operation] += 1
