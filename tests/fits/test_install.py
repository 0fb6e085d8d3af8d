"""The commands of docs/how-to/install.md, with a clone in the place of the repository's address."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

from checker import __version__
from checker.extras import how_to_install
from tests.docs.blocks import DOCS, blocks, commands
from tests.fits.test_release import clone, committed, git

__all__ = ["clone", "committed"]  # fixtures

pytestmark = pytest.mark.sources

PAGE = DOCS / "how-to" / "install.md"
RAW = re.compile(r"https://raw\.githubusercontent\.com/OWNER/keyage/[0-9a-f]{40}/")
ADDRESS = re.compile(r"git\+https://github\.com/OWNER/keyage@[0-9a-f]{40}")
RUN = str(PAGE.parents[2] / "requirements" / "run.txt")
PIP, UV, DOCKER = [block for block in blocks(PAGE) if block.language == "shell"]
UNREACHABLE = ("Could not find a version", "Failed to establish", "error sending request")


def environment(folder: Path) -> None:
    """What `python -m venv` makes, but for its own pip, which it takes longer to unpack than all else."""
    venv.create(folder, symlinks=True)
    program = folder / "bin" / "pip"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m pip --python {folder}/bin/python "$@"\n')
    program.chmod(0o755)


def run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; skips the test if it needs the network and there is none."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PIP_NO_COMPILE": "no"} | variables  # pip reads it as `compile = no`
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    if any(told in done.stderr for told in UNREACHABLE) and os.environ.get("CI") != "true":
        pytest.skip("no package index can be reached")
    return done


def links(folder: Path) -> Path:
    """A page of the index's files of the locked versions: pip alone would weigh all files of all versions."""
    lock = folder / "pylock.toml"
    locked = run(["uv", "pip", "compile", "--quiet", "--no-deps", RUN, "--output-file", str(lock)], folder)
    assert locked.returncode == 0, locked.stderr
    wheels = [wheel for package in tomllib.loads(lock.read_text())["packages"] for wheel in package.get("wheels", [])]
    page = folder / "links.html"
    anchors = [f'<a href="{each["url"]}">{each["url"].rpartition("/")[2]}</a>' for each in wheels]
    page.write_text("\n".join(["<!DOCTYPE html>", *anchors]))
    return page


@pytest.mark.parametrize("block", [pytest.param(PIP, id="pip"), pytest.param(UV, id="uv")])
def test_the_commands_install_keyage_from_a_commit(block: object, clone: Path, tmp_path: Path) -> None:
    found = PIP if block == PIP else UV
    commit = git(clone, "rev-parse", "HEAD").strip()
    found_at = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(links(tmp_path))} if found == PIP else {}
    for command in commands(found):
        line = RAW.sub(f"{clone}/", ADDRESS.sub(f"git+file://{clone}@{commit}", command.line))
        assert "OWNER" not in line
        if line == "python3 -m venv keyage-venv":
            environment(tmp_path / "keyage-venv")
            continue
        done = run([shutil.which("bash") or "bash", "-c", line], tmp_path, **found_at)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    # Not through `python -m`: the script is what people call.
    said = subprocess.run([tmp_path / "keyage-venv" / "bin" / "keyage", "--version"], capture_output=True, text=True)
    assert (said.returncode, said.stdout) == (0, f"keyage, version {__version__}\n")


def test_the_line_for_containers_is_that_of_the_readme() -> None:
    def plain(text: str) -> str:
        return text.replace("--volume", "-v").replace("--tag", "-t")

    readme = (PAGE.parents[2] / "README.md").read_text()
    for command in commands(DOCKER):
        assert plain(command.line) in readme


def test_messages_name_published_packages() -> None:
    assert how_to_install("lint") == "pip install 'cfn-lint>=1.40'"
    assert how_to_install("demo").startswith("pip install 'moto[")
    assert how_to_install("login") == "pip install 'botocore[crt]'"
