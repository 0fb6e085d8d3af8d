"""How long an address is tried that has never answered: a wrong proxy, host or region should cost seconds."""

from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    SSLError,
)

# Nothing was sent in any of them. Between six attempts botocore waits 1.6 seconds at most, as its backoff doubles.
ATTEMPTS: dict[type[Exception], int] = {
    EndpointConnectionError: 6,
    ProxyConnectionError: 6,
    ConnectTimeoutError: 1,
    SSLError: 1,
    HTTPClientError: 6,  # itself, not its kinds: an address or a bundle of certificates that cannot be used
}
MANY = 1_000_000  # more than botocore makes


class FirstContact:
    """Ends botocore's retries early while the host has never answered; safe to share between threads."""

    def __init__(self) -> None:
        self._answered: set[str] = set()

    def needs_retry(self, **attempt: Any) -> None:
        """botocore's event after each attempt; raises what was caught if there shall be no other attempt."""
        host = urlsplit(attempt["request_dict"]["url"]).netloc
        caught: Exception | None = attempt["caught_exception"]
        if caught is None:
            self._answered.add(host)
        elif host not in self._answered and attempt["attempts"] >= ATTEMPTS.get(type(caught), MANY):
            raise caught
