"""A user of whose keys nothing is known hides no other, and every format tells of both."""

import io
import json
from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.evaluate import AccountRead, UserUnread, evaluate
from checker.policy import loader
from checker.reports.formats import names
from checker.reports.run import make
from tests.reports.readings import PAYMENTS, POLICY, key, user
from tests.reports.test_reports import RUN
from tests.support.fixtures import NOW

GOLDEN = Path(__file__).parent.parent / "golden" / "check"
REASON = "ListAccessKeys was denied: allow what `keyage permissions` prints (stand-in)"
UNREAD = [
    UserUnread("hidden", "AIDAHIDDEN", "arn:aws:iam::111122223333:user/hidden", REASON),
    UserUnread("away", None, None, "gone since the credential report was made (stand-in)"),
]
PAGES = {"html"}  # the golden page is that of the other tests; this one differs in a list


def report(name: str) -> str:
    policy = loader.parse(POLICY.encode(), "policies.yaml").policy
    reading = AccountRead(PAYMENTS, [user("alice", key(1, 20)), user("bob", key(2, 200))], (), {}, UNREAD)
    out = io.StringIO()
    made = make(name, RUN._replace(skipped=()), out)
    made.account(evaluate(policy, reading, NOW, show_all=True))
    made.end()
    return out.getvalue()


@pytest.mark.golden
@pytest.mark.parametrize("name", sorted(set(names("check")) - PAGES))
def test_as_in_the_golden_file(name: str, file_regression: FileRegressionFixture) -> None:
    file_regression.check(report(name), fullpath=GOLDEN / f"unread.{name}", encoding="utf-8")


@pytest.mark.parametrize("name", names("check"))
def test_every_format_tells_of_those_who_were_read_and_of_those_who_were_not(name: str) -> None:
    text = report(name)
    assert [who for who in ("AKIA0000000000000002", "hidden", "away") if who not in text] == []
    assert "ListAccessKeys was denied" in text


def test_users_are_told_by_name_and_counted() -> None:
    said = json.loads(report("json"))
    [account] = said["accounts"]
    assert [one["user"] for one in account["unreadUsers"]] == ["away", "hidden"]
    assert (account["status"], account["undecided"]) == ("partial", [])
    counts = {"users": 4, "keys": 2, "nonCompliant": 1, "unreadUsers": 2, "partial": 1, "unreadable": 0}
    assert {name: said["summary"][name] for name in counts} == counts
