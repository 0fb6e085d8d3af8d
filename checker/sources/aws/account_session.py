"""Clients for many accounts, one after the other, each request signed for the account that is being read.

Making a client of IAM takes as long as five calls and half a MiB that Python gives back late, and its connections
have shaken hands with AWS. So a client goes from one account to the next, but only where nothing of the one can show
in the other: which credentials sign a request depends on the account for which the calling code runs, not on the
client, and a client that had to retry, and so has slowed down or used up its budget, is not passed on.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from typing import Any

from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.exceptions import NoCredentialsError

from checker.sources.aws.session import GuardedSession, frozen


class _Current:
    """The account that code is reading: what it signs with, and what it has called."""

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self.frozen = frozen(credentials)
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, operation: str) -> None:
        with self._lock:
            self._calls[operation] += 1

    def calls(self) -> dict[str, int]:
        """How often each operation was called, without retries."""
        with self._lock:
            return dict(sorted(self._calls.items()))


_current: ContextVar[_Current] = ContextVar("account")


class _OfTheCurrentAccount(Credentials):
    """Whatever account the calling code reads, its credentials."""

    def __init__(self) -> None:
        super().__init__("", "")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        current = _current.get(None)
        if current is None:
            raise NoCredentialsError
        return current.frozen


class _Borrowed:
    """Clients that may go from account to account, made when they are asked for."""

    def __init__(self, session: GuardedSession) -> None:
        self._session = session
        self._clients: dict[tuple[str, str | None], Any] = {}
        self.fresh = True  # none has met anything that makes it slow down

    def client(self, service: str, region: str | None) -> Any:
        client = self._clients.get((service, region))
        if client is None:
            client = self._clients[service, region] = self._session.client(service, region)
            client.meta.events.register("before-call", _count)
            client.meta.events.register("needs-retry", self._answered)
        return client

    def _answered(self, attempts: int, **_request: Any) -> None:
        self.fresh = self.fresh and attempts == 1


class AccountSession:
    """What reads one account: clients, and how often they called what."""

    def __init__(self, lent: _Borrowed, current: _Current, ca_bundle: str | None) -> None:
        self._lent = lent
        self.calls = current.calls
        self.ca_bundle = ca_bundle

    def client(self, service: str, region: str | None = None) -> Any:
        """A client of the service, for the account."""
        return self._lent.client(service, region)


class AccountSessions:
    """Sessions for accounts; as many sets of clients as accounts are read at once. Safe to share between threads."""

    def __init__(self, session: GuardedSession) -> None:
        self._session = session.signing_with(_OfTheCurrentAccount())
        self._idle: SimpleQueue[_Borrowed] = SimpleQueue()

    @contextmanager
    def of(self, credentials: Mapping[str, str]) -> Iterator[AccountSession]:
        """A session that signs with these credentials, as AssumeRole returns them, in the code inside the block.

        Code that it starts in other threads signs with them too if it runs in a copy of its context.
        """
        current = _Current(credentials)
        token = _current.set(current)
        lent = self._lend()
        try:
            yield AccountSession(lent, current, self._session.ca_bundle)
            if lent.fresh:
                self._idle.put(lent)
        finally:
            _current.reset(token)

    def _lend(self) -> _Borrowed:
        try:
            return self._idle.get_nowait()
        except Empty:
            return _Borrowed(self._session)


def _count(**call: Any) -> None:
    _current.get().count(call["model"].name)
