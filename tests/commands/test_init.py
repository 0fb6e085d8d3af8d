"""`keyage init` as a process: what it writes is a policy, and it never writes over a file."""

import re
from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.permissions import CALLS
from tests.docs.running import variables
from tests.docs.world import documented_aws
from tests.support.processes import NOW, OLD, here, keyage, policy_folder

GOLDEN = Path(__file__).parents[1] / "golden" / "init"
TAKEN = "error: policies.yaml is there already and is never written over: name another with --output\n"


@pytest.mark.parametrize("arguments", [[], ["--from-account"], ["--output", "policies.yaml"]])
def test_a_file_that_is_there_stays_and_no_aws_is_asked(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "policies.yaml").write_text("mine")
    done = here(tmp_path, "init", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", TAKEN)
    assert (tmp_path / "policies.yaml").read_text() == "mine"


def test_a_link_that_leads_nowhere_is_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").symlink_to("elsewhere.yaml")
    done = keyage(tmp_path, "init")
    assert (done.returncode, done.stderr) == (2, TAKEN)
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_an_account_that_cannot_be_read_is_3_and_nothing_is_written(tmp_path: Path) -> None:
    done = keyage(tmp_path, "init", "--from-account")
    assert (done.returncode, done.stdout, list(tmp_path.iterdir())) == (3, "", [])


@pytest.mark.golden
def test_what_is_written(tmp_path: Path, file_regression: FileRegressionFixture) -> None:
    done = keyage(tmp_path, "init", "--now", NOW)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "policies.yaml: written; next: keyage validate, keyage check\n"
    file_regression.check((tmp_path / "policies.yaml").read_text(), fullpath=GOLDEN / "init.yaml", encoding="utf-8")


def test_what_is_written_is_valid_and_so_are_its_examples(tmp_path: Path) -> None:
    assert here(tmp_path, "init").returncode == 0
    valid = here(tmp_path, "validate", "--strict")
    assert (valid.returncode, valid.stdout) == (0, "policies.yaml: valid, 0 rules and 0 exemptions\n")
    text = (tmp_path / "policies.yaml").read_text()
    used = re.sub(r"^# (rules:|exemptions:|  +- id| {4}\S)", r"\1", text, flags=re.MULTILINE)
    (tmp_path / "policies.yaml").write_text(used)
    valid = here(tmp_path, "validate", "--strict")
    assert (valid.returncode, valid.stdout) == (0, "policies.yaml: valid, 1 rule and 1 exemption\n")


def test_the_next_commands_name_another_file(tmp_path: Path) -> None:
    done = here(tmp_path, "init", "-o", "a b.yaml")
    named = "--policy 'a b.yaml'"
    assert done.stderr == f"a b.yaml: written; next: keyage validate {named}, keyage check {named}\n"
    assert here(tmp_path, "init", "-o", "b.yaml", "--quiet").stderr == ""


@pytest.mark.golden
def test_from_the_account(tmp_path: Path, file_regression: FileRegressionFixture) -> None:
    with documented_aws() as url:
        done = here(tmp_path, "init", "--from-account", "--now", NOW, **_credentials(tmp_path, url))
    assert (done.returncode, done.stdout) == (0, "")
    assert here(tmp_path, "validate", "--strict").returncode == 0
    text = (tmp_path / "policies.yaml").read_text()
    file_regression.check(text, fullpath=GOLDEN / "init-from-account.yaml", encoding="utf-8")


def test_it_asks_for_no_more_than_check_does() -> None:
    assert [call.operation for call in CALLS if "init" in call.verbs and "check" not in call.verbs] == []


@pytest.mark.parametrize("verb", [["check"], ["check", "--from", "s.jsonl"], ["validate"], ["explain", "joe"]])
def test_without_a_policy_every_verb_names_init(tmp_path: Path, verb: list[str]) -> None:
    folder = policy_folder(tmp_path, users=OLD)
    (folder / "policies.yaml").unlink()
    done = here(folder, *verb)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"error: no policies.yaml in {folder} or above it: `keyage init` writes one, --policy names another\n"
    )


def _credentials(folder: Path, url: str) -> dict[str, str]:
    return {name: value for name, value in variables(folder, url).items() if name.startswith("AWS_")}
