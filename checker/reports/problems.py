"""Problems of files that people write, for code hosts: annotations, code quality, code scanning."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TextIO

import msgspec

from checker.errors import Problem
from checker.reports.messages import digest
from checker.reports.syntax.github import Annotation, annotate
from checker.reports.syntax.gitlab import issue, text_of
from checker.reports.syntax.place import Place
from checker.reports.syntax.sarif import LogRule, log, result

RULES = {
    "error": LogRule(
        "policy-error", "PolicyError", "A policy that keyage cannot use.", "error", "5.0", "Mend it where it points."
    ),
    "warning": LogRule(
        "policy-warning",
        "PolicyWarning",
        "A policy that may not do what it seems to do.",
        "warning",
        "3.0",
        "Mend it, or take what has no effect out.",
    ),
}


class Located(NamedTuple):
    """A problem with its level, error or warning; its file is relative to the root of the repository."""

    level: str
    problem: Problem

    @property
    def place(self) -> Place:
        return Place(self.problem.file, self.problem.line)


def _github(problems: Sequence[Located], out: TextIO) -> None:
    annotations = [
        Annotation(one.level, f"Policy {one.level}", one.problem.message, one.place, one.problem.column)
        for one in problems
    ]
    out.writelines(f"{line}\n" for line in annotate(annotations))


def _gitlab(problems: Sequence[Located], out: TextIO) -> None:
    severities = {"error": "blocker", "warning": "minor"}
    issues = [
        issue(RULES[one.level].id, severities[one.level], one.problem.message, one.place, mark)
        for one, mark in zip(problems, _fingerprints(problems), strict=True)
    ]
    out.write(text_of(issues))


def _sarif(problems: Sequence[Located], out: TextIO) -> None:
    results = [
        result(RULES[one.level].id, one.level, one.problem.message, one.place, mark, one.problem.column)
        for one, mark in zip(problems, _fingerprints(problems), strict=True)
    ]
    made = log(list(RULES.values()), results, [], successful=True)
    out.write(msgspec.json.format(msgspec.json.encode(made), indent=1).decode() + "\n")


def _fingerprints(problems: Sequence[Located]) -> list[str]:
    """The message tells problems apart and stays when lines move; the same one again gets a number."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for one in problems:
        key = one.problem.file, one.problem.message
        seen[key] = seen.get(key, 0) + 1
        found.append(digest(*key, str(seen[key])))
    return found


WRITERS: Mapping[str, Callable[[Sequence[Located], TextIO], None]] = {
    "github": _github,
    "gitlab": _gitlab,
    "sarif": _sarif,
}
