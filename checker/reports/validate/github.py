"""Problems of a policy as annotations of GitHub Actions."""

from typing import TextIO

from checker.reports.syntax.github import Annotation, annotate
from checker.reports.validate.run import ValidationRun


def write(run: ValidationRun, out: TextIO) -> None:
    """A line each, at the line and column of the problem."""
    annotations = [
        Annotation(
            located.level, f"Policy {located.level}", located.problem.message, located.place, located.problem.column
        )
        for located in run.problems
    ]
    out.writelines(f"{line}\n" for line in annotate(annotations))
