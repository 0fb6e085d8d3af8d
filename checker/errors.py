"""Failures as types: each has a message that says what to do, and an exit code."""

from collections.abc import Sequence
from typing import NamedTuple

COMPLIANT_EXIT = 0
FINDINGS_EXIT = 1
USAGE_EXIT = 2
UNREADABLE_EXIT = 3
OUTPUT_EXIT = 4
BUG_EXIT = 70
INTERRUPTED_EXIT = 130


class KeyageError(Exception):
    """A failure that keyage foresaw; the message is for the person at the terminal."""

    exit_code = BUG_EXIT


class UsageError(KeyageError):
    """What was asked for cannot be done as asked."""

    exit_code = USAGE_EXIT


def printable(text: str) -> str:
    """The text with everything that could move a cursor, end a line or hide as an escape sequence, in view."""
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode()


class Problem(NamedTuple):
    """Something wrong, or worth a warning, at a place in a file; line and column count from 1."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return printable(f"{self.file}:{self.line}:{self.column}: {self.message}")


class FileProblems(KeyageError):
    """A file that a person wrote has problems, all of which are listed."""

    exit_code = USAGE_EXIT

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Unreadable(KeyageError):
    """Something could not be read; nothing may be concluded about it."""

    exit_code = UNREADABLE_EXIT


class RotationFailed(KeyageError):
    """A rotation stopped where it is; the same command takes it up again."""

    exit_code = UNREADABLE_EXIT


class CannotWrite(KeyageError):
    """The result could not be written; what was there before is as it was."""

    exit_code = OUTPUT_EXIT


class ReaderLeft(CannotWrite):
    """Whoever read our output has left, as `| head` does: it wants no more, so nothing is said."""


class SignInFailed(Unreadable):
    """There are no credentials, or no new ones, to ask AWS with."""
