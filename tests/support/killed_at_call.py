"""A keyage process that ends itself, as by `kill -9`, before or after the n-th request that it sends to AWS.

The fork server calls `prepare` where the environment asks for it.
"""

import logging
import os
import signal
import sys
from itertools import count
from pathlib import Path
from typing import Any

from botocore.handlers import BUILTIN_HANDLERS

from tests.support.fork_server import PREPARED

PLACE, LIST, DEBUG = "TESTS_KILL_AT", "TESTS_LIST_CALLS", "TESTS_DEBUG"
BEFORE, AFTER = "before", "after"


def killed(side: str, number: int) -> dict[str, str]:
    """The environment of a process that is killed there; requests count from 1."""
    return {PREPARED: __name__, PLACE: f"{side}:{number}"}


def listing(file: Path) -> dict[str, str]:
    """The environment of a process that writes a line for every request: its operation."""
    return {PREPARED: __name__, LIST: str(file)}


def debugging() -> dict[str, str]:
    """The environment of a process in which every logger speaks on standard error."""
    return {PREPARED: __name__, DEBUG: "1"}


def prepare() -> None:
    """Arm this process, as its environment says; it waits for nothing."""
    _wait_for_nothing()
    if DEBUG in os.environ:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    if LIST in os.environ:
        _each("before-send", _write)
    if PLACE in os.environ:
        side, _, number = os.environ[PLACE].partition(":")
        counter = count(1)
        _each("before-send" if side == BEFORE else "response-received", lambda _name: _kill_at(int(number), counter))


def _wait_for_nothing() -> None:
    from checker.commands import rotate

    rotate.CLOCK = rotate.CLOCK._replace(sleep=lambda _seconds: None)


def _each(event: str, act: Any) -> None:
    """Of every client that is made from now on, first of all handlers."""

    def handle(event_name: str = "", **_others: Any) -> None:
        act(event_name.rpartition(".")[2])

    BUILTIN_HANDLERS.insert(0, (event, handle))


def _write(operation: str) -> None:
    with Path(os.environ[LIST]).open("a") as stream:
        stream.write(f"{operation}\n")


def _kill_at(number: int, counter: "count[int]") -> None:
    if next(counter) == number:
        os.kill(os.getpid(), signal.SIGKILL)
