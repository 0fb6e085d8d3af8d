"""Changing accounts side by side, until all are done, one cannot be written down, or somebody presses Ctrl-C."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, wait
from contextlib import contextmanager
from functools import partial
from typing import Any

from checker.errors import Unreadable
from checker.remediate.apply import INTERRUPTED
from checker.shell.common import say
from checker.sources.audit_role import Accounts
from checker.sources.aws.throttled import about
from checker.sources.aws.workers import Workers

FINISHING = "note: interrupted: the step in hand is finished first; Ctrl-C again ends at once"
Work = Callable[[Any, str], str | None]  # with a client of IAM, on an account; gives why it was not all begun


class Stop:
    """Whether no further step is to be begun; safe to share between threads."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self.interrupted = False  # by a person

    def __call__(self) -> bool:
        return self._stopped.is_set()

    def set(self) -> None:
        """Let no further step begin."""
        self._stopped.set()

    @contextmanager
    def on_interrupt(self) -> Iterator[None]:
        """While it lasts the first Ctrl-C only stops what comes next; the second is a KeyboardInterrupt."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def interrupted(_number: int, _frame: Any) -> None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self.interrupted = True
            self.set()
            say([FINISHING])

        before = signal.signal(signal.SIGINT, interrupted)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


def changed(accounts: Accounts, ids: Iterable[str], work: Work, workers: Workers, stop: Stop) -> dict[str, str]:
    """Do the work in every account; gives by account why something was not begun there.

    Raises what the work raises, when the steps that others have in hand are finished.
    """
    with stop.on_interrupt():
        started = {account_id: workers.start(partial(_in_one, accounts, account_id, work, stop)) for account_id in ids}
        try:
            finished, waiting = wait(started.values(), return_when=FIRST_EXCEPTION)
            if any(each.exception() for each in finished):
                stop.set()
                wait(waiting)
        finally:
            workers.leave()
        found = {account_id: each.result() for account_id, each in started.items()}
    return {account_id: why for account_id, why in found.items() if why is not None}


def _in_one(accounts: Accounts, account_id: str, work: Work, stop: Stop) -> str | None:
    if stop():
        return INTERRUPTED
    try:
        with about(account_id), accounts.entered(account_id) as session:
            return work(session.client("iam"), account_id)
    except Unreadable as error:
        return str(error)
