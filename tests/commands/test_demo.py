"""`keyage demo` tells its story without network, credentials or leftovers."""

import json
import re
from pathlib import Path

from tests.commands.processes import keyage

HOSTILE = {"AWS_PROFILE": "none", "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1"}


def test_the_story(tmp_path: Path) -> None:
    done = keyage(tmp_path, "demo", HOME=str(tmp_path), **HOSTILE)
    assert (done.returncode, done.stderr) == (0, "")
    table = done.stdout.partition("Non-compliant (2)\n")[2]
    users = ["svc-reports", "svc-ledger", "sftp-legacy", "svc-mailer"]
    assert [table.find(user) for user in users] == sorted(table.find(user) for user in users)
    assert "7 keys judged of 6 users in 2 accounts: 2 non-compliant, 1 exempt, 3 compliant, 1 not active" in table
    deployed = done.stdout.partition("AWS Config runs its rule:")[2]
    verdicts = dict(re.findall(r"^  (\S+) +(COMPLIANT|NON_COMPLIANT)", deployed, re.MULTILINE))
    assert [user for user, verdict in verdicts.items() if verdict != "COMPLIANT"] == ["svc-ledger", "svc-reports"]
    assert re.search(r"svc-ledger +AKIA\w+  left: protected: used at", deployed)
    assert re.search(r"svc-reports +AKIA\w+  deactivated: older than 30 days", deployed)
    assert "7 keys judged of 6 users in 2 accounts: 1 non-compliant, 1 exempt, 3 compliant, 2 not active" in deployed
    assert [path.name for path in tmp_path.iterdir()] == ["keyage-demo"]
    assert sorted(path.name for path in (tmp_path / "keyage-demo").iterdir()) == [
        "accounts.yaml",
        "build",
        "policies.yaml",
        "snapshot.json",
    ]


def test_what_it_says_to_try_next_works(tmp_path: Path) -> None:
    told = keyage(tmp_path, "demo").stdout
    commands = [
        re.split(r"keyage |checker ", line.partition("#")[0], maxsplit=1)[1].split()
        for line in told.splitlines()
        if re.match(r"  \S.*(keyage|checker) (check|explain|render) ", line)
    ]
    assert [command[0] for command in commands] == ["check", "check", "explain", "explain", "render"]
    done = [keyage(tmp_path / "keyage-demo", *command) for command in commands]
    assert [each.returncode for each in done] == [1, 1, 0, 0, 0]
    assert json.loads(done[1].stdout)["summary"]["exempt"] == 1
    assert "maxAccessKeyAge 30 days, by prod-service-users (policies.yaml:8)" in done[2].stdout
    assert "legacy-sftp (policies.yaml:15): applies until" in done[3].stdout


def test_again_in_the_same_folder(tmp_path: Path) -> None:
    assert keyage(tmp_path, "demo", "--output", "here").returncode == 0
    assert keyage(tmp_path, "demo", "--output", "here").returncode == 0
