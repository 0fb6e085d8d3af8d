"""What every verb shares, and nothing that takes time to import: `--help` gets no further than this."""

import sys
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from checker.errors import printable


class Common(NamedTuple):
    """Options that every verb on a policy has."""

    policy: Path | None = None
    inventory: Path | None = None
    now: datetime | None = None
    quiet: bool = False
    strict: bool = False


def say(messages: Iterable[str], *, quiet: bool = False) -> None:
    """Messages of one line each go to standard error, after what was printed before; --quiet drops all but errors.

    What could steer a terminal, whoever put it into a message, is in view.

    Raises CannotWrite, after the messages, if what was printed before cannot be written.
    """
    if quiet:
        return
    try:
        sys.stdout.flush()
    finally:
        _print(messages)


def answer(lines: Iterable[str]) -> None:
    """What was asked for goes to standard output, where it is lines of text; raises CannotWrite.

    What could steer a terminal, whoever put it into a line, is in view.
    """
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))


def teller(*, quiet: bool) -> Callable[[str], None]:
    """What says a note that comes up while something runs, in any thread; --quiet drops it."""
    return lambda message: None if quiet else _print([f"note: {message}"])


def _print(messages: Iterable[str]) -> None:
    for message in messages:
        print(printable(message), file=sys.stderr)  # noqa: T201 -- the one place that speaks on standard error
