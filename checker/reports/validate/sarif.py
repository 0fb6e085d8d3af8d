"""Problems of a policy as SARIF 2.1.0."""

from typing import TextIO

import msgspec

from checker.reports.syntax.sarif import log, result
from checker.reports.validate.problems import RULES, fingerprints
from checker.reports.validate.run import ValidationRun


def write(run: ValidationRun, out: TextIO) -> None:
    """A result each, known again by its fingerprint."""
    results = [
        result(
            RULES[located.level].id, located.level, located.problem.message, located.place, mark, located.problem.column
        )
        for located, mark in zip(run.problems, fingerprints(run.problems), strict=True)
    ]
    sarif_log = log(list(RULES.values()), results, [], successful=True)
    out.write(msgspec.json.format(msgspec.json.encode(sarif_log), indent=1).decode() + "\n")
