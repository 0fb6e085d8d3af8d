"""Outcomes of policy tests as JUnit XML."""

from typing import TextIO

from junitparser import Failure, JUnitXml, TestCase, TestSuite

from checker.errors import printable
from checker.reports.syntax.junit import at, junit_text
from checker.reports.syntax.place import Place
from checker.reports.test.text import PolicyTestRun


def write(run: PolicyTestRun, out: TextIO, *, color: bool = False) -> None:  # noqa: ARG001 -- XML has no colours
    """One suite; a test case for each test."""
    suite = TestSuite(printable(run.tests_path))
    for outcome in run.outcomes:
        case = TestCase(printable(outcome.test.name), "policy tests", 0)
        at(case, Place(run.tests_path, outcome.test.line))
        if outcome.failures:
            failure = Failure(printable("; ".join(outcome.failures)), "policy")
            failure.text = "\n".join(map(printable, outcome.failures))
            case.result = [failure]
        suite.append(case)  # type: ignore[no-untyped-call]
    suites = JUnitXml("keyage test")
    suites.append(suite)  # type: ignore[no-untyped-call]
    out.write(junit_text(suites))
