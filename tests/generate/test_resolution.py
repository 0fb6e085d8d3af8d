"""The resolved policy decides in every account, listed or not, as the whole policy does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.decision import AccessKey, Account, User, decision, document_for, policy_for
from checker.errors import FileProblems, UsageError
from checker.generate.deployment import Before, Deployment, deployment
from checker.generate.resolution import (
    Resolved,
    one_age,
    open_where_unlisted,
    policies_in,
    resolved,
    resolved_as_far_as_known,
    resolved_in_two,
    selectors_for,
    undecided,
    unlisted,
    unused,
)
from checker.policy.loader import PolicyFile, parse
from tests.support.random_policies import NOW, Document, documents, known_accounts, known_keys, known_users, policy_text

PROD = decision.Account("111122223333", "prod-web", "Root/Prod", {"env": "prod"})
DEV = decision.Account("012345678901", "dev-web", "Root/Dev", {"env": "dev"})
BOX = decision.Account("000000000012", "my-sandbox", "Root", {})
EVERYONE = {account.id: account for account in (PROD, DEV, BOX)}
NINETY = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
EXEMPT = "reason: r, approvedBy: a, expires: 2027-01-01"


def policy(text: str) -> PolicyFile:
    return parse(text.encode(), "policies.yaml")


def made(text: str, inventory: dict[str, Account] = EVERYONE) -> Resolved:
    return resolved(policy(text), inventory)


def deployed(text: str) -> Deployment:
    return deployment(policy(text), {})


def test_a_policy_for_every_account_has_no_ids() -> None:
    text = NINETY + "rules:\n  - {id: svc, users: svc-*, maxAccessKeyAge: 30}\n"
    assert made(text) == {
        "version": 1,
        "default": {"maxAccessKeyAge": 90},
        "rules": [{"id": "svc", "users": "svc-*", "maxAccessKeyAge": 30}],
        "exemptions": [],
    }


def test_an_account_that_no_selector_is_for_has_no_set_where_all_selectors_are_by_id() -> None:
    text = NINETY + "rules:\n  - {id: elsewhere, accounts: '444455556666', maxAccessKeyAge: 1}\n"
    found = made(text)
    assert found["rules"] == [{"id": "elsewhere", "accounts": {"certain": ["set1"]}, "maxAccessKeyAge": 1}]
    assert found["accountSets"] == {"set1": ["444455556666"]}


def test_reasons_approvers_and_descriptions_are_not_shipped() -> None:
    text = NINETY + (
        "rules:\n  - {id: svc, description: secret plan, users: svc-*, maxAccessKeyAge: 30}\n"
        f"exemptions:\n  - {{id: one, users: joe, keys: [AKIAIOSFODNN7EXAMPLE], {EXEMPT}}}\n"
    )
    found = made(text)
    assert found["rules"] == [{"id": "svc", "users": "svc-*", "maxAccessKeyAge": 30}]
    assert found["exemptions"] == [
        {"id": "one", "users": "joe", "keys": ["AKIAIOSFODNN7EXAMPLE"], "expires": "2027-01-01"}
    ]


def test_a_selector_by_name_is_open_in_accounts_that_are_not_listed() -> None:
    text = NINETY + "rules:\n  - {id: webs, accounts: '*-web', maxAccessKeyAge: 30}\n"
    found = made(text)
    assert found["rules"][0]["accounts"] == {"certain": ["set2"], "open": ["others"]}
    assert found["accountSets"] == {"set1": [BOX.id], "set2": [DEV.id, PROD.id]}


def test_a_selector_by_id_or_name_is_certain_for_the_id_also_if_it_is_not_listed() -> None:
    text = NINETY + (
        "rules:\n"
        "  - {id: webs, accounts: ['444455556666', '*-web'], maxAccessKeyAge: 30}\n"
        "  - {id: both, accounts: {id: ['444455556666'], ou: Root/*}, maxAccessKeyAge: 60}\n"
    )
    loaded = policy(text)
    found = resolved_as_far_as_known(loaded, EVERYONE)
    name = next(name for name, ids in found["accountSets"].items() if "444455556666" in ids)
    parts = [[part for part, names in rule["accounts"].items() if name in names] for rule in found["rules"]]
    assert parts == [["certain"], ["open"]]
    assert [str(problem).partition(", so whether")[0] for problem in undecided(loaded, found)] == [
        "policies.yaml:5:26: both: the inventory does not list 444455556666",
    ]


def test_a_selector_that_selects_no_account_is_an_error() -> None:
    with pytest.raises(FileProblems) as raised:
        made(NINETY + "rules:\n  - {id: a, accounts: [prod-web, prod-wbe], maxAccessKeyAge: 1}\n")
    message = "prod-wbe: no account in the inventory has this name: did you mean prod-web?"
    assert str(raised.value) == f"policies.yaml:4:34: {message}"


def test_rules_after_one_that_decides_for_everybody_are_left_out_with_a_warning() -> None:
    text = NINETY + "rules:\n  - {id: a, users: [x, '*'], maxAccessKeyAge: 1}\n  - {id: b, maxAccessKeyAge: 2}\n"
    found = made(text)
    assert [rule["id"] for rule in found["rules"]] == ["a"]
    assert [str(problem) for problem in unused(policy(text), found)] == [
        "policies.yaml:5:5: b: an earlier rule decides for everybody: not deployed"
    ]


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("", 90),
        ("rules:\n  - {id: same, users: svc-*, maxAccessKeyAge: 90}\n", 90),
        ("rules:\n  - {id: all, maxAccessKeyAge: 30}\n", 30),
        ("rules:\n  - {id: other, users: svc-*, maxAccessKeyAge: 30}\n", None),
        ("rules:\n  - {id: other, accounts: '111122223333', maxAccessKeyAge: 30}\n", None),
        ("exemptions:\n  - {id: one, users: joe, " + EXEMPT + "}\n", None),
        ("deploy: {rule: auto}\n", 90),
        ("deploy: {rule: custom}\n", None),
    ],
)
def test_one_number_and_no_exemption_is_what_the_managed_rule_can_say(rest: str, expected: int | None) -> None:
    found = deployed(NINETY + rest)
    assert (found.max_age, found.custom) == (expected, expected is None)


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
        made(text, {account.id: account})
    message = f"crown: the inventory does not say the {lacking} of account {PROD.id}"
    assert str(raised.value) == f"policies.yaml:5:15: {message}"


def test_what_the_inventory_does_not_say_is_no_error_where_the_selector_is_settled_without_it() -> None:
    text = NINETY + "rules:\n  - {id: a, accounts: ['111122223333', prod-*], maxAccessKeyAge: 1}\n"
    found = made(text, {PROD.id: decision.Account(PROD.id)})
    assert found["rules"][0]["accounts"] == {"certain": ["set1"], "open": ["others"]}


def test_an_account_outside_the_inventory_may_be_selected_all_the_same() -> None:
    loaded = policy(NINETY + "rules:\n  - {id: a, accounts: ['111122223333', other], maxAccessKeyAge: 1}\n")
    assert selectors_for(loaded, decision.Account(PROD.id)) == ["a"]
    assert selectors_for(loaded, decision.Account(DEV.id, "dev")) == []
    assert selectors_for(loaded, decision.Account(DEV.id)) == ["a"]
    assert open_where_unlisted(loaded, DEV.id) == ["a"]
    assert open_where_unlisted(loaded, PROD.id) == []


def test_nothing_is_to_be_said_of_an_unlisted_account_where_ids_decide() -> None:
    by_id = f"rules:\n  - {{id: a, accounts: '{DEV.id}', users: svc-*, maxAccessKeyAge: 1}}\n"
    for rest in ("", "rules:\n  - {id: a, users: svc-*, maxAccessKeyAge: 1}\n", by_id):
        assert unlisted(policy(NINETY + rest), PROD.id) is None


def test_of_an_unlisted_account_it_is_said_what_is_undecided_in_aws() -> None:
    rules = "".join(f"  - {{id: r{number}, accounts: prod-{number}*, maxAccessKeyAge: 1}}\n" for number in range(5))
    said = f"account {DEV.id} is not in the inventory, which is all that deployed code knows of accounts: in AWS it is"
    assert unlisted(policy(f"{NINETY}rules:\n{rules}"), DEV.id) == (
        f"{said} undecided whether the account is one of those of r0, r1, r2 and 2 more"
    )


def test_remediation_that_cannot_apply_does_not_count() -> None:
    text = NINETY + (
        "remediation: {action: delete, deleteAfterDays: 3}\n"
        "rules:\n  - {id: all, maxAccessKeyAge: 30, remediation: {action: none}}\n"
    )
    found = deployed(text)
    assert (found.remediations, found.automatic, found.deletes) == ([], False, False)


def test_one_automatic_rule_makes_the_remediation_automatic() -> None:
    automatic = "{action: deactivate, automatic: true, protectUsedWithinDays: 7}"
    text = NINETY + f"rules:\n  - {{id: svc, users: svc-*, maxAccessKeyAge: 30, remediation: {automatic}}}\n"
    found = deployed(text)
    assert (len(found.remediations), found.automatic, found.deletes) == (1, True, False)


inventories = st.lists(known_accounts, max_size=3).map(lambda found: {account.id: account for account in found})


@given(documents, inventories, known_accounts, known_users, known_keys)
def test_in_every_account_it_decides_as_the_whole_policy_with_what_the_inventory_says(
    document: Document, inventory: dict[str, Account], account: Account, user: User, key: AccessKey
) -> None:
    """An account that is not listed is known by its id alone, to the checker as to the code in AWS."""
    loaded = policy(policy_text(document))
    found = resolved_as_far_as_known(loaded, inventory)
    known = inventory.get(account.id, decision.Account(account.id))
    whole = decision.decide(loaded.policy.for_account(known), user, key, NOW)
    part = decision.decide(policy_for(found, account.id), user, key, NOW)
    assert (part.verdict, part.limit) == (whole.verdict, whole.limit)
    assert [each.id for each in part.doubts] == [each.id for each in whole.doubts]
    assert [each.id if each else None for each in (part.rule, part.exemption)] == [
        each.id if each else None for each in (whole.rule, whole.exemption)
    ]


@given(documents, inventories, known_accounts, known_users, known_keys)
def test_one_age_is_what_every_account_has(
    document: Document, inventory: dict[str, Account], account: Account, user: User, key: AccessKey
) -> None:
    found = resolved_as_far_as_known(policy(policy_text(document)), inventory)
    age = one_age(found)
    if age is not None:
        made_of = decision.decide(policy_for(found, account.id), user, key, NOW)
        assert {rule.max_age for rule in made_of.rules} == {age}
        assert made_of.exemption is None


@given(documents, inventories)
def test_an_account_is_in_one_set_at_most(document: Document, inventory: dict[str, Account]) -> None:
    sets = resolved_as_far_as_known(policy(policy_text(document)), inventory).get("accountSets", {})
    ids = [account_id for members in sets.values() for account_id in members]
    assert len(ids) == len(set(ids))
    assert all(members == sorted(members) and members for members in sets.values())


# ---- a change that reaches some accounts first

PAY, ROBOTS = "{id: pay, accounts: prod-web, maxAccessKeyAge: 30}", "{id: robots, users: bot-*, maxAccessKeyAge: 60}"
OWN = "deploy: {rule: custom}\n"


def rules(*lines: str) -> str:
    return NINETY + "".join(["rules:\n", *(f"  - {line}\n" for line in lines)] if lines else [])


def changed(before: str, now: str, *first: str) -> Deployment:
    return deployment(policy(now), EVERYONE, Before(policy(before), first or (PROD.id,)))


def test_what_is_the_same_before_and_now_is_shipped_once() -> None:
    found = changed(rules(PAY, ROBOTS), rules(ROBOTS, PAY.replace("30", "20"))).document
    assert found["firstAccounts"] == [PROD.id]
    pay = {"id": "pay", "accounts": {"certain": ["set2"], "open": ["others"]}, "maxAccessKeyAge": 30}
    assert found["before"]["rules"] == [pay, "robots"]
    assert found["accountSets"] == {"set1": [BOX.id, DEV.id], "set2": [PROD.id]}


def test_the_first_accounts_are_sorted_and_each_stands_once() -> None:
    found = changed(rules(PAY), rules(PAY, ROBOTS), PROD.id, DEV.id, PROD.id).document
    assert found["firstAccounts"] == [DEV.id, PROD.id]


def test_a_selector_of_before_may_select_nobody_any_more() -> None:
    gone = PAY.replace("prod-web", "gone-*")
    assert changed(rules(gone), rules(ROBOTS)).document["before"]["rules"][0]["accounts"] == {"open": ["others"]}
    with pytest.raises(FileProblems, match="no account in the inventory has this name"):
        changed(rules(ROBOTS), rules(gone))


def test_what_either_policy_needs_is_deployed() -> None:
    deletes = "remediation: {action: delete, automatic: true, protectUsedWithinDays: 7, deleteAfterDays: 3}\n"
    for before, now in (("", deletes), (deletes, "")):
        found = changed(rules(ROBOTS) + before, rules(ROBOTS, PAY) + now)
        assert (found.deletes, found.automatic, len(found.remediation_functions)) == (True, True, 2)


def test_one_number_of_the_managed_rule_cannot_reach_some_accounts_first() -> None:
    with pytest.raises(UsageError, match=r"one number for every account.*set deploy.rule: custom"):
        changed(rules(PAY), NINETY)
    assert changed(rules(PAY), NINETY + OWN).custom
    assert changed(NINETY, rules(PAY)).custom


@pytest.mark.parametrize("setting", ["ruleName: other", "region: eu-west-1", "frequency: One_Hour"])
def test_what_is_the_same_in_every_account_cannot_change_in_some_first(setting: str) -> None:
    with pytest.raises(UsageError, match=f"--first-account: deploy.{setting.partition(':')[0]} is the same in every"):
        changed(rules(PAY), rules(PAY, ROBOTS) + f"deploy: {{{setting}}}\n")


first_accounts = st.lists(st.sampled_from(["000000000001", "000000000002", "000000000009"]), min_size=1, max_size=2)


@given(documents, documents, inventories, first_accounts, known_accounts, known_users, known_keys)
def test_every_account_has_the_verdict_of_the_policy_that_it_is_to_have(
    before: Document,
    now: Document,
    inventory: dict[str, Account],
    first: list[str],
    account: Account,
    user: User,
    key: AccessKey,
) -> None:
    old, new = policy(policy_text(before)), policy(policy_text(now))
    try:
        found = resolved_in_two(new, old, first, inventory)
    except FileProblems:  # a selector of now selects nobody
        return
    its_own = new if account.id in first else old
    known = inventory.get(account.id, decision.Account(account.id))
    whole = decision.decide(its_own.policy.for_account(known), user, key, NOW)
    part = decision.decide(policy_for(document_for(found, account.id), account.id), user, key, NOW)
    assert (part.verdict, part.limit) == (whole.verdict, whole.limit)
    assert [each.id for each in part.doubts] == [each.id for each in whole.doubts]
    assert document_for(found, account.id) in policies_in(found)


@given(documents, documents, inventories, first_accounts)
def test_the_same_inputs_give_the_same_document(
    before: Document, now: Document, inventory: dict[str, Account], first: list[str]
) -> None:
    old, new = policy(policy_text(before)), policy(policy_text(now))
    try:
        found = resolved_in_two(new, old, first, inventory)
    except FileProblems:
        return
    backwards = dict(reversed(inventory.items()))
    assert resolved_in_two(new, old, first[::-1], backwards) == found
