"""A member, a user or a key that a saved file has twice: an error that says where, never the last one in silence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.errors import Unreadable
from checker.evaluate import AccountUnreadable
from checker.members import Repeated, refuse_repeated
from checker.sources.saved import terraform_state
from checker.sources.saved.kinds import open_saved
from tests.sources.saved.terraform_states import FORMS, ONE, key, user, written

KEY = {"id": "AKIA1", "status": "Active", "created": "2026-01-01T00:00:00Z", "lastUsed": None}
USER = {
    "name": "u",
    "id": "AIDA1",
    "arn": "arn:aws:iam::000000000001:user/u",
    "path": "/",
    "tags": {"team": "x"},
    "created": "2020-01-01T00:00:00Z",
    "keys": [KEY],
}
ACCOUNT = {"id": "000000000001", "name": None, "ou": None, "tags": {"keys": "users"}, "users": [USER]}


class Members(list[tuple[str, Any]]):
    """An object that may have a member twice."""


def text(value: object, colon: str = ":", comma: str = ",") -> str:
    """JSON of what may have Members in it."""
    if isinstance(value, dict | Members):
        members = value.items() if isinstance(value, dict) else value
        return "{" + comma.join(f"{json.dumps(name)}{colon}{text(each, colon, comma)}" for name, each in members) + "}"
    if isinstance(value, list):
        return "[" + comma.join(text(each, colon, comma) for each in value) + "]"
    return json.dumps(value)


def snapshot(account: str) -> str:
    return f'{{"schemaVersion":1,"takenAt":"2026-11-23T12:00:00Z","accounts":[{account}]}}'


def opened(path: Path) -> list[Any]:
    return list(open_saved(path, {}).accounts)


def refused(path: Path, content: str) -> str:
    """Why the file, or its one account, cannot be read."""
    path.write_text(content)
    try:
        [account] = opened(path)
    except Unreadable as error:
        return str(error)
    assert isinstance(account, AccountUnreadable)
    return account.reason


def with_user(**changes: Any) -> dict[str, Any]:
    return ACCOUNT | {"users": [USER | changes]}


WITHOUT = {name: value for name, value in USER.items() if name not in ("arn", "tags")}
COLON_AND_QUOTE = {"a:b": '": "', "\\": "\\", "é": "keys", "name": "x", ":": ":"}


@pytest.mark.parametrize("colon", [":", ": ", " : ", "\n:\t"])
@pytest.mark.parametrize(
    "account",
    [
        ACCOUNT,
        ACCOUNT | {"users": []},
        ACCOUNT | {"users": [WITHOUT]},
        with_user(tags=COLON_AND_QUOTE, arn=None),
        with_user(name="é", keys=[]),
        with_user(unknown={"keys": [1, 1], "users": "1"}, keys=[dict(reversed(KEY.items()))]),
        dict(reversed(ACCOUNT.items())),
        with_user(keys=[KEY | {"created": "2026-01-01T00:00:00.000+00:00", "id": f"AKIA{n}"} for n in range(2)]),
    ],
)
def test_what_is_there_once_is_read_in_whatever_form(tmp_path: Path, account: dict[str, Any], colon: str) -> None:
    for name, line in (("s.json", snapshot(text(account, colon, " , "))), ("s.jsonl", text(account, colon))):
        if "\n" not in colon or name == "s.json":
            (tmp_path / name).write_text(line)
            [read] = opened(tmp_path / name)
            assert [user.name for user in read.users] == [user["name"] for user in account["users"]]
            assert [len(user.keys) for user in read.users] == [len(user["keys"]) for user in account["users"]]


def doubled(members: dict[str, Any], name: str, value: object) -> Members:
    """The member first with another value, then as it is."""
    return Members([(name, value), *members.items()])


@pytest.mark.parametrize("value", [None, "2026-01-01T00:00:00Z"])
@pytest.mark.parametrize("missing", [False, True])
def test_a_member_of_a_key_or_a_user_twice(tmp_path: Path, value: str | None, missing: bool) -> None:
    user = {name: each for name, each in USER.items() if not (missing and name in ("arn", "path"))}
    for place, account in (
        ("$.users[0]", ACCOUNT | {"users": [doubled(user, "created", value)]}),
        ("$.users[0].keys[0]", ACCOUNT | {"users": [user | {"keys": [doubled(KEY, "lastUsed", value)]}]}),
    ):
        told = refused(tmp_path / "s.jsonl", "\n" + text(account))
        assert told.startswith(f"{tmp_path}/s.jsonl:2: not a keyage snapshot: ")
        assert f"is there twice in {place} (" in told
        told = refused(tmp_path / "s.json", snapshot(text(account)))
        assert f"is there twice in $.accounts[0]{place[1:]} (" in told


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('"keys":[', '"keys":[],"keys":[', '"keys" is there twice in $.users[0] (u)'),
        ('"keys":[', '"k\\u0065ys":[],"keys":[', '"keys" is there twice in $.users[0] (u)'),
        ('"keys":[', '"keys"\t: [] , "keys":[', '"keys" is there twice in $.users[0] (u)'),
        ('"id":"AKIA1"', '"id":"AKIA2","id":"AKIA1"', '"id" is there twice in $.users[0].keys[0] (AKIA1)'),
        ('"team":', '"team":"y","team":', '"team" is there twice in $.users[0].tags (u)'),
        ('"users":[', '"users":[],"users":[', '"users" is there twice in $ (000000000001)'),
        ('"ou":null', '"ou":null,"ou":null', '"ou" is there twice in $ (000000000001)'),
        ('"ou":null', '"x":{"y":1,"y":2}', '"y" is there twice in $.x (000000000001)'),
    ],
)
def test_every_object_of_a_snapshot_counts(tmp_path: Path, old: str, new: str, where: str) -> None:
    line = text(ACCOUNT)
    assert line.count(old) == 1
    told = refused(tmp_path / "s.jsonl", line.replace(old, new))
    assert told == f"{tmp_path}/s.jsonl:1: not a keyage snapshot: {where}: keep one of them"


def test_a_member_of_the_snapshot_itself_twice(tmp_path: Path) -> None:
    twice = snapshot(text(ACCOUNT)).replace('"accounts":', '"accounts":[],"accounts":')
    assert '"accounts" is there twice in $: keep one of them' in refused(tmp_path / "s.json", twice)


@pytest.mark.parametrize(
    ("second", "what"),
    [
        (USER | {"id": "AIDA2", "keys": []}, "the user u is"),
        (USER | {"name": "v", "keys": []}, "the user id AIDA1 is"),
        (USER | {"name": "v", "id": None}, "the access key AKIA1 is"),
    ],
)
def test_a_user_or_a_key_twice_in_one_account(tmp_path: Path, second: dict[str, Any], what: str) -> None:
    line = text(ACCOUNT | {"users": [USER, second]})
    expected = f"{what} in account 000000000001 more than once: keep one"
    assert refused(tmp_path / "s.jsonl", line) == f"{tmp_path}/s.jsonl:1: {expected}"
    assert refused(tmp_path / "s.json", snapshot(line)) == f"{tmp_path}/s.json: {expected}"


def test_a_user_of_the_same_name_in_two_accounts_is_read(tmp_path: Path) -> None:
    other = ACCOUNT | {"id": "000000000002"}
    (tmp_path / "s.jsonl").write_text(text(ACCOUNT) + "\n" + text(other))
    assert len(opened(tmp_path / "s.jsonl")) == 2


def test_the_answer_with_a_credential_report(tmp_path: Path) -> None:
    told = refused(tmp_path / "r.json", '{"Content":"","Content":"YQ==","ReportFormat":"text/csv"}')
    assert told == f'{tmp_path}/r.json: "Content" is there twice in $: keep one of them'


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("read", [terraform_state.load, opened])
def test_terraform_state_of_which_no_value_is_quoted(
    tmp_path: Path, form: Callable[[Any], str], read: Callable[[Path], object]
) -> None:
    state = form([user("u", ONE), key("AKIA1", "u", depends_on=["aws_iam_user.u"])])
    status = '"status": "Active"'
    assert state.count(status) == 1
    path = written(tmp_path, state.replace(status, f'"status": "Inactive", {status}'))
    with pytest.raises(Unreadable) as raised:
        read(path)
    assert str(raised.value).startswith(f'{path}: "status" is there twice in $.')
    assert "AKIA1" not in str(raised.value)


names = st.sampled_from(["name", "keys", "a:b", '"', "\\", "é"])
values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(names, inner), max_size=3).map(Members),
    max_leaves=12,
)


def repeats(value: object) -> bool:
    if isinstance(value, Members):
        return len(dict(value)) < len(value) or any(repeats(each) for _name, each in value)
    return isinstance(value, list) and any(map(repeats, value))


@given(values)
def test_exactly_what_has_a_member_twice_is_refused(value: object) -> None:
    if repeats(value):
        with pytest.raises(Repeated, match="is there twice in"):
            refuse_repeated(text(value).encode())
    else:
        refuse_repeated(text(value).encode())


tags = st.lists(st.tuples(names, st.text(max_size=3)), max_size=3).map(Members)
optional = st.lists(
    st.sampled_from(["arn", "path", "created", "id"]).map(lambda name: (name, None))
    | tags.map(lambda each: ("tags", each)),
    max_size=4,
)


@given(optional, optional, st.sampled_from([":", " : "]), st.booleans())
def test_a_snapshot_is_read_exactly_if_no_object_has_a_member_twice(
    tmp_path_factory: pytest.TempPathFactory, user: Any, other: Any, colon: str, ascii_only: bool
) -> None:
    users = [Members([("name", "u"), *user, ("keys", [])]), Members([*other, ("keys", []), ("name", "v")])]
    path = tmp_path_factory.getbasetemp() / "repeated.jsonl"
    line = text(ACCOUNT | {"users": users}, colon)
    content = line if ascii_only else line.replace("\\u00e9", "é")
    if repeats(users):
        assert "is there twice in" in refused(path, content)
    else:
        path.write_text(content)
        assert len(opened(path)[0].users) == 2
