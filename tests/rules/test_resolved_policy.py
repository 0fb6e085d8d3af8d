"""An account finds its part of the resolved policy, and a policy that is not resolved is refused."""

from importlib import import_module
from typing import Any

import pytest

from checker.decision import OTHERS, decision, policy_for
from tests.support.fixtures import NOW

MODULE = import_module("checker.rules.resolved_policy")
NINETY: dict[str, Any] = {"version": 1, "default": {"maxAccessKeyAge": 90}}
LISTED, ANOTHER = "111122223333", "444455556666"
EXEMPT = {"id": "legacy", "expires": "2027-01-31"}
YES, NO, OPEN = "is for the account", "is not", "may be"
USER, KEY = decision.User("u"), decision.AccessKey("K", "Active", NOW)


def rules(document: dict[str, Any], account: str) -> list[str]:
    """The rules that may decide in the account."""
    return [rule.id for rule in policy_for(document, account).rules_for(USER)]


def exemptions(document: dict[str, Any], account: str) -> tuple[str | None, list[str]]:
    """The exemption that applies in the account, and those that may."""
    applies, may = policy_for(document, account).exemption_for(USER, KEY, NOW)
    return applies and applies.id, [each.id for each in may]


def resolved(kind: str, accounts: Any) -> dict[str, Any]:
    """One entry beside the default, in a document with a set of one account."""
    entry = (EXEMPT if kind == "exemptions" else {"id": "own", "maxAccessKeyAge": 30}) | {"accounts": accounts}
    return NINETY | {kind: [entry], "accountSets": {"set1": [LISTED]}}


def test_what_says_nothing_of_accounts_is_for_every_account() -> None:
    document = NINETY | {"rules": [{"id": "own", "maxAccessKeyAge": 30}], "exemptions": [EXEMPT]}
    for account in (LISTED, ANOTHER):
        assert (rules(document, account), exemptions(document, account)) == (["own"], ("legacy", []))
        assert MODULE.open_in(document, account) == []


def test_who_stands_in_no_set_is_one_of_the_others() -> None:
    document = resolved("rules", {"certain": ["set1"]})
    assert [MODULE.set_of(document, account) for account in (LISTED, ANOTHER, "")] == ["set1", OTHERS, OTHERS]
    assert MODULE.set_of(NINETY, LISTED) == OTHERS


@pytest.mark.parametrize(
    ("accounts", "listed", "other"),
    [
        ({}, NO, NO),
        ({"certain": []}, NO, NO),
        ({"certain": ["set1"]}, YES, NO),
        ({"certain": [OTHERS]}, NO, YES),
        ({"certain": ["set1", OTHERS]}, YES, YES),
        ({"open": [OTHERS]}, NO, OPEN),
        ({"certain": ["set1"], "open": [OTHERS]}, YES, OPEN),
    ],
)
def test_an_entry_is_for_the_accounts_of_its_sets(accounts: dict[str, list[str]], listed: str, other: str) -> None:
    deciding = {NO: ["default"], YES: ["own"], OPEN: ["own", "default"]}
    applying = {NO: (None, []), YES: ("legacy", []), OPEN: (None, ["legacy"])}
    for account, expected in ((LISTED, listed), (ANOTHER, other)):
        assert rules(resolved("rules", accounts), account) == deciding[expected]
        assert exemptions(resolved("exemptions", accounts), account) == applying[expected]


@pytest.mark.parametrize("kind", ["rules", "exemptions"])
def test_what_is_open_is_named(kind: str) -> None:
    document = resolved(kind, {"certain": ["set1"], "open": [OTHERS]})
    name = document[kind][0]["id"]
    assert [MODULE.open_in(document, account) for account in (LISTED, ANOTHER)] == [[], [name]]


@pytest.mark.parametrize("kind", ["rules", "exemptions"])
@pytest.mark.parametrize(
    "accounts",
    [
        *("prod-*", ["prod-*", LISTED], {"name": "prod-*"}, {"ou": "Root/*"}),
        *({"name": ["set1"]}, {"ou": [OTHERS]}),
        *({"certain": ["set2"]}, {"open": ["set2"]}),
    ],
)
def test_a_selector_of_the_policy_language_is_refused(kind: str, accounts: Any) -> None:
    document = resolved(kind, accounts)
    name = document[kind][0]["id"]
    with pytest.raises(MODULE.NotResolved, match=f"^the policy is not resolved for accounts: {name}$"):
        policy_for(document, LISTED)


IN_TWO: dict[str, Any] = {
    "version": 1,
    "default": {"maxAccessKeyAge": 60},
    "rules": [{"id": "same", "users": "x", "maxAccessKeyAge": 1}, {"id": "new", "maxAccessKeyAge": 2}],
    "exemptions": [EXEMPT],
    "remediation": {"action": "deactivate"},
    "firstAccounts": [LISTED],
    "before": {
        "default": {"maxAccessKeyAge": 90},
        "rules": [{"id": "old", "users": "y", "maxAccessKeyAge": 3}, "same"],
        "exemptions": [],
        "remediation": {},
    },
}


def test_a_document_of_one_policy_is_that_of_every_account() -> None:
    for account in (LISTED, ANOTHER, ""):
        assert MODULE.document_for(NINETY, account) is NINETY


def test_the_first_accounts_have_the_policy_of_now() -> None:
    now = {name: value for name, value in IN_TWO.items() if name not in ("before", "firstAccounts")}
    assert MODULE.document_for(IN_TWO, LISTED) == now


@pytest.mark.parametrize("account", [ANOTHER, "", LISTED[:-1]])
def test_every_other_account_has_the_policy_of_before(account: str) -> None:
    assert MODULE.document_for(IN_TWO, account) == {
        "version": 1,
        "default": {"maxAccessKeyAge": 90},
        "rules": [
            {"id": "old", "users": "y", "maxAccessKeyAge": 3},
            {"id": "same", "users": "x", "maxAccessKeyAge": 1},
        ],
        "exemptions": [],
        "remediation": {},
    }


def test_whoever_did_not_ask_which_of_two_policies_it_is_gets_none() -> None:
    with pytest.raises(MODULE.NotResolved, match="the document has two policies"):
        policy_for(IN_TWO, LISTED)


@pytest.mark.parametrize("kind", ["rules", "exemptions"])
@pytest.mark.parametrize("number", range(5))
def test_whichever_of_several_entries_is_for_the_account(kind: str, number: int) -> None:
    """It, and no other, decides where that is certain, and may where it is open."""
    named = [{"id": f"e{each}", "maxAccessKeyAge": 30, "expires": "2027-01-31"} for each in range(5)]
    for sure in ("certain", "open"):
        entries = [each | {"accounts": {sure: ["set1"] if each["id"] == f"e{number}" else []}} for each in named]
        document = NINETY | {kind: entries, "accountSets": {"set1": [LISTED]}}
        if kind == "rules":
            assert rules(document, LISTED) == [f"e{number}", *(["default"] if sure == "open" else [])]
        else:
            applies = (f"e{number}", []) if sure == "certain" else (None, [f"e{number}"])
            assert exemptions(document, LISTED) == applies
        assert (rules(document, ANOTHER), exemptions(document, ANOTHER)) == (["default"], (None, []))
