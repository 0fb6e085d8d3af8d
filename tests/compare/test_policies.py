"""What a change of the policy changes, and whether it loosens: no reviewer may miss that."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.compare.effects import Effect
from checker.compare.policies import Change, changes
from checker.compare.verdicts import compare
from checker.decision import Account, decision
from checker.evaluate import AccountRead
from checker.policy import loader
from checker.policy.loader import PolicyFile
from tests.support.random_policies import NOW, documents, known_accounts, known_keys, known_users, policy_text

BASE = """\
version: 1
default: {maxAccessKeyAge: 90}
rules:
  - {id: a, accounts: prod-*, maxAccessKeyAge: 30}
  - {id: b, users: svc-*, maxAccessKeyAge: 60}
exemptions:
  - {id: x, users: old-*, keys: [AKIAONE], reason: r, approvedBy: me, expires: 2027-01-31}
remediation: {action: deactivate, automatic: true, graceDays: 3, protectUsedWithinDays: 7}
"""


def policy(text: str) -> PolicyFile:
    return loader.parse(text.encode(), "policies.yaml")


def changed(old: str, new: str) -> list[tuple[str, str, str, Effect]]:
    assert old in BASE
    return told(changes(policy(BASE), policy(BASE.replace(old, new))))


def told(found: list[Change]) -> list[tuple[str, str, str, Effect]]:
    return [(one.kind, one.id, one.what, one.effect) for one in found]


def test_the_same_policy_is_no_change() -> None:
    assert changes(policy(BASE), policy(BASE)) == []


def test_comments_and_style_are_no_change() -> None:
    assert (
        changes(
            policy(BASE), policy("# a comment\n" + BASE.replace("{maxAccessKeyAge: 90}", '\n  "maxAccessKeyAge": 90'))
        )
        == []
    )


LOOSE, TIGHT, NEITHER = Effect.LOOSENS, Effect.TIGHTENS, Effect.NEITHER


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("Age: 90", "Age: 91", [("default", "default", "changed", LOOSE)]),
        ("Age: 90", "Age: 89", [("default", "default", "changed", TIGHT)]),
        ("Age: 30", "Age: 31", [("rule", "a", "changed", LOOSE)]),
        ("Age: 30", "Age: 29", [("rule", "a", "changed", TIGHT)]),
        ("accounts: prod-*", "accounts: prod-*, description: d", [("rule", "a", "changed", NEITHER)]),
        ("accounts: prod-*", "accounts: prod-a*", [("rule", "a", "changed", LOOSE)]),
        ("accounts: prod-*", "accounts: p*", [("rule", "a", "changed", TIGHT)]),
        ("accounts: prod-*", "accounts: {name: [prod-*]}", [("rule", "a", "changed", NEITHER)]),
        ("  - {id: a, accounts: prod-*, maxAccessKeyAge: 30}\n", "", [("rule", "a", "removed", LOOSE)]),
        ("rules:\n", "rules:\n  - {id: c, users: x, maxAccessKeyAge: 1}\n", [("rule", "c", "added", TIGHT)]),
        ("rules:\n", "rules:\n  - {id: c, users: x, maxAccessKeyAge: 31}\n", [("rule", "c", "added", LOOSE)]),
        ("exemptions:\n", "exemptions:\n  - {id: y, users: q, reason: r, approvedBy: m, expires: 2027-01-01}\n",
         [("exemption", "y", "added", LOOSE)]),
        ("2027-01-31", "2027-02-01", [("exemption", "x", "changed", LOOSE)]),
        ("2027-01-31", "2027-01-30", [("exemption", "x", "changed", TIGHT)]),
        ("keys: [AKIAONE], ", "", [("exemption", "x", "changed", LOOSE)]),
        ("keys: [AKIAONE]", "keys: [AKIAONE, AKIATWO]", [("exemption", "x", "changed", LOOSE)]),
        ("users: old-*", "users: old-a*", [("exemption", "x", "changed", TIGHT)]),
        ("users: old-*", "users: ol*", [("exemption", "x", "changed", LOOSE)]),
        ("reason: r", "reason: because", [("exemption", "x", "changed", NEITHER)]),
        ("action: deactivate", "action: none", [("remediation", "remediation", "changed", LOOSE)]),
        ("automatic: true", "automatic: false", [("remediation", "remediation", "changed", LOOSE)]),
        ("graceDays: 3", "graceDays: 0", [("remediation", "remediation", "changed", TIGHT)]),
        ("graceDays: 3, protectUsedWithinDays: 7", "graceDays: 0, protectUsedWithinDays: 8",
         [("remediation", "remediation", "changed", LOOSE)]),
        ("remediation:", "deploy: {region: eu-west-1}\nremediation:", [("deploy", "deploy", "added", NEITHER)]),
    ],
)  # fmt: skip
def test_a_change_and_what_it_can_do(old: str, new: str, expected: list[Any]) -> None:
    assert changed(old, new) == expected


def test_a_rule_removed_loosens_where_its_users_have_more_time_now() -> None:
    one = "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules: [{id: a, users: svc-*, maxAccessKeyAge: 365}]\n"
    other = "version: 1\ndefault: {maxAccessKeyAge: 3000}\n"
    assert told(changes(policy(one), policy(other))) == [
        ("default", "default", "changed", LOOSE),
        ("rule", "a", "removed", LOOSE),
    ]
    kept = one.replace("90", "3000").replace("users: svc-*", "users: nobody")
    assert told(changes(policy(one.replace("90", "3000")), policy(kept))) == [("rule", "a", "changed", LOOSE)]


def test_an_exemption_removed_tightens() -> None:
    without = BASE.partition("exemptions:")[0]
    found = changes(policy(BASE.partition("remediation:")[0]), policy(without))
    assert told(found) == [("exemption", "x", "removed", TIGHT)]


@pytest.mark.parametrize(("first", "effect"), [(20, LOOSE), (40, TIGHT)])
def test_rules_that_swap_are_one_move(first: int, effect: Effect) -> None:
    rules = [f"  - {{id: {name}, users: {name}*, maxAccessKeyAge: {age}}}\n" for name, age in (("a", first), ("b", 30))]
    head = "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules:\n"
    [found] = changes(policy(head + rules[0] + rules[1]), policy(head + rules[1] + rules[0]))
    assert (found.id, found.what, found.effect, list(found.details)) == ("b", "moved", effect, ["now before a"])
    assert (found.base_line, found.head_line) == (5, 4)


@pytest.mark.parametrize(
    ("own", "effect"),
    [
        ("{action: none}", LOOSE),
        ("{action: deactivate, automatic: true, graceDays: 3, protectUsedWithinDays: 7}", NEITHER),
        ("{action: deactivate, automatic: true, graceDays: 0, protectUsedWithinDays: 7}", TIGHT),
    ],
)
def test_the_remediation_of_a_rule_is_held_against_what_it_replaces(own: str, effect: Effect) -> None:
    assert changed("Age: 30}", f"Age: 30, remediation: {own}}}") == [("rule", "a", "changed", effect)]


def test_what_loosens_comes_first() -> None:
    head = BASE.replace("Age: 30", "Age: 20").replace("Age: 60", "Age: 70").replace("reason: r", "reason: s")
    assert [one.id for one in changes(policy(BASE), policy(head))] == ["b", "a", "x"]


def test_the_details_are_in_the_words_of_the_policy() -> None:
    head = BASE.replace("accounts: prod-*", "accounts: {name: prod-*, tags: {env: [a, b]}}")
    [found] = changes(policy(BASE), policy(head))
    assert found.details == ["accounts: prod-* → {name: prod-*, tags: {env: [a, b]}}"]


@given(
    documents,
    documents,
    known_accounts,
    st.lists(st.tuples(known_users, known_keys), min_size=1, max_size=4),
)
def test_no_key_is_let_go_by_a_change_that_is_not_marked(
    before: Any, after: Any, account: Account, owned: list[Any]
) -> None:
    base, head = policy(policy_text(before)), policy(policy_text(after))
    users = [user._replace(name=f"{user.name}", keys=(key,)) for user, key in owned]
    done = compare(base.policy, head.policy, AccountRead(account, users), NOW)
    assert done.reason is None
    loosens = [one for one in changes(base, head) if one.effect is Effect.LOOSENS]
    if any(one.loosens for one in done.verdicts):
        assert loosens


def test_limits_and_verdicts_of_an_account() -> None:
    key = decision.AccessKey("AKIAONE", "Active", NOW - timedelta(days=61))
    users = [decision.User(name, "/", {}, None, None, None, (key,)) for name in ("ann", "svc-a")]
    head = policy(BASE.replace("Age: 60", "Age: 65"))
    done = compare(policy(BASE).policy, head.policy, AccountRead(decision.Account("1", "dev", "R", {}), users), NOW)
    assert [(one.user, one.before, one.after) for one in done.limits] == [("svc-a", 60, 65)]
    found = [(one.before, one.finding.user, one.finding.verdict) for one in done.verdicts]
    assert found == [("NON_COMPLIANT", "svc-a", "COMPLIANT")]
