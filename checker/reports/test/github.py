"""Outcomes of policy tests as GitHub annotations: failures are errors, what no test reaches are notices."""

from typing import TextIO

from checker.reports.syntax.github import Annotation, annotate
from checker.reports.syntax.place import Place
from checker.reports.test.text import PolicyTestRun, summary


def write(run: PolicyTestRun, out: TextIO, *, color: bool = False) -> None:  # noqa: ARG001 -- GitHub colours them itself
    """The annotations, and the sums as a plain line of the log."""
    failed = [
        Annotation(
            "error",
            "Policy test failed",
            f"{outcome.test.name}: {'; '.join(outcome.failures)}",
            Place(run.tests_path, outcome.test.line),
        )
        for outcome in run.outcomes
        if outcome.failures
    ]
    untested = [
        Annotation(
            "notice",
            "No test reaches this",
            f"No policy test reaches {entry_id}",
            Place(run.policy_path, run.policy.written[entry_id].line),
        )
        for entry_id in run.unreached
    ]
    out.writelines(f"{line}\n" for line in (*annotate([*failed, *untested]), summary(run)))
