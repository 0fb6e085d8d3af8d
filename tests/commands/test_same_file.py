"""A file that a verb writes is none that it reads or writes beside; each case is a real process."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import KEYAGE, NOW, OLD, environment, keyage, policy_folder

SAVED = ("check", "--from", "s.jsonl", "--now", NOW)
STATE = '{"format_version":"1.0"}'
TEST = "tests: [{name: a, user: {name: x}, expect: {maxAccessKeyAge: 90}}]\n"
CASES = {
    "state and report": (("check", "--state", "new", "--format", "csv=new"), "--state new"),
    "state, spelled otherwise": (("check", "--state", "new", "--format", "csv=build/../new"), "--state new"),
    "state by a link": (("check", "--state", "to-new", "--format", "table", "--format", "csv=new"), "--state to-new"),
    "state and policy": (("check", "--state", "policies.yaml"), "the policy policies.yaml"),
    "state and inventory": (("check", "--state", "accounts.yaml"), "the inventory accounts.yaml"),
    "state and Terraform's": (
        ("check", "--state", "t.json", "--terraform-state", "t.json"),
        "--terraform-state t.json",
    ),
    "aggregator": (("check", "--from-aggregator", "a", "--format", "json=policies.yaml"), "the policy policies.yaml"),
    "report and saved state": ((*SAVED, "--format", "json=s.jsonl"), "--from s.jsonl"),
    "by a link": ((*SAVED, "--format", "json=to-saved"), "--from s.jsonl"),
    "by a hard link": ((*SAVED, "--format", "json=hard"), "--from s.jsonl"),
    "the saved state by a link": (("check", "--from", "to-saved", "--format", "json=s.jsonl"), "--from to-saved"),
    "report and policy": ((*SAVED, "--format", "json=policies.yaml"), "the policy policies.yaml"),
    "report and policy named": (
        (*SAVED, "--policy", "./policies.yaml", "--format", "json=policies.yaml"),
        "the policy",
    ),
    "report and inventory": ((*SAVED, "--format", "json=accounts.yaml"), "the inventory accounts.yaml"),
    "report and Terraform's": (
        (*SAVED, "--terraform-state", "t.json", "--format", "json=t.json"),
        "--terraform-state t.json",
    ),
    "validate": (("validate", "--format", "text=policies.yaml"), "the policy policies.yaml"),
    "validate, inventory": (("validate", "--format", "sarif=accounts.yaml"), "the inventory accounts.yaml"),
    "test": (("test", "--format", "junit=policies.test.yaml"), "the tests policies.test.yaml"),
    "test, named": (("test", "--tests", "t.yaml", "--format", "junit=t.yaml"), "the tests t.yaml"),
    "test, policy": (("test", "--format", "junit=policies.yaml"), "the policy policies.yaml"),
    "diff, base": (("diff", "policies.yaml", "t.yaml", "--format", "json=policies.yaml"), "policies.yaml"),
    "diff, head": (("diff", "policies.yaml", "t.yaml", "--format", "json=t.yaml"), "t.yaml"),
    "diff, saved": (
        ("diff", "policies.yaml", "policies.yaml", "--from", "s.jsonl", "--format", "json=s.jsonl"),
        "--from s.jsonl",
    ),
    "diff, inventory": (("diff", "policies.yaml", "t.yaml", "--format", "json=accounts.yaml"), "the inventory"),
    "snapshot": (("snapshot", "-o", "accounts.yaml"), "the inventory /"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    policy_folder(tmp_path, users=OLD)
    (tmp_path / "build").mkdir()
    (tmp_path / "accounts.yaml").write_text("version: 1\naccounts: []\n")
    (tmp_path / "t.json").write_text(STATE)
    for name in ("policies.test.yaml", "t.yaml"):
        (tmp_path / name).write_text(TEST)
    (tmp_path / "to-new").symlink_to("new")
    (tmp_path / "to-saved").symlink_to("s.jsonl")
    os.link(tmp_path / "s.jsonl", tmp_path / "hard")
    return tmp_path


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(
    "arguments",
    [
        (*SAVED, "--format", "json=/dev/null", "--policy", "policies.yaml"),
        (*SAVED, "--format", "table", "--format", "json=new", "--format", "csv=keys.csv"),
        (*SAVED, "--terraform-state", "t.json", "--terraform-state", "t.json"),
        ("diff", "policies.yaml", "policies.yaml", "--format", "json=new"),
    ],
    ids=" ".join,
)
def test_files_of_their_own_are_written(folder: Path, arguments: tuple[str, ...]) -> None:
    before = content(folder)
    assert keyage(folder, *arguments).returncode in (0, 1)
    assert before.items() <= content(folder).items()


@pytest.mark.parametrize("name", CASES)
def test_the_same_file_is_refused_and_nothing_is_read_or_written(folder: Path, name: str) -> None:
    arguments, other = CASES[name]
    before = content(folder)
    done = keyage(folder, *arguments)
    assert (done.returncode, done.stdout, content(folder)) == (2, "", before)
    assert f" would replace {other}" in done.stderr
    assert done.stderr.endswith(", the same file: name another file\n")


def test_a_rendered_file_is_no_policy(folder: Path) -> None:
    (folder / "build" / "manifest.json").write_text('{"version": 1, "default": {"maxAccessKeyAge": 90}}')
    before = (folder / "build" / "manifest.json").read_bytes()
    done = keyage(folder, "render", "--policy", "build/manifest.json")
    assert (done.returncode, done.stdout, (folder / "build" / "manifest.json").read_bytes()) == (2, "", before)
    assert "error: build/manifest.json would replace the policy build/manifest.json, the same file" in done.stderr


def test_a_report_is_not_what_standard_output_goes_to(folder: Path) -> None:
    command = [*KEYAGE, *SAVED, "--format", "table", "--format", "csv=new"]
    with (folder / "new").open("ab") as out:
        done = subprocess.run(command, cwd=folder, env=environment(), stdout=out, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, (folder / "new").read_bytes()) == (2, b"")
    assert done.stderr == "error: --format csv=new would replace standard output, the same file: name another file\n"
