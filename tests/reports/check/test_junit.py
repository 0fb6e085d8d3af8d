"""JUnit: what a viewer counts, read back with another program's parser."""

from xml.etree import ElementTree

import msgspec
from hypothesis import given
from junitparser import JUnitXml

from tests.reports.many import FINDING, ODD, report, result
from tests.reports.test_reports import GOLDEN, RUN


def test_no_accounts_are_no_suites() -> None:
    assert list(JUnitXml.fromstring(report("junit", RUN))) == []


def test_compliant_keys_pass() -> None:
    fine = msgspec.structs.replace(FINDING, verdict="COMPLIANT")
    suite = next(iter(JUnitXml.fromstring(report("junit", RUN, result(fine)))))
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (1, 0, 0, 0)


def test_the_sums_are_those_of_the_verdicts() -> None:
    suites = JUnitXml.fromstring((GOLDEN / "junit.xml").read_text("utf-8").partition("\n")[2])
    assert (suites.tests, suites.failures, suites.errors, suites.skipped) == (11, 4, 1, 2)


def test_an_unreadable_account_is_an_error_not_a_pass() -> None:
    suites = JUnitXml.fromstring(report("junit", RUN, result(reason="denied", account=None)))
    assert (suites.tests, suites.errors) == (1, 1)


@given(user=ODD, reason=ODD)
def test_odd_text_is_well_formed_xml(user: str, reason: str) -> None:
    odd = msgspec.structs.replace(FINDING, user=user)
    text = report("junit", RUN, result(odd), result(reason=reason, account=user))
    root = ElementTree.fromstring(text)  # noqa: S314 -- our own text
    assert len(root.findall(".//failure")) == len(root.findall(".//error")) == 1


def test_two_accounts_that_nothing_is_known_of_are_two_suites() -> None:
    suites = JUnitXml.fromstring(report("junit", RUN, *[result(reason="denied", account=None)] * 2))
    assert [suite.errors for suite in suites] == [1, 1]
