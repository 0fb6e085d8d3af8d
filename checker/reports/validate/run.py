"""What every format of `keyage validate` gets."""

from collections.abc import Sequence
from typing import NamedTuple

from checker.errors import Problem
from checker.policy.loader import PolicyFile
from checker.reports.syntax.place import Place


class Located(NamedTuple):
    """A problem with its level, error or warning; its file is relative to the root of the repository."""

    level: str
    problem: Problem

    @property
    def place(self) -> Place:
        return Place(self.problem.file, self.problem.line)


class ValidationRun(NamedTuple):
    """One validation."""

    policy: PolicyFile | None  # None where it is not valid
    accounts: int  # of the inventory; 0 without one
    problems: Sequence[Located]
