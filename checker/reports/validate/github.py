"""Problems of a policy as annotations of GitHub Actions."""

from typing import TextIO

from checker.reports.syntax.github import Annotation, annotate
from checker.reports.validate.run import ValidationRun


def write(run: ValidationRun, out: TextIO) -> None:
    """A line each, at the line and column of the problem."""
    annotations = [
        Annotation(one.level, f"Policy {one.level}", one.problem.message, one.place, one.problem.column)
        for one in run.problems
    ]
    out.writelines(f"{line}\n" for line in annotate(annotations))
