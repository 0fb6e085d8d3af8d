"""Selectors that select no account are told, part by part; those that select one never are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.decision import Account, decision, matches, selectors
from checker.policy.loader import parse
from checker.policy.selection import odd_forms, unlisted, unmatched
from tests.support.random_policies import accounts as any_selectors
from tests.support.random_policies import known_accounts

PAYMENTS = decision.Account("012345678901", "prod-payments", "Root/Workloads/Prod", {"env": "prod"})
WEB = decision.Account("111122223333", "dev-web", "Root/Workloads/Dev", {"env": "dev", "Team": "web"})
BOX = decision.Account("000000000012", "sandbox", "Root", {})
INVENTORY = {account.id: account for account in (PAYMENTS, WEB, BOX)}
HEAD = "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules:\n"
BEFORE = "  - {id: r, accounts: "
NO_NAME = "no account in the inventory has this name"
NO_OU = "no account in the inventory is in this OU"
TOGETHER = "no account in the inventory matches all of these"


def told(selector: str, inventory: dict[str, Account] = INVENTORY) -> list[str]:
    """The messages, each with where in the selector it stands, from 1."""
    policy = parse(f"{HEAD}{BEFORE}{selector}, maxAccessKeyAge: 1}}\n".encode(), "p")
    return [f"{problem.column - len(BEFORE)}: {problem.message}" for problem in unmatched(policy, inventory)]


@pytest.mark.parametrize(
    "selector",
    [
        "prod-payments",
        "'*'",
        "[prod-*, '*-web', sandbox]",
        "'999999999999'",
        "{id: '999999999999'}",
        "{id: ['999999999999', '012345678901']}",
        "{id: '999999999999', name: nobody}",
        "{ou: [Root, Root/*]}",
        "{ou: '*/Prod', name: prod-*, tags: {env: p*}}",
        "{name: [prod-*, dev-*], tags: {env: [prod, dev]}}",
    ],
)
def test_what_may_select_an_account_is_not_told(selector: str) -> None:
    assert told(selector) == []


def test_what_the_inventory_does_not_say_may_be_what_is_asked_for() -> None:
    assert told("{name: x, ou: y, tags: {z: z}}", {PAYMENTS.id: decision.Account(PAYMENTS.id)}) == []


def test_a_name_that_looks_like_an_id_is_a_name_if_an_account_has_it() -> None:
    odd = decision.Account(BOX.id, "0123-4567-8901", "ou-abcd-12345678", {})
    policy = parse(f"{HEAD}  - {{id: r, accounts: 0123-4567-8901, maxAccessKeyAge: 1}}\n".encode(), "p")
    assert (odd_forms(policy, {odd.id: odd}), len(odd_forms(policy, {}))) == ([], 1)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("prod-payment", [f"1: prod-payment: {NO_NAME}: did you mean prod-payments?"]),
        ("Prod-*", [f"1: Prod-*: {NO_NAME}: did you mean prod-payments?"]),
        ("nobody-*", [f"1: nobody-*: {NO_NAME}; there are: dev-web, prod-payments, sandbox"]),
        ("[prod-*, dev_web]", [f"10: dev_web: {NO_NAME}: did you mean dev-web?"]),
        ("{name: [prod-*, dev_web]}", [f"17: dev_web: {NO_NAME}: did you mean dev-web?"]),
        ("{name: '012345678901'}", [f'8: 012345678901: {NO_NAME}: did you mean {{id: "012345678901"}}?']),
        ("Workloads", [f'1: Workloads: {NO_NAME}: did you mean {{ou: "Root/Workloads/*"}}?']),
        ("Root/Workloads/Prod", [f"1: Root/Workloads/Prod: {NO_NAME}: did you mean {{ou: Root/Workloads/Prod}}?"]),
        ("{ou: Workloads}", [f"6: Workloads: {NO_OU}: did you mean Root/Workloads/*?"]),
        ("{ou: Workloads/*}", [f"6: Workloads/*: {NO_OU}: did you mean Root/Workloads/*?"]),
        ("{ou: Workloads/Prod}", [f"6: Workloads/Prod: {NO_OU}: did you mean Root/Workloads/Prod?"]),
        ("{ou: Root/Workloads}", [f"6: Root/Workloads: {NO_OU}: did you mean Root/Workloads/*?"]),
        ("{ou: /root/workloads/prod/}", [f"6: /root/workloads/prod/: {NO_OU}: did you mean Root/Workloads/Prod?"]),
        ("{ou: Root/Workload/Prod}", [f"6: Root/Workload/Prod: {NO_OU}: did you mean Root/Workloads/Prod?"]),
        ("{tags: {team: web}}", ["9: team: no account in the inventory has this tag: did you mean Team?"]),
        ("{tags: {cost: [a, b]}}", ["9: cost: no account in the inventory has this tag; there are: Team, env"]),
        (
            "{tags: {env: [dev, prd]}}",
            ["20: prd: no account in the inventory has this value of the tag env: did you mean prod?"],
        ),
        ("{name: prod-*, tags: {env: dev}}", [f"1: {TOGETHER}"]),
        ("{id: '012345678901', name: dev-web}", [f"1: {TOGETHER}"]),
        (
            "{name: [prod-*, dev-*], tags: {env: prod}}",
            ["17: dev-*: no account in the inventory matches this and the tag env beside it"],
        ),
        (
            "[x-1, x-2]",
            [f"{at}: x-{n}: {NO_NAME}; there are: dev-web, prod-payments, sandbox" for at, n in ((2, 1), (7, 2))],
        ),
    ],
)
def test_what_selects_no_account_is_told_with_the_nearest(selector: str, expected: list[str]) -> None:
    assert told(selector) == expected


@pytest.mark.parametrize("selector", ["prod-*", "{ou: Root}", "{id: '012345678901', name: prod}"])
def test_without_an_account_in_the_inventory_only_ids_select(selector: str) -> None:
    [problem] = told(selector, {})
    assert problem.endswith("no account is in the inventory, so this selects none: write it with `keyage inventory`")


@pytest.mark.parametrize(
    ("account_id", "said"), [("012345678902", ': did you mean "012345678901"?'), ("999999999999", "")]
)
def test_an_id_that_is_not_listed_is_told_with_one_that_differs_in_a_digit(account_id: str, said: str) -> None:
    policy = parse(f"{HEAD}  - {{id: r, accounts: ['{account_id}'], maxAccessKeyAge: 1}}\n".encode(), "p")
    messages = [problem.message for problem in unlisted(policy, INVENTORY)]
    assert messages == [f"the account {account_id} is not in the inventory{said}"]


inventories = st.lists(known_accounts, min_size=1, max_size=4).map(lambda found: {each.id: each for each in found})


def document(selector: Any) -> bytes:
    rule = {"id": "r", "accounts": selector, "maxAccessKeyAge": 1}
    return json.dumps({"version": 1, "default": {"maxAccessKeyAge": 1}, "rules": [rule]}).encode()


def alternatives(selector: Any) -> list[Any]:
    """The selector with each of its items and values as the only one in its place."""
    if isinstance(selector, list):
        return selector
    if isinstance(selector, str):
        return [selector]
    values = [(key, each) for key, value in selector.items() if key != "tags" for each in alternatives(value)]
    tagged = [(tag, each) for tag, value in selector.get("tags", {}).items() for each in alternatives(value)]
    found = [selector | {key: each} for key, each in values]
    return found + [selector | {"tags": selector["tags"] | {tag: each}} for tag, each in tagged]


@given(any_selectors, inventories)
def test_a_selector_is_told_just_if_one_of_its_parts_selects_nothing(
    selector: Any, inventory: dict[str, Account]
) -> None:
    def selects(part: Any) -> bool:
        [rule] = parse(document(part), "p").policy.rules[:-1]
        ids = {account_id for clause in rule.accounts for account_id in clause.get(("id", None), ())}
        matching = selectors.SelectorSet([rule.accounts])
        return bool(ids - set(inventory)) or any(matching.match(account)[1] for account in inventory.values())

    found = unmatched(parse(document(selector), "p"), inventory)
    assert bool(found) == (not all(map(selects, alternatives(selector))))


@given(st.text("abR/*?", min_size=1, max_size=5), st.lists(st.text("abR/", min_size=1, max_size=6), min_size=1))
def test_a_pattern_that_matches_is_never_told_and_a_suggested_ou_matches(pattern: str, ous: list[str]) -> None:
    inventory = {f"{number:012}": decision.Account(f"{number:012}", ou, ou, {"k": ou}) for number, ou in enumerate(ous)}
    for key in ("name", "ou"):
        found = unmatched(parse(document({key: pattern}), "p"), inventory)
        assert bool(found) == (not any(matches(pattern, ou) for ou in ous))
        suggested = [problem.message.partition("did you mean ")[2].removesuffix("?") for problem in found]
        assert all(any(matches(each, ou) for ou in ous) for each in suggested if each and not each.startswith("{"))
    assert unmatched(parse(document({"tags": {"k": pattern}}), "p"), inventory) == [] or not any(
        matches(pattern, ou) for ou in ous
    )
