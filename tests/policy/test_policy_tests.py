"""policies.test.yaml: what a test may say, what passes, what fails and with which words."""

from datetime import UTC, datetime

import pytest

from checker.decision import decision
from checker.errors import FileProblems
from checker.policy import loader, policy_tests
from tests.support.fixtures import NOW

POLICY = loader.parse(
    b"""\
version: 1
default: {maxAccessKeyAge: 90}
rules:
  - {id: crown, accounts: {ou: Root/Prod}, users: {tags: {team: pay*}}, maxAccessKeyAge: 14}
  - {id: services, accounts: prod-*, users: {path: /service/*}, maxAccessKeyAge: 30}
exemptions:
  - {id: one-key, users: svc-*, keys: [AKIAONE], reason: r, approvedBy: a, expires: 2027-01-31}
""",
    "policies.yaml",
)
ACCOUNT = "account: {id: '111111111111', name: prod-web, ou: Root/Prod, tags: {}}"
USER = "user: {name: svc-x, path: /service/, tags: {}}"
UNTAGGED = "user: {name: svc-x, path: /service/}"
INVENTORY = {"111111111111": decision.Account("111111111111", "prod-web", "Root/Prod", {})}


def outcome(rest: str, account: str = ACCOUNT, user: str = USER) -> policy_tests.Outcome:
    text = f"tests:\n  - name: t\n    {account}\n    {user}\n    {rest}\n"
    tests = policy_tests.parse(text.encode(), "t.yaml", INVENTORY)
    [found] = policy_tests.run(POLICY, tests.tests, NOW)
    return found


@pytest.mark.parametrize(
    ("groups", "passed"), [("groups: [ops, devs]", True), ("groups: []", False), ("tags: {}", False)]
)
def test_groups_are_what_a_test_says_and_else_not_known(groups: str, passed: bool) -> None:
    by_group = loader.parse(
        b"version: 1\ndefault: {maxAccessKeyAge: 9}\nrules: [{id: devs, users: {group: dev*}, maxAccessKeyAge: 5}]",
        "policies.yaml",
    )
    text = f"tests:\n  - {{name: t, user: {{name: x, {groups}}}, expect: {{rule: devs}}}}\n"
    [found] = policy_tests.run(by_group, policy_tests.parse(text.encode(), "t.yaml", {}).tests, NOW)
    assert (found.failures == []) is passed


@pytest.mark.parametrize(
    "expect",
    [
        "{maxAccessKeyAge: 30}",
        "{rule: services}",
        "{maxAccessKeyAge: 30, rule: services}",
    ],
)
def test_what_the_policy_says_passes(expect: str) -> None:
    found = outcome(f"expect: {expect}")
    assert (list(found.failures), set(found.reached)) == ([], {"services"})


@pytest.mark.parametrize(
    ("expect", "failures"),
    [
        ("{maxAccessKeyAge: 31}", ["maxAccessKeyAge: expected 31, found 30"]),
        ("{rule: crown}", ["rule: expected crown, found services (policies.yaml:5)"]),
        (
            "{rule: servics}",
            [
                (
                    "rule: expected servics, found services (policies.yaml:5); the policy has no rule servics: "
                    "did you mean services?"
                )
            ],
        ),
    ],
)
def test_what_the_policy_does_not_say_fails(expect: str, failures: list[str]) -> None:
    assert outcome(f"expect: {expect}").failures == failures


@pytest.mark.parametrize(
    ("key", "now", "expected", "failures"),
    [
        ("AKIAONE", "2027-01-30T23:59:59Z", "one-key", []),
        ("AKIAONE", "2027-01-31", "null", []),
        ("AKIATWO", "2026-11-23", "null", []),
        ("AKIAONE", "2027-01-31", "one-key", ["exemption: expected one-key, found none"]),
        ("AKIAONE", "2026-11-23", "null", ["exemption: expected none, found one-key (policies.yaml:7)"]),
    ],
)
def test_exemptions_are_those_of_the_key_and_the_instant(
    key: str, now: str, expected: str, failures: list[str]
) -> None:
    found = outcome(f"key: {key}\n    now: {now}\n    expect: {{exemption: {expected}}}")
    assert found.failures == failures


def test_what_is_not_known_fails_with_what_to_add() -> None:
    assert outcome("expect: {maxAccessKeyAge: 30}", user="user: {name: svc-x, path: /service/}").failures == [
        "rule: cannot be told, it may be crown, services: user tag team is not known: add it to the test"
    ]
    assert outcome("expect: {exemption: null}").failures == [
        (
            "exemption: cannot be told, it may be one-key: the access key id is not known (give the test a key): "
            "add it to the test"
        )
    ]


FOUND = "rule: expected {}, found services (policies.yaml:5)"
DOUBT = "rule: cannot be told, it may be crown, services: user tag team is not known: add it to the test"
NO_KEY = "exemption: cannot be told, it may be one-key: the access key id is not known (give the test a key): "
NO_KEY += "add it to the test"


@pytest.mark.parametrize(
    ("expect", "user", "failure"),
    [
        ("rule: crown", USER, FOUND.format("crown")),
        ("rule: nosuch", USER, FOUND.format("nosuch") + "; the policy has no rule nosuch"),
        ("rule: one-key", USER, FOUND.format("one-key") + "; the policy has no rule one-key"),
        ("rule: crwn", USER, FOUND.format("crwn") + "; the policy has no rule crwn: did you mean crown?"),
        ("rule: crown", UNTAGGED, DOUBT),
        ("rule: nosuch", UNTAGGED, DOUBT + "; the policy has no rule nosuch"),
        ("exemption: null", USER, NO_KEY),
        ("exemption: default", USER, NO_KEY + "; the policy has no exemption default"),
        ("exemption: onekey", USER, NO_KEY + "; the policy has no exemption onekey: did you mean one-key?"),
    ],
)
def test_what_the_policy_lacks_is_told_whatever_else_is_not_known(expect: str, user: str, failure: str) -> None:
    assert outcome(f"expect: {{{expect}}}", user=user).failures == [failure]


def test_what_is_not_known_and_not_asked_for_does_no_harm() -> None:
    assert outcome("expect: {rule: services}").failures == []


def test_the_inventory_completes_an_account_by_its_id() -> None:
    assert outcome("expect: {rule: services}", account="account: {id: '111111111111'}").failures == []


def test_the_instant_of_a_test_is_its_own_else_that_of_the_file_else_the_clock() -> None:
    text = (
        b"now: 2026-01-01\ntests:\n  - {name: a, now: '2026-02-01T01:00:00+01:00', "
        b"user: {name: a}, expect: {rule: r}}\n"
        b"  - {name: b, user: {name: b}, expect: {rule: r}}\n"
    )
    first, second = policy_tests.parse(text, "t.yaml", {}).tests
    assert (first.now, second.now) == (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))
    assert policy_tests.parse(text[16:], "t.yaml", {}).tests[1].now is None


def test_what_no_test_reaches_is_told_in_the_order_of_the_policy() -> None:
    assert policy_tests.unreached(POLICY, []) == ["crown", "services", "default", "one-key"]
    assert policy_tests.unreached(POLICY, [outcome("expect: {rule: services}")]) == ["crown", "default", "one-key"]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("tests: []", ["t.yaml:1:8: tests: empty: write at least one test"]),
        (
            "tests:\n  - {name: a, user: {name: x}, expect: {}}",
            ["t.yaml:2:40: expect: empty, so nothing is tested: expect maxAccessKeyAge, rule or exemption"],
        ),
        ("version: 1", ["t.yaml:1:1: the file: tests is missing"]),
        (
            "tests:\n  - {name: a, user: {name: x}, expct: {rule: r}, expect: {rule: r}}",
            ["t.yaml:2:32: expct: did you mean expect?"],
        ),
        (
            "tests:\n  - {name: a, now: 2026-02-30, user: {name: x}, expect: {rule: r}}",
            ['t.yaml:2:20: now: "2026-02-30" is not an ISO 8601 instant, such as 2026-11-23T12:00:00Z'],
        ),
        (
            (
                "tests:\n  - {name: a, user: {name: x}, expect: {rule: r}}\n"
                "  - {name: a, user: {name: x}, expect: {rule: r}}"
            ),
            ["t.yaml:3:12: name: used twice, first in line 2"],
        ),
    ],
)
def test_every_problem_of_the_file_has_its_place(text: str, problems: list[str]) -> None:
    with pytest.raises(FileProblems) as caught:
        policy_tests.parse(text.encode(), "t.yaml", {})
    assert list(map(str, caught.value.problems)) == problems
