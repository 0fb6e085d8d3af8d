"""The time of saved state, the clock and the keys do not always fit together: every format says so, and a warning."""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.commands.test_check import CSV, ROW
from tests.support.processes import ACCOUNT, KEY, NOW, YOUNG, here, policy_folder

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
LATER = YOUNG.replace("]}", "," + KEY % ("LATER", "2026-11-23T13:00:00Z") + "]}")

SINCE = "keys made or changed since are not known: save it again"
NEW = "the instant of the verdicts, and counts as new: correct the clock of this machine, or --now"


def instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def folder(path: Path, taken_at: str = NOW, users: str = YOUNG) -> Path:
    """With the same state as a snapshot of each kind and as an answer of the AWS CLI, all of that time."""
    policy_folder(path)
    account = json.loads(ACCOUNT % users)
    (path / "s.json").write_text(json.dumps({"schemaVersion": 1, "takenAt": taken_at, "accounts": [account]}))
    (path / "s.jsonl").write_text(json.dumps(account | {"takenAt": taken_at}) + "\n")
    answer = {"Content": base64.b64encode((CSV + ROW).encode()).decode(), "GeneratedTime": taken_at}
    (path / "answer.json").write_text(json.dumps(answer))
    return path


def warnings(path: Path, *arguments: str, verb: tuple[str, ...] = ("check",)) -> list[str]:
    lines = here(path, *verb, *arguments, "--now", NOW).stderr.splitlines()
    return [line for line in lines if line.startswith("warning: ")]


DATED = ("s.json", "s.jsonl", "answer.json")
VERBS = {
    "check": ("check",),
    "diff": ("diff", "policies.yaml", "policies.yaml"),
    "explain": ("explain", "young"),
}


@pytest.mark.parametrize("name", DATED)
@pytest.mark.parametrize("hours", [-1 / 12, 0, 24])
def test_state_of_today_is_judged_without_a_warning(tmp_path: Path, name: str, hours: float) -> None:
    folder(tmp_path, instant(AT - timedelta(hours=hours)))
    assert warnings(tmp_path, "--from", name) == []


def test_state_that_does_not_tell_its_time_is_no_reason_for_a_warning(tmp_path: Path) -> None:
    policy_folder(tmp_path)
    (tmp_path / "r.csv").write_text(CSV + ROW)
    assert [warnings(tmp_path, "--from", name) for name in ("s.jsonl", "r.csv")] == [[], []]


@pytest.mark.parametrize("name", DATED)
def test_old_state_is_warned_about_and_changes_no_exit_code(tmp_path: Path, name: str) -> None:
    folder(tmp_path, "2021-11-24T13:00:00+01:00")
    assert warnings(tmp_path, "--from", name) == [f"warning: {name} is of 2021-11-24 12:00 UTC, 1825 days old: {SINCE}"]
    assert here(tmp_path, "check", "--from", name, "--now", NOW).returncode == 0
    assert warnings(tmp_path, "--from", name, "--quiet") == []


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
@pytest.mark.parametrize(
    ("taken_at", "words"),
    [
        (instant(AT - timedelta(hours=24, seconds=1)), ["is of 2026-11-22 11:59 UTC, more than a day old"]),
        (instant(AT + timedelta(minutes=6)), ["was saved on 2026-11-23 12:06 UTC, which is after", "clock", "--now"]),
    ],
)
def test_every_verb_that_reads_saved_state_warns(
    tmp_path: Path, verb: tuple[str, ...], taken_at: str, words: list[str]
) -> None:
    [warning] = warnings(folder(tmp_path, taken_at), "--from", "s.json", verb=verb)
    assert [word for word in words if word not in warning] == []


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
def test_a_key_from_the_future_is_warned_about(tmp_path: Path, verb: tuple[str, ...]) -> None:
    folder(tmp_path, users=LATER)
    assert warnings(tmp_path, "--from", "s.json", verb=verb) == [
        f"warning: 1 key was created after 2026-11-23 12:00 UTC, {NEW}"
    ]


def test_a_clock_that_is_a_little_slow_is_no_reason_for_a_warning(tmp_path: Path) -> None:
    folder(tmp_path, users=LATER.replace("13:00:00", "12:05:00"))
    assert warnings(tmp_path, "--from", "s.json") == []


def test_joined_lines_are_as_old_as_the_oldest_and_of_no_known_time_where_one_is(tmp_path: Path) -> None:
    old, new, untold = (
        json.dumps({"id": f"00000000000{number}", "users": []} | time)
        for number, time in enumerate(({"takenAt": "2026-11-01T00:00:00Z"}, {"takenAt": NOW}, {}))
    )
    policy_folder(tmp_path)
    (tmp_path / "two.jsonl").write_text(f"{new}\n{old}\n")
    (tmp_path / "three.jsonl").write_text(f"{new}\n{old}\n{untold}\n")
    told = [here(tmp_path, "check", "--from", name, "--now", NOW).stdout for name in ("two.jsonl", "three.jsonl")]
    assert "in 2 accounts as of 2026-11-01 00:00 UTC: " in told[0]
    assert "in 3 accounts as of a time that is not known: " in told[1]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("table", "in 000000000001 web as of 2021-11-24 12:00 UTC: "),
        ("markdown", "in 1 account as of 2021-11-24 12:00 UTC; "),
        ("html", "in 1 account as of 2021-11-24 12:00 UTC."),
        ("json", '"source": {"kind":"snapshot","exact":true,"takenAt":"2021-11-24T12:00:00Z"}'),
    ],
)
def test_each_format_with_a_head_tells_the_time_of_the_state(tmp_path: Path, name: str, words: str) -> None:
    folder(tmp_path, "2021-11-24T13:00:00+01:00")
    assert words in here(tmp_path, "check", "--from", "s.json", "--now", NOW, "--format", name).stdout


@pytest.mark.parametrize("taken_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-05:00"])
def test_a_time_at_an_end_of_the_calendar_is_a_warning_too(tmp_path: Path, taken_at: str) -> None:
    folder(tmp_path, taken_at)
    assert [len(warnings(tmp_path, "--from", name)) for name in ("s.json", "s.jsonl")] == [1, 1]
