"""`keyage demo` tells its story without network, credentials or leftovers."""

import json
import re
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.processes import here, keyage

HOSTILE = {"AWS_PROFILE": "none", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}


class Toured(NamedTuple):
    """A folder in which the tour was made, and what it said."""

    folder: Path
    told: str


@pytest.fixture(scope="module")
def first_tour(tmp_path_factory: pytest.TempPathFactory) -> Toured:
    folder = tmp_path_factory.mktemp("tour")
    done = keyage(folder, "demo", HOME=str(folder), **HOSTILE)
    assert (done.returncode, done.stderr) == (0, "")
    return Toured(folder, done.stdout)


@pytest.fixture
def toured(first_tour: Toured, tmp_path: Path) -> Toured:
    """A folder of its own for every test."""
    shutil.copytree(first_tour.folder, tmp_path, dirs_exist_ok=True)
    return first_tour._replace(folder=tmp_path)


def test_the_story(toured: Toured) -> None:
    folder, told = toured
    table = told.partition("Non-compliant (2)\n")[2]
    users = ["svc-reports", "svc-ledger", "sftp-legacy", "svc-mailer"]
    assert [table.find(user) for user in users] == sorted(table.find(user) for user in users)
    assert "7 keys judged of 6 users in 2 accounts: 2 non-compliant, 1 exempt, 3 compliant, 1 not active" in table
    planned, _, taken_back = told.partition("AWS Config runs its rule:")[0].partition("`keyage remediate undo")
    assert re.findall(r"^(1 step: .*)$", planned, re.MULTILINE) == [
        "1 step: 1 to deactivate. Nothing was changed.",
        "1 step: 1 done.",
    ]
    assert "1 step: 1 undone." in taken_back
    deployed = told.partition("AWS Config runs its rule:")[2]
    verdicts = dict(re.findall(r"^  (\S+) +(COMPLIANT|NON_COMPLIANT)", deployed, re.MULTILINE))
    assert [user for user, verdict in verdicts.items() if verdict != "COMPLIANT"] == ["svc-ledger", "svc-reports"]
    assert re.search(r"svc-ledger +AKIA\w+  hold: protected: used at", deployed)
    assert re.search(r"svc-reports +AKIA\w+  deactivate: older than 30 days", deployed)
    assert "7 keys judged of 6 users in 2 accounts: 1 non-compliant, 1 exempt, 3 compliant, 2 not active" in deployed
    rotated = told.partition("`keyage rotate svc-ledger --to secretsmanager:prod/ledger`")[2]
    assert re.findall(r"^svc-ledger in 111122223333: ([a-z ]+)$", rotated, re.MULTILINE) == ["proved", "retired"]
    assert re.search(r"^  AKIA\w+  Inactive  last used .*\n  AKIA\w+  Active    last used", rotated, re.MULTILINE)
    assert [path.name for path in folder.iterdir()] == ["keyage-demo"]
    assert sorted(path.name for path in (folder / "keyage-demo").iterdir()) == [
        "accounts.yaml",
        "build",
        "journal.jsonl",
        "plan.json",
        "policies.yaml",
        "snapshot.json",
    ]


def test_what_it_says_to_try_next_works(toured: Toured) -> None:
    commands = [
        re.split(r"keyage |checker ", line.partition("#")[0], maxsplit=1)[1].split()
        for line in toured.told.splitlines()
        if re.match(r"  \S.*(keyage|checker) (check|explain|render) ", line)
    ]
    assert [command[0] for command in commands] == ["check", "check", "explain", "explain", "render"]
    done = [here(toured.folder / "keyage-demo", *command) for command in commands]
    assert [each.returncode for each in done] == [1, 1, 0, 0, 0]
    assert json.loads(done[1].stdout)["summary"]["exempt"] == 1
    assert "maxAccessKeyAge 30 days, by prod-service-users (policies.yaml:8)" in done[2].stdout
    assert "legacy-sftp (policies.yaml:15): applies until" in done[3].stdout


def test_again_leaves_what_was_played_with(toured: Toured) -> None:
    (toured.folder / "keyage-demo" / "policies.yaml").write_text("# mine\n")
    again = here(toured.folder, "demo")
    assert (again.returncode, again.stderr) == (0, "")
    assert sorted(path.name for path in toured.folder.iterdir()) == ["keyage-demo", "keyage-demo-2"]
    assert (toured.folder / "keyage-demo" / "policies.yaml").read_text() == "# mine\n"


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    assert here(tmp_path, "demo", "--output", ".").returncode == 0
    assert (tmp_path / "snapshot.json").exists()


@pytest.mark.parametrize("used", ["policies.yaml", "notes.txt", ".git"])
def test_a_folder_in_use_is_2_and_stays(used: str, tmp_path: Path) -> None:
    (tmp_path / used).write_text("mine\n")
    done = keyage(tmp_path, "demo", "--output", ".")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: . is not empty: the demo writes into a new or empty folder; name one with --output\n"
    )
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {used: "mine\n"}


def test_a_folder_that_cannot_be_made_is_4(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = keyage(tmp_path, "demo", "--output", "file/below")
    assert (done.returncode, done.stdout, done.stderr) == (4, "", "error: cannot write file/below: Not a directory\n")
