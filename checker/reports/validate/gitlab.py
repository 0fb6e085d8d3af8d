"""Problems of a policy as GitLab's code quality report."""

from typing import TextIO

from checker.reports.syntax.gitlab import issue, text_of
from checker.reports.validate.problems import RULES, fingerprints
from checker.reports.validate.run import ValidationRun


def write(run: ValidationRun, out: TextIO) -> None:
    """An issue each; an empty array where there is none."""
    severities = {"error": "blocker", "warning": "minor"}
    issues = [
        issue(RULES[one.level].id, severities[one.level], one.problem.message, one.place, mark)
        for one, mark in zip(run.problems, fingerprints(run.problems), strict=True)
    ]
    out.write(text_of(issues))
