"""The hooks that a commit to keyage itself runs: they parse, their commands exist, and they are what CI runs."""

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

pytestmark = pytest.mark.sources

TOP = Path(__file__).parents[2]
HERE = Path(sys.executable).parent
CONFIG = TOP / ".pre-commit-config.yaml"
SHIPPED = TOP / ".pre-commit-hooks.yaml"
# render --check compares with a build/ that is committed, and here none is.
NOT_HERE = {"keyage-render-check"}


@cache
def hooks() -> list[dict[str, Any]]:
    """Read when a test runs: the folder in which the wheel is tried has no such file."""
    return [hook for repo in yaml.safe_load(CONFIG.read_text())["repos"] for hook in repo["hooks"]]


def test_the_configuration_is_valid() -> None:
    done = subprocess.run([HERE / "pre-commit", "validate-config", CONFIG], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_nothing_is_fetched() -> None:
    assert {repo["repo"] for repo in yaml.safe_load(CONFIG.read_text())["repos"]} == {"local"}
    assert {hook["language"] for hook in hooks()} == {"system"}


def test_the_commands_exist() -> None:
    programs = [Path(shlex.split(hook["entry"])[0]) for hook in hooks()]
    assert {program.parent for program in programs} == {Path(".venv/bin")}
    assert [program for program in programs if not (HERE / program.name).is_file()] == []


def test_every_hook_has_something_to_look_at() -> None:
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=TOP, check=True, capture_output=True, text=True).stdout.split("\0")
    wanted = {hook["id"]: re.compile(hook.get("files", "")) for hook in hooks()}
    assert [name for name, files in wanted.items() if not any(files.search(file) for file in listed if file)] == []


def test_every_check_of_style_in_the_makefile_is_a_hook() -> None:
    lines = re.findall(r"^(?:lint|types|floors):.*\n((?:\t.*\n)+)", (TOP / "Makefile").read_text(), re.MULTILINE)
    made = re.findall(r"\$\(BIN\)/([a-z -]+?)(?: \.)?$", "".join(lines), re.MULTILINE)
    hooked = {hook["entry"].removeprefix(".venv/bin/").removesuffix(" --force-exclude") for hook in hooks()}
    assert [command for command in made if command not in hooked] == []
    assert len(made) == 4


def test_the_hooks_that_are_shipped_are_the_ones_that_run_here() -> None:
    shipped = {hook["id"]: hook["entry"] for hook in yaml.safe_load(SHIPPED.read_text()) if hook["id"] not in NOT_HERE}
    ours = {
        hook["id"]: hook["entry"].removeprefix(".venv/bin/") for hook in hooks() if hook["id"].startswith("keyage-")
    }
    assert ours == shipped
