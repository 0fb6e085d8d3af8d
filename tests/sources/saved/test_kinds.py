"""Saved state: snapshots, JSON Lines and credential reports."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checker.decision import Account, decision
from checker.errors import KeyageError, Unreadable, UsageError
from checker.evaluate import AccountRead, AccountUnreadable, evaluate
from checker.sources.saved import snapshot
from checker.sources.saved.kinds import open_saved
from checker.sources.saved.terraform_accounts import AS_OF
from tests.sources.saved.terraform_states import (
    FORMS,
    ONE,
    TWO,
    caller,
    found_user,
    key,
    keys_of,
    other,
    read,
    readings,
    reasons,
    shown,
    unread,
    user,
    version_4,
    written,
)
from tests.support.fixtures import NOW, Emulated, policy

ACCOUNT = '{"id":"%s","name":null,"ou":null,"tags":null,"users":[]}'
SNAPSHOT = '{"schemaVersion":1,"takenAt":"2026-11-23T12:00:00Z","accounts":[%s]}'
USER = (
    '{"name":"u","id":"AIDA1","arn":"arn:aws:iam::000000000001:user/u","path":"/","tags":{},'
    '"created":"2020-01-01T00:00:00Z","keys":[{"id":"AKIA1","status":"Active","created":"%s","lastUsed":null}]}'
)
HEADER = "user,arn,user_creation_time,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
HEADER += "access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date\n"
ROW = "u,arn:aws:iam::000000000001:user/team/u,2020-01-01T00:00:00+00:00,%s,%s,N/A,false,N/A,N/A\n"


def saved(folder: Path, name: str, text: str) -> list[AccountRead]:
    path = folder / name
    path.write_text(text)
    return readable(path)


def readable(path: Path, *inventory: Account) -> list[AccountRead]:
    """The accounts, all of which must be readable."""
    found = list(open_saved(path, {account.id: account for account in inventory}).accounts)
    accounts = [one for one in found if isinstance(one, AccountRead)]
    assert accounts == found
    return accounts


def test_accounts_come_by_id_whatever_their_order(tmp_path: Path) -> None:
    lines = [ACCOUNT % "000000000002", ACCOUNT % "000000000001"]
    for name, text in (("s.json", SNAPSHOT % ",".join(lines)), ("s.jsonl", "\n\n".join(lines) + "\n")):
        assert [read.account.id for read in saved(tmp_path, name, text)] == ["000000000001", "000000000002"]


def test_the_inventory_fills_in_what_a_snapshot_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(SNAPSHOT % (ACCOUNT % "000000000001").replace('"name":null', '"name":"then"'))
    [account] = [
        read.account for read in readable(path, decision.Account("000000000001", "now", "Root/Prod", {"env": "prod"}))
    ]
    assert (account.name, account.ou, account.tags) == ("then", "Root/Prod", {"env": "prod"})


USED = "2026-11-22T00:00:00Z"


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ('"lastUsed":null', (None, True)),
        (f'"lastUsed":"{USED}"', (USED, True)),
        ('"lastUsed":null,"lastUsedKnown":false', (None, False)),
        ('"lastUsed":null,"lastUsedKnown":true', (None, True)),
        (f'"lastUsed":"{USED}","lastUsedKnown":false', (USED, True)),
        ('"lastUsedKnown":true', (None, False)),
        ("", (None, False)),
    ],
)
def test_a_snapshot_tells_no_use_from_a_use_that_is_not_known(
    tmp_path: Path, members: str, told: tuple[str | None, bool]
) -> None:
    key = USER.replace(',"lastUsed":null', f",{members}" if members else "") % "2020-01-01T00:00:00Z"
    [read] = saved(tmp_path, "s.jsonl", (ACCOUNT % "000000000001").replace("[]", f"[{key}]"))
    [found] = evaluate(policy(), read, NOW, show_all=True).findings
    assert (found.last_used and f"{found.last_used:%Y-%m-%dT%H:%M:%SZ}", found.last_used_known) == told


@pytest.mark.parametrize(
    "write", [lambda read: snapshot.write_json([read], NOW), lambda read: snapshot.write_lines([read], NOW)]
)
@pytest.mark.parametrize(("used", "known"), [(None, True), (NOW, True), (None, False)])
def test_a_snapshot_keeps_what_is_known_of_the_use_and_is_silent_where_all_is(
    tmp_path: Path, write: Callable[[AccountRead], bytes], used: datetime | None, known: bool
) -> None:
    key = decision.AccessKey("AKIA1", "Active", NOW, used, known)
    read = AccountRead(decision.Account("000000000001"), [decision.User("u", keys=(key,))])
    text = write(read).decode()
    [again] = saved(tmp_path, "s.json" if "schemaVersion" in text else "s.jsonl", text)
    [kept] = again.users[0].keys
    assert (kept.last_used, kept.use_known, "lastUsedKnown" in text) == (used, known, not known)


def test_an_offset_is_the_same_instant(tmp_path: Path) -> None:
    line = (ACCOUNT % "000000000001").replace("[]", "[" + USER % "2026-08-25T14:00:00+02:00" + "]")
    read = saved(tmp_path, "s.jsonl", line)[0]
    finding = evaluate(policy(), read, NOW, show_all=True).findings[0]
    assert (finding.verdict, finding.create_date) == ("COMPLIANT", datetime(2026, 8, 25, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.json", SNAPSHOT % "", "no account is in it, so nothing can be said"),
        ("s.json", "{}", "not a keyage snapshot"),
        ("s.json", SNAPSHOT.replace("1", "2", 1) % "", "schemaVersion 2 is not known; this keyage reads version 1"),
        ("s.json", SNAPSHOT % '{"id":"1","users":[]}', "matching regex '^[0-9]{12}\\\\Z' - at `$.accounts[0].id`"),
        ("s.jsonl", "\n" + ACCOUNT % "000000000001" + "\n" + ACCOUNT % "000000000001", "more than once"),
        ("s.jsonl", ACCOUNT % "000000000001" + "\n{}", "s.jsonl:2: not a keyage snapshot"),
        ("s.jsonl", '{"id":"000000000001"}', "missing required field `users`"),
        ("s.jsonl", (ACCOUNT % "000000000001").replace("[]", '[{"name":"u"}]'), "missing required field `keys`"),
        ("s.jsonl", (ACCOUNT % "000000000001").replace("[]", "[" + USER % "2026-01-01T00:00:00" + "]"), "timezone"),
        ("r.csv", HEADER, "has no row, and every account has one of its root user"),
        ("r.csv", "user,arn\nu,arn\n", "lacks the columns access_key_1_active"),
        ("r.csv", HEADER + "u,arn\n", "breaks off in line 2"),
        ("r.csv", HEADER + (ROW % ("false", "N/A")).replace("arn:aws", "x"), "has no ARN with an account id in line 2"),
    ],
)
def test_a_broken_file_is_unreadable_never_empty(tmp_path: Path, name: str, text: str, message: str) -> None:
    assert message in why_unreadable(tmp_path, name, text)


def why_unreadable(folder: Path, name: str, text: str) -> str:
    """Why nothing, or one account, cannot be read."""
    try:
        found = list(open_saved(written(folder, text, name), {}).accounts)
    except Unreadable as error:
        return str(error)
    [reason] = [one.reason for one in found if isinstance(one, AccountUnreadable)]
    return reason


@pytest.mark.parametrize("text", ["", " \n\n", "\ufeff"], ids=["nothing", "blank", "mark"])
@pytest.mark.parametrize("name", ["s.json", "s.jsonl", "r.csv", "t.tfstate", "x"])
def test_an_empty_file_is_unreadable_whatever_its_kind(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(Unreadable, match=f"{name}: the file is empty: save it again$"):
        saved(tmp_path, name, text)


@pytest.mark.parametrize("length", [1, 2, 20, 60, -1])
@pytest.mark.parametrize("name", ["s.json", "s.jsonl", "r.json"])
def test_half_a_file_is_cut_off_whatever_its_kind(tmp_path: Path, name: str, length: int) -> None:
    account = ACCOUNT % "000000000001"
    report = '{"Content":"dXNlcixhcm4=","ReportFormat":"text/csv","GeneratedTime":"2026-11-01T00:00:00+00:00"}'
    whole = {"s.json": SNAPSHOT % account, "s.jsonl": account, "r.json": report}[name]
    with pytest.raises(Unreadable, match=rf"{name}(:1)?: the file is cut off: save it again$"):
        saved(tmp_path, name, whole[:length])


@pytest.mark.parametrize("text", ["hello", "\x00\x01"], ids=["text", "binary"])
def test_a_file_of_another_kind_is_a_usage_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match=r"neither a keyage snapshot .* nor Terraform state"):
        saved(tmp_path, "x.txt", text)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(KeyageError, match="No such file"):
        open_saved(tmp_path / "none.json", {})


def test_a_report_knows_paths_and_dates_but_no_key_ids(tmp_path: Path) -> None:
    read = saved(tmp_path, "r.csv", HEADER + ROW % ("true", "2026-01-01T00:00:00+00:00"))[0]
    user = read.users[0]
    assert (read.account.id, user.name, user.path, user.id) == ("000000000001", "u", "/team/", None)
    assert [(key.id, key.status) for key in user.keys] == [(None, "Active")]
    assert evaluate(policy(), read, NOW, show_all=True).findings[0].verdict == "NON_COMPLIANT"


def test_a_report_says_that_it_is_less_exact(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(HEADER + ROW % ("false", "2020-01-01T00:00:00+00:00"))
    opened = open_saved(path, {})
    assert (opened.kind, opened.exact, dict(opened.addresses)) == ("credential-report", False, {})
    assert readable(path)[0].notes[0].startswith("judged from a credential report: ages count from the last activation")


def test_an_active_root_key_in_a_report_is_a_note(tmp_path: Path) -> None:
    root = "<root_account>,arn:aws:iam::000000000001:root,2020-01-01T00:00:00+00:00,true,2020-01-01T00:00:00+00:00,"
    read = saved(tmp_path, "r.csv", HEADER + root + "N/A,false,N/A,N/A\n")[0]
    assert (len(read.users), read.notes[1:]) == (
        0,
        ["the root user of 000000000001 has an active access key: delete it, no rule judges root"],
    )


def test_an_exemption_for_a_key_cannot_be_decided_from_a_report(tmp_path: Path) -> None:
    text = "version: 1\ndefault: {maxAccessKeyAge: 90}\nexemptions:\n  - {id: e, keys: [AKIA1], reason: r, "
    text += "approvedBy: a, expires: 2027-01-01}\n"
    read = saved(tmp_path, "r.csv", HEADER + ROW % ("true", "2026-01-01T00:00:00+00:00"))[0]
    reason = evaluate(policy(text), read, NOW, show_all=True).reason
    assert reason is not None
    assert "the access key id is not known: a credential report has none" in reason


def test_what_is_written_is_what_is_read(emulated: Emulated, tmp_path: Path) -> None:
    for number in range(3):
        emulated.user(f"u{number}", path="/service/", tags={"team": "x"})
        emulated.key(f"u{number}", 100 + number)
    read = emulated.read()
    assert isinstance(read, AccountRead)
    expected = evaluate(policy(), read, NOW, show_all=True)
    texts = {"s.json": snapshot.write_json([read], NOW), "s.jsonl": snapshot.write_lines([read], NOW)}
    for name, data in texts.items():
        again = saved(tmp_path, name, data.decode())[0]
        assert evaluate(policy(), again, NOW, show_all=True).findings == expected.findings


# Terraform state

forms = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


@pytest.mark.parametrize("name", ["terraform.tfstate", "state.json", "x"])
@forms
def test_terraform_state_is_known_by_its_content(tmp_path: Path, name: str, form: Any) -> None:
    things = [user("u", ONE), key("AKIA1", "u", depends_on=["aws_iam_user.u"])]
    opened = open_saved(written(tmp_path, form(things), name), {})
    assert (opened.kind, opened.exact, opened.lines) == ("terraform-state", True, None)
    assert opened.addresses == {"AKIA1": "aws_iam_access_key.k"}
    assert keys_of(list(opened.accounts)) == {ONE: ["AKIA1"]}


@pytest.mark.parametrize(
    "text", [version_4([user("u", ONE)]), shown([user("u", ONE)]), '{"meta":{},"encrypted_data":""}']
)
def test_a_state_whose_members_stand_in_another_order_is_one_too(tmp_path: Path, text: str) -> None:
    for sorted_text in (
        json.dumps(json.loads(text), sort_keys=True),
        json.dumps(dict(reversed(json.loads(text).items()))),
    ):
        if "encrypted_data" in text:
            with pytest.raises(Unreadable, match="is encrypted"):
                open_saved(written(tmp_path, sorted_text), {})
        else:
            assert keys_of(readings(tmp_path, sorted_text)) == {ONE: []}


@pytest.mark.parametrize("text", [version_4([]), shown([]), '{"serial":1,"lineage":"","meta":{},"encrypted_data":""}'])
def test_a_state_that_is_cut_off_is_not_called_a_snapshot(tmp_path: Path, text: str) -> None:
    for end in (40, len(text) - 1):
        with pytest.raises(Unreadable, match=r"state\.json: broken or cut off"):
            open_saved(written(tmp_path, text[:end]), {})


def test_what_else_terraform_prints_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no Terraform state"):
        open_saved(written(tmp_path, '{"format_version":"1.0","provider_schemas":{}}'), {})


@forms
def test_a_state_without_users_and_keys_says_nothing(tmp_path: Path, form: Any) -> None:
    for things in ([], [other()], [caller(ONE)], [found_user("f", ONE)]):
        with pytest.raises(Unreadable, match="no aws_iam_access_key and no aws_iam_user is in it"):
            readings(tmp_path, form(things))


@forms
def test_users_come_with_their_keys_and_without(tmp_path: Path, form: Any) -> None:
    things = [
        key("AKIA2", "ann", index=1, depends_on=["aws_iam_user.u"], attributes={"status": "Inactive"}),
        key("AKIA1", "ann", index=0, depends_on=["aws_iam_user.u"]),
        user("bob", ONE, index=1),
        user("ann", ONE, index=0),
    ]
    [account] = read(tmp_path, form(things))
    created = datetime(2026, 8, 1, tzinfo=UTC)
    keys = tuple(
        decision.AccessKey(key_id, status, created, use_known=False)
        for key_id, status in (("AKIA1", "Active"), ("AKIA2", "Inactive"))
    )
    tags = {"a": "1", "b": "2"}
    assert account == AccountRead(
        decision.Account(ONE),
        [
            decision.User("ann", "/team/", tags, "AIDAANN", f"arn:aws:iam::{ONE}:user/team/ann", None, keys),
            decision.User("bob", "/team/", tags, "AIDABOB", f"arn:aws:iam::{ONE}:user/team/bob", None, ()),
        ],
        [f"{ONE}: {AS_OF}"],
    )


@pytest.mark.parametrize(
    ("attributes", "tags"),
    [
        ({"tags_all": "absent", "tags": "absent"}, None),
        ({"tags_all": None, "tags": None}, {}),
        ({"tags_all": "absent", "tags": None}, {}),
        ({"tags_all": "absent"}, {"a": "1"}),
        ({"tags_all": None}, {"a": "1"}),
        ({"tags": None}, {"a": "1", "b": "2"}),
        ({"tags_all": {"a": None, "b": "2"}}, {"b": "2"}),
    ],
)
@forms
def test_tags_are_known_if_the_state_has_them(
    tmp_path: Path, form: Any, attributes: dict[str, Any], tags: dict[str, str] | None
) -> None:
    [account] = read(tmp_path, form([user("u", ONE, attributes=attributes)]))
    assert account.users[0].tags == tags


def test_of_a_user_who_is_not_in_the_state_only_the_name_is_known(tmp_path: Path) -> None:
    [account] = read(tmp_path, version_4([key("AKIA1", "ann"), caller(ONE)]))
    created = datetime(2026, 8, 1, tzinfo=UTC)
    assert account.users == [
        decision.User("ann", keys=(decision.AccessKey("AKIA1", "Active", created, use_known=False),))
    ]


@forms
def test_a_user_who_was_looked_up_is_known_but_not_counted_alone(tmp_path: Path, form: Any) -> None:
    things = [key("AKIA1", "ann", depends_on=["data.aws_iam_user.f"])]
    things += [found_user("ann", ONE, index=0), found_user("bob", ONE, index=1)]
    [account] = read(tmp_path, form(things))
    assert [(who.name, who.tags, who.id) for who in account.users] == [("ann", {"found": "yes"}, "AIDAFOUND")]


@forms
def test_a_user_both_managed_and_looked_up_is_as_managed(tmp_path: Path, form: Any) -> None:
    [account] = read(tmp_path, form([found_user("ann", ONE), user("ann", ONE, module="module.z")]))
    assert [(who.name, who.id) for who in account.users] == [("ann", "AIDAANN")]


@forms
def test_the_inventory_names_the_accounts_of_a_state_also_a_partial_one(tmp_path: Path, form: Any) -> None:
    known = decision.Account(ONE, "prod", "Root/Prod", {"env": "prod"})
    [account] = readable(written(tmp_path, form([user("u", ONE)])), known)
    assert account.account == known
    bad = key("AKIA1", "u", depends_on=["aws_iam_user.u"], attributes={"status": None})
    [partial] = readable(written(tmp_path, form([user("u", ONE), bad])), known)
    assert (partial.account, [who.name for who in partial.unread]) == (known, ["u"])


# What the state does not tell of a key


@pytest.mark.parametrize(
    "attributes",
    [
        {"create_date": "absent"},
        {"create_date": None},
        {"create_date": ""},
        {"create_date": "2026-08-01T00:00:00"},
        {"create_date": "yesterday"},
        {"status": "absent"},
        {"status": None},
        {"status": ""},
    ],
)
@forms
def test_a_key_without_date_or_status_hides_no_other(
    tmp_path: Path, form: Any, attributes: dict[str, str | None]
) -> None:
    things = [
        user("u", ONE, "one"),
        user("none", ONE, "none"),
        user("two", ONE, "two"),
        key("AKIA1", "u", "good", depends_on=["aws_iam_user.one"]),
        key("AKIA2", "u", "bad", depends_on=["aws_iam_user.one"], attributes=attributes),
        key("AKIA3", "two", "good2", depends_on=["aws_iam_user.two"]),
        key("AKIA4", "none", "bad2", depends_on=["aws_iam_user.none"], attributes=attributes),
    ]
    found = readings(tmp_path, form(things))
    assert (keys_of(found), reasons(found)) == ({ONE: ["AKIA3", "AKIA1"]}, [])
    newer = "use AWS provider 3.27.0 or newer, run `terraform apply -refresh-only` and save the state anew"
    assert unread(found) == {
        (ONE, "none"): f"no create_date or status is known of aws_iam_access_key.bad2: {newer}",
        (ONE, "u"): f"no create_date or status is known of aws_iam_access_key.bad: {newer}",
    }
    [result] = [evaluate(policy(), account, NOW, show_all=True) for account in found]
    assert (result.status, result.counts.users, result.counts.keys, result.counts.unread) == ("partial", 3, 2, 2)


@pytest.mark.parametrize(
    "changes", [{"attributes": {"status": "Inactive"}}, {"attributes": {"create_date": "2026-08-02T00:00:00Z"}}]
)
@forms
def test_a_key_of_which_the_state_tells_two_stories_is_not_judged(
    tmp_path: Path, form: Any, changes: dict[str, Any]
) -> None:
    things = [user("u", ONE), key("AKIA1", "u", "a", depends_on=["aws_iam_user.u"])]
    [same] = read(tmp_path, form([*things, key("AKIA1", "u", "b", depends_on=["aws_iam_user.u"])]))
    assert (keys_of([same]), same.unread) == ({ONE: ["AKIA1"]}, ())
    other = [user("v", ONE, "v"), key("AKIA2", "v", "c", depends_on=["aws_iam_user.v"])]
    twice = key("AKIA1", "u", "b", depends_on=["aws_iam_user.u"], **changes)
    found = readings(tmp_path, form([*things, twice, *other]))
    assert (keys_of(found), reasons(found)) == ({ONE: ["AKIA2"]}, [])
    assert unread(found) == {
        (ONE, "u"): (
            "the state contradicts itself about aws_iam_access_key.a, aws_iam_access_key.b:"
            " run `terraform apply -refresh-only` and save the state anew"
        )
    }


def test_a_key_that_is_told_to_be_of_two_users_leaves_both_open(tmp_path: Path) -> None:
    things = [user("u", ONE, "u"), user("v", ONE, "v"), key("AKIA1", "u", "a"), key("AKIA1", "v", "b")]
    found = readings(tmp_path, version_4(things))
    assert (keys_of(found), set(unread(found))) == ({ONE: []}, {(ONE, "u"), (ONE, "v")})


def test_a_key_that_is_told_to_be_in_two_accounts_is_judged_in_neither(tmp_path: Path) -> None:
    things = [user("u", ONE, "one"), user("u", TWO, "two", provider="aws.two")]
    things += [key("AKIA1", "u", "one"), key("AKIA1", "u", "two", provider="aws.two")]
    found = readings(tmp_path, version_4(things))
    assert (keys_of(found), set(unread(found))) == ({ONE: [], TWO: []}, {(ONE, "u"), (TWO, "u")})


@pytest.mark.parametrize(
    ("attributes", "path", "tags"),
    [
        ({}, "/team/", {"a": "1", "b": "2"}),
        ({"path": "/"}, None, {"a": "1", "b": "2"}),
        ({"tags_all": {"a": "2"}}, "/team/", None),
    ],
)
@forms
def test_in_what_a_user_is_told_twice_and_differently_is_not_known(
    tmp_path: Path, form: Any, attributes: dict[str, Any], path: str | None, tags: dict[str, str] | None
) -> None:
    things = [user("u", ONE, "a"), user("u", ONE, "b", attributes=attributes), user("u", ONE, "c")]
    [account] = read(tmp_path, form(things))
    assert [(who.path, who.tags, who.id) for who in account.users] == [(path, tags, "AIDAU")]


@forms
def test_findings_tell_the_address_and_a_deposed_key_is_judged(tmp_path: Path, form: Any) -> None:
    old = {"create_date": "2026-01-01T00:00:00+02:00"}
    things = [
        user("u", ONE),
        key("AKIANEW", "u", depends_on=["aws_iam_user.u"]),
        key("AKIAOLD", "u", depends_on=["aws_iam_user.u"], attributes=old, deposed="0a1b2c3d"),
    ]
    opened = open_saved(written(tmp_path, form(things)), {})
    [account] = opened.accounts
    result = evaluate(policy(), account, NOW, show_all=True, addresses=opened.addresses)
    found = [(one.access_key_id, one.verdict, one.terraform_address) for one in result.findings]
    assert found == [
        ("AKIAOLD", "NON_COMPLIANT", "aws_iam_access_key.k (deposed object 0a1b2c3d)"),
        ("AKIANEW", "NON_COMPLIANT", "aws_iam_access_key.k"),
    ]
    without = evaluate(policy(), account, NOW, show_all=True)
    assert [one.terraform_address for one in without.findings] == [None, None]
