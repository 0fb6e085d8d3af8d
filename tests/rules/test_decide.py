"""The verdict on a key, compared with the definition read out loop by loop, and its laws."""

import re
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from checker.decision import AccessKey, Account, Decision, User, decision
from tests.support.random_policies import (
    NOW,
    Document,
    ages,
    days,
    documents,
    known_accounts,
    known_keys,
    known_users,
    users,
)


def judge(document: Document, account: Account, user: User, key: AccessKey, now: datetime = NOW) -> Decision:
    return decision.decide(decision.Policy(document).for_account(account), user, key, now)


def summary(made: Decision) -> tuple[str, int, str, str | None]:
    assert made.rule is not None
    return made.verdict, made.rule.max_age, made.rule.id, made.exemption.id if made.exemption else None


def fits(patterns: str | list[str], text: str | None) -> bool:
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
        if text is not None and re.fullmatch(expression, text, re.DOTALL):
            return True
    return False


def selects(selector: Any, subject: Any, *, ids: bool) -> bool:
    if selector is None:
        return True
    if isinstance(selector, list):
        return any(selects(each, subject, ids=ids) for each in selector)
    if isinstance(selector, str):
        return fits(selector, subject.id if ids and re.fullmatch("[0-9]{12}", selector) else subject.name)
    wanted = {key: value for key, value in selector.items() if key not in ("tags", "group")}
    return (
        all(fits(value, getattr(subject, key)) for key, value in wanted.items())
        and all(fits(value, subject.tags.get(key)) for key, value in selector.get("tags", {}).items())
        and ("group" not in selector or any(fits(selector["group"], group) for group in subject.groups))
    )


def applies(entry: dict[str, Any], account: Account, user: User) -> bool:
    return selects(entry.get("accounts"), account, ids=True) and selects(entry.get("users"), user, ids=False)


def read_out(
    document: Document, account: Account, user: User, key: AccessKey, now: datetime
) -> tuple[str, int, str, str | None]:
    """Section 3 of the design, step by step."""
    limit, rule = document["default"]["maxAccessKeyAge"], "default"
    for entry in document["rules"]:
        if applies(entry, account, user):
            limit, rule = entry["maxAccessKeyAge"], entry["id"]
            break
    if key.status != "Active":
        return "NOT_APPLICABLE", limit, rule, None
    if (now - key.created).total_seconds() <= limit * 86_400:
        return "COMPLIANT", limit, rule, None
    for entry in document["exemptions"]:
        unexpired = now < datetime.fromisoformat(f"{entry['expires']}T00:00:00+00:00")
        named = "keys" not in entry or key.id in entry["keys"]
        if unexpired and named and applies(entry, account, user):
            return "EXEMPT", limit, rule, entry["id"]
    return "NON_COMPLIANT", limit, rule, None


@given(documents, known_accounts, known_users, known_keys, st.integers(-72, 72))
def test_the_verdict_is_the_one_the_design_defines(
    document: Document, account: Account, user: User, key: AccessKey, hours: int
) -> None:
    now = NOW + timedelta(hours=hours)
    assert summary(judge(document, account, user, key, now)) == read_out(document, account, user, key, now)


@given(documents, st.lists(st.tuples(known_accounts, known_users, known_keys), max_size=6))
def test_one_policy_judges_many_accounts_as_a_fresh_policy_each(
    document: Document, subjects: list[tuple[Account, User, AccessKey]]
) -> None:
    policy = decision.Policy(document)
    actual = [summary(decision.decide(policy.for_account(a), user, key, NOW)) for a, user, key in subjects]
    assert actual == [read_out(document, account, user, key, NOW) for account, user, key in subjects]


@given(documents, known_accounts, known_users, known_keys, ages)
def test_an_older_key_is_never_better_off(
    document: Document, account: Account, user: User, key: AccessKey, more: timedelta
) -> None:
    assume(more > timedelta(0) and key.status == "Active")
    older = decision.AccessKey(key.id, key.status, key.created - more)
    young, old = (judge(document, account, user, each, NOW).verdict for each in (key, older))
    assert old == young or young == "COMPLIANT"


@given(documents, known_accounts, known_users, known_keys, st.integers(0, 4), days)
def test_raising_a_limit_never_adds_a_finding(
    document: Document, account: Account, user: User, key: AccessKey, number: int, more: int
) -> None:
    raised = deepcopy(document)
    [*raised["rules"], raised["default"]][min(number, len(raised["rules"]))]["maxAccessKeyAge"] += more
    before, after = (judge(each, account, user, key).verdict for each in (document, raised))
    assert after == before or (before, after) in {("NON_COMPLIANT", "COMPLIANT"), ("EXEMPT", "COMPLIANT")}


@given(documents, known_accounts, known_users, known_keys, st.integers(0, 4), users, st.booleans())
def test_a_rule_that_never_matches_changes_nothing(
    document: Document, account: Account, user: User, key: AccessKey, place: int, selector: Any, by_user: bool
) -> None:
    nothing = {"users": "nobody"} if by_user else {"accounts": "999999999999", "users": selector}
    more = deepcopy(document)
    more["rules"].insert(place, {"id": "never", "maxAccessKeyAge": 1, **nothing})
    more["exemptions"].insert(place, {"id": "never-exempt", "expires": "2027-01-01", **nothing})
    assert summary(judge(more, account, user, key)) == summary(judge(document, account, user, key))


@given(documents, known_accounts, known_users, known_keys)
def test_an_expired_exemption_changes_nothing(document: Document, account: Account, user: User, key: AccessKey) -> None:
    more = document | {"exemptions": [{"id": "ended", "expires": "2026-11-23"}, *document["exemptions"]]}
    assert summary(judge(more, account, user, key)) == summary(judge(document, account, user, key))


@given(documents, known_users, known_keys)
def test_one_rule_decides_where_all_is_known(document: Document, user: User, key: AccessKey) -> None:
    account = decision.Account("000000000001", "prod", "R/A", {})
    deciding = decision.Policy(document).for_account(account).rules_for(user)
    assert [rule.id for rule in deciding] == [read_out(document, account, user, key, NOW)[2]]


def forget(subject: Any, attributes: tuple[str, ...], hidden: set[str]) -> list[Any]:
    return [None if attribute in hidden else getattr(subject, attribute) for attribute in attributes]


ACCOUNT = ("id", "name", "ou", "tags")
hidden_sets = st.sets(st.sampled_from(ACCOUNT)), st.sets(st.sampled_from(["path", "tags", "groups"])), st.booleans()


@given(documents, known_accounts, known_users, known_keys, *hidden_sets, ages)
def test_what_is_decided_without_knowing_all_holds_whatever_the_rest_is(
    document: Document,
    account: Account,
    user: User,
    key: AccessKey,
    account_hidden: set[str],
    user_hidden: set[str],
    key_hidden: bool,
    more: timedelta,
) -> None:
    vague_account = decision.Account(*forget(account, ACCOUNT, account_hidden))
    vague_user = user._replace(**cast("dict[str, Any]", dict.fromkeys(user_hidden)))
    vague_key = decision.AccessKey(None if key_hidden else key.id, key.status, key.created)
    made = judge(document, vague_account, vague_user, vague_key)
    assert made.verdict in ("UNDECIDED", judge(document, account, user, key).verdict)
    assert bool(made.doubts) is (made.verdict == "UNDECIDED")
    older = decision.AccessKey(vague_key.id, key.status, key.created - abs(more))
    later = judge(document, vague_account, vague_user, older).verdict
    assert later == made.verdict or made.verdict in ("COMPLIANT", "UNDECIDED")
    assert made.verdict == "COMPLIANT" or later != "COMPLIANT"


MIXED = {"accounts": ["000000000001", "prod-*"]}
PRECISE = {"accounts": {"name": "prod-*", "ou": "R/*"}}


@pytest.mark.parametrize(
    ("rule", "account", "age", "expected"),
    [
        (MIXED, ("000000000001", None), 60, ("NON_COMPLIANT", [])),
        (MIXED, ("000000000002", "prod-x"), 60, ("NON_COMPLIANT", [])),
        (MIXED, ("000000000002", "dev"), 60, ("COMPLIANT", [])),
        (MIXED, ("000000000002", None), 60, ("UNDECIDED", ["rule", "default"])),
        (MIXED, ("000000000002", None), 30, ("COMPLIANT", [])),
        (MIXED, ("000000000002", None), 91, ("NON_COMPLIANT", [])),
        (PRECISE, ("000000000002", "dev", None), 60, ("COMPLIANT", [])),
        (PRECISE, ("000000000002", "prod-x", None), 60, ("UNDECIDED", ["rule", "default"])),
        (PRECISE, ("000000000002", None, "S"), 60, ("COMPLIANT", [])),
        ({"accounts": {"tags": {"env": "*"}}}, ("1", "a", "R", None), 60, ("UNDECIDED", ["rule", "default"])),
        ({"accounts": {"tags": {"env": "*"}}}, ("1", "a", "R", {"team": "x"}), 60, ("COMPLIANT", [])),
        ({"accounts": {"tags": {"env": "*"}}}, ("1", "a", "R", {"env": ""}), 60, ("NON_COMPLIANT", [])),
        ({"users": {"path": "/s/*"}}, ("1",), 60, ("UNDECIDED", ["rule", "default"])),
        ({"users": {"tags": {"env": "*"}, "name": "v"}}, ("1",), 60, ("COMPLIANT", [])),
        ({"users": {"group": "*"}}, ("1",), 60, ("UNDECIDED", ["rule", "default"])),
        ({"users": {"group": "*", "name": "v"}}, ("1",), 60, ("COMPLIANT", [])),
    ],
)
def test_a_rule_in_doubt_matters_only_between_the_limits(
    rule: Document, account: tuple[Any, ...], age: int, expected: tuple[str, list[str]]
) -> None:
    document = {"default": {"maxAccessKeyAge": 90}, "rules": [{"id": "rule", "maxAccessKeyAge": 30, **rule}]}
    key = decision.AccessKey("K", "Active", NOW - timedelta(days=age))
    made = judge(document, decision.Account(*account), decision.User("u"), key)
    assert (made.verdict, [entry.id for entry in made.doubts]) == expected


@pytest.mark.parametrize(
    ("exemption", "key_id", "expected"),
    [
        ({"keys": ["K1"]}, "K1", ("EXEMPT", [])),
        ({"keys": "K1"}, "K1", ("EXEMPT", [])),
        ({"keys": ["K1"]}, "K2", ("NON_COMPLIANT", [])),
        ({"keys": ["K1"]}, "K", ("NON_COMPLIANT", [])),
        ({"keys": ["K1"]}, None, ("UNDECIDED", ["exempt"])),
        ({"keys": ["K1"], "users": "else"}, None, ("NON_COMPLIANT", [])),
        ({"keys": ["K1"], "expires": "2026-11-23"}, None, ("NON_COMPLIANT", [])),
        ({"users": "u"}, None, ("EXEMPT", [])),
        ({"accounts": "prod-*"}, "K1", ("UNDECIDED", ["exempt"])),
        ({"accounts": "prod-*", "keys": ["K1"]}, "K2", ("NON_COMPLIANT", [])),
    ],
)
def test_an_exemption_in_doubt_leaves_the_verdict_open(
    exemption: Document, key_id: str | None, expected: tuple[str, list[str]]
) -> None:
    entry = {"id": "exempt", "expires": "2026-11-24"} | exemption
    key = decision.AccessKey(key_id, "Active", NOW - timedelta(days=9))
    document = {"default": {"maxAccessKeyAge": 1}, "exemptions": [entry]}
    made = judge(document, decision.Account("1"), decision.User("u"), key)
    assert (made.verdict, [entry.id for entry in made.doubts]) == expected


def test_an_exemption_for_certain_settles_those_in_doubt() -> None:
    doubtful, certain = {"id": "a", "expires": "2027-01-01", "keys": "K"}, {"id": "b", "expires": "2027-01-01"}
    document = {"default": {"maxAccessKeyAge": 1}, "exemptions": [doubtful, certain]}
    key = decision.AccessKey(None, "Active", NOW - timedelta(days=9))
    assert summary(judge(document, decision.Account("1"), decision.User("u"), key)) == ("EXEMPT", 1, "default", "b")


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(-1, "COMPLIANT"), (0, "COMPLIANT"), (1, "NON_COMPLIANT"), (1e-6, "NON_COMPLIANT")]
)
def test_the_boundary_is_exact(seconds: float, verdict: str) -> None:
    key = decision.AccessKey("K", "Active", NOW - timedelta(days=90, seconds=seconds))
    document = {"default": {"maxAccessKeyAge": 90}}
    assert judge(document, decision.Account("1"), decision.User("u"), key).verdict == verdict


@pytest.mark.parametrize(
    ("second", "verdict"), [(-1, "EXEMPT"), (0, "NON_COMPLIANT"), (1, "NON_COMPLIANT")], ids=["before", "at", "after"]
)
def test_an_exemption_ends_at_midnight_utc(second: int, verdict: str) -> None:
    now = datetime(2026, 11, 23, tzinfo=timezone(timedelta(hours=9))) + timedelta(hours=9, seconds=second)
    key = decision.AccessKey("K", "Active", now - timedelta(days=5))
    document = {"default": {"maxAccessKeyAge": 1}, "exemptions": [{"id": "e", "expires": "2026-11-23"}]}
    assert judge(document, decision.Account("1"), decision.User("u"), key, now).verdict == verdict


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], "COMPLIANT"),
        (["NOT_APPLICABLE"], "COMPLIANT"),
        (["COMPLIANT", "NOT_APPLICABLE"], "COMPLIANT"),
        (["COMPLIANT", "EXEMPT"], "EXEMPT"),
        (["EXEMPT", "NON_COMPLIANT"], "NON_COMPLIANT"),
        (["NON_COMPLIANT", "UNDECIDED"], "NON_COMPLIANT"),
        (["UNDECIDED", "COMPLIANT", "EXEMPT"], "UNDECIDED"),
    ],
)
def test_a_user_is_as_bad_as_the_worst_key(verdicts: list[str], expected: str) -> None:
    assert decision.user_verdict(verdicts) == expected


def test_the_verdicts_on_a_users_keys_may_come_from_an_iterator() -> None:
    assert decision.user_verdict(iter(["NON_COMPLIANT"])) == "NON_COMPLIANT"
