"""Telling a person who waits that it is AWS that makes the run wait: after 10 s of throttling, then every 30 s."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from checker.sources.aws.failures import THROTTLED

FIRST, NEXT = 10, 30  # seconds
LATELY = 10  # seconds; a slowed client meets a refusal only now and then
TOO_MANY_REQUESTS = 429

Tell = Callable[[str], None]
Later = Callable[[float, Callable[[], None]], object]

_account: ContextVar[str | None] = ContextVar("account of the calls", default=None)


@contextmanager
def about(account_id: str) -> Iterator[None]:
    """Calls in the block are about that account."""
    token = _account.set(account_id)
    try:
        yield
    finally:
        _account.reset(token)


def later(seconds: float, task: Callable[[], None]) -> None:
    """Run a task in so many seconds, unless the process has ended by then."""
    timer = threading.Timer(seconds, task)
    timer.daemon = True
    timer.start()


class Throttling:
    """Watches the calls of all clients of a run; safe to share between threads."""

    def __init__(self, tell: Tell, clock: Callable[[], float] = time.monotonic, run_later: Later = later) -> None:
        """`tell` gets each line, `clock` tells seconds, `run_later` runs a task in so many seconds."""
        self._tell, self._clock, self._run_later = tell, clock, run_later
        self._lock = threading.Lock()
        self._since: float | None = None  # when the spell of throttling began
        self._latest = 0.0
        self._what = ""
        self._waiting: set[int] = set()  # calls that will be tried again

    def watch(self, events: Any) -> None:
        """Listen to the events of a botocore session, and so to all clients that it makes later."""
        events.register("needs-retry", self._answered)
        events.register("after-call", self._over)
        events.register("after-call-error", self._over)

    def _answered(self, response: Any, operation: Any, request_dict: Any, **_others: Any) -> None:
        """Stands before botocore decides whether to try again; decides nothing itself."""
        call = id(request_dict["context"])
        with self._lock:
            if not _is_throttled(response):
                self._waiting.discard(call)
                return
            self._waiting.add(call)
            self._latest = self._clock()
            account_id = _account.get()
            self._what = operation.name + (f" in account {account_id}" if account_id else "")
            if self._since is None:
                self._since = self._latest
                self._run_later(FIRST, self._look)

    def _over(self, context: Any, **_others: Any) -> None:
        with self._lock:
            self._waiting.discard(id(context))

    def _look(self) -> None:
        with self._lock:
            now, since = self._clock(), self._since
            if since is None or (not self._waiting and now - self._latest >= LATELY):
                self._since = None
                return
            what = self._what
            self._run_later(NEXT, self._look)
        self._tell(f"AWS throttles {what}, for {now - since:.0f} s now: keyage waits and goes on by itself")


def _is_throttled(response: Any) -> bool:
    if response is None:
        return False
    http, parsed = response
    return http.status_code == TOO_MANY_REQUESTS or parsed.get("Error", {}).get("Code") in THROTTLED
