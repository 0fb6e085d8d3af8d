"""Reading accounts side by side until all are read, the deadline has passed or somebody presses Ctrl-C."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Generic, NamedTuple, TypeVar

from checker.evaluate import AccountUnreadable
from checker.sources.aws.waits import WAITS
from checker.sources.aws.workers import Workers

INTERRUPTED = "it was interrupted before this account was read: run again"
LATE = "the deadline of {seconds:g} s passed before {what}: {remedy}"
MORE = "give --deadline more time, or run again"

R = TypeVar("R")  # what is read of an account
T = TypeVar("T")  # what comes of it
Progress = Callable[[Any], None]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C was pressed, and every account has its result all the same."""


class Task(NamedTuple, Generic[R]):
    """An account that is to be read; id and name may not be known before."""

    account_id: str | None
    name: str | None
    read: Callable[[], R]


class Deadline:
    """When a run has to end; counted from now on, in seconds; None: never."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self._ends = None if seconds is None else time.monotonic() + seconds

    def left(self) -> float | None:
        """Seconds, not less than none."""
        return None if self._ends is None else max(0.0, self._ends - time.monotonic())

    def reason(self, what: str) -> str:
        """Why something was not read, `what` has not happened by then, and what to do."""
        return LATE.format(seconds=self.seconds, what=what, remedy=WAITS.unanswered() or MORE)


def gathered(
    tasks: Sequence[Task[R]],
    judge: Callable[[R | AccountUnreadable], T],
    workers: Workers,
    deadline: Deadline,
    progress: Progress | None = None,
) -> Iterator[T]:
    """The result of every task, in their order; those that were not done in time are unreadable.

    Raises Interrupted after the last one if Ctrl-C ended the reading; a second Ctrl-C raises at once.
    """
    done: dict[int, T] = {}
    following, why = 0, None
    try:
        with _news() as news:
            for number, task in enumerate(tasks):
                started = workers.start(partial(_judged, task, judge))
                started.add_done_callback(partial(_announce, news, number))
            while following < len(tasks) and why is None:
                number, finished, why = _next(news, deadline)
                if finished is not None:
                    done[number] = finished.result()
                    if progress:
                        progress(done[number])
                while following in done:
                    yield done.pop(following)
                    following += 1
    finally:
        workers.leave()
    for number in range(following, len(tasks)):
        task = tasks[number]
        yield done[number] if number in done else judge(AccountUnreadable(task.account_id, task.name, why or ""))
    if why == INTERRUPTED:
        raise Interrupted


News = SimpleQueue[tuple[int, Future[Any] | None]]


def _judged(task: Task[R], judge: Callable[[R | AccountUnreadable], T]) -> T:
    """Judged by the worker, so that only findings are kept of an account."""
    return judge(task.read())


def _announce(news: News, number: int, finished: "Future[Any]") -> None:
    if not finished.cancelled():
        news.put((number, finished))


def _next(news: News, deadline: Deadline) -> tuple[int, "Future[Any] | None", str | None]:
    """What is done next, or why nothing more will be waited for."""
    try:
        number, finished = news.get(timeout=deadline.left())
    except Empty:
        return 0, None, deadline.reason("this account was read")
    return number, finished, None if finished else INTERRUPTED


@contextmanager
def _news() -> Iterator[News]:
    """A queue for what is done; while it is open the first Ctrl-C is news too, the second is a KeyboardInterrupt."""
    news: News = SimpleQueue()
    if threading.current_thread() is not threading.main_thread():
        yield news
        return

    def interrupted(_number: int, _frame: Any) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        news.put((0, None))

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield news
    finally:
        signal.signal(signal.SIGINT, before)
