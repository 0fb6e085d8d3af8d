"""Threads, a bounded number of them, for whole accounts and for the users of an account."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
THREADS = "keyage-worker"  # how their names begin


class Workers:
    """Runs tasks side by side; a task may share its own work with the threads that are idle.

    Whichever thread it is, code runs in a copy of the context variables of the code that asked for it.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._pool = ThreadPoolExecutor(number, thread_name_prefix=THREADS)

    def start(self, task: Callable[[], R]) -> Future[R]:
        """Run a task on one of the threads, those that were started first before it."""
        return self._pool.submit(copy_context().run, task)

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """As `map`, on this thread and on those that have nothing else to do; raises what the function raises.

        The thread that asks works too, so tasks that all share their work cannot wait for each other.
        """
        todo = deque(enumerate(items))
        results: dict[int, R] = {}

        def work() -> None:
            while True:
                try:
                    number, item = todo.popleft()
                except IndexError:
                    return
                try:
                    results[number] = function(item)
                except BaseException:
                    todo.clear()
                    raise

        helpers = [self._pool.submit(copy_context().run, work) for _ in range(min(self._number, len(todo)) - 1)]
        try:
            work()
        finally:
            helping = [helper for helper in helpers if not helper.cancel()]
        for helper in helping:
            helper.result()
        return [results[number] for number in sorted(results)]

    def leave(self) -> None:
        """Start nothing more, and do not wait for what is under way."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def under_way() -> bool:
    """Whether a worker of this process is alive, for instance with a call that AWS does not answer."""
    return any(thread.name.startswith(THREADS) for thread in threading.enumerate())
