"""Warnings about a valid policy: exact texts, none without cause, none missed."""

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.decision import decision
from checker.policy.coverage import covers
from checker.policy.lint import lint
from checker.policy.loader import parse

NOW = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
HEAD = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
KNOWN = ["012345678901", "111122223333"]


def warnings(text: str, now: datetime = NOW, known: list[str] | None = None) -> list[str]:
    inventory = None if known is None else {account_id: decision.Account(account_id) for account_id in known}
    return [str(warning) for warning in lint(parse(text.encode(), "p.yaml"), now, inventory)]


def rules(*selectors: str) -> str:
    lines = [f"  - {{id: r{number}, maxAccessKeyAge: 1{selector}}}" for number, selector in enumerate(selectors)]
    return HEAD + "\n".join(["rules:", *lines])


def exemptions(*fields: str) -> str:
    lines = [f"  - {{id: e{number}, reason: r, approvedBy: a, {each}}}" for number, each in enumerate(fields)]
    return HEAD + "\n".join(["exemptions:", *lines])


@pytest.mark.parametrize(
    "text",
    [
        HEAD,
        rules(""),
        rules(", users: svc-*", ", users: joe", ""),
        rules(", users: svc-*", ", users: svc*"),
        rules(", users: svc-a, accounts: prod-*", ", users: svc-a"),
        rules(", users: svc-a, accounts: prod-*", ", accounts: prod-*"),
        rules(", accounts: prod-*", ", accounts: [prod-x, dev-x]"),
        rules(", accounts: 111122223333", ", accounts: 111122223334"),
        rules(", accounts: 111122223333", ", accounts: {name: '111122223333'}"),
        rules(", accounts: {tags: {env: '*'}}", ""),
        rules(", users: 'a*'", ", users: '?*'"),
        rules(", users: {path: /a/*}", ", users: {path: /*}"),
        exemptions("users: a, expires: 2027-01-31", "users: a, expires: 2027-02-28"),
        exemptions("keys: AKIA0123456789AB, expires: 2027-01-31", "keys: AKIAIOSFODNN7EXAMPLE, expires: 2027-01-31"),
        exemptions(f"keys: [AKIA{'A' * 124}, AKIA{'0' * 12}], expires: 2027-01-31"),
        exemptions(
            "keys: [AKIA000000000001], expires: 2027-01-31",
            "keys: [AKIA000000000001, AKIA000000000002], expires: 2027-01-31",
        ),
        exemptions("keys: AKIA000000000001, users: a, expires: 2027-01-31", "users: a, expires: 2027-01-31"),
        rules(", accounts: [prod-1, '123456789', '12345678901234', '0123456789-*']"),
        rules(", accounts: {name: '1234567890'}, users: '1234567890'"),
        rules(", accounts: {tags: {'a:b': 'c:d'}}, users: {tags: {'a:b': 'c:d'}}"),
    ],
)
def test_no_warning(text: str) -> None:
    assert warnings(text) == []


def test_a_rule_and_an_exemption_never_cover_each_other() -> None:
    text = rules("") + "\nexemptions:\n  - {id: e, users: a, reason: r, approvedBy: a, expires: 2027-01-31}"
    assert warnings(text) == []


@pytest.mark.parametrize(
    "selectors",
    [
        ("", ", users: joe"),
        (", users: '*'", ", users: {path: /service/*}"),
        (", users: svc-*", ", users: svc-?-*"),
        (", users: svc-*", ", users: [svc-a, svc-b*]"),
        (", users: ['*a', '*b', '?*']", ", accounts: prod-*"),
        (", users: svc-*", ", accounts: prod-*, users: svc-*"),
        (", accounts: '*'", ", accounts: 111122223333"),
        (", accounts: [111122223333, 'p*']", ", accounts: [prod-*, 111122223333]"),
        (", accounts: {ou: Root/*}", ", accounts: {ou: Root/*/Prod, name: x}"),
        (", accounts: {tags: {env: p*}}", ", accounts: {tags: {env: prod, team: x}}"),
        (", users: {path: '/*'}", ", users: {path: '/a?b/*'}"),
        (", users: {tags: {team: '*'}}", ", users: {tags: {team: ['a*', '']}}"),
    ],
)
def test_a_covered_rule_is_told(selectors: tuple[str, str]) -> None:
    assert warnings(rules(*selectors)) == ["p.yaml:5:5: r1: can never apply, because r0 in line 4 covers it completely"]


def test_a_covered_rule_is_told_once_with_the_first_that_covers_it() -> None:
    assert warnings(rules(", users: joe", ", users: 'j*'", ", users: '?oe'", ", users: joe")) == [
        "p.yaml:7:5: r3: can never apply, because r0 in line 4 covers it completely"
    ]


@pytest.mark.parametrize(
    "fields",
    [
        ("users: a, expires: 2027-01-31", "users: a, expires: 2027-01-31"),
        ("users: a*, expires: 2027-02-28", "users: ab, keys: AKIA000000000001, expires: 2027-01-31"),
        (
            "keys: [AKIA000000000001, AKIA000000000002], expires: 2027-01-31",
            "keys: AKIA000000000002, accounts: prod-*, expires: 2027-01-31",
        ),
    ],
)
def test_a_covered_exemption_is_told(fields: tuple[str, str]) -> None:
    assert warnings(exemptions(*fields)) == [
        "p.yaml:5:5: e1: can never apply, because e0 in line 4 covers it completely"
    ]


@pytest.mark.parametrize(
    ("day", "warning"),
    [
        ("2026-11-22", "expired on 2026-11-22: remove it or have it approved again"),
        ("2026-11-23", "expired on 2026-11-23: remove it or have it approved again"),
        ("2026-11-24", "expires on 2026-11-24, tomorrow"),
        ("2026-12-07", "expires on 2026-12-07, in 14 days"),
        ("2026-12-08", None),
        ("2027-11-24", None),
        ("2027-11-25", "lasts until 2027-11-25, more than 366 days from now: shorten it"),
        ("2999-12-31", "lasts until 2999-12-31, more than 366 days from now: shorten it"),
    ],
)
def test_an_exemption_is_dated_within_a_year(day: str, warning: str | None) -> None:
    text = exemptions(f"users: a, expires: {day}")
    assert warnings(text) == ([f"p.yaml:4:59: e0: {warning}"] if warning else [])


@pytest.mark.parametrize(
    ("now", "warning"),
    [
        ("2027-01-16T23:59:59", None),
        ("2027-01-17T00:00:00", "expires on 2027-01-31, in 14 days"),
        ("2027-01-30T23:59:59", "expires on 2027-01-31, tomorrow"),
        ("2027-01-31T00:00:00", "expired on 2027-01-31: remove it or have it approved again"),
        ("2026-01-30T00:00:00", None),
        ("2026-01-29T23:59:59", "lasts until 2027-01-31, more than 366 days from now: shorten it"),
    ],
)
def test_the_days_are_counted_to_the_second(now: str, warning: str | None) -> None:
    text = exemptions("users: a, expires: 2027-01-31")
    actual = warnings(text, datetime.fromisoformat(f"{now}+00:00"))
    assert actual == ([f"p.yaml:4:59: e0: {warning}"] if warning else [])


@pytest.mark.parametrize(
    ("selector", "place"),
    [
        (", accounts: 444455556666", "4:44"),
        (", accounts: '444455556666'", "4:44"),
        (", accounts: [012345678901, prod-*, 444455556666]", "4:67"),
        (", accounts: {id: 444455556666}", "4:49"),
        (", accounts: {id: [111122223333, 444455556666]}", "4:64"),
    ],
)
def test_an_account_that_is_not_in_the_inventory_is_told(selector: str, place: str) -> None:
    expected = f"p.yaml:{place}: the account 444455556666 is not in the inventory"
    assert warnings(rules(selector), known=KNOWN) == [expected]


def test_accounts_of_exemptions_are_looked_up_too() -> None:
    text = exemptions("accounts: 444455556666, expires: 2027-01-31")
    assert warnings(text, known=KNOWN) == ["p.yaml:4:50: the account 444455556666 is not in the inventory"]


@pytest.mark.parametrize("known", [None, KNOWN], ids=["no inventory", "inventory"])
def test_known_accounts_and_names_raise_no_warning(known: list[str] | None) -> None:
    assert warnings(rules(", accounts: [012345678901, prod-*]", ", accounts: {id: 111122223333}"), known=known) == []


def test_an_empty_inventory_knows_no_account() -> None:
    text = rules(", accounts: 111122223333")
    assert warnings(text, known=[]) == ["p.yaml:4:44: the account 111122223333 is not in the inventory"]


@pytest.mark.parametrize("digits", ["0123456789", "01234567890", "0123456789012"])
def test_nearly_an_account_id_is_told(digits: str) -> None:
    assert warnings(rules(f", accounts: [prod-*, {digits}]")) == [
        f"p.yaml:4:53: {digits} has {len(digits)} digits, an account id 12: this is a pattern on account names"
    ]


@pytest.mark.parametrize("selector", ["'a:b'", "[x, 'a:b']", "{name: 'a:b', path: /}"])
def test_a_colon_in_a_user_name_is_told(selector: str) -> None:
    assert warnings(rules(f", users: {selector}")) == [
        "p.yaml:4:41: a:b: no IAM user name has a colon, so this matches nobody"
    ]


def test_a_colon_in_a_group_name_is_told_as_one() -> None:
    assert warnings(rules(", users: {name: '*', group: 'a:b'}")) == [
        "p.yaml:4:41: a:b: no IAM group name has a colon, so this matches nobody"
    ]


def test_a_colon_in_the_users_of_an_exemption_is_told() -> None:
    assert warnings(exemptions("users: 1:30:00, expires: 2027-01-31")) == [
        "p.yaml:4:47: 1:30:00: no IAM user name has a colon, so this matches nobody"
    ]


FORM = "a user's access key id is AKIA and 12 to 124 upper-case letters and digits, so this exempts no key"


@pytest.mark.parametrize(
    ("key_id", "hint"),
    [
        ("AKIA123", ""),
        ("AKIA12345678901", ""),
        ("akiaiosfodnn7example", ": did you mean AKIAIOSFODNN7EXAMPLE?"),
        ("AKIAIOSFODNN7example", ": did you mean AKIAIOSFODNN7EXAMPLE?"),
        ("ASIAIOSFODNN7EXAMPLE", ""),
        ("AIDAIOSFODNN7EXAMPLE", ""),
    ],
)
def test_a_key_id_that_no_key_has_is_told(key_id: str, hint: str) -> None:
    assert warnings(exemptions(f"keys: {key_id}, expires: 2027-01-31")) == [
        f"p.yaml:4:46: {key_id}: {FORM}{hint}",
    ]
    several = warnings(exemptions(f"keys: [AKIAIOSFODNN7EXAMPLE, {key_id}], expires: 2027-01-31"))
    assert several == [f"p.yaml:4:69: {key_id}: {FORM}{hint}"]


def test_warnings_come_in_the_order_of_the_file() -> None:
    text = rules(", users: 'x:y'", ", accounts: 1234567890", "", ", users: z") + exemptions(
        "users: a, expires: 2026-01-01"
    ).removeprefix(HEAD.rstrip())
    assert warnings(text) == [
        "p.yaml:4:41: x:y: no IAM user name has a colon, so this matches nobody",
        "p.yaml:5:44: 1234567890 has 10 digits, an account id 12: this is a pattern on account names",
        "p.yaml:7:5: r3: can never apply, because r2 in line 6 covers it completely",
        "p.yaml:9:59: e0: expired on 2026-01-01: remove it or have it approved again",
    ]


names = st.text("ab*?", min_size=1, max_size=4)
lists = st.lists(names, min_size=1, max_size=2)
tagged = st.dictionaries(st.sampled_from("kl"), st.text("ab*?", max_size=3), min_size=1)
accounts = st.lists(names | st.just("111122223333"), min_size=1, max_size=3) | st.fixed_dictionaries(
    {}, optional={"name": lists, "ou": lists, "tags": tagged}
).filter(bool)
paths = st.sampled_from(["/", "/*", "*", "?", "*/", "/a*", "/a?", "/a/*", "?*?", "/?*/", "*a*", "/*?a/"])
users = lists | st.fixed_dictionaries({}, optional={"name": lists, "path": paths, "tags": tagged}).filter(bool)


@given(st.lists(st.fixed_dictionaries({}, optional={"accounts": accounts, "users": users}), max_size=4))
def test_no_covered_rule_is_missed(selectors: list[dict[str, Any]]) -> None:
    written = [{"id": f"r{number}", "maxAccessKeyAge": 1} | each for number, each in enumerate(selectors)]
    text = json.dumps({"version": 1, "default": {"maxAccessKeyAge": 1}, "rules": written})
    loaded = parse(text.encode(), "p.yaml")
    found = loaded.policy.rules[:-1]
    expected = [
        f"r{number}: can never apply, because r{earlier} in line 1 covers it completely"
        for number, later in enumerate(found)
        for earlier in [
            index
            for index in range(number)
            if covers(found[index].accounts, later.accounts, users=False)
            and covers(found[index].users, later.users, users=True)
        ][:1]
    ]
    assert [warning.message for warning in lint(loaded, NOW, None)] == expected


@pytest.mark.parametrize("text", ["null", "Null", "NULL", '"null"'])
@pytest.mark.parametrize("selecting", ["accounts", "users"])
def test_nothing_in_place_of_a_selector_is_told(text: str, selecting: str) -> None:
    name = text.strip('"')
    assert warnings(rules(f", {selecting}: {text}")) == [
        f"p.yaml:4:{36 + len(selecting)}: {name}: selects only what has this name: leave {selecting} out to match all"
    ]
    for other in (f"[{text}, nullable]", "nullable", "no", "on", "1e3"):
        assert warnings(rules(f", {selecting}: {other}")) == []


@pytest.mark.parametrize("region", ["eu-west-1", "us-gov-east-1", "ap-southeast-7"])
def test_a_region_that_is_known_is_not_warned_about(region: str) -> None:
    assert warnings(f"{HEAD}deploy: {{region: {region}}}\n") == []


@pytest.mark.parametrize(("region", "hint"), [("eu-wst-1", ": did you mean eu-west-1?"), ("zz-qqqqqqqqqqqq-44", "")])
def test_a_region_that_is_not_known_is_warned_about(region: str, hint: str) -> None:
    [warning] = warnings(f"{HEAD}deploy: {{region: {region}}}\n")
    assert warning.endswith(f": {region}: no region of AWS that this release knows{hint}")
