"""Ways to sign in that never answer: people are told, it is given up, and no program is left."""

import os
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import botocore.session
import pytest

from checker.errors import SignInFailed
from checker.scan.gather import Deadline
from checker.sources.aws import waits
from checker.sources.aws.sign_in import SignIn
from checker.sources.aws.waits import WAITS, Patience, Program, Token, Waits

NONE = Patience(first=0, following=0, limit=0)
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
SHORT = Patience(first=0, following=0.01, limit=0.01)
HANGS = "exec 3>{pipe}; {trap} sleep 60 & echo begun >&3; wait; wait"
ALONE = "exec 3>{pipe}; {trap} echo begun >&3; exec sleep 60"  # at a terminal keyage ends the program itself alone
ROLE = "role_arn = arn:aws:iam::444455556666:role/x\n"


class Announced:
    """Stands for an answer that comes at the given attempt."""

    what, remedy = "the answer", "do something"

    def __init__(self, at: int | None) -> None:
        self._at = at
        self.waited: list[float] = []
        self.begun = self.ended = self.closed = 0

    def begin(self) -> None:
        self.begun += 1

    def close(self) -> None:
        self.closed += 1

    def come(self, seconds: float) -> bool:
        self.waited.append(seconds)
        return len(self.waited) == self._at

    def end(self) -> None:
        self.ended += 1


def test_nobody_is_told_of_what_comes_at_once() -> None:
    lines: list[str] = []
    wait, all_waits = Announced(at=1), Waits()
    all_waits.for_(wait, lines.append, Patience())
    assert (lines, wait.waited, wait.ended, all_waits.unanswered()) == ([], [10], 0, None)


def test_a_person_is_told_after_10_s_and_then_every_30() -> None:
    lines: list[str] = []
    Waits().for_(Announced(at=3), lines.append, Patience())
    assert lines == [
        "the answer has not answered yet, for 10 s now: keyage waits until 120 s",
        "the answer has not answered yet, for 40 s now: keyage waits until 120 s",
    ]


def test_it_is_given_up_at_the_limit() -> None:
    wait = Announced(at=None)
    with pytest.raises(SignInFailed, match="the answer failed: it has not answered within 120 s; do something"):
        Waits().for_(wait, None, Patience())
    assert (wait.waited, wait.begun, wait.ended, wait.closed) == ([10, 30, 30, 30, 20], 1, 1, 1)


def test_nothing_begins_once_the_process_ends() -> None:
    ending, wait = Waits(), Announced(at=1)
    ending.end_all()
    with pytest.raises(SignInFailed, match="keyage ends"):
        ending.for_(wait, None, Patience())
    assert (wait.begun, wait.waited) == (0, [])


def test_a_deadline_names_what_has_not_answered() -> None:
    class Late(Announced):
        def come(self, seconds: float) -> bool:
            reasons.append(Deadline(2).reason("it came"))
            return super().come(seconds)

    reasons = [Deadline(2).reason("it came")]
    WAITS.for_(Late(at=1), None, Patience())
    assert [reason.partition(": ")[2] for reason in reasons] == [
        "give --deadline more time, or run again",
        "the answer has not answered: do something",
    ]


def hanging(folder: Path, trap: str = "", script: str = HANGS) -> list[str]:
    """A program that hangs, with one that it has started, both with a pipe open in which `begun` stands."""
    os.mkfifo(folder / "pipe")
    return ["sh", "-c", script.format(pipe=folder / "pipe", trap=trap), "--token", "secret"]


class Begun:
    """Told first when a program has begun; then it does what is asked, with the pipe open."""

    def __init__(self, folder: Path, then: Callable[[], None] = lambda: None) -> None:
        self._path, self._then = folder / "pipe", then
        self.rest: Callable[[], bytes] = bytes

    def __call__(self, _line: str) -> None:
        pipe = self._path.open("rb")
        assert pipe.readline() == b"begun\n"
        self.rest = partial(_rest, pipe)
        self._then()


def _rest(pipe: BinaryIO) -> bytes:
    """What else stands in the pipe, once nobody has it open any more."""
    with pipe:
        return pipe.read()


@pytest.mark.parametrize("trap", ["", "trap '' TERM;"], ids=["ends", "does not want to end"])
@pytest.mark.parametrize("terminal", [False, True], ids=["no terminal", "terminal"])
def test_a_program_is_ended_at_the_limit(
    tmp_path: Path, trap: str, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "TERMINAL", Path(os.devnull if terminal else tmp_path / "none"))
    monkeypatch.setattr(waits, "GRACE", 0.1)
    arguments = hanging(tmp_path, trap, ALONE if terminal else HANGS)
    begun = Begun(tmp_path)
    program = Program("p", arguments, begun, SHORT, Waits(), **PIPES)
    with pytest.raises(SignInFailed) as seen:
        program.communicate()
    expected = "the credential_process of profile p (sh) failed: it has not answered within 0.01 s; run that command"
    assert (str(seen.value).startswith(expected), "secret" in str(seen.value)) == (True, False)
    assert (begun.rest(), program.returncode) == (b"", -9 if trap else -15)


def test_a_program_that_answers_is_left_alone() -> None:
    program = Program("p", ["sh", "-c", "echo out; echo err >&2; exit 3"], None, Patience(), Waits(), **PIPES)
    assert (program.communicate(), program.returncode) == ((b"out\n", b"err\n"), 3)


def test_a_program_that_is_not_there_is_no_matter_of_waiting() -> None:
    every = Waits()
    with pytest.raises(FileNotFoundError):
        Program("p", ["/no/such/helper"], None, Patience(), every, **PIPES).communicate()
    assert every.unanswered() is None


def test_whoever_ends_the_process_ends_its_programs(tmp_path: Path) -> None:
    every = Waits()
    told: list[str | None] = []

    def interrupt() -> None:
        told.append(every.unanswered())
        raise KeyboardInterrupt

    begun = Begun(tmp_path, interrupt)
    program = Program("p", hanging(tmp_path), begun, SHORT, every, **PIPES)
    with pytest.raises(KeyboardInterrupt):
        program.communicate()
    assert (begun.rest(), every.unanswered()) == (b"", None)
    assert told[0] is not None
    assert told[0].startswith("the credential_process of profile p (sh) has not answered: run that command by itself")


def test_another_thread_may_end_them(tmp_path: Path) -> None:
    every = Waits()
    begun = Begun(tmp_path, every.end_all)
    program = Program("p", hanging(tmp_path), begun, SHORT._replace(limit=60), every, **PIPES)
    assert (program.communicate(), program.returncode, begun.rest()) == ((b"", b""), -15, b"")


def test_a_program_that_is_about_to_begin_is_ended_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every, begun = Waits(), Begun(tmp_path)
    start = subprocess.Popen

    def late(*arguments: Any, **streams: Any) -> Any:
        process = start(*arguments, **streams)
        begun("")
        ending.start()  # before anybody could know the process
        return process

    ending = threading.Thread(target=every.end_all)
    monkeypatch.setattr(subprocess, "Popen", late)
    program = Program("p", hanging(tmp_path), None, Patience(), every, **PIPES)
    program.communicate()
    ending.join()
    assert (program.returncode, begun.rest()) == (-15, b"")


def test_a_token_from_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "token")
    token = Token("p", str(tmp_path / "token"), None, NONE, Waits())
    with pytest.raises(SignInFailed, match=r"web_identity_token_file of profile p.*has not answered within 0 s"):
        token()
    with subprocess.Popen(["/bin/sh", "-c", f"echo abc > {tmp_path / 'token'}"]):
        assert Token("p", str(tmp_path / "token"), None, Patience(), Waits())() == "abc\n"
    with subprocess.Popen(["/bin/sh", "-c", f"cat /dev/zero > {tmp_path / 'token'} 2>/dev/null"]):
        assert len(Token("p", str(tmp_path / "token"), None, Patience(), Waits())()) > 20_000


def test_a_token_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc")
    assert Token("p", str(tmp_path / "token"), None, NONE, Waits())() == "abc"


def signed_in(core: botocore.session.Session) -> None:
    found = core.get_component("credential_provider").load()
    found.get_frozen_credentials()


@pytest.mark.parametrize(
    ("profile", "part"),
    [
        ("credential_process = sleep 60\n", "the credential_process of profile p (sleep)"),
        (f"{ROLE}source_profile = q\n[profile q]\ncredential_process = sleep 60\n", "of profile q (sleep)"),
        (f"{ROLE}web_identity_token_file = pipe\n", "web_identity_token_file of profile p"),
        (f"{ROLE}source_profile = q\n[profile q]\n{ROLE}web_identity_token_file = pipe\n", "of profile q"),
    ],
    ids=["a program", "a program of the source", "a pipe", "a pipe of the source"],
)
def test_every_way_is_given_up(tmp_path: Path, profile: str, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("config").write_text(f"[profile p]\n{profile}")
    monkeypatch.setenv("AWS_CONFIG_FILE", "config")
    core = botocore.session.Session(profile="p")
    core.register_component("credential_provider", SignIn(core, lambda: "us-east-1", None, NONE))
    with pytest.raises(SignInFailed) as seen:
        signed_in(core)
    assert part in str(seen.value)
    assert "has not answered within 0 s" in str(seen.value)
