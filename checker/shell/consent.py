"""Asking a person before something is changed."""

import sys
from collections.abc import Iterable

from checker.errors import UsageError
from checker.shell.common import say

YES = {"y", "yes"}


def consent(lines: Iterable[str], *, yes: bool) -> None:
    """Say what is going to be done, and ask at a terminal; raises UsageError without a yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(
            "this changes an account, and there is no terminal to ask at: add --yes, or look with --status"
        )
    say(lines)
    sys.stderr.write("Go on? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in YES:
        raise UsageError("not confirmed, so nothing was changed")
