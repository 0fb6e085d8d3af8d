"""Accounts with the same remaining policy share a group, and the group's policy judges as the whole one does."""

import json
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.decision import AccessKey, Account, User, decision
from checker.errors import FileProblems
from checker.generate.groups import Group, grouped, resolve, selectors_beyond_id, selectors_for, undecided, unused
from checker.policy.loader import PolicyFile, parse
from checker.policy.selection import unlisted_ids
from tests.support.random_policies import NOW, Document, documents, known_accounts, known_keys, known_users, policy_text

PROD = decision.Account("111122223333", "prod-web", "Root/Prod", {"env": "prod"})
DEV = decision.Account("012345678901", "dev-web", "Root/Dev", {"env": "dev"})
BOX = decision.Account("000000000012", "my-sandbox", "Root", {})
EVERYONE = {account.id: account for account in (PROD, DEV, BOX)}
NINETY = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
EXEMPT = "reason: r, approvedBy: a, expires: 2027-01-01"


def policy(text: str) -> PolicyFile:
    return parse(text.encode(), "policies.yaml")


def groups(text: str, inventory: dict[str, Account] = EVERYONE) -> dict[str, Group]:
    return {group.name: group for group in resolve(policy(text), inventory)}


def members(found: dict[str, Group]) -> dict[str, list[str]]:
    return {name: [account.id for account in group.accounts] for name, group in found.items()}


def test_without_an_inventory_there_is_the_default_group_alone() -> None:
    assert members(groups(NINETY, {})) == {"default": []}


def test_accounts_that_no_selector_matches_are_in_the_default_group() -> None:
    text = NINETY + "rules:\n  - {id: elsewhere, accounts: '444455556666', maxAccessKeyAge: 1}\n"
    assert members(groups(text)) == {"default": sorted(EVERYONE), "elsewhere": ["444455556666"]}


@pytest.mark.parametrize("inventory", [{}, EVERYONE], ids=["no inventory", "inventory"])
def test_an_account_named_by_its_id_has_its_group_also_if_it_is_not_listed(inventory: dict[str, Account]) -> None:
    text = NINETY + (
        "exemptions:\n"
        f"  - {{id: vendor, accounts: ['444455556666', '555566667777'], users: vendor, {EXEMPT}}}\n"
        f"  - {{id: other, accounts: {{id: '444455556666'}}, users: other, {EXEMPT}}}\n"
    )
    found = members(groups(text, inventory))
    assert list(found.values()) == [sorted(inventory), ["555566667777"], ["444455556666"]]


def test_what_is_open_for_an_account_that_is_not_listed_stays_open() -> None:
    text = NINETY + (
        "rules:\n"
        "  - {id: webs, accounts: ['111122223333', '*-web'], maxAccessKeyAge: 30}\n"
        "  - {id: both, accounts: {id: ['444455556666'], ou: Root/*}, maxAccessKeyAge: 60}\n"
        "exemptions:\n"
        f"  - {{id: vendor, accounts: '444455556666', users: vendor, {EXEMPT}}}\n"
    )
    found = groups(text)
    group = next(each for each in found.values() if "444455556666" in {account.id for account in each.accounts})
    assert group.name.startswith("webs-both-vendor-")
    assert group.document["rules"] == [
        {"id": "webs", "accounts": ["*-web"], "maxAccessKeyAge": 30},
        {"id": "both", "accounts": {"ou": "Root/*"}, "maxAccessKeyAge": 60},
    ]
    assert (group.kind, group.default_decides) == ("custom", True)
    assert [str(problem).partition(", so whether")[0] for problem in undecided(policy(text), list(found.values()))] == [
        "policies.yaml:4:26: webs: the inventory does not list 444455556666",
        "policies.yaml:5:26: both: the inventory does not list 444455556666",
    ]


def test_a_selector_that_selects_no_account_is_an_error() -> None:
    with pytest.raises(FileProblems) as raised:
        groups(NINETY + "rules:\n  - {id: a, accounts: [prod-web, prod-wbe], maxAccessKeyAge: 1}\n")
    message = "prod-wbe: no account in the inventory has this name: did you mean prod-web?"
    assert str(raised.value) == f"policies.yaml:4:34: {message}"


def test_accounts_with_the_same_remaining_policy_share_a_group() -> None:
    text = NINETY + "rules:\n  - {id: webs, accounts: '*-web', users: svc-*, maxAccessKeyAge: 30}\n"
    found = groups(text)
    assert members(found) == {"default": [BOX.id], "webs": [DEV.id, PROD.id]}
    assert found["webs"].document["rules"] == [{"id": "webs", "users": "svc-*", "maxAccessKeyAge": 30}]
    assert found["default"].document["rules"] == []


def test_different_selectors_with_the_same_outcome_share_a_group() -> None:
    text = NINETY + "rules:\n  - {id: two, accounts: [prod-web, '000000000012'], maxAccessKeyAge: 30}\n"
    assert members(groups(text)) == {"default": [DEV.id], "two": [BOX.id, PROD.id]}


def test_rules_after_one_that_decides_for_everybody_are_left_out() -> None:
    text = NINETY + (
        "rules:\n"
        "  - {id: first, accounts: prod-web, users: svc-*, maxAccessKeyAge: 10}\n"
        "  - {id: all, accounts: prod-web, users: [x, '*'], maxAccessKeyAge: 20}\n"
        "  - {id: late, accounts: prod-web, maxAccessKeyAge: 30}\n"
    )
    found = next(group for name, group in groups(text).items() if name != "default")
    assert [rule["id"] for rule in found.document["rules"]] == ["first", "all"]


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", 90),
        ("rules:\n  - {id: same, users: svc-*, maxAccessKeyAge: 90}\n", 90),
        ("rules:\n  - {id: all, maxAccessKeyAge: 30}\n", 30),
        ("rules:\n  - {id: other, users: svc-*, maxAccessKeyAge: 30}\n", None),
        ("exemptions:\n  - {id: one, users: joe, " + EXEMPT + "}\n", None),
        ("deploy: {rule: auto}\n", 90),
        ("deploy: {rule: custom}\n", None),
    ],
)
def test_one_number_and_no_exemption_is_what_the_managed_rule_can_say(rest: str, expected: int | None) -> None:
    group = groups(NINETY + rest, {})["default"]
    assert (group.max_age, group.kind) == (expected, "custom" if expected is None else "managed")


def test_an_exemption_for_one_account_leaves_the_others_on_the_managed_rule() -> None:
    found = groups(NINETY + "exemptions:\n  - {id: box, accounts: my-sandbox, " + EXEMPT + "}\n")
    assert {name: group.kind for name, group in found.items()} == {"default": "managed", "box": "custom"}


@pytest.mark.parametrize(
    ("account", "lacking"),
    [
        (decision.Account(PROD.id), "ou and tags"),
        (decision.Account(PROD.id, "x", "Root/Prod"), "tags"),
        (decision.Account(PROD.id, "x", None, {"env": "prod"}), "ou"),
    ],
)
def test_a_selector_that_asks_for_what_the_inventory_does_not_say_is_an_error(account: Account, lacking: str) -> None:
    text = NINETY + "rules:\n  - id: crown\n    accounts: {ou: Root/*, tags: {env: prod}}\n    maxAccessKeyAge: 1\n"
    with pytest.raises(FileProblems) as raised:
        groups(text, {account.id: account})
    message = f"crown: the inventory does not say the {lacking} of account {PROD.id}"
    assert str(raised.value) == f"policies.yaml:5:15: {message}"


def test_what_the_inventory_does_not_say_is_no_error_where_the_selector_is_settled_without_it() -> None:
    text = NINETY + "rules:\n  - {id: a, accounts: ['111122223333', prod-*], maxAccessKeyAge: 1}\n"
    assert members(groups(text, {PROD.id: decision.Account(PROD.id)})) == {"default": [], "a": [PROD.id]}


def test_a_rule_that_is_in_no_group_is_warned_about() -> None:
    text = "rules:\n  - {id: a, maxAccessKeyAge: 1}\n  - {id: b, accounts: prod-*, maxAccessKeyAge: 1}\n"
    loaded = policy(NINETY + text)
    messages = [str(problem) for problem in unused(loaded, resolve(loaded, EVERYONE))]
    assert messages == ["policies.yaml:5:5: b: earlier rules decide wherever it applies: in no template"]


def test_an_account_outside_the_inventory_may_be_selected_all_the_same() -> None:
    loaded = policy(NINETY + "rules:\n  - {id: a, accounts: ['111122223333', other], maxAccessKeyAge: 1}\n")
    assert selectors_for(loaded, decision.Account(PROD.id)) == ["a"]
    assert selectors_for(loaded, decision.Account(DEV.id, "dev")) == []
    assert selectors_for(loaded, decision.Account(DEV.id)) == ["a"]
    assert selectors_beyond_id(loaded, decision.Account(DEV.id)) == ["a"]
    assert selectors_beyond_id(loaded, decision.Account(PROD.id)) == []


@pytest.mark.parametrize("taken", ["organization", "x" * 64])
def test_a_name_is_never_that_of_another_folder_and_never_too_long(taken: str) -> None:
    text = NINETY + f"rules:\n  - {{id: {taken}, accounts: prod-web, maxAccessKeyAge: 1}}\n"
    name = next(name for name in groups(text) if name != "default")
    assert name != "organization"
    assert len(name) <= 64


def test_a_name_does_not_depend_on_the_accounts_in_the_group() -> None:
    text = NINETY + (
        "rules:\n"
        "  - {id: a, accounts: '*', users: x, maxAccessKeyAge: 1}\n"
        "  - {id: b, accounts: '*', maxAccessKeyAge: 2}\n"
    )
    assert list(groups(text)) == list(groups(text, {PROD.id: PROD}))


def test_remediation_that_cannot_apply_does_not_count() -> None:
    text = NINETY + (
        "remediation: {action: delete, deleteAfterDays: 3}\n"
        "rules:\n  - {id: all, maxAccessKeyAge: 30, remediation: {action: none}}\n"
    )
    group = groups(text, {})["default"]
    assert (group.remediations, group.automatic, group.deletes) == ([], False, False)


def test_one_automatic_rule_makes_the_group_automatic() -> None:
    automatic = "{action: deactivate, automatic: true, protectUsedWithinDays: 7}"
    text = NINETY + f"rules:\n  - {{id: svc, users: svc-*, maxAccessKeyAge: 30, remediation: {automatic}}}\n"
    group = groups(text, {})["default"]
    assert (len(group.remediations), group.automatic, group.deletes) == (1, True, False)


inventories = st.lists(known_accounts, max_size=3).map(lambda found: {account.id: account for account in found})


@given(documents, inventories, known_users, known_keys)
def test_a_groups_policy_judges_as_the_whole_policy_does(
    document: Document, inventory: dict[str, Account], user: User, key: AccessKey
) -> None:
    loaded = policy(policy_text(document))
    found = grouped(loaded, inventory)
    named = unlisted_ids(loaded, inventory)
    assert sorted(account.id for group in found for account in group.accounts) == sorted([*inventory, *named])
    for group, account in [(each, account) for each in found for account in each.accounts]:
        whole = decision.decide(loaded.policy.for_account(account), user, key, NOW)
        for known in (decision.Account(""), decision.Account(account.id)):  # in the remediation, in the Config rule
            part = decision.decide(decision.Policy(group.document).for_account(known), user, key, NOW)
            assert [each.id if each else None for each in (part.rule, part.exemption)] == [
                each.id if each else None for each in (whole.rule, whole.exemption)
            ]
            assert (part.verdict, part.limit) == (whole.verdict, whole.limit)


@given(documents, inventories)
def test_two_groups_never_have_the_same_policy_or_name(document: Document, inventory: dict[str, Account]) -> None:
    found = grouped(policy(policy_text(document)), inventory)
    for one, other in product(found, found):
        same = json.dumps(one.document) == json.dumps(other.document)
        assert (one is other) == same == (one.name == other.name)
