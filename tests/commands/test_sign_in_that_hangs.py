"""A credential_process that hangs, as processes: however keyage ends, the program and what it started end too."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.processes import STARTED_ANEW, environment, policy_folder

HANGS = "#!/bin/sh\nexec 3>pipe\nsleep 60 &\necho begun >&3\nwait\n"


def hanging(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """keyage without a terminal, with a profile whose program hangs while it has the pipe open."""
    os.mkfifo(folder / "pipe")
    (folder / "helper").write_text(HANGS)
    (folder / "helper").chmod(0o755)
    (folder / "config").write_text("[profile p]\ncredential_process = ./helper --token secret\n")
    return subprocess.Popen(
        [*STARTED_ANEW, *arguments, "--profile", "p"],
        cwd=policy_folder(folder),
        env=environment(AWS_CONFIG_FILE="config"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.parametrize(
    ("verb", "sent", "code"),
    [("check", signal.SIGINT, 130), ("snapshot", signal.SIGINT, 130), ("check", signal.SIGTERM, -15)],
)
def test_a_signal(tmp_path: Path, verb: str, sent: signal.Signals, code: int) -> None:
    with hanging(tmp_path, verb) as running, (tmp_path / "pipe").open() as pipe:
        assert pipe.readline() == "begun\n"
        running.send_signal(sent)
        printed = running.communicate(timeout=60)
        assert (running.returncode, pipe.read(), "secret" in "".join(printed)) == (code, "", False)


def test_a_deadline(tmp_path: Path) -> None:
    with hanging(tmp_path, "check", "--deadline", "5") as running, (tmp_path / "pipe").open() as pipe:
        said = running.communicate(timeout=60)[1]
        assert (running.returncode, pipe.read()) == (3, "begun\n")
    assert "the credential_process of profile p (helper) has not answered: run that command by itself" in said
    assert "secret" not in said
