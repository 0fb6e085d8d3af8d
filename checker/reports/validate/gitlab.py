"""Problems of a policy as GitLab's code quality report."""

from typing import TextIO

from checker.reports.syntax.gitlab import issue, text_of
from checker.reports.validate.problems import RULES, fingerprints
from checker.reports.validate.run import ValidationRun


def write(run: ValidationRun, out: TextIO) -> None:
    """An issue each; an empty array where there is none."""
    severities = {"error": "blocker", "warning": "minor"}
    issues = [
        issue(RULES[located.level].id, severities[located.level], located.problem.message, located.place, mark)
        for located, mark in zip(run.problems, fingerprints(run.problems), strict=True)
    ]
    out.write(text_of(issues))
