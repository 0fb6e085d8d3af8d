"""Twice the keys of an account take twice the work in every format: calls are counted, so that no clock is asked."""

import sys
from collections.abc import Callable
from types import FrameType

import msgspec
import pytest

from checker.evaluate import AccountResult, Counts
from checker.reports.formats import names
from tests.reports.many import overdue, report, result
from tests.reports.test_reports import RUN

FEW = 200
TOLERATED = 1.5  # quadratic work would be 3 times as much


def calls(work: Callable[[], object]) -> int:
    """How often anything, of Python or of C, is called."""
    count = 0

    def see(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("name", names("check"))
def test_twice_the_keys_take_twice_the_calls(name: str, verbose: bool) -> None:
    run = RUN._replace(verbose=verbose)

    def taken(keys: int) -> int:
        of = result(*map(overdue, range(keys)))
        report(name, run, of)  # what is imported or cached once is not counted
        return calls(lambda: report(name, run, of))

    none, few, twice = (taken(keys) for keys in (0, FEW, 2 * FEW))
    assert twice - few <= TOLERATED * (few - none)


@pytest.mark.parametrize("name", names("check"))
def test_twice_the_accounts_take_twice_the_calls(name: str) -> None:
    def account(number: int) -> AccountResult:
        finding = msgspec.structs.replace(overdue(number), account=f"{number:012d}")
        return AccountResult(finding.account, None, None, Counts(1, 1, non_compliant=1), [finding], (), {})

    def taken(accounts: int) -> int:
        of = [*map(account, range(accounts))]
        report(name, RUN, *of)
        return calls(lambda: report(name, RUN, *of))

    none, few, twice = (taken(accounts) for accounts in (0, FEW, 2 * FEW))
    assert twice - few <= TOLERATED * (few - none)
