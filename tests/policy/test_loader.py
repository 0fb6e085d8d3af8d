"""Loading policies.yaml: all problems at once, or a policy that knows where everything stands; never a crash."""

import hashlib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from checker.errors import FileProblems, UsageError
from checker.policy.loader import PolicyFile, load, parse, read
from checker.policy.yaml.parse import MAX_BYTES

HEAD = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
VALID = """\
# Reviewed by security
version: 1
default:
  maxAccessKeyAge: 90
rules:
  - id: prod-service-users
    description: optional text
    accounts: prod-*
    users: {path: /service/*, name: svc-*}
    maxAccessKeyAge: 30
    remediation: {action: none}
  -
    id: "007"
    accounts: [012345678901]
    maxAccessKeyAge: 7
exemptions:
  - {id: legacy-sftp, accounts: "012345678901", users: sftp-legacy, keys: [AKIAIOSFODNN7EXAMPLE],
     reason: vendor appliance, approvedBy: security@example.com, expires: 2027-01-31}
remediation:
  action: delete
  automatic: true
  graceDays: 7
  protectUsedWithinDays: 7
  deleteAfterDays: 30
deploy: {ruleName: access-keys-rotated, frequency: TwentyFour_Hours, region: us-east-1, rule: auto}
"""

WRONG = """\
version: "1"
default: {maxAccessKeyAge: 0, maxAge: 3}
version: 2
rules:
  - id: default
    maxAccessKeyAge: 030
    acounts: x
  - {id: Prod, users: 'svc-[ab]', maxAccessKeyAge: yes}
  - id: twice
  - {id: twice, accounts: [], maxAccessKeyAge: 1}
exemptions:
  - {id: twice, users: {paht: /}, reason: !!str x, approvedBy: a, expires: 2027-02-29}
  - {id: c, reason: "", approvedBy: a, expires: 2027-01-01}
remediation: {action: delete, automatic: true}
deploy: {region: mars}
<<: {}
"""
NAME = "no IAM user name can match this: names are up to 128 letters, digits and _+=,.@- ; wildcards are * and ?"
TOLD = [
    '1:10: version: expected a whole number without quotes, found "1"',
    "2:28: maxAccessKeyAge: 0 is not from 1 to 3650",
    "2:31: maxAge: unknown key; known here: maxAccessKeyAge",
    "3:1: version: given twice, first in line 1",
    '5:9: id: "default" is reserved',
    '6:22: maxAccessKeyAge: expected a whole number, found "030"',
    "7:5: acounts: did you mean accounts?",
    '8:10: id: "Prod": an id is 1 to 64 of the characters a-z, 0-9 and -',
    f'8:23: users: "svc-[ab]": {NAME}',
    '8:52: maxAccessKeyAge: expected a whole number, found "yes"',
    "9:5: rules: maxAccessKeyAge is missing",
    '10:10: id: "twice" is used twice, first in line 9',
    "10:27: accounts: empty, which matches nothing: leave it out to match everything",
    '12:10: id: "twice" is used twice, first in line 9',
    "12:25: paht: did you mean path?",
    "12:43: the tag tag:yaml.org,2002:str is not supported: put text in quotes instead",
    '12:76: expires: "2027-02-29" is not a day of the calendar',
    "13:5: exemptions: at least one of accounts, users, keys is required",
    '13:21: reason: "": must not be blank',
    "14:14: deleteAfterDays: required with action: delete",
    "14:14: protectUsedWithinDays: required when automatic is true (0 = no protection)",
    '15:18: region: "mars": not an AWS region, such as us-east-1',
    "16:1: <<: unknown key; known here: version, default, rules, exemptions, remediation, deploy",
    "16:1: merge keys (<<) are not supported: write the entries out",
]


def problems(text: str) -> list[str]:
    with pytest.raises(FileProblems) as caught:
        parse(text.encode(), "policies.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_a_valid_policy_keeps_its_content_and_checksum() -> None:
    loaded = parse(VALID.encode(), "policies.yaml")
    assert loaded.sha256 == hashlib.sha256(VALID.encode()).hexdigest()
    assert loaded.content["rules"][1] == {"id": "007", "accounts": ["012345678901"], "maxAccessKeyAge": 7}
    assert loaded.content["exemptions"][0]["expires"] == "2027-01-31"
    assert loaded.content["remediation"] == {
        "action": "delete",
        "automatic": True,
        "graceDays": 7,
        "protectUsedWithinDays": 7,
        "deleteAfterDays": 30,
    }


def test_a_valid_policy_is_ready_to_judge() -> None:
    policy = parse(VALID.encode(), "policies.yaml").policy
    assert [(rule.id, rule.limit) for rule in policy.rules] == [
        ("prod-service-users", timedelta(days=30)),
        ("007", timedelta(days=7)),
        ("default", timedelta(days=90)),
    ]
    assert [(exemption.id, exemption.keys) for exemption in policy.exemptions] == [
        ("legacy-sftp", frozenset({"AKIAIOSFODNN7EXAMPLE"}))
    ]


@pytest.mark.parametrize(
    ("entry_id", "line", "first"),
    [
        ("default", 3, {"maxAccessKeyAge": 90}),
        ("prod-service-users", 6, {"id": "prod-service-users"}),
        ("007", 13, {"id": "007"}),
        ("legacy-sftp", 17, {"id": "legacy-sftp"}),
    ],
)
def test_every_entry_is_found_with_its_line(entry_id: str, line: int, first: dict[str, Any]) -> None:
    loaded = parse(VALID.encode(), "policies.yaml")
    assert (loaded.written[entry_id].line, loaded.written[entry_id].entry | first) == (
        line,
        loaded.written[entry_id].entry,
    )


def test_the_default_is_on_the_line_of_its_key() -> None:
    assert parse(b"version: 1\n\ndefault:\n\n  maxAccessKeyAge: 1\n", "p").written["default"].line == 3


def test_all_problems_are_told_in_one_run() -> None:
    assert problems(WRONG) == [f"policies.yaml:{each}" for each in TOLD]


def test_the_message_of_the_error_lists_every_problem() -> None:
    with pytest.raises(FileProblems) as caught:
        parse(b"version: 2\ndefault: {}\n", "p")
    assert str(caught.value).splitlines() == [
        "p:1:10: version: 2 is not 1, the only version there is",
        "p:2:10: default: maxAccessKeyAge is missing",
    ]
    assert caught.value.exit_code == 2


def test_a_misspelt_key_is_one_problem_and_not_a_missing_one_too() -> None:
    assert problems("version: 1\ndefault: {maxAccesKeyAge: 90}") == [
        "policies.yaml:2:11: maxAccesKeyAge: did you mean maxAccessKeyAge?"
    ]


@pytest.mark.parametrize("kinds", [("rules", "rules"), ("exemptions", "exemptions"), ("rules", "exemptions")])
def test_an_id_is_used_once_over_rules_and_exemptions(kinds: tuple[str, str]) -> None:
    entries = {
        "rules": "  - {id: same, maxAccessKeyAge: 1}\n",
        "exemptions": "  - {id: same, users: x, reason: r, approvedBy: a, expires: 2027-01-01}\n",
    }
    text = HEAD + f"{kinds[0]}:\n{entries[kinds[0]]}" + (f"{kinds[1]}:\n" if len(set(kinds)) == 2 else "")
    line = 5 if len(set(kinds)) == 1 else 6
    assert problems(text + entries[kinds[1]]) == [f'policies.yaml:{line}:10: id: "same" is used twice, first in line 4']


def test_exemptions_before_rules_change_nothing_about_repeated_ids() -> None:
    exemption = "- {id: a, users: x, reason: r, approvedBy: b, expires: 2027-01-01}\n"
    assert problems(HEAD + "exemptions:\n" + exemption + "rules:\n- {id: a, maxAccessKeyAge: 1}\n") == [
        'policies.yaml:4:8: id: "a" is used twice, first in line 6'
    ]


def test_loading_reads_the_file_and_names_it(tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_bytes(VALID.encode())
    assert (load(path).file, load(path).content) == (str(path), parse(VALID.encode(), "x").content)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    with pytest.raises(UsageError) as caught:
        load(path)
    assert str(caught.value) == f"cannot read the policy {path}: No such file or directory"


def test_a_folder_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, "inventory")
    assert str(caught.value) == f"cannot read the inventory {tmp_path}: Is a directory"


def test_a_file_of_just_a_mebibyte_is_read(tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_bytes(HEAD.encode().ljust(MAX_BYTES, b"#"))
    assert load(path).content == {"version": 1, "default": {"maxAccessKeyAge": 90}}


def test_a_file_of_several_mebibytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policies.yaml"
    path.write_bytes(b"#" * (3 * MAX_BYTES))
    with pytest.raises(FileProblems) as caught:
        load(path)
    assert str(caught.value) == f"{path}:1:1: larger than 1 MiB: split the file"


MUTATIONS = [
    b"", b"\n", b" ", b"  - ", b": ", b"? ", b"{", b"}", b"[", b"]", b"&a ", b"*a ", b"!!int ", b"!", b"<<: ", b"'",
    b'"', b"|\n", b">", b"#", b"---\n", b"...\n", b"%TAG ! x\n", b"%YAML 9.9\n", b"@", b"`", b"\t", b"\r", b"\0",
    b"\xff", b"\xef\xbb\xbf", b"\xc2\x85", b"\xe2\x80\xa8", b"\\", b'"\\0"', b"~", b"null", b"-1", b"0x1f", b"1e400",
    b".nan", b"9" * 400, b"yes", b"default", b"[" * 40, b"{a: " * 40, b"&a [*a]", b"=", b"\x1b[31m",
]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    data = VALID.encode()
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        length = draw(st.sampled_from([0, 0, 1, 3, 20]))
        data = data[:start] + draw(st.sampled_from(MUTATIONS)) + data[start + length :]
    return data


def outcome(data: bytes) -> type:
    try:
        return type(parse(data, "policies.yaml"))
    except FileProblems as error:
        placed = [problem for problem in error.problems if problem.line >= 1 and problem.column >= 1]
        return FileProblems if placed and placed == error.problems else type(None)


@given(mutated())
def test_a_damaged_policy_is_a_policy_or_problems(data: bytes) -> None:
    assert outcome(data) in (PolicyFile, FileProblems)


@given(st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b"[" * 100_000)
def test_any_bytes_are_a_policy_or_problems(data: bytes) -> None:
    assert outcome(data) in (PolicyFile, FileProblems)


@given(st.text(max_size=200) | st.text("{}[]:,&*!|>'\"%@`#- \nab1<", max_size=80))
@example("a: &x {<<: *x}")
@example("? ? a")
def test_any_text_is_a_policy_or_problems(text: str) -> None:
    assert outcome(text.encode("utf-8", "surrogatepass")) in (PolicyFile, FileProblems)


values = st.recursive(
    st.sampled_from(["", "1", "0", "true", "~", "a", "*", "'1'", "default", "2027-01-01", "012345678901"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda found: f"[{', '.join(found)}]")
        | st.dictionaries(
            st.sampled_from(["id", "users", "user", "accounts", "maxAccessKeyAge", "expires", "tags", "action", "x"]),
            inner,
            max_size=4,
        ).map(lambda found: "{" + ", ".join(f"{key}: {value}" for key, value in found.items()) + "}")
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["version", "default", "rules", "exemptions", "deploy", "remediation"]), values))
def test_any_tree_is_a_policy_or_problems(tree: dict[str, str]) -> None:
    text = "\n".join(f"{key}: {value}" for key, value in tree.items())
    assert outcome(text.encode()) in (PolicyFile, FileProblems)
