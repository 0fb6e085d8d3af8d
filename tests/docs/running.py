"""Run the commands of a page as a reader would: in one folder, from top to bottom.

All of the tutorial, and whatever is more than a program and its arguments, are real processes of a real shell; but for
the stand-in of the AWS CLI, which is no program of a reader's.
"""

import io
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from tests.docs import aws_command
from tests.docs.blocks import ORGANIZATION, TOP, Block, Command, blocks, commands
from tests.fakes.served_organization import credentials
from tests.generate.terraform_cli import MIRROR
from tests.support.processes import KEYAGE, NOW, environment, here_in_one

HERE = Path(__file__).parent
SAMPLE = HERE / "sample"
BASH = shutil.which("bash") or "/bin/bash"
ALONE = re.compile(r"(keyage|aws)( [^|&;<>()$`\\*?\[{~#!]*)?")  # nothing for a shell to do but to part the words
ANY = "..."  # a line that stands for any lines
PROGRAMS = {
    "keyage": f'exec {shlex.join(KEYAGE)} "$@"\n',
    "aws": f'exec {sys.executable} {HERE / "aws_command.py"} "$@"\n',
}


def folder_for(page: Path, folder: Path) -> Path:
    """Where the page begins: with nothing where it says how to begin, every other page with the sample."""
    if page.parent.name == "tutorial" or page == ORGANIZATION:
        folder.mkdir()
    else:
        shutil.copytree(SAMPLE, folder)
    programs = folder.with_name("bin")
    programs.mkdir()
    for name, text in PROGRAMS.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}")
        (programs / name).chmod(0o755)
    return folder


def variables(folder: Path, url: str) -> dict[str, str]:
    """The reader's environment: the documented AWS and the day on which the documentation was written."""
    mirror = os.environ.get(MIRROR)
    path = f"{folder.with_name('bin')}{os.pathsep}{os.environ['PATH']}"
    return environment(
        **credentials(url),
        AWS_DEFAULT_REGION="us-east-1",
        PATH=path,
        PYTHONPATH=str(TOP),
        KEYAGE_NOW=NOW,
        TF_IN_AUTOMATION="1",
        CHECKPOINT_DISABLE="1",
        GOGC="400",
        TF_CLI_ARGS="-no-color",
        TF_CLI_ARGS_init=f"-input=false{f' -plugin-dir={mirror}' if mirror else ''}",
        TF_CLI_ARGS_apply="-auto-approve -input=false",
        AWS_PAGER="",
    )


def run(page: Path, folder: Path, url: str) -> Iterator[str]:
    """What is not as the page says, one text each."""
    reader = variables(folder, url)
    for block in blocks(page):
        if "file" in block.said:
            file = folder / block.said["file"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text)
        elif block.language in ("console", "shell") and "not run" not in block.said:
            listed = commands(block)
            wanted = [0] * (len(listed) - 1) + [int(block.said.get("exits", "0"))]
            for command, code in zip(listed, wanted, strict=True):
                yield from _differences(block, command, code, folder, reader)


def shell(line: str, folder: Path, reader: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a line as bash does; messages are among its output, as in a terminal."""
    return subprocess.run(
        [BASH, "-c", line],
        cwd=folder,
        env=reader,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )


def line_run(line: str, folder: Path, reader: dict[str, str], *, keyage_here: bool) -> subprocess.CompletedProcess[str]:
    """As `shell`, but in this process where there is nothing for a shell to do."""
    alone = ALONE.fullmatch(line)
    if alone and alone[1] == "aws":
        return _aws(shlex.split(line)[1:], reader)
    if alone and keyage_here:
        return here_in_one(folder, shlex.split(line)[1:], reader)
    return shell(line, folder, reader)


def _aws(arguments: list[str], reader: dict[str, str]) -> subprocess.CompletedProcess[str]:
    out = io.StringIO()
    with mock.patch.dict(os.environ, reader, clear=True), redirect_stdout(out), redirect_stderr(out):
        code = aws_command.main(arguments)
    return subprocess.CompletedProcess(arguments, code, out.getvalue())


def _differences(block: Block, command: Command, code: int, folder: Path, reader: dict[str, str]) -> Iterator[str]:
    done = line_run(command.line, folder, reader, keyage_here=block.page.parent.name != "tutorial")
    shown = f"{block.place}: $ {command.line}\nexits with {done.returncode} and prints\n{done.stdout}"
    if done.returncode != code:
        yield f"{shown}wanted the exit code {code}"
    elif command.output and not matches(command.output, done.stdout):
        yield f"{shown}wanted\n{command.output}"


def matches(shown: str, printed: str) -> bool:
    """Whether a command printed what is shown, but for spaces at ends of lines; `...` is any number of lines."""
    parts = [re.escape(line) for line in _lines(shown)]
    any_lines = re.escape(ANY)
    pattern = "".join(r"(?:.*\n)*?" if part == any_lines else rf"{part}\n" for part in parts)
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(printed))) is not None


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip("\n").split("\n")]
