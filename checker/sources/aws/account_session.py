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


class _BorrowedClient:
    """A client of IAM that may go from account to account."""

    def __init__(self, iam: Any) -> None:
        self.iam = iam
        self.fresh = True  # it has not met anything that makes it slow down
        iam.meta.events.register("needs-retry", self._answered)

    def _answered(self, attempts: int, **_request: Any) -> None:
        self.fresh = self.fresh and attempts == 1


class AccountSession:
    """What reads one account: a client, and how often it called what."""

    def __init__(self, iam: Any, current: _Current) -> None:
        self._iam = iam
        self.calls = current.calls

    def client(self, _service: str) -> Any:
        """The client of IAM."""
        return self._iam


class AccountSessions:
    """Sessions for accounts; as many clients as accounts are read at once. Safe to share between threads."""

    def __init__(self, session: GuardedSession) -> None:
        self._session = session.signing_with(_OfTheCurrentAccount())
        self._idle: SimpleQueue[_BorrowedClient] = SimpleQueue()

    @contextmanager
    def of(self, credentials: Mapping[str, str]) -> Iterator[AccountSession]:
        """A session that signs with these credentials, as AssumeRole returns them, in the code inside the block.

        Code that it starts in other threads signs with them too if it runs in a copy of its context.
        """
        current = _Current(credentials)
        token = _current.set(current)
        lent = self._lend()
        try:
            yield AccountSession(lent.iam, current)
            if lent.fresh:
                self._idle.put(lent)
        finally:
            _current.reset(token)

    def _lend(self) -> _BorrowedClient:
        try:
            return self._idle.get_nowait()
        except Empty:
            iam = self._session.client("iam")
            iam.meta.events.register("before-call", _count)
            return _BorrowedClient(iam)


def _count(**call: Any) -> None:
    _current.get().count(call["model"].name)
