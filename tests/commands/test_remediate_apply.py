"""`keyage remediate apply` as a person types it: what it refuses before it calls anything, and its exit codes."""

import errno
import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.exceptions import LimitExceededException
from moto.iam.models import IAMBackend

from checker.embedded import aws
from tests.fakes.served_organization import credentials
from tests.support.moto_server import moto_server
from tests.support.planned import STEP
from tests.support.processes import KEYAGE, STARTED_ANEW, environment, here, keyage

POLICY = "version: 1\ndefault: {maxAccessKeyAge: 90}\nremediation: {action: delete, deleteAfterDays: 30}\n"
NOWHERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
APPLY = ("remediate", "apply", "plan.json", "--journal", "j.jsonl")


def written(folder: Path, *steps: dict[str, Any], age: timedelta = timedelta(), **changed: Any) -> Path:
    """A folder with a policy and a plan of that age made from it."""
    now = datetime.now(UTC) - age
    plan = {
        "schemaVersion": 1,
        "plannedAt": now.isoformat(),
        "policy": {"file": "policies.yaml", "sha256": hashlib.sha256(POLICY.encode()).hexdigest()},
        "expiresAt": (now + timedelta(days=1)).isoformat(),
        "steps": steps,
        "kept": [],
    }
    (folder / "policies.yaml").write_text(POLICY)
    (folder / "plan.json").write_text(json.dumps(plan | changed))
    return folder


def test_a_plan_without_steps_is_done_and_asks_nothing(tmp_path: Path) -> None:
    done = here(written(tmp_path), *APPLY, "--yes", **NOWHERE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Nothing to do.\n", "")


@pytest.mark.parametrize(
    ("arguments", "plan", "message"),
    [
        ((), {"age": timedelta(days=2)}, "plan.json could be applied until"),
        ((), {"policy": {"file": "policies.yaml", "sha256": "0"}}, "was made from another policy than policies.yaml"),
        (
            (),
            {"steps": [STEP, STEP | {"accessKeyId": "AKIAXXXXXXXXXXXY"}]},
            "has 2 steps, more than --max-changes 1: look through",
        ),
        ((), {"steps": {}}, "plan.json:1: this is not a plan: Expected `array`, got `object` - at `$.steps`"),
        (("--role-name", "keyage-audit"), {}, "that role only reads"),
        (("--role-name", "x/keyage-audit"), {}, "that role only reads"),
    ],
)
def test_2_and_nothing_is_called(
    tmp_path: Path, arguments: tuple[str, ...], plan: dict[str, Any], message: str
) -> None:
    folder = written(tmp_path, STEP, **plan)
    done = here(folder, *APPLY, "--yes", "--max-changes", "1", *arguments, **NOWHERE)
    assert (done.returncode, done.stdout, message in done.stderr) == (2, "", True)
    assert not (folder / "j.jsonl").exists()


def test_2_where_nobody_can_be_asked(tmp_path: Path) -> None:
    done = here(written(tmp_path, STEP), *APPLY, **NOWHERE)
    assert (done.returncode, done.stdout) == (2, "")
    assert "give --yes; nothing was changed" in done.stderr


@pytest.mark.parametrize("name", ["plan.json", "policies.yaml"])
def test_2_for_a_journal_in_place_of_what_is_read(tmp_path: Path, name: str) -> None:
    folder = written(tmp_path, STEP)
    before = (folder / name).read_bytes()
    done = here(folder, *APPLY[:4], name, "--yes", **NOWHERE)
    assert (done.returncode, (folder / name).read_bytes()) == (2, before)


def test_2_for_a_journal_of_another_plan(tmp_path: Path) -> None:
    folder = written(tmp_path, STEP)
    line = {name: STEP[name] for name in ("account", "user", "userId", "accessKeyId", "step", "why")}
    other = {
        "at": "2026-01-01T00:00:00Z",
        "plan": "0",
        "event": "left",
        "before": None,
        "after": None,
        "requestId": None,
    }
    (folder / "j.jsonl").write_text(f"{json.dumps(other | line, separators=(',', ':'))}\n")
    done = here(folder, *APPLY, "--yes", **NOWHERE)
    assert (done.returncode, "j.jsonl:1: this is the journal of another plan" in done.stderr) == (2, True)


@pytest.fixture
def endpoint() -> Iterator[str]:
    with moto_server() as url:
        yield url


def old(name: str) -> Any:
    now = datetime.now(UTC)
    aws.add_user(DEFAULT_ACCOUNT_ID, name, now - timedelta(days=200))
    return aws.add_key(DEFAULT_ACCOUNT_ID, name, now - timedelta(days=100))


def planned(folder: Path, endpoint: str) -> Path:
    (folder / "policies.yaml").write_text(POLICY)
    assert keyage(folder, "remediate", "plan", "-o", "plan.json", **credentials(endpoint)).returncode == 1
    return folder


def test_0_where_all_is_done_and_again_with_its_journal(endpoint: str, tmp_path: Path) -> None:
    key = old("u")
    folder = planned(tmp_path, endpoint)
    done = keyage(folder, *APPLY, "--yes", **credentials(endpoint))
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"""\
Done (1)
User  Access key            Step        Why
──────────────────────────────────────────────────────────
u     {key.access_key_id}  deactivate  older than 90 days

1 step: 1 done.
""",
        "",
    )
    assert key.status == "Inactive"
    again = keyage(folder, *APPLY, "--yes", **NOWHERE)
    assert (again.returncode, again.stdout) == (0, done.stdout)


FREEZING = f"""{POLICY}exemptions:
  - id: hold
    accounts: {{ou: Root/Frozen}}
    reason: a release
    approvedBy: a@example.com
    expires: {datetime.now(UTC).year + 1}-06-30
"""


@pytest.mark.parametrize("known_before", [False, True])
def test_an_exemption_by_a_newer_inventory_holds(endpoint: str, tmp_path: Path, *, known_before: bool) -> None:
    """Whether the plan knew another OU of the account, or none."""
    key = old("u")
    inventory = tmp_path / "inventory.yaml"
    accounts = f"version: 1\naccounts:\n  - {{id: '{DEFAULT_ACCOUNT_ID}', ou: Root/"
    (tmp_path / "policies.yaml").write_text(FREEZING)
    inventory.write_text(f"{accounts}Dev}}\n")
    plan = ("remediate", "plan", "--inventory", "inventory.yaml", "-o", "plan.json")
    assert keyage(tmp_path, *plan, **credentials(endpoint)).returncode == 1
    if not known_before:
        text = json.loads((tmp_path / "plan.json").read_text())
        (tmp_path / "plan.json").write_text(json.dumps(text | {"accounts": []}))
    inventory.write_text(f"{accounts}Frozen}}\n")
    done = here(tmp_path, *APPLY, "--inventory", "inventory.yaml", "--yes", **credentials(endpoint))
    assert (done.returncode, done.stdout.splitlines()[-1], key.status) == (1, "1 step: 1 left.", "Active")
    assert "now keep: exempt by hold" in done.stdout


def test_1_where_something_is_left(endpoint: str, tmp_path: Path) -> None:
    old("v")
    key = old("u")
    folder = planned(tmp_path, endpoint)
    key.status = "Inactive"
    done = keyage(folder, *APPLY, "--yes", **credentials(endpoint))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "2 steps: 1 done, 1 left.")


def test_3_where_something_fails(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old("u")
    folder = planned(tmp_path, endpoint)
    monkeypatch.setattr(IAMBackend, "update_access_key", refused)
    done = keyage(folder, *APPLY, "--yes", **credentials(endpoint))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (3, "1 step: 1 failed.")
    assert "UpdateAccessKey failed with LimitExceeded: stand-in" in done.stdout


def refused(*_asked: object) -> None:
    raise LimitExceededException("stand-in")


def test_130_after_the_step_in_hand(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [old(name) for name in "ab"]
    folder = planned(tmp_path, endpoint)
    plain = IAMBackend.update_access_key
    running: list[subprocess.Popen[str]] = []

    def interrupts(*asked: Any, **more: Any) -> None:
        running[0].send_signal(signal.SIGINT)
        plain(*asked, **more)

    monkeypatch.setattr(IAMBackend, "update_access_key", interrupts)
    command = [*STARTED_ANEW, *APPLY, "--yes"]
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=folder, env=environment(**credentials(endpoint)), **streams) as process:
        running.append(process)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out.splitlines()[-1]) == (130, "2 steps: 1 done, 1 not begun.")
    assert err == "note: interrupted: the step in hand is finished first; Ctrl-C again ends at once\n"
    assert [key.status for key in keys] == ["Inactive", "Active"]
    events = [json.loads(line)["event"] for line in (folder / "j.jsonl").read_text().splitlines()]
    assert events == ["begin", "done", "begin", "done"]
    monkeypatch.setattr(IAMBackend, "update_access_key", plain)
    assert keyage(folder, *APPLY, "--yes", **credentials(endpoint)).returncode == 0
    assert [key.status for key in keys] == ["Inactive", "Inactive"]


FULL = (
    "error: cannot write j.jsonl: No space left on device; "
    "nothing more was begun: mend that, and type the same command again, which goes on from there\n"
)
NO_END = "begun, and the journal does not say how it ended"


def full_at(line: int) -> Any:
    """While it lasts the disk is full at so many lines of a journal."""
    plain = os.write
    lines: list[bytes] = []

    def write(handle: int, data: bytes) -> int:
        if data.startswith(b'{"at":'):
            lines.append(data)
            if len(lines) == line:
                raise OSError(errno.ENOSPC, "No space left on device")
        return plain(handle, data)

    return patch.object(os, "write", write)


@pytest.mark.parametrize(
    ("line", "told", "statuses"),
    [
        (1, ["not begun", "not begun"], ["Active", "Active"]),
        (2, [NO_END, "not begun"], ["Inactive", "Active"]),
        (3, ["done, but not surely the mark that belongs to it", "not begun"], ["Inactive", "Active"]),
        (5, ["older than 90 days", "not begun"], ["Inactive", "Active"]),
    ],
)
def test_4_where_the_journal_cannot_be_written_any_more(
    endpoint: str, tmp_path: Path, line: int, told: list[str], statuses: list[str]
) -> None:
    keys = [old(name) for name in "ab"]
    folder = planned(tmp_path, endpoint)
    with full_at(line):
        done = here(folder, *APPLY, "--yes", **credentials(endpoint))
    assert (done.returncode, done.stderr) == (4, FULL)
    whys = ["the journal could not be written" if why == "not begun" else why for why in told]
    rows = {row.split()[0]: row for row in done.stdout.splitlines() if row[:2] in ("a ", "b ")}
    assert [rows[name].endswith(f"deactivate  {why}") for name, why in zip("ab", whys, strict=True)] == [True, True]
    assert [key.status for key in keys] == statuses
    done = here(folder, *APPLY, "--yes", **credentials(endpoint))
    assert (done.returncode, [key.status for key in keys]) == (0, ["Inactive", "Inactive"])


@pytest.mark.parametrize(("line", "told"), [(1, "the journal could not be written"), (2, NO_END)])
def test_4_where_the_journal_of_an_undo_cannot_be_written(endpoint: str, tmp_path: Path, line: int, told: str) -> None:
    key = old("u")
    folder = planned(tmp_path, endpoint)
    assert here(folder, *APPLY, "--yes", **credentials(endpoint)).returncode == 0
    undo = ("remediate", "undo", "j.jsonl", "--yes")
    with full_at(line):
        done = here(folder, *undo, **credentials(endpoint))
    assert (done.returncode, done.stderr, f"deactivate  {told}\n" in done.stdout) == (4, FULL, True)
    done = here(folder, *undo, **credentials(endpoint))
    assert (done.returncode, key.status) == (0, "Active")


@pytest.mark.parametrize(("to", "why"), [("> /dev/full", "No space left on device"), (">&-", "it is closed")])
def test_4_where_what_was_done_cannot_be_printed(endpoint: str, tmp_path: Path, to: str, why: str) -> None:
    key = old("u")
    folder = planned(tmp_path, endpoint)
    command = ["bash", "-c", f'"$@" {to}', "keyage", *KEYAGE, *APPLY, "--yes"]
    settings: dict[str, Any] = {"capture_output": True, "text": True, "timeout": 60}
    done = subprocess.run(command, cwd=folder, env=environment(**credentials(endpoint)), **settings)
    where = "what was done is in j.jsonl: type the same command again to see it"
    assert done.stderr == f"error: cannot write standard output: {why}; {where}\n"
    assert (done.returncode, key.status) == (4, "Inactive")
