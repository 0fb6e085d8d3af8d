"""Files that have no end, or that nobody writes: said at once, and a pipe with a writer is read; real processes."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from checker.file_bytes import MOST, read_whole
from tests.support.processes import ACCOUNT, KEYAGE, NOW, OLD, POLICY, environment, policy_folder

NEITHER = "it is neither an ordinary file nor a pipe"
EMPTY = "it is a pipe, and nothing was written into it"
ORDINARY = "it is no ordinary file"
SNAPSHOT = '{"schemaVersion":1,"takenAt":"2026-11-23T12:00:00Z","accounts":[%s]}'
READ = {
    "policy": ("validate", "--policy", "{}"),
    "inventory": ("validate", "--inventory", "{}"),
    "policy of check": ("check", "--policy", "{}"),
    "base": ("diff", "{}", "policies.yaml"),
    "head": ("diff", "policies.yaml", "{}"),
    "tests": ("test", "--tests", "{}"),
    "saved": ("check", "--from", "{}", "--now", NOW),
    "saved of explain": ("explain", "old", "--from", "{}"),
    "saved of diff": ("diff", "policies.yaml", "policies.yaml", "--from", "{}"),
    "terraform": ("check", "--from", "s.jsonl", "--now", NOW, "--terraform-state", "{}"),
    "mute list": ("import-exemptions", "{}"),
}
TWICE = {
    "state": ("check", "--state", "{}"),
    "inventory to write": ("inventory", "-o", "{}"),
    "JSON Lines": ("check", "--from", "link.jsonl", "--now", NOW),
}
CASES = [
    *((READ[name], "/dev/zero", NEITHER) for name in READ),
    *((READ[name], "pipe", EMPTY) for name in READ),
    *((TWICE[name], file, ORDINARY) for name in TWICE for file in ("/dev/zero", "pipe")),
    (TWICE["state"], "/dev/full", ORDINARY),
    (("render", "-o", "build", "--check"), "pipe", ORDINARY),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "build").mkdir()
    for pipe in ("pipe", "build/manifest.json"):
        os.mkfifo(tmp_path / pipe)
    (tmp_path / "policies.test.yaml").write_text("tests: [{name: a, user: {name: x}, expect: {maxAccessKeyAge: 90}}]\n")
    (tmp_path / "s.json").write_text(SNAPSHOT % (ACCOUNT % OLD))
    return policy_folder(tmp_path, users=OLD)


def in_bash(folder: Path, line: str) -> tuple[int, str, str]:
    """Exit code and streams of a line in which "$@" is keyage, whose memory is bounded."""
    command = ["bash", "-c", f"ulimit -v 4000000; {line}", "keyage", *KEYAGE]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("arguments", "file", "why"), CASES, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_it_is_refused_at_once(folder: Path, arguments: tuple[str, ...], file: str, why: str) -> None:
    (folder / "link.jsonl").symlink_to(file)
    line = " ".join(argument.format(file) for argument in arguments)
    code, out, err = in_bash(folder, f'"$@" {line}')
    assert (code, out, err.endswith(f"{why}\n")) == (2, "", True)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('"$@" check --from <(cat s.json) --now 2026-11-23T12:00:00Z', 1),
        ('"$@" check --from <(sleep 1; cat s.json) --now 2026-11-23T12:00:00Z', 1),
        ('cat s.json | "$@" check --from /dev/stdin --now 2026-11-23T12:00:00Z', 1),
        ('"$@" check --from /dev/stdin --now 2026-11-23T12:00:00Z < s.json', 1),
        ('cat s.json > pipe & "$@" check --from pipe --now 2026-11-23T12:00:00Z', 1),
        ('"$@" validate --policy <(cat policies.yaml) --inventory <(echo "{version: 1, accounts: []}")', 0),
        ('"$@" diff <(cat policies.yaml) <(cat policies.yaml)', 0),
        ('"$@" test --tests <(cat policies.test.yaml)', 0),
        ('"$@" check --from s.jsonl --terraform-state <(echo \'{"format_version":"1.0"}\')', 1),
    ],
)
def test_a_pipe_that_somebody_writes_is_read(folder: Path, line: str, code: int) -> None:
    done = in_bash(folder, line)
    assert (done[0], done[2]) == (code, "")


def test_a_pipe_is_read_to_its_end(folder: Path) -> None:
    users = ",".join(OLD.replace("old", f"user-{number}").replace("OLD", str(number)) for number in range(9000))
    (folder / "s.json").write_text(SNAPSHOT % (ACCOUNT % users))
    code, out, _err = in_bash(folder, f'"$@" check --from <(cat s.json) --now {NOW} --format json')
    assert (code, len(json.loads(out)["keys"])) == (1, 9000)


def test_a_pipe_without_end_ends(folder: Path) -> None:
    code, out, err = in_bash(folder, '"$@" check --from <(yes)')
    assert (code, out, err.endswith(": it is larger than 512 MiB\n")) == (2, "", True)
    code, out, err = in_bash(folder, '"$@" validate --policy <(yes)')
    assert (code, out, err.endswith(": larger than 1 MiB: split the file\n")) == (2, "", True)


def test_what_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(MOST + 1)
    with pytest.raises(OSError, match="it is larger than 512 MiB"):
        read_whole(tmp_path / "large")


def test_what_is_not_there_is_no_pipe(tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text(POLICY)
    with pytest.raises(FileNotFoundError):
        read_whole(tmp_path / "none")
