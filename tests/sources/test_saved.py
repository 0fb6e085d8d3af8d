"""Saved state: snapshots, JSON Lines and credential reports."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from checker.errors import KeyageError, Unreadable, UsageError
from checker.evaluate import AccountRead, evaluate
from checker.rule import decision
from checker.sources import snapshot
from checker.sources.saved import open_saved
from tests.aws.fixtures import NOW, Emulated, policy

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
    return list(open_saved(path, {}).accounts)


def test_accounts_come_by_id_whatever_their_order(tmp_path: Path) -> None:
    lines = [ACCOUNT % "000000000002", ACCOUNT % "000000000001"]
    for name, text in (("s.json", SNAPSHOT % ",".join(lines)), ("s.jsonl", "\n\n".join(lines) + "\n")):
        assert [read.account.id for read in saved(tmp_path, name, text)] == ["000000000001", "000000000002"]


def test_the_inventory_fills_in_what_a_snapshot_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(SNAPSHOT % (ACCOUNT % "000000000001").replace('"name":null', '"name":"then"'))
    known = {"000000000001": decision.Account("000000000001", "now", "Root/Prod", {"env": "prod"})}
    account = next(iter(open_saved(path, known).accounts)).account
    assert (account.name, account.ou, account.tags) == ("then", "Root/Prod", {"env": "prod"})


def test_an_offset_is_the_same_instant(tmp_path: Path) -> None:
    line = (ACCOUNT % "000000000001").replace("[]", "[" + USER % "2026-08-25T14:00:00+02:00" + "]")
    read = saved(tmp_path, "s.jsonl", line)[0]
    finding = evaluate(policy(), read, NOW, show_all=True).findings[0]
    assert (finding.verdict, finding.create_date) == ("COMPLIANT", datetime(2026, 8, 25, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("s.json", SNAPSHOT % "", "no account is in it, so nothing can be said"),
        ("s.jsonl", "\n", "no account is in it, so nothing can be said"),
        ("s.json", "{", "not a keyage snapshot"),
        ("s.json", SNAPSHOT.replace("1", "2", 1) % "", "schemaVersion 2 is not known; this keyage reads version 1"),
        ("s.json", SNAPSHOT % '{"id":"1","users":[]}', "matching regex '^[0-9]{12}$' - at `$.accounts[0].id`"),
        ("s.jsonl", "\n" + ACCOUNT % "000000000001" + "\n" + ACCOUNT % "000000000001", "more than once"),
        ("s.jsonl", ACCOUNT % "000000000001" + "\n{}", "s.jsonl:2: not a keyage snapshot"),
        ("s.jsonl", '{"id":"000000000001"}', "missing required field `users`"),
        ("s.jsonl", (ACCOUNT % "000000000001").replace("[]", '[{"name":"u"}]'), "missing required field `keys`"),
        ("s.jsonl", (ACCOUNT % "000000000001").replace("[]", "[" + USER % "2026-01-01T00:00:00" + "]"), "timezone"),
        ("r.csv", HEADER, "lacks the columns"),
        ("r.csv", "user,arn\nu,arn\n", "lacks the columns access_key_1_active"),
        ("r.csv", HEADER + "u,arn\n", "breaks off in line 2"),
        ("r.csv", HEADER + ROW % ("true", "N/A"), "u has an active key without a date in access_key_1_last_rotated"),
        ("r.csv", HEADER + (ROW % ("false", "N/A")).replace("arn:aws", "x"), "has no ARN with an account id"),
    ],
)
def test_a_broken_file_is_unreadable_never_empty(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(Unreadable) as raised:
        saved(tmp_path, name, text)
    assert message in str(raised.value)


@pytest.mark.parametrize("text", ["", "hello", "\x00\x01"], ids=["empty", "text", "binary"])
def test_a_file_of_another_kind_is_a_usage_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="neither a keyage snapshot"):
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
    read = next(iter(opened.accounts))
    assert (opened.kind, opened.exact) == ("credential-report", False)
    assert read.notes[0].startswith("judged from a credential report: ages count from the last activation")


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
    texts = {"s.json": snapshot.write_json([read], NOW), "s.jsonl": snapshot.write_lines([read])}
    for name, data in texts.items():
        again = saved(tmp_path, name, data.decode())[0]
        assert evaluate(policy(), again, NOW, show_all=True).findings == expected.findings
