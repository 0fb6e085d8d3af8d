"""Problems of a policy as SARIF 2.1.0."""

from typing import TextIO

import msgspec

from checker.reports.syntax.sarif import log, result
from checker.reports.validate.problems import RULES, fingerprints
from checker.reports.validate.run import ValidationRun


def write(run: ValidationRun, out: TextIO) -> None:
    """A result each, known again by its fingerprint."""
    results = [
        result(RULES[one.level].id, one.level, one.problem.message, one.place, mark, one.problem.column)
        for one, mark in zip(run.problems, fingerprints(run.problems), strict=True)
    ]
    made = log(list(RULES.values()), results, [], successful=True)
    out.write(msgspec.json.format(msgspec.json.encode(made), indent=1).decode() + "\n")
