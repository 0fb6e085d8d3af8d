"""What a sign-in waits for that may never come: the answer of a credential_process, a token that comes by a pipe.

botocore waits for both without an end: read in botocore 1.44, credentials.py and utils.py.
"""

import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from botocore.credentials import AssumeRoleWithWebIdentityProvider, ProcessProvider
from botocore.utils import FileWebIdentityTokenLoader

from checker.errors import SignInFailed, printable
from checker.sources.aws.sign_in_advice import PROCESS, WAYS, WEB_IDENTITY
from checker.sources.aws.throttled import FIRST, NEXT, Tell

LIMIT = 120  # seconds: a security key to touch, or a page in a browser with a password and a code
GRACE = 1  # second between asking a program to end and ending it
TERMINAL = Path("/dev/tty")
LONGEST_TOKEN = 2**20  # bytes; AWS STS takes 20,000 characters


class Patience(NamedTuple):
    """After how many seconds a person is told, then told again, and when it is given up."""

    first: float = FIRST
    following: float = NEXT
    limit: float = LIMIT


class _Wait(Protocol):
    @property
    def what(self) -> str:
        """What is waited for."""

    @property
    def remedy(self) -> str:
        """What a person should do if it does not come."""

    def begin(self) -> None:
        """Make that it comes."""

    def come(self, seconds: float) -> bool:
        """Whether it comes within so many seconds."""

    def end(self) -> None:
        """Nobody waits any more; may be called more than once, and before `begin`."""

    def close(self) -> None:
        """Give back what it has open."""


class Waits:
    """What the sign-ins of a process wait for; without a lock, because a handler of a signal looks at it too."""

    def __init__(self) -> None:
        self._now: dict[int, _Wait] = {}
        self._closed = False

    def for_(self, wait: _Wait, tell: Tell | None, patience: Patience) -> None:
        """Wait until it has come; raises SignInFailed at the limit. However that ends, nothing is left running."""
        with self._registered(wait), closing(wait):
            try:
                wait.begin()
                self._until_it_comes(wait, tell, patience)
            except BaseException:
                wait.end()
                raise

    @staticmethod
    def _until_it_comes(wait: _Wait, tell: Tell | None, patience: Patience) -> None:
        waited, until = 0.0, min(patience.first, patience.limit)
        while not wait.come(until - waited):
            waited = until
            if waited >= patience.limit:
                late = f"it has not answered within {patience.limit:g} s"
                raise SignInFailed(f"{wait.what} failed: {late}; {wait.remedy}")
            until = min(waited + patience.following, patience.limit)
            if tell:
                limit = f"keyage waits until {patience.limit:g} s"
                tell(f"{wait.what} has not answered yet, for {waited:g} s now: {limit}")

    @contextmanager
    def _registered(self, wait: _Wait) -> Iterator[None]:
        self._now[id(wait)] = wait
        try:
            if self._closed:
                raise SignInFailed(f"{wait.what} failed: keyage ends")
            yield
        finally:
            del self._now[id(wait)]

    def unanswered(self) -> str | None:
        """What has not come yet, and what to do about it."""
        for wait in list(self._now.values()):
            return f"{wait.what} has not answered: {wait.remedy}"
        return None

    def end_all(self) -> None:
        """End what is under way, and let nothing begin: the process ends."""
        self._closed = True
        for wait in list(self._now.values()):
            wait.end()


WAITS = Waits()


class Program:
    """A credential_process, as much of a Popen as botocore uses; begins when its answer is asked for."""

    remedy = WAYS[PROCESS][1]

    def __init__(
        self,
        profile: str,
        arguments: Sequence[str],
        tell: Tell | None,
        patience: Patience,
        waits: Waits = WAITS,
        **streams: int,
    ) -> None:
        # Its arguments may hold secrets.
        self.what = f"{WAYS[PROCESS][0].format(profile=profile)} ({printable(Path(arguments[0]).name)})"
        self._arguments, self._streams = arguments, streams
        self._tell, self._patience, self._waits = tell, patience, waits
        # At a terminal only keyage's own group may read from it and gets its Ctrl-C: there a program may ask a person.
        self._own_group = not _has_terminal()
        self._starting: Future[subprocess.Popen[bytes]] = Future()
        self._printed: tuple[bytes, bytes] = (b"", b"")
        self.returncode: int | None = None

    def communicate(self) -> tuple[bytes, bytes]:
        """What it printed on both streams; raises OSError if it is not there, SignInFailed if it does not end."""
        self._waits.for_(self, self._tell, self._patience)
        return self._printed

    def begin(self) -> None:
        # In a thread, because a Ctrl-C in the middle of Popen would leave a program of which nobody knows.
        threading.Thread(target=self._start, daemon=True).start()
        self._starting.result()

    def _start(self) -> None:
        group = 0 if self._own_group else None
        start: Any = subprocess.Popen
        try:
            self._starting.set_result(start(self._arguments, process_group=group, **self._streams))
        except (OSError, ValueError) as error:
            self._starting.set_exception(error)

    def come(self, seconds: float) -> bool:
        process = self._starting.result()
        try:
            self._printed = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return False
        self.returncode = process.returncode
        return True

    def end(self) -> None:
        """End it and what it started, also if it is about to begin: first as `kill` does, then for certain."""
        try:
            process = self._starting.result(GRACE)
        except (OSError, ValueError, TimeoutError):  # there is none
            return
        self._send(process, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
        self._send(process, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self.returncode = process.wait(GRACE)

    def close(self) -> None:
        if self._starting.done() and not self._starting.exception():
            self._starting.result().__exit__(None, None, None)

    def _send(self, process: "subprocess.Popen[bytes]", number: int) -> None:
        if not self._own_group:
            process.send_signal(number)
            return
        with suppress(ProcessLookupError, PermissionError):  # macOS has the latter for a group of the dead
            os.killpg(process.pid, number)


def _has_terminal() -> bool:
    try:
        TERMINAL.open("rb").close()
    except OSError:
        return False
    return True


class Token:
    """The token of a web identity, from a file that may be a pipe."""

    remedy = WAYS[WEB_IDENTITY][1]

    def __init__(self, profile: str, path: str, tell: Tell | None, patience: Patience, waits: Waits = WAITS) -> None:
        self.what = WAYS[WEB_IDENTITY][0].format(profile=profile)
        self._path, self._tell, self._patience, self._waits = path, tell, patience, waits
        self._pipe = -1
        self._found = b""

    def __call__(self) -> str:
        """The token; raises OSError, UnicodeDecodeError, and SignInFailed if a pipe does not end."""
        if not Path(self._path).is_fifo():
            token: str = FileWebIdentityTokenLoader(self._path)()
            return token
        self._waits.for_(self, self._tell, self._patience)
        return self._found.decode()

    def begin(self) -> None:
        self._pipe = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)

    def close(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)

    def come(self, seconds: float) -> bool:
        ends = time.monotonic() + seconds
        while select.select([self._pipe], [], [], max(0.0, ends - time.monotonic()))[0]:
            part = os.read(self._pipe, LONGEST_TOKEN)
            self._found += part
            if not part or len(self._found) > LONGEST_TOKEN:
                return True
        return False

    def end(self) -> None:
        """A pipe has nothing to be ended."""


def watch(resolver: Any, tell: Tell | None, patience: Patience) -> None:
    """Let all of botocore's providers wait with that patience, those of a source_profile too."""
    builder = resolver.get_provider("assume-role")._profile_provider_builder  # noqa: SLF001 -- no other way to it
    make: Callable[..., list[Any]] = builder.providers

    def providers(profile_name: str, disable_env_vars: bool = False) -> list[Any]:
        chain = make(profile_name=profile_name, disable_env_vars=disable_env_vars)
        _watch(chain, tell, patience)
        return chain

    builder.providers = providers
    _watch(resolver.providers, tell, patience)


def _watch(providers: Sequence[Any], tell: Tell | None, patience: Patience) -> None:
    """By the parameters `popen` and `token_loader_cls`, which botocore itself leaves at their defaults."""
    for provider in providers:
        profile = getattr(provider, "_profile_name", "")
        if isinstance(provider, ProcessProvider):
            provider._popen = _starting(profile, tell, patience)  # type: ignore[attr-defined]  # noqa: SLF001
        elif isinstance(provider, AssumeRoleWithWebIdentityProvider):
            provider._token_loader_cls = _reading(profile, tell, patience)  # type: ignore[attr-defined]  # noqa: SLF001


def _starting(profile: str, tell: Tell | None, patience: Patience) -> Callable[..., Program]:
    return lambda arguments, **streams: Program(profile, arguments, tell, patience, **streams)


def _reading(profile: str, tell: Tell | None, patience: Patience) -> Callable[[str], Token]:
    return lambda path: Token(profile, path, tell, patience)
