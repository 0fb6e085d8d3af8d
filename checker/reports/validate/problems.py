"""What problems of files that people write are for code hosts: kinds of problem, and marks that stay."""

from collections.abc import Sequence

from checker.reports.messages import digest
from checker.reports.syntax.sarif import LogRule
from checker.reports.validate.run import Located

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


def fingerprints(problems: Sequence[Located]) -> list[str]:
    """The message tells problems apart and stays when lines move; the same one again gets a number."""
    seen: dict[tuple[str, str], int] = {}
    marks = []
    for located in problems:
        key = located.problem.file, located.problem.message
        seen[key] = seen.get(key, 0) + 1
        marks.append(digest(*key, str(seen[key])))
    return marks
