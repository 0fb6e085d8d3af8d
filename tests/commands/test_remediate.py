"""`keyage remediate plan` as a person types it."""

import json
from pathlib import Path

import pytest

from tests.support.processes import NOW, OLD, YOUNG, here, policy_folder

REMEDIATES = "version: 1\ndefault: {maxAccessKeyAge: 90}\nremediation: {action: deactivate}\n"
PLAN = ("remediate", "plan", "--from", "s.jsonl", "--now", NOW)
BROKEN = '{"id":"000000000002","name":null,"users":[{"name":"u","path":"/","tags":null,"keys":[]}]}\n'


@pytest.mark.parametrize(("policy", "users"), [(REMEDIATES, YOUNG), (REMEDIATES.partition("remediation")[0], OLD)])
def test_0_where_nothing_is_to_be_done(tmp_path: Path, policy: str, users: str) -> None:
    done = here(policy_folder(tmp_path, policy, users), *PLAN)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("Nothing to do. Nothing was changed.\n")


def test_1_where_there_is(tmp_path: Path) -> None:
    done = here(policy_folder(tmp_path, REMEDIATES, f"{OLD},{YOUNG}"), *PLAN)
    assert (done.returncode, done.stdout) == (
        1,
        """\
To do (1)
User  Access key    Age  Step        Why                 Rule     Then
──────────────────────────────────────────────────────────────────────
old   AKIAOLD     326 d  deactivate  older than 90 days  default

Kept (1)
  1 key: not older than 90 days

1 step: 1 to deactivate. Nothing was changed.
""",
    )


def test_the_plan_is_written_too(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path, REMEDIATES, f"{OLD},{YOUNG}")
    done = here(folder, *PLAN, "-o", "plan.json")
    assert done.returncode == 1
    assert done.stderr == "note: plan.json can be applied until 2026-11-24 12:00 UTC\n"
    plan = json.loads((folder / "plan.json").read_text())
    assert [list(plan), plan["plannedAt"], plan["expiresAt"], plan["incomplete"]] == [
        ["schemaVersion", "plannedAt", "policy", "expiresAt", "incomplete", "accounts", "steps", "kept"],
        "2026-11-23T12:00:00Z",
        "2026-11-24T12:00:00Z",
        [],
    ]
    assert [(step["accessKeyId"], step["step"]) for step in (*plan["steps"], *plan["kept"])] == [
        ("AKIAOLD", "deactivate"),
        ("AKIAYOUNG", "keep"),
    ]


def test_2_for_a_plan_in_place_of_the_policy(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path, REMEDIATES, OLD)
    done = here(folder, *PLAN, "-o", "policies.yaml")
    assert (done.returncode, (folder / "policies.yaml").read_text()) == (2, REMEDIATES)


def test_3_where_a_use_is_not_known(tmp_path: Path) -> None:
    policy = REMEDIATES.replace("deactivate}", "deactivate, protectUsedWithinDays: 7}")
    users = OLD.replace('"status"', '"lastUsedKnown":false,"status"')
    done = here(policy_folder(tmp_path, policy, users), *PLAN)
    assert done.returncode == 3
    assert "Accounts known in part (1)\n  000000000001 web: the last use of 1 key is not known" in done.stdout
