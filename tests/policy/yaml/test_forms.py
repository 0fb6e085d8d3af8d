"""Ids, paths and ARNs where a selector is wanted: what is meant is said, and what is said works."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.errors import FileProblems
from checker.policy.loader import parse
from checker.policy.yaml.forms import (
    account_hint,
    account_id_hint,
    group_hint,
    one_path_hint,
    path_hint,
    user_hint,
)

POLICY = "version: 1\ndefault: {{maxAccessKeyAge: 90}}\nrules:\n  - {{id: r, maxAccessKeyAge: 1, users: {}}}\n"
OUS = "OUs are selected by their names, joined by /, such as {ou: Root/Workloads/Prod}"
ORGANIZATION, UNIT = "arn:aws:organizations::111122223333", "ou-abcd-12345678"
NO_ARN = 'an ARN selects no account: did you mean "012345678901"?'
APART = "an account id is 12 digits with nothing between them: did you mean"


@pytest.mark.parametrize(
    "text", ["prod-*", "*", "012345678901", "0123456789-*", "2024-01-01-1234", "ou-prod", "ou-1", "arn", "123-456"]
)
def test_what_may_be_the_name_of_an_account_has_no_hint(text: str) -> None:
    assert account_hint(text) is None


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0123-4567-8901", f'0123-4567-8901: {APART} "012345678901"?'),
        ("0123 4567 8901", f'0123 4567 8901: {APART} "012345678901"?'),
        ("012-345-678-901", f'012-345-678-901: {APART} "012345678901"?'),
        (" 012345678901", f' 012345678901: {APART} "012345678901"?'),
        ("12345678901", "12345678901 has 11 digits, an account id 12: this is a pattern on account names"),
        ("ou-abcd-12345678", f"ou-abcd-12345678: the id of an OU: {OUS}"),
        ("Root/ou-abcd-12345678/*", f"Root/ou-abcd-12345678/*: ou-abcd-12345678 is the id of an OU: {OUS}"),
        (f"{ORGANIZATION}:ou/o-x/{UNIT}", f"{ORGANIZATION}:ou/o-x/{UNIT}: {UNIT} is the id of an OU: {OUS}"),
        (f"{ORGANIZATION}:account/o-x/012345678901", f"{ORGANIZATION}:account/o-x/012345678901: {NO_ARN}"),
        ("arn:aws:iam::012345678901:root", f"arn:aws:iam::012345678901:root: {NO_ARN}"),
        ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket: an ARN selects no account"),
    ],
)
def test_an_account_in_another_form_is_told(text: str, hint: str) -> None:
    assert account_hint(text) == hint


@pytest.mark.parametrize(("text", "hint"), [("1234", None), ("0123-4567-8901", 'did you mean "012345678901"?')])
def test_an_id_that_is_none(text: str, hint: str | None) -> None:
    assert account_id_hint(text) == hint


@pytest.mark.parametrize("text", ["svc-[ab]", "a b", "a:b", "arn:aws:iam::012345678901:role/x", "/a b/*", "/é"])
def test_what_is_no_users_path_or_arn_has_no_hint(text: str) -> None:
    assert user_hint(text) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("/service/*", "{path: /service/*}"),
        ("service/*", "{path: /service/*}"),
        ("/service/", "{path: /service/}"),
        ("/service", "{path: /service/}"),
        ("/service/x", "{path: /service/, name: x}"),
        ("arn:aws:iam::123456789012:user/service/x", "{name: x}"),
        ("arn:aws-cn:iam::123456789012:user/x", "{name: x}"),
        ("arn:aws:iam::*:user/service/*", "{path: /service/*}"),
        ("arn:aws:iam::*:user/service/svc-*", '{path: /service/, name: "svc-*"}'),
        ("arn:aws:iam::123456789012:user/svc-*", '{path: /, name: "svc-*"}'),
        ("arn:aws:iam::123456789012:user/*", "{path: /*}"),
        ("arn:aws:iam::123456789012:group/x/ops", "{group: ops}"),
    ],
)
def test_a_user_given_as_path_or_arn(text: str, meant: str) -> None:
    assert user_hint(text) == f"did you mean {meant}?"


@pytest.mark.parametrize(
    ("selector", "place"),
    [
        ("/service/*", "4:40"),
        ("[svc-*, /service/*]", "4:48"),
        ("{name: /service/*}", "4:47"),
        ("{path: /, name: [svc-*, /service/*]}", "4:64"),
    ],
)
def test_it_is_told_where_it_stands(selector: str, place: str) -> None:
    with pytest.raises(FileProblems) as raised:
        parse(POLICY.format(selector).encode(), "p.yaml")
    [problem] = raised.value.problems
    assert f"{problem.line}:{problem.column}" == place
    assert problem.message.endswith("wildcards are * and ?; did you mean {path: /service/*}?")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("service", "/service/"),
        ("service/*", "/service/*"),
        ("/a/b", "/a/b/"),
        ("//", None),
        ("a b", None),
        ("arn:aws:iam::123456789012:user/service/x", "/service/"),
        ("arn:aws:iam::123456789012:user/service/*", "/service/*"),
        ("arn:aws:iam::123456789012:group/service/x", None),
    ],
)
def test_a_path_that_is_none(text: str, hint: str | None) -> None:
    assert path_hint(text) == (hint and f"did you mean {hint}?")
    assert one_path_hint(text) == (None if "*" in text else path_hint(text))  # that of one user has no wildcard


@pytest.mark.parametrize("text", ["sp ace", "a:b", "é", "/é/", "arn:aws:iam::123456789012:user/x"])
def test_what_is_no_groups_path_or_arn_has_no_hint(text: str) -> None:
    assert group_hint(text) is None


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a/b", "did you mean b?"),
        ("/admins/", "did you mean admins?"),
        ("/x/ops-*", 'did you mean "ops-*"?'),
        ("//", "groups are selected by their names, not by their paths"),
        ("/admins/*", "groups are selected by their names, not by their paths"),
        ("arn:aws:iam::123456789012:group/ops", "did you mean ops?"),
        ("arn:aws:iam::123456789012:group/x/ops", "did you mean ops?"),
    ],
)
def test_a_group_given_as_path_or_arn(text: str, hint: str) -> None:
    assert group_hint(text) == hint


texts = st.text("ab/*:.-é [,", max_size=9)


@given(texts | texts.map("arn:aws:iam::123456789012:user/{}".format) | texts.map("arn:aws:iam::1:group/{}".format))
def test_every_suggested_selector_is_valid(text: str) -> None:
    group = (group_hint(text) or "").replace("mean ", "mean {group: ")
    for found in [user_hint(text), (path_hint(text) or "").replace("mean ", "mean {path: "), group]:
        if not found or found.startswith("groups are"):
            continue
        meant = re.fullmatch(r"did you mean (.*)\?", found)
        assert meant is not None
        selector = meant[1] if meant[1].endswith("}") else meant[1] + "}"
        parse(POLICY.format(selector).encode(), "p.yaml")
