"""A live check reads no key of users who can have none that is too old: the summary says so."""

import pytest

from checker.evaluate import AccountResult, Counts
from tests.reports.many import report
from tests.reports.test_reports import RUN


def summary(name: str, users: int, source: str = "live") -> str:
    counts = Counts(users, keyless=users)
    return report(name, RUN._replace(source=source), AccountResult("111122223333", None, None, counts, (), (), {}))


@pytest.mark.parametrize("name", ["table", "markdown", "html"])
@pytest.mark.parametrize(("users", "source"), [(0, "live"), (4, "snapshot")])
def test_nobody_and_saved_state_are_no_reason_to_say_it(name: str, users: int, source: str) -> None:
    assert "can be too old" not in summary(name, users, source)


@pytest.mark.parametrize("name", ["table", "markdown", "html"])
@pytest.mark.parametrize(("users", "said"), [(1, "1 user has"), (4, "4 users have")])
def test_users_whose_keys_cannot_be_too_old_are_counted(name: str, users: int, said: str) -> None:
    assert f"{said} no key that can be too old" in summary(name, users)
