"""Checking against the schema: scalars mean what their place wants, every mistake has a place and a remedy."""

import tracemalloc
from typing import Any

import pytest

from checker.errors import FileProblems
from checker.policy.yaml.check import check
from checker.policy.yaml.parse import parse

HEAD = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
NAME = "no IAM user name can match this: names are up to 128 letters, digits and _+=,.@- ; wildcards are * and ?"
GROUP = NAME.replace("user", "group")
PATH = "no IAM path can match this: a path begins and ends with /, such as /service/"
EMPTY = "empty, which matches nothing: leave it out to match everything"
FREQUENCIES = "One_Hour, Three_Hours, Six_Hours, Twelve_Hours, TwentyFour_Hours"
TOP = "version, default, rules, exemptions, remediation, deploy"


def problems(text: str, name: str = "policy") -> list[str]:
    document = parse(text.encode(), "p.yaml")
    return [str(problem) for problem in sorted(check(document, name)[1])]


def content(text: str, name: str = "policy") -> dict[str, Any]:
    value, found = check(parse(text.encode(), "p.yaml"), name)
    assert found == []
    return value


def last_entry(value: object) -> str:
    return value.removeprefix(HEAD).rpartition("\n- ")[2].strip() if isinstance(value, str) else ""


def rule(fields: str) -> str:
    return f"{HEAD}rules:\n- {{id: a, maxAccessKeyAge: 1, {fields}}}\n"


def exemption(fields: str) -> str:
    return f"{HEAD}exemptions:\n- {{id: a, users: x, reason: r, approvedBy: b, expires: 2027-01-31, {fields}}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD, {}),
        (HEAD + "rules: []\nexemptions: []\ndeploy: {}\n", {"rules": [], "exemptions": [], "deploy": {}}),
        (HEAD + "rules: [{id: 007, maxAccessKeyAge: 7}]", {"rules": [{"id": "007", "maxAccessKeyAge": 7}]}),
        (
            HEAD + "remediation: {action: none, automatic: False, graceDays: 0}",
            {"remediation": {"action": "none", "automatic": False, "graceDays": 0}},
        ),
        (
            HEAD + "remediation: {action: delete, automatic: TRUE, protectUsedWithinDays: 0, deleteAfterDays: 1}",
            {
                "remediation": {
                    "action": "delete",
                    "automatic": True,
                    "protectUsedWithinDays": 0,
                    "deleteAfterDays": 1,
                }
            },
        ),
    ],
    ids=last_entry,
)
def test_what_is_accepted_gets_its_types(text: str, expected: dict[str, Any]) -> None:
    assert content(text) == {"version": 1, "default": {"maxAccessKeyAge": 90}, **expected}


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("accounts: 012345670123", "012345670123"),
        ("accounts: 1e3", "1e3"),
        ("accounts: no", "no"),
        ("accounts: ~", "~"),
        ("accounts: [123456789012, 000000000012]", ["123456789012", "000000000012"]),
        ("accounts: {id: 000000000012}", {"id": "000000000012"}),
        ("accounts: {tags: {n: 08, yes: [on, 1_0]}}", {"tags": {"n": "08", "yes": ["on", "1_0"]}}),
        ("users: 123456789012", "123456789012"),
        ("users: [null, true, 2026-01-02, 1:30:00]", ["null", "true", "2026-01-02", "1:30:00"]),
        ("users: {name: 0x1F, path: /0/}", {"name": "0x1F", "path": "/0/"}),
    ],
    ids=last_entry,
)
def test_selectors_are_the_text_that_was_written(selector: str, expected: Any) -> None:
    key = selector.partition(":")[0]
    assert content(rule(selector))["rules"][0][key] == expected


@pytest.mark.parametrize(
    ("age", "message"),
    [
        ('"90"', 'expected a whole number without quotes, found "90"'),
        ("'90'", 'expected a whole number without quotes, found "90"'),
        ("090", 'expected a whole number, found "090"'),
        ("0o17", 'expected a whole number, found "0o17"'),
        ("0x5A", 'expected a whole number, found "0x5A"'),
        ("1e2", 'expected a whole number, found "1e2"'),
        ("90.0", 'expected a whole number, found "90.0"'),
        ("+90", 'expected a whole number, found "+90"'),
        ("9_0", 'expected a whole number, found "9_0"'),
        ("1:30", 'expected a whole number, found "1:30"'),
        ("ninety", 'expected a whole number, found "ninety"'),
        ("yes", 'expected a whole number, found "yes"'),
        ("", "nothing here, expected a whole number"),
        ("~", 'expected a whole number, found "~"'),
        ("[90]", "expected a whole number, found a list"),
        ("{days: 90}", "expected a whole number, found a mapping"),
        ("0", "0 is not from 1 to 3650"),
        ("-1", "-1 is not from 1 to 3650"),
        ("3651", "3651 is not from 1 to 3650"),
        ("9" * 18, f"{'9' * 18} is not from 1 to 3650"),
        ("9" * 30, f'expected a whole number, found "{"9" * 30}"'),
    ],
    ids=last_entry,
)
def test_an_age_is_a_whole_number(age: str, message: str) -> None:
    text = f"version: 1\ndefault:\n  maxAccessKeyAge: {age}\n"
    column = 20 if age else 19
    assert problems(text) == [f"p.yaml:3:{column}: maxAccessKeyAge: {message}"]


@pytest.mark.parametrize("age", ["1", "90", "3650"])
def test_ages_from_1_to_3650_are_accepted(age: str) -> None:
    assert problems(f"version: 1\ndefault: {{maxAccessKeyAge: {age}}}") == []


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "1", "tRUE"])
def test_only_true_and_false_are_booleans(word: str) -> None:
    text = HEAD + f"remediation: {{action: none, automatic: {word}}}"
    assert problems(text) == [f'p.yaml:3:40: automatic: expected true or false, found "{word}"']


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", ['1:1: the file: expected a mapping, found "hello"']),
        ("- a", ["1:1: the file: expected a mapping, found a list"]),
        ("{}", ["1:1: the file: default is missing", "1:1: the file: version is missing"]),
        ("version: 2\ndefault: {maxAccessKeyAge: 1}", ["1:10: version: 2 is not 1, the only version there is"]),
        ("version: 1\ndefault: 90", ['2:10: default: expected a mapping, found "90"']),
        ("version: 1\ndefault: {maxAccesKeyAge: 90}", ["2:11: maxAccesKeyAge: did you mean maxAccessKeyAge?"]),
        ("version: 1\ndefault: {MAXACCESSKEYAGE: 90}", ["2:11: MAXACCESSKEYAGE: did you mean maxAccessKeyAge?"]),
        (HEAD + "rulez: []", ["3:1: rulez: did you mean rules?"]),
        (HEAD + "zzz: 1", [f"3:1: zzz: unknown key; known here: {TOP}"]),
        (HEAD + "'<<': 1", [f"3:1: <<: unknown key; known here: {TOP}"]),
        (HEAD + "rules: {id: a}", ["3:8: rules: expected a list, found a mapping"]),
        (HEAD + "rules:", ["3:7: rules: nothing here, expected a list"]),
        (HEAD + "rules: [{}]", ["3:9: rules: id is missing", "3:9: rules: maxAccessKeyAge is missing"]),
        (HEAD + "rules: [{id: default, maxAccessKeyAge: 1}]", ['3:14: id: "default" is reserved']),
        (
            HEAD + "rules: [{id: Prod_1, maxAccessKeyAge: 1}]",
            ['3:14: id: "Prod_1": an id is 1 to 64 of the characters a-z, 0-9 and -'],
        ),
        (
            HEAD + f"rules: [{{id: {'a' * 90}, maxAccessKeyAge: 1}}]",
            [f'3:14: id: "{"a" * 77}...": an id is 1 to 64 of the characters a-z, 0-9 and -'],
        ),
        (rule("acounts: x"), ["4:31: acounts: did you mean accounts?"]),
        (rule("accounts: []"), [f"4:41: accounts: {EMPTY}"]),
        (rule("accounts: {}"), [f"4:41: accounts: {EMPTY}"]),
        (rule("accounts: ''"), [f"4:41: accounts: {EMPTY}"]),
        (rule("accounts: ['']"), [f"4:42: accounts: {EMPTY}"]),
        (rule("accounts: {ou: []}"), [f"4:46: ou: {EMPTY}"]),
        (rule("accounts: {tags: {}}"), [f"4:48: tags: {EMPTY}"]),
        (rule("accounts: {tags: {env: []}}"), [f"4:54: env: {EMPTY}"]),
        (rule("accounts: {tags: {env: {}}}"), ["4:54: env: expected text or a list, found a mapping"]),
        (
            rule("accounts: {id: 1234}"),
            ['4:46: id: "1234": an account id is exactly 12 digits; patterns go under name'],
        ),
        (rule("accounts: {path: /}"), ["4:42: path: unknown key; known here: id, name, ou, tags"]),
        (
            rule(f"accounts: {'a' * 129}"),
            [f'4:41: accounts: "{"a" * 77}...": longer than any account name (128 characters)'],
        ),
        (rule("users: 'svc-[ab]'"), [f'4:38: users: "svc-[ab]": {NAME}']),
        (rule("users: [ok, 'a b', é]"), [f'4:43: users: "a b": {NAME}', f'4:50: users: "é": {NAME}']),
        (rule(f"users: {'a' * 129}"), [f'4:38: users: "{"a" * 77}...": {NAME}']),
        (rule("users: {path: service}"), [f'4:45: path: "service": {PATH}; did you mean /service/?']),
        (rule("users: {path: //}"), [f'4:45: path: "//": {PATH}']),
        (rule("users: {group: sp ace}"), [f'4:46: group: "sp ace": {GROUP}']),
        (rule("users: {group: [ok, a/b]}"), [f'4:51: group: "a/b": {GROUP}; did you mean b?']),
        (exemption("keys: A").replace("x,", "{group: é},"), [f'4:26: group: "é": {GROUP}']),
        (rule("users: [[a]]"), ["4:39: users: expected text, found a list"]),
        (exemption("keys: []"), [f"4:74: keys: {EMPTY}"]),
        (
            exemption("keys: [AKIA1, AKIA*]"),
            ['4:82: keys: "AKIA*": an access key id is letters, digits and _ only; wildcards do not work here'],
        ),
        (
            HEAD + "exemptions:\n- {id: a, reason: r, approvedBy: b, expires: 2027-01-31}",
            ["4:3: exemptions: at least one of accounts, users, keys is required"],
        ),
        (
            HEAD + "exemptions:\n- {users: x}",
            [f"4:3: exemptions: {key} is missing" for key in ("approvedBy", "expires", "id", "reason")],
        ),
        (
            HEAD + "exemptions:\n- {id: a, users: x, reason: ' ', approvedBy: '', expires: 2027-02-30}",
            [
                '4:29: reason: " ": must not be blank',
                '4:46: approvedBy: "": must not be blank',
                '4:59: expires: "2027-02-30" is not a day of the calendar',
            ],
        ),
        (
            HEAD + "exemptions:\n- {id: a, users: x, reason: null, approvedBy: ~, expires: 2027-01-31}",
            ['4:29: reason: "null": must not be blank', '4:47: approvedBy: "~": must not be blank'],
        ),
        (
            HEAD + 'exemptions:\n- {id: a, users: x, reason: "\\u200b", approvedBy: " \\ufeff ", expires: 2027-01-31}',
            ['4:29: reason: "\\u200b": must not be blank', '4:51: approvedBy: " \\ufeff ": must not be blank'],
        ),
        (HEAD + "remediation: {}", ["3:14: remediation: action is missing"]),
        (
            HEAD + "remediation: {action: no}",
            ['3:23: action: "no" is not one of none, deactivate, delete'],
        ),
        (HEAD + "remediation: {action: delete}", ["3:14: deleteAfterDays: required with action: delete"]),
        (
            HEAD + "remediation: {action: delete, deleteAfterDays: 0}",
            ["3:48: deleteAfterDays: 0 is not from 1 to 3650"],
        ),
        (
            HEAD + "remediation: {action: none, automatic: true}",
            ["3:14: protectUsedWithinDays: required when automatic is true (0 = no protection)"],
        ),
        (
            HEAD + "remediation: {action: none, automatic: true, protectUsedWithinDay: 3}",
            ["3:46: protectUsedWithinDay: did you mean protectUsedWithinDays?"],
        ),
        (rule("remediation: {action: delete}"), ["4:44: deleteAfterDays: required with action: delete"]),
        (
            HEAD + "deploy: {ruleName: a b, frequency: Hourly, region: mars, rule: managed}",
            [
                '3:20: ruleName: "a b": a rule name is 1 to 64 letters, digits, _ and -',
                f'3:36: frequency: "Hourly" is not one of {FREQUENCIES}',
                '3:52: region: "mars": not an AWS region, such as us-east-1',
                '3:64: rule: "managed" is not one of auto, custom',
            ],
        ),
    ],
    ids=last_entry,
)
def test_a_mistake_is_told_with_its_place_and_remedy(text: str, expected: list[str]) -> None:
    assert problems(text) == [f"p.yaml:{each}" for each in expected]


@pytest.mark.parametrize(
    "day", ["2027-13-01", "2027-1-31", "31.01.2027", "20270131", "1999-01-31", "2027-01-31T00:00:00Z", "tomorrow", "''"]
)
def test_a_date_that_is_none_is_told_at_its_place(day: str) -> None:
    text = HEAD + f"exemptions:\n- {{id: a, users: x, reason: r, approvedBy: b, expires: {day}}}"
    assert {each.partition(' "')[0] for each in problems(text)} == {"p.yaml:4:56: expires:"}


@pytest.mark.parametrize("text", ['"a\\nb": 1', '"\\e[31m": 1', '"\\0": 1', 'rules: [{"\\x9b": 1}]', '"a\\u2028b": 1'])
def test_a_problem_is_one_printable_line(text: str) -> None:
    assert [each for each in problems(HEAD + text) if not each.isprintable()] == []


def test_a_tag_key_may_be_anything() -> None:
    assert content(rule('users: {tags: {"a\\nb": x, "<<": y}}'))["rules"][0]["users"] == {
        "tags": {"a\nb": "x", "<<": "y"}
    }


@pytest.mark.parametrize("quote", ["", "'"], ids=["plain", "quoted"])
def test_a_long_scalar_repeated_by_aliases_is_refused_before_it_takes_memory(quote: str) -> None:
    long = quote + "x" * 20_000 + quote
    text = rule(f"description: &a {long}, users: {{tags: {{k: [{'*a,' * 5000}]}}}}")
    tracemalloc.start()
    with pytest.raises(FileProblems, match="larger than 8 MiB, once aliases are followed"):
        problems(text)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30 * 1024 * 1024


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 1\naccounts: []", []),
        ("version: 1\naccounts: [{id: 012345670123, name: , ou: ~, tags: null}]", []),
        ("version: 1\naccounts: [{id: 12345678901}]", ['2:17: id: "12345678901": an account id is exactly 12 digits']),
        (
            "version: 1\naccounts: [{id: 1234-5678-9012}]",
            ['2:17: id: "1234-5678-9012": an account id is exactly 12 digits; did you mean "123456789012"?'],
        ),
        ("version: 1\naccounts: [{nme: x}]", ["2:12: accounts: id is missing", "2:13: nme: did you mean name?"]),
        (
            "version: 1\naccounts: [{id: 012345678901, tags: [a]}]",
            ["2:37: tags: expected nothing or a mapping, found a list"],
        ),
    ],
    ids=last_entry,
)
def test_the_inventory_is_checked_likewise(text: str, expected: list[str]) -> None:
    assert problems(text, "inventory") == [f"p.yaml:{each}" for each in expected]


def test_nothing_in_the_inventory_is_not_known() -> None:
    text = "version: 1\naccounts: [{id: 012345670123, name: , ou: ~, tags: null}, {id: 000000000001, name: 'null'}]"
    assert content(text, "inventory")["accounts"] == [
        {"id": "012345670123", "name": None, "ou": None, "tags": None},
        {"id": "000000000001", "name": "null"},
    ]
