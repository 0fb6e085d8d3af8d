"""Which policy is deployed, and what differs between it and the policy at hand, in words."""

import hashlib
import json

import pytest
from hypothesis import given

from checker.compare.drift.policy import STAGED, PolicyInUse, digest, in_words, same_in, wanted
from checker.decision import decision
from checker.generate.bundle import taken_apart
from checker.generate.rendering import POLICY, render
from checker.generate.resolution import Resolved, resolved_as_far_as_known, resolved_in_two
from checker.policy.loader import parse
from tests.support.deployed_account import CUSTOM, MANAGED, expected
from tests.support.random_policies import Document, documents, policy_text

NINETY = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
INVENTORY = {
    account.id: account
    for account in (
        decision.Account("000000000001", "prod-a", "Root/Prod", {}),
        decision.Account("000000000002", "prod-b", "Root/Prod", {}),
        decision.Account("000000000003", "dev", "Root/Dev", {}),
    )
}


PROD_A, DEV = "000000000001", "000000000003"


def made(text: str) -> Resolved:
    return resolved_as_far_as_known(parse(text.encode(), "policies.yaml"), INVENTORY)


def rules(*texts: str) -> str:
    return NINETY + "rules:\n" + "".join(f"  - {text}\n" for text in texts)


def exempt(**others: str) -> str:
    entry = {"id": "one", "users": "joe", "reason": "r", "approvedBy": "a", "expires": "2027-01-01"} | others
    return f"{NINETY}exemptions:\n  - {json.dumps(entry)}\n"


PROD = "{id: prod, accounts: prod-*, maxAccessKeyAge: 30}"
ROBOTS = "{id: robots, users: svc-*, maxAccessKeyAge: 30}"


@given(documents)
def test_a_policy_does_not_differ_from_itself(document: Document) -> None:
    text = policy_text(document)
    found = resolved_as_far_as_known(parse(text.encode(), "policies.yaml"), {})
    assert in_words(json.loads(json.dumps(found)), found, DEV) == ["the same rules in another form"]


@pytest.mark.parametrize(
    "again",
    [
        exempt(reason="another", approvedBy="another"),
        exempt().replace("exemptions", "# a comment\nexemptions"),
    ],
)
def test_what_is_not_deployed_is_no_difference(again: str) -> None:
    assert digest(made(exempt())) == digest(made(again))


@pytest.mark.parametrize(
    ("there", "here", "words"),
    [
        (NINETY, NINETY.replace("90", "45"), ["default: maxAccessKeyAge: deployed 90, policy 45"]),
        (NINETY, rules(ROBOTS), ["rule robots: in the policy, not deployed"]),
        (rules(ROBOTS), NINETY, ["rule robots: deployed, not in the policy"]),
        (rules(ROBOTS), rules(ROBOTS.replace("30", "31")), ["rule robots: maxAccessKeyAge: deployed 30, policy 31"]),
        (rules(ROBOTS), rules(ROBOTS.replace("svc", "bot")), ["rule robots: users: deployed svc-*, policy bot-*"]),
        (rules(PROD), rules(PROD.replace("prod-*", "prod-a")), ["rule prod: it is for other accounts"]),
        (rules(PROD), rules(PROD.replace("prod-*", "[prod-a, prod-b]")), ["the same rules in another form"]),
        (rules(PROD, ROBOTS), rules(ROBOTS, PROD), ["rules: they are in another order"]),
        (exempt(), NINETY, ["exemption one: deployed, not in the policy"]),
        (exempt(), exempt(expires="2027-02-01"), ["exemption one: expires: deployed 2027-01-01, policy 2027-02-01"]),
        (
            NINETY,
            NINETY + "remediation: {action: deactivate, graceDays: 7}\n",
            [
                "remediation: action: deployed (none), policy deactivate",
                "remediation: graceDays: deployed (none), policy 7",
            ],
        ),
        # How the sets of accounts are cut depends on the other rules.
        (
            rules(PROD),
            rules(PROD, "{id: dev, accounts: dev, maxAccessKeyAge: 1}"),
            ["rule dev: in the policy, not deployed"],
        ),
    ],
)
def test_what_differs_is_said_in_words(there: str, here: str, words: list[str]) -> None:
    assert in_words(made(there), made(here), DEV) == words


def test_many_differences_are_counted() -> None:
    many = rules(*(f"{{id: r{number}, users: u{number}, maxAccessKeyAge: 1}}" for number in range(30)))
    words = in_words(made(NINETY), made(many), DEV)
    assert (len(words), words[-1]) == (11, "and 20 more")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"rules": 1, "exemptions": []},
        {"rules": [1], "exemptions": []},
        {"rules": [{}], "exemptions": []},
        {"rules": [{"id": "a", "accounts": {"certain": ["nowhere"]}}], "exemptions": []},
        {"rules": [{"id": "a", "accounts": []}], "exemptions": [], "default": 1},
    ],
)
def test_a_policy_that_somebody_wrote_by_hand_is_no_crash(document: Resolved) -> None:
    assert in_words(document, made(NINETY), DEV) == ["its form is not that of a policy of keyage"]


def test_the_digest_is_that_of_the_file_that_render_writes() -> None:
    rendering = render(parse(CUSTOM.encode(), "policies.yaml"), {})
    of_file = hashlib.sha256(rendering.files[POLICY]).hexdigest()
    assert wanted(expected(CUSTOM)) == PolicyInUse("custom", None, of_file)
    there = taken_apart(str(expected(CUSTOM).code)).policy
    assert there is not None
    assert digest(there) == of_file


def test_the_managed_rule_has_no_code_and_its_age_says_it_all() -> None:
    assert wanted(expected(MANAGED)) == PolicyInUse("managed", 45, None)
    assert str(wanted(expected(MANAGED))) == "managed rule, 45 days"


def in_two(before: str, now: str) -> Resolved:
    old, new = (parse(text.encode(), "policies.yaml") for text in (before, now))
    return resolved_in_two(new, old, [DEV], INVENTORY)


def test_what_the_account_has_already_is_not_said_of_it() -> None:
    there, here = in_two(rules(PROD), rules(PROD, ROBOTS)), made(rules(PROD, ROBOTS))
    assert in_words(there, here, DEV) == ["the same rules for this account", STAGED]
    assert in_words(there, here, PROD_A) == ["rule robots: in the policy, not deployed", STAGED]


def test_what_a_taken_back_change_still_is_in_the_first_accounts_is_said() -> None:
    there = in_two(rules(PROD), rules(PROD, ROBOTS))
    assert in_words(there, made(rules(PROD)), DEV) == ["rule robots: deployed, not in the policy", STAGED]
    assert in_words(there, made(rules(PROD)), PROD_A) == ["the same rules for this account", STAGED]
    there["before"]["rules"] = ["nobody"]
    assert in_words(there, made(rules(PROD)), PROD_A) == ["its form is not that of a policy of keyage"]


@pytest.mark.parametrize(
    ("there", "account", "words"),
    [
        (rules(PROD, ROBOTS), DEV, ["the same rules for this account"]),
        (rules(PROD), PROD_A, ["the same rules for this account"]),
        (
            rules(PROD),
            DEV,
            [
                "it still has the policy before, and is among the first accounts",
                "rule robots: in the policy, not deployed",
            ],
        ),
        (
            rules(PROD, ROBOTS),
            PROD_A,
            [
                "it has the new policy already, and is not among the first accounts",
                "rule robots: deployed, not in the policy",
            ],
        ),
        (NINETY, DEV, ["rule prod: in the policy, not deployed", "rule robots: in the policy, not deployed"]),
    ],
)
def test_each_account_is_compared_with_the_policy_that_it_is_to_have(
    there: str, account: str, words: list[str]
) -> None:
    here = in_two(rules(PROD), rules(PROD, ROBOTS))
    assert in_words(made(there), here, account) == words
    assert same_in(made(there), here, account) == (words == ["the same rules for this account"])
