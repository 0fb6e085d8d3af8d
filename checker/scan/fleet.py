"""A fleet on every core: each process reads and judges whole accounts of a JSON Lines snapshot."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any, TypeVar

from checker.evaluate import Reading
from checker.sources.saved.snapshot import AccountLine, Lines

WORTH_IT = 32 * 1024 * 1024  # bytes; a smaller snapshot is judged before the processes have started
AHEAD = 4  # accounts in the works for each process: bounds the memory

R = TypeVar("R")  # what comes of an account


class _Worker:
    """What a forked process works with: it inherits this, so nothing but places and results is sent."""

    lines: Lines
    judge: Callable[[Reading], Any]


def judged(lines: Lines, judge: Callable[[Reading], R]) -> Iterator[R]:
    """The result of every account, as `Lines.accounts` has them."""
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    if workers == 1 or lines.path.stat().st_size < WORTH_IT:
        return map(judge, lines.accounts())
    return _side_by_side(lines, judge, workers)


def _side_by_side(lines: Lines, judge: Callable[[Reading], R], workers: int) -> Iterator[R]:
    _Worker.lines, _Worker.judge = lines, staticmethod(judge)
    waiting: deque[Future[R]] = deque()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork"), _leave_interrupts_to_the_parent) as pool:
        for place in lines.places:
            waiting.append(pool.submit(_judge_at, place))
            if len(waiting) == workers * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    yield from map(judge, lines.nameless)


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _judge_at(place: AccountLine) -> Any:
    return _Worker.judge(_Worker.lines.read(place))
