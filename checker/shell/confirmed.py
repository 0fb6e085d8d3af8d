"""Asking a person before something is changed."""

import sys
from collections.abc import Iterable

from checker.errors import UsageError
from checker.shell.common import say

YES = {"y", "yes"}


def require_confirmed(question: str, *, yes: bool, first: Iterable[str] = ()) -> None:
    """Asks at a terminal, once, after the lines that say what it is about; `yes`: it was answered on the command line.

    Raises UsageError for any answer but yes, and where nobody can be asked.
    """
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("standard input is no terminal, so nobody can be asked: give --yes; nothing was changed")
    say([*first, f"{question} [y/N]"])
    if sys.stdin.readline().strip().lower() not in YES:
        raise UsageError("the answer was not yes: nothing was changed")
