"""`--format junit`: a test suite for each account, a test case for each key.

A non-compliant key fails, an exempt or inactive one is skipped, an account that could not be read is an error, so that
no viewer shows it as passed. Text that XML cannot hold is shown as escape sequences.

junitparser's add_testcase counts the whole suite anew, and its add_testsuite compares with every suite before; `extend`
and `append` do neither, and `junit_text` counts once.
"""

from collections.abc import Iterator
from typing import TextIO

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from checker.errors import printable
from checker.evaluate import COMPLIANT, NON_COMPLIANT, UNREADABLE, AccountResult, Finding, Undecided
from checker.reports.controls import RESOLVE_URL, rule
from checker.reports.messages import message, place, place_of, undecided_message, unread_message, unreadable_message
from checker.reports.run import Run
from checker.reports.syntax.junit import at, junit_text
from checker.spoken import account_label


class JunitReport:
    """Adds a suite for each account, and writes at the end."""

    def __init__(self, run: Run, out: TextIO) -> None:
        self._run = run
        self._out = out
        self._suites = JUnitXml("keyage check")

    def account(self, result: AccountResult) -> None:
        who = account_label(result.id, result.name)
        suite = TestSuite(printable(who))
        suite.timestamp = f"{self._run.evaluated_at:%Y-%m-%dT%H:%M:%S}"
        suite.extend(self._cases(result, who))  # type: ignore[no-untyped-call]
        self._suites.append(suite)  # type: ignore[no-untyped-call]

    def end(self) -> None:
        self._out.write(junit_text(self._suites))

    def _cases(self, result: AccountResult, who: str) -> Iterator[TestCase]:
        if result.status == UNREADABLE:
            case = _case(who, "account could be read")
            case.result = [Error(printable(unreadable_message(result)), "unreadable")]
            yield case
        for user in result.unread:
            case = _case(who, f"{user.name} could be read")
            case.result = [Error(printable(unread_message(user, result.id or "")), "unreadable")]
            yield case
        for finding in result.findings:
            yield self._of_key(finding, who)
        for undecided in result.undecided:
            yield self._of_undecided(undecided, who)

    def _of_undecided(self, undecided: Undecided, who: str) -> TestCase:
        case = _case(who, _name(undecided.finding))
        at(case, place(undecided.depends_on[0], self._run))
        case.result = [Error(printable(undecided_message(undecided)), "undecided")]
        return case

    def _of_key(self, finding: Finding, who: str) -> TestCase:
        case = _case(who, _name(finding))
        text = printable(message(finding, self._run))
        at(case, place_of(finding, self._run))
        if finding.verdict == NON_COMPLIANT:
            failure = Failure(text, rule().name)
            failure.text = f"{text}\nHow to resolve: {RESOLVE_URL}"
            case.result = [failure]
        elif finding.verdict != COMPLIANT:
            case.result = [Skipped(text)]
        return case


def _name(finding: Finding) -> str:
    return f"{finding.user} {finding.access_key_id or finding.create_date.isoformat()}"


def _case(class_name: str, name: str) -> TestCase:
    return TestCase(printable(name), printable(class_name), 0)
