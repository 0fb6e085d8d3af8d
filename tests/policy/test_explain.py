"""Explaining a selector: which attribute decides, and what it was wanted to be."""

from typing import Any

import pytest

from checker.decision import Account, User, decision, unknown_account
from checker.policy.explain import Comparison, telling_tests

ACCOUNT = decision.Account("111122223333", "prod-payments", "Root/Prod", {"env": "prod"})
USER = decision.User("svc-ledger", "/service/", {"team": "payments"})
NOTHING_KNOWN = unknown_account()


def explain(
    accounts: Any = None, users: Any = None, *, account: Account = ACCOUNT, user: User = USER
) -> list[tuple[str, bool | None]]:
    rule = {"id": "rule", "maxAccessKeyAge": 1, "accounts": accounts, "users": users}
    first = decision.Policy({"default": {"maxAccessKeyAge": 1}, "rules": [rule]}).rules[0]
    return [(str(test), test.matched) for test in telling_tests(first.accounts, first.users, account, user)]


@pytest.mark.parametrize(
    ("tested", "expected"),
    [
        (Comparison("user name", "joe", ["j*"], True), "user name 'joe' matches j*"),
        (Comparison("user name", "joe", ["a", "b*"], False), "user name 'joe' does not match a or b*"),
        (Comparison("user tag team", None, ["x"], False), "user tag team is missing, wanted x"),
        (Comparison("account OU", None, ["x", "y"], None), "account OU is not known, wanted x or y"),
        (Comparison("user tag team", "", ["?*"], False), "user tag team '' does not match ?*"),
        (Comparison("account name", "a\n\x1b[31m", ["b"], False), r"account name 'a\n\x1b[31m' does not match b"),
    ],
)
def test_a_test_reads_as_a_sentence(tested: Comparison, expected: str) -> None:
    assert str(tested) == expected


def test_without_selectors_there_is_nothing_to_tell() -> None:
    assert explain() == []


@pytest.mark.parametrize(
    ("accounts", "users", "expected"),
    [
        (None, "svc-*", ["user name 'svc-ledger' matches svc-*"]),
        (None, ["joe", "svc-*"], ["user name 'svc-ledger' matches joe or svc-*"]),
        ("111122223333", None, ["account id '111122223333' matches 111122223333"]),
        ("prod-*", None, ["account name 'prod-payments' matches prod-*"]),
        (["444455556666", "prod-*"], None, ["account name 'prod-payments' matches prod-*"]),
        (["111122223333", "prod-*"], None, ["account id '111122223333' matches 111122223333"]),
        (
            {"ou": "Root/*", "tags": {"env": "p*"}},
            {"path": "/service/*", "tags": {"team": ["x", "pay*"]}},
            [
                "account OU 'Root/Prod' matches Root/*",
                "account tag env 'prod' matches p*",
                "user path '/service/' matches /service/*",
                "user tag team 'payments' matches x or pay*",
            ],
        ),
    ],
)
def test_a_match_tells_every_attribute(accounts: Any, users: Any, expected: list[str]) -> None:
    assert explain(accounts, users) == [(text, True) for text in expected]


@pytest.mark.parametrize(
    ("accounts", "users", "expected"),
    [
        ("dev-*", "svc-*", ["account name 'prod-payments' does not match dev-*"]),
        ("prod-*", "joe", ["user name 'svc-ledger' does not match joe"]),
        (
            ["444455556666", "dev-*"],
            None,
            [
                "account id '111122223333' does not match 444455556666",
                "account name 'prod-payments' does not match dev-*",
            ],
        ),
        ({"ou": "Root/*", "tags": {"team": "x"}}, None, ["account tag team is missing, wanted x"]),
        (None, {"name": "svc-*", "path": "/people/"}, ["user path '/service/' does not match /people/"]),
        (
            "dev-*",
            "SVC-*",
            ["account name 'prod-payments' does not match dev-*", "user name 'svc-ledger' does not match SVC-*"],
        ),
    ],
)
def test_no_match_tells_only_what_fails(accounts: Any, users: Any, expected: list[str]) -> None:
    assert explain(accounts, users) == [(text, False) for text in expected]


@pytest.mark.parametrize(
    ("accounts", "users", "expected"),
    [
        ("prod-*", "svc-*", ["account name is not known, wanted prod-*"]),
        ("111122223333", None, ["account id is not known, wanted 111122223333"]),
        (
            ["111122223333", "prod-*"],
            None,
            ["account id is not known, wanted 111122223333", "account name is not known, wanted prod-*"],
        ),
        ({"tags": {"env": ["p*", "q*"]}}, None, ["account tag env is not known, wanted p* or q*"]),
        (
            {"ou": "Root/*"},
            {"path": "/service/*", "tags": {"team": "x"}},
            ["account OU is not known, wanted Root/*", "user tag team is not known, wanted x"],
        ),
    ],
)
def test_a_doubt_tells_only_what_is_not_known(accounts: Any, users: Any, expected: list[str]) -> None:
    user = decision.User("svc-ledger", "/service/")
    assert explain(accounts, users, account=NOTHING_KNOWN, user=user) == [(text, None) for text in expected]


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (["ops", "devs"], ("user group 'ops, devs' matches dev*", True)),
        (["ops"], ("user group 'ops' does not match dev*", False)),
        ([], ("user group is missing, wanted dev*", False)),
        (None, ("user group is not known, wanted dev*", None)),
    ],
)
def test_of_several_groups_any_may_match(groups: list[str] | None, expected: tuple[str, bool | None]) -> None:
    user = decision.User("joe", groups=groups)
    assert explain(None, {"group": "dev*"}, user=user) == [expected]


@pytest.mark.parametrize(("patterns", "expected"), [("x", ("does not match x", False)), ("*", ("matches *", True))])
def test_a_tag_with_an_empty_value_is_there(patterns: str, expected: tuple[str, bool]) -> None:
    user = decision.User("joe", tags={"team": ""})
    assert explain(None, {"tags": {"team": patterns}}, user=user) == [(f"user tag team '' {expected[0]}", expected[1])]


def test_what_fails_for_certain_outweighs_a_doubt() -> None:
    assert explain("prod-*", "joe", account=NOTHING_KNOWN) == [("user name 'svc-ledger' does not match joe", False)]


def test_a_list_with_a_failing_id_is_still_in_doubt_about_the_name() -> None:
    nameless = decision.Account("111122223333")
    assert explain(["444455556666", "prod-*"], account=nameless) == [("account name is not known, wanted prod-*", None)]


def test_a_list_with_a_matching_id_leaves_no_doubt_about_the_name() -> None:
    nameless = decision.Account("111122223333")
    assert explain(["111122223333", "prod-*"], account=nameless) == [
        ("account id '111122223333' matches 111122223333", True)
    ]


def test_a_doubt_in_one_clause_does_not_hide_that_the_account_matches_by_another() -> None:
    idless = unknown_account("prod-payments")
    assert explain(["444455556666", "prod-*"], account=idless) == [
        ("account name 'prod-payments' matches prod-*", True)
    ]
