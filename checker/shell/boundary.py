"""The one place where an exception becomes an exit code."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from checker.errors import BUG_EXIT, INTERRUPTED_EXIT, CannotWrite, KeyageError, ReaderLeft
from checker.shell.common import say
from checker.shell.written import take_standard_streams


def guarded(verb: Callable[[], int]) -> int:
    """Run a verb; foreseen failures print their message, anything else is a bug and says so."""
    take_standard_streams()
    _end_programs_on_signals()
    try:
        code = _exit_code(verb)
    except ReaderLeft as error:
        code = error.exit_code
    except CannotWrite as error:  # what was printed before another message was due
        say([f"error: {error}"])
        code = error.exit_code
    return leave_at_once(code) if _somebody_is_busy() else code


def _exit_code(verb: Callable[[], int]) -> int:
    try:
        code = verb()
        sys.stdout.flush()
    except ReaderLeft:
        raise
    except KeyageError as error:
        say(f"error: {line}" for line in str(error).split("\n"))
        return error.exit_code
    except KeyboardInterrupt:
        say(["interrupted"])
        return leave_at_once(INTERRUPTED_EXIT)
    except Exception:  # noqa: BLE001 -- the boundary: a crash is reported as one, with its own exit code
        import traceback

        report = "This is a bug in keyage: please report it with the lines above."
        say([*traceback.format_exc().rstrip().split("\n"), report])
        return BUG_EXIT
    return code


def _somebody_is_busy() -> bool:
    """Whether a thread still waits for AWS although nobody waits for it any more, as after a deadline."""
    workers = sys.modules.get("checker.sources.aws.workers")
    return workers is not None and bool(workers.under_way())


def leave_at_once(code: int) -> int:
    """End without waiting for calls under way, which may take as long as their time-outs; no program is left."""
    _end_programs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end_programs() -> None:
    """End what a sign-in has started and nobody waits for any more."""
    waits = sys.modules.get("checker.sources.aws.waits")
    if waits is not None:
        waits.WAITS.end_all()


def _end_programs_on_signals() -> None:
    """Where a signal would end this process at once, as `timeout` and a closed terminal do."""
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _ended)


def _ended(number: int, _frame: Any) -> None:
    _end_programs()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
