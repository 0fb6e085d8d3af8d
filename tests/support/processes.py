"""The keyage command as a real process, and inside this one where nothing but its words and code matter."""

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from checker import cli
from checker.shell import boundary
from tests.support import run_of_tests

STARTED_ANEW = [sys.executable, "-m", "checker"]
# A process that a fork server makes of its own; for signals and what the start itself does there is STARTED_ANEW.
KEYAGE = [sys.executable, "-I", "-S", str(Path(__file__).with_name("forked_keyage.py")), str(run_of_tests.SOCKET)]
NOW = "2026-11-23T12:00:00Z"
POLICY = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
ACCOUNT = '{"id":"000000000001","name":"web","users":[%s]}\n'
KEY = '{"id":"AKIA%s","status":"Active","created":"%s"}'
OLD = '{"name":"old","path":"/","tags":{},"keys":[' + KEY % ("OLD", "2026-01-01T00:00:00Z") + "]}"
YOUNG = '{"name":"young","path":"/","tags":{},"keys":[' + KEY % ("YOUNG", "2026-11-01T00:00:00Z") + "]}"


def environment(**extra: str) -> dict[str, str]:
    """This process's, less whatever would reach an AWS or change keyage; the fork server is there for KEYAGE."""
    run_of_tests.serve_forks(_environment())
    return _environment(**extra)


def _environment(**extra: str) -> dict[str, str]:
    """This process's, less whatever would reach an AWS or change keyage."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "KEYAGE_"))}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return kept | nowhere | {"AWS_EC2_METADATA_DISABLED": "true"} | extra


def keyage(folder: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run `keyage` in the folder to its end."""
    return subprocess.run(
        [*KEYAGE, *arguments], cwd=folder, env=environment(**extra), capture_output=True, text=True, timeout=60
    )


def here(folder: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """As `keyage`, in this process: a tenth of the time. Streams, signals and a process's exit code need a real one."""
    out, err = _stream(), _stream()
    code = _in_this_process(folder, arguments, _environment(**extra), out, err)
    return subprocess.CompletedProcess([*KEYAGE, *arguments], code, _written(out), _written(err))


def here_in_one(folder: Path, arguments: list[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As `here`, with these environment variables alone; messages are among the output, as in a terminal."""
    out = _stream()
    code = _in_this_process(folder, arguments, variables, out, out)
    return subprocess.CompletedProcess([*KEYAGE, *arguments], code, _written(out))


def _in_this_process(
    folder: Path, arguments: Sequence[str], variables: dict[str, str], out: io.TextIOWrapper, err: io.TextIOWrapper
) -> int:
    with (
        chdir(folder),
        mock.patch.dict(os.environ, variables, clear=True),
        mock.patch.object(sys, "stdin", io.StringIO()),
        mock.patch.object(boundary, "leave_at_once", lambda code: code),  # this process goes on
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        return cli.main(list(arguments))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n")


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.detach().getvalue().decode()  # type: ignore[attr-defined,no-any-return]


def policy_folder(folder: Path, policy: str = POLICY, users: str = YOUNG) -> Path:
    """A folder with a policy and a snapshot of one account."""
    (folder / "policies.yaml").write_text(policy)
    (folder / "s.jsonl").write_text(ACCOUNT % users)
    return folder
