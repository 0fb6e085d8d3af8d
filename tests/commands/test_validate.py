"""`keyage validate --format`: problems where code hosts show them; the exit code stays."""

import json
from pathlib import Path

import pytest

from tests.reports.check.test_sarif import run_of
from tests.support.processes import NOW, POLICY, here, keyage

BROKEN = "version: 1\ndefault: {maxAccesKeyAge: 90}\n"
ENDING = POLICY + "exemptions:\n  - {id: x, users: a, reason: r, approvedBy: a, expires: 2026-11-01}\n"
TOLD = "x: expired on 2026-11-01: remove it or have it approved again"


def validated(folder: Path, policy: str, *arguments: str) -> tuple[int, str, str]:
    (folder / ".git").mkdir()
    (folder / "infra").mkdir(exist_ok=True)
    (folder / "infra" / "policies.yaml").write_text(policy)
    done = keyage(folder / "infra", "validate", "--now", NOW, *arguments)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(("name", "nothing"), [("github", ""), ("gitlab", "[]\n")])
def test_a_policy_without_problems_has_none(name: str, nothing: str, tmp_path: Path) -> None:
    assert validated(tmp_path, POLICY, "--format", name) == (0, nothing, "")


def test_files_that_end_in_yml_are_told(tmp_path: Path) -> None:
    (tmp_path / "policies.yml").write_text(POLICY)
    done = here(tmp_path, "validate")
    hint = "but policies.yml: rename it, or name it with --policy"
    assert (done.returncode, done.stderr) == (2, f"error: no policies.yaml in {tmp_path}, {hint}\n")
    (tmp_path / "policies.yml").rename(tmp_path / "policies.yaml")
    (tmp_path / "accounts.yml").write_text("version: 1\naccounts: []\n")
    (tmp_path / "policies.test.yml").write_text("tests: []\n")
    done = here(tmp_path, "validate", "--strict")
    note = "note: accounts.yml is not read: rename it, or name it with --inventory\n"
    assert (done.returncode, done.stderr) == (0, note)
    assert here(tmp_path, "validate", "--inventory", "accounts.yml").stderr == ""
    done = here(tmp_path, "test", "--quiet")
    hint = "but policies.test.yml: rename it, or name it with --tests"
    assert (done.returncode, done.stderr) == (2, f"error: no policies.test.yaml, {hint}\n")


def test_a_problem_is_annotated_where_it_stands_in_the_repository(tmp_path: Path) -> None:
    code, out, err = validated(tmp_path, BROKEN, "--format", "github")
    assert (code, err) == (2, "error: policies.yaml:2:11: maxAccesKeyAge: did you mean maxAccessKeyAge?\n")
    place = "file=infra/policies.yaml,line=2,col=11,title=Policy error"
    assert out == f"::error {place}::maxAccesKeyAge: did you mean maxAccessKeyAge?\n"


@pytest.mark.parametrize(("strict", "code", "level"), [([], 0, "warning"), (["--strict"], 2, "error")])
def test_warnings_are_warnings_unless_they_are_strict(strict: list[str], code: int, level: str, tmp_path: Path) -> None:
    found = validated(tmp_path, ENDING, "--format", "github", *strict)
    line = f"::{level} file=infra/policies.yaml,line=4,col=58,title=Policy {level}::{TOLD}\n"
    assert found[:2] == (code, line)


def test_gitlab_and_sarif_tell_the_same(tmp_path: Path) -> None:
    code, out, _err = validated(tmp_path, ENDING, "--format", "gitlab", "--format", "sarif=../out.sarif")
    [issue] = json.loads(out)
    assert (code, issue["description"], issue["location"]) == (
        0,
        TOLD,
        {"path": "infra/policies.yaml", "lines": {"begin": 4}},
    )
    [result] = run_of((tmp_path / "out.sarif").read_text())["results"]
    assert (result["level"], result["message"]["text"]) == ("warning", TOLD)
    assert result["partialFingerprints"]["keyage/v1"] == issue["fingerprint"]


def test_a_selector_that_selects_no_account_is_told_in_every_format(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "accounts.yaml").write_text("version: 1\naccounts: [{id: 111122223333, ou: Root/Prod}]\n")
    rule = "rules:\n  - {id: r, accounts: {ou: Prod}, maxAccessKeyAge: 1}\n"
    told = "Prod: no account in the inventory is in this OU: did you mean Root/Prod?"
    outputs = ["text", "github=../out.github", "gitlab=../out.gitlab", "sarif=../out.sarif"]
    arguments = [argument for output in outputs for argument in ("--format", output)]
    code, _out, err = validated(tmp_path, POLICY + rule, *arguments)
    assert (code, err) == (0, f"warning: policies.yaml:4:28: {told}\n")
    place = "file=infra/policies.yaml,line=4,col=28,title=Policy warning"
    assert (tmp_path / "out.github").read_text() == f"::warning {place}::{told}\n"
    assert [issue["description"] for issue in json.loads((tmp_path / "out.gitlab").read_text())] == [told]
    assert [each["message"]["text"] for each in run_of((tmp_path / "out.sarif").read_text())["results"]] == [told]


def test_the_text_goes_to_its_file_too(tmp_path: Path) -> None:
    code, out, err = validated(tmp_path, POLICY, "--format", "text=../out.txt", "--quiet")
    assert (code, out, err) == (0, "", "")
    assert (tmp_path / "out.txt").read_text() == "policies.yaml: valid, 0 rules and 0 exemptions\n"


def test_the_text_of_a_policy_that_is_wrong_is_empty(tmp_path: Path) -> None:
    code, out, _err = validated(tmp_path, BROKEN, "--format", "text=../out.txt")
    assert (code, out, (tmp_path / "out.txt").read_text()) == (2, "", "")
