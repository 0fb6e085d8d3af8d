"""The real command against an emulator on loopback: nothing is patched in its process."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.fakes.served_organization import credentials
from tests.support.moto_server import moto_server
from tests.support.processes import POLICY, keyage

LATER = "2036-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_server() as url:
        iam = boto3.client(
            "iam", endpoint_url=url, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
        )
        for number in range(3):
            iam.create_user(UserName=f"u{number}", Tags=[{"Key": "team", "Value": "x"}])
            iam.create_access_key(UserName=f"u{number}")
        iam.close()
        yield url


@pytest.mark.parametrize(("now", "code", "found"), [(None, 0, 0), (LATER, 1, 3)], ids=["now", "in ten years"])
def test_check(endpoint: str, tmp_path: Path, now: str | None, code: int, found: int) -> None:
    (tmp_path / "policies.yaml").write_text(POLICY)
    done = keyage(tmp_path, "check", "--format", "json", *(["--now", now] if now else []), **credentials(endpoint))
    report = json.loads(done.stdout)
    assert (done.returncode, report["summary"]["users"], report["summary"]["nonCompliant"]) == (code, 3, found)
    assert report["accounts"][0]["apiCalls"].get("ListAccessKeys", 0) == found


def test_diff_judges_the_live_account_by_both_policies(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(POLICY)
    (tmp_path / "head.yaml").write_text(POLICY + "rules: [{id: x, users: {tags: {team: x}}, maxAccessKeyAge: 3650}]\n")
    now = "2027-06-01T00:00:00Z"
    arguments = ("base.yaml", "head.yaml", "--live", "--format", "json", "--now", now)
    done = keyage(tmp_path, "diff", *arguments, **credentials(endpoint))
    state = json.loads(done.stdout)["state"]
    assert (done.returncode, state["keys"], state["unreadable"], len(state["limits"])) == (0, 3, [], 3)
    assert [len(keys) for keys in state["become"].values()] == [0, 0, 3]


def test_a_snapshot_gives_the_verdicts_of_the_live_account(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text(POLICY)
    taken = keyage(tmp_path, "snapshot", "-o", "s.json", "--user-tags", "--now", LATER, **credentials(endpoint))
    assert (taken.returncode, taken.stderr) == (0, "s.json: account 123456789012, 3 users, 3 keys\n")
    live = keyage(tmp_path, "check", "--format", "json", "--now", LATER, **credentials(endpoint))
    offline = keyage(tmp_path, "check", "--format", "json", "--now", LATER, "--from", "s.json")
    assert json.loads(offline.stdout)["keys"] == json.loads(live.stdout)["keys"]
    assert json.loads((tmp_path / "s.json").read_text())["accounts"][0]["users"][0]["tags"] == {"team": "x"}


def test_a_snapshot_on_standard_output_is_the_same_snapshot(endpoint: str, tmp_path: Path) -> None:
    keyage(tmp_path, "snapshot", "-o", "s.json", "--now", LATER, **credentials(endpoint))
    assert (
        keyage(tmp_path, "snapshot", "--now", LATER, **credentials(endpoint)).stdout
        == (tmp_path / "s.json").read_text()
    )
