"""The GitHub Action: its script in a real bash, with GitHub's files, and what the official schema and zizmor say."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.processes import ACCOUNT, KEYAGE, NOW, OLD, POLICY, YOUNG, environment

pytestmark = pytest.mark.sources

TOP = Path(__file__).parents[2]
SCRIPT = TOP / ".github" / "run-keyage"
# Most runs have a Python that leaves the start of keyage to the fork server.
PYTHON = f"""#!/bin/sh
[ "$1 $2" = "-m checker" ] || exec {sys.executable} "$@"
shift 2
exec {shlex.join(KEYAGE)} "$@"
"""
BASH = shutil.which("bash") or "/bin/bash"


def acted(
    folder: Path, command: str, *arguments: str, users: str = YOUNG, python: str = "./python", **inputs: str
) -> tuple[int, dict[str, str], str]:
    """The exit code, the outputs and what was printed."""
    (folder / "python").write_text(PYTHON)
    (folder / "python").chmod(0o755)
    (folder / "policies.yaml").write_text(POLICY)
    (folder / "s.jsonl").write_text(ACCOUNT % users)
    names = {"GITHUB_OUTPUT": "outputs", "GITHUB_STEP_SUMMARY": "summary"}
    for name in names.values():
        (folder / name).write_text("")
    given = {f"INPUT_{name}": value for name, value in inputs.items()}
    known = {
        "INPUT_COMMAND": command,
        "INPUT_ARGUMENTS": "\n".join(arguments),
        "KEYAGE_NOW": NOW,
    }
    files = {name: str(folder / file) for name, file in names.items()}
    done = subprocess.run(
        [BASH, str(SCRIPT), python],
        cwd=folder,
        env=environment(**known, **files, **given),
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = (folder / "outputs").read_text().splitlines()
    return done.returncode, dict(line.split("=", 1) for line in lines), done.stdout


def test_check_without_findings(tmp_path: Path) -> None:
    code, outputs, out = acted(tmp_path, "check", "--from=s.jsonl", python=sys.executable)
    assert code == 0
    assert outputs == {
        "exit-code": "0",
        "sarif": "keyage-reports/keyage.sarif",
        "json": "keyage-reports/keyage.json",
        "junit": "keyage-reports/keyage.xml",
        "markdown": "keyage-reports/keyage.md",
        "html": "keyage-reports/keyage.html",
        "non-compliant": "0",
    }
    assert "::error" not in out
    assert (tmp_path / "summary").read_text().startswith("**0 access keys are too old**")


def test_check_with_findings_fails_after_everything_is_written(tmp_path: Path) -> None:
    code, outputs, out = acted(tmp_path, "check", "--from=s.jsonl", users=OLD)
    assert (code, outputs["exit-code"], outputs["non-compliant"]) == (1, "1", "1")
    assert out.splitlines()[-1].startswith("::error file=policies.yaml,line=2,")
    assert (tmp_path / "summary").read_text().startswith("**1 access key is too old**")
    assert json.loads((tmp_path / outputs["json"]).read_text())["summary"]["nonCompliant"] == 1


@pytest.mark.parametrize(
    ("inputs", "code", "annotated", "summarized"),
    [
        ({"EXIT_ZERO": "true"}, 0, True, True),
        ({"ANNOTATIONS": "false"}, 1, False, True),
        ({"SUMMARY": "false"}, 1, True, False),
    ],
)
def test_what_can_be_switched_off(
    inputs: dict[str, str], code: int, annotated: bool, summarized: bool, tmp_path: Path
) -> None:
    found, _outputs, out = acted(tmp_path, "check", "--from=s.jsonl", users=OLD, **inputs)
    assert (found, "::error" in out, bool((tmp_path / "summary").read_text())) == (code, annotated, summarized)


def test_what_cannot_be_read_is_3_whatever_exit_zero_says(tmp_path: Path) -> None:
    code, outputs, _out = acted(tmp_path, "check", "--from=empty.jsonl", EXIT_ZERO="true")
    assert (code, outputs) == (2, {"exit-code": "2"})
    (tmp_path / "empty.jsonl").write_text("")
    code, outputs, _out = acted(tmp_path, "check", "--from=empty.jsonl", EXIT_ZERO="true")
    assert (code, outputs["exit-code"]) == (3, "3")


def test_an_argument_is_never_read_by_the_shell(tmp_path: Path) -> None:
    code, _outputs, _out = acted(tmp_path, "check", "--from=$(touch owned); touch owned", POLICY="`touch owned`")
    assert (code, (tmp_path / "owned").exists()) == (2, False)


def test_the_report_of_an_earlier_step_is_not_taken_for_this_one(tmp_path: Path) -> None:
    acted(tmp_path, "check", "--from=s.jsonl")
    code, outputs, _out = acted(tmp_path, "check", "--from=none.jsonl")
    assert (code, outputs) == (2, {"exit-code": "2"})


@pytest.mark.parametrize(
    ("command", "arguments", "code", "outputs"),
    [
        ("validate", [], 0, {"sarif"}),
        ("test", [], 2, set()),
        ("render", [], 0, set()),
        ("render", ["--check"], 1, set()),
        ("diff", ["policies.yaml", "policies.yaml"], 0, {"json", "markdown"}),
        ("inventory", [], 2, set()),
    ],
)
def test_other_commands(command: str, arguments: list[str], code: int, outputs: set[str], tmp_path: Path) -> None:
    found, told, _out = acted(tmp_path, command, *arguments)
    assert (found, set(told) - {"exit-code"}) == (code, outputs)


def test_every_input_reaches_the_script_through_the_environment_alone() -> None:
    action = yaml.safe_load((TOP / "action.yml").read_text())
    steps = action["runs"]["steps"]
    passed = {value for step in steps for value in step.get("env", {}).values()}
    assert {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]} <= passed
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []
    told = {value["value"] for value in action["outputs"].values()}
    assert told == {f"${{{{ steps.keyage.outputs.{name} }}}}" for name in action["outputs"]}


def test_keyage_is_installed_with_the_python_that_the_action_sets_up() -> None:
    python, install, _run = yaml.safe_load((TOP / "action.yml").read_text())["runs"]["steps"]
    assert python["uses"].startswith("actions/setup-python@")
    assert install["env"]["PYTHON"] == f"${{{{ steps.{python['id']}.outputs.python-path }}}}"
    assert python["with"]["update-environment"] is False


def test_a_summary_is_printed_once(tmp_path: Path) -> None:
    (tmp_path / "policies.test.yaml").write_text(
        "tests: [{name: t, user: {name: ann}, expect: {maxAccessKeyAge: 91}}]\n"
    )
    code, _outputs, out = acted(tmp_path, "test")
    assert code == 1
    assert out.count("0 passed, 1 failed") == 1
    assert out.count("::error") == 1


def test_the_script_can_be_run_and_has_no_common_mistakes() -> None:
    assert os.access(SCRIPT, os.X_OK)
    done = subprocess.run([Path(sys.executable).with_name("shellcheck"), SCRIPT], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
