"""Completion in a real bash."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import KEYAGE, environment, keyage

BASH = shutil.which("bash") or "/bin/bash"


def completed(folder: Path, *words: str) -> list[str]:
    """What bash offers for the last word."""
    script = keyage(folder, "completion", "bash").stdout
    program = folder / "keyage"
    program.write_text(f'#!/bin/sh\nexec {" ".join(KEYAGE)} "$@"\n')
    program.chmod(0o755)
    typed = " ".join(f"'{word}'" for word in words)
    asked = f"{script}\nCOMP_WORDS=({typed})\nCOMP_CWORD={len(words) - 1}\n"
    asked += '_keyage_completion ./keyage\nprintf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(
        [BASH, "--norc", "-c", asked],
        cwd=folder,
        env=environment(PYTHONPATH=":".join(sys.path)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("./keyage", "nothing-"), []),
        (("./keyage", "exp"), ["explain"]),
        (("./keyage", "check", "--form"), ["--format"]),
        (("./keyage", "check", "--color", "n"), ["never"]),
    ],
)
def test_bash_completes(words: tuple[str, ...], offered: list[str], tmp_path: Path) -> None:
    assert completed(tmp_path, *words) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_every_shell(shell: str, tmp_path: Path) -> None:
    done = keyage(tmp_path, "completion", shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"_KEYAGE_COMPLETE={shell}_complete" in done.stdout


def test_another_shell_is_2(tmp_path: Path) -> None:
    assert keyage(tmp_path, "completion", "tcsh").returncode == 2
