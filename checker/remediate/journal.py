"""The journal of changes: what was about to be done, and what came of it, a JSON line each.

A line is on the disk before the call that it announces, and before anything follows that rests on it. So a run that was
killed leaves at most one step of each account of which nobody knows whether it was done: its `begin` has no end.
"""

import contextlib
import fcntl
import os
import stat
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, Self

import msgspec

from checker.errors import CannotWrite, UsageError, printable
from checker.file_bytes import MOST, locked
from checker.remediate.plan_file import OfKey, why_impossible

EventName = Literal["begin", "done", "left", "failed", "undone"]
BEGIN: Final = "begin"
DONE: Final = "done"
LEFT: Final = "left"
FAILED: Final = "failed"
UNDONE: Final = "undone"
STARTS = b'{"at":"'  # every line
LONGEST_NAME = 100  # characters of what is no journal, in a message
ANOTHER = "name another file with --journal"
GO_ON = "nothing more was begun: mend that, and type the same command again, which goes on from there"
ONE_OF_APPLY = "name the file that `keyage remediate apply` wrote as its --journal"


class State(msgspec.Struct, frozen=True):
    """A key as it was or is to be: None where it is gone, or has no mark."""

    status: str | None
    mark: str | None


class Line(msgspec.Struct, frozen=True, rename="camel"):
    """What is about to happen to a key, or has happened; `after` of a `begin` is what is to come of it."""

    at: Annotated[datetime, msgspec.Meta(tz=True)]
    plan: str  # the SHA-256 of its file
    event: EventName
    account: str
    user: str
    user_id: str
    access_key_id: str
    step: str
    before: State | None
    after: State | None
    why: str
    request_id: str | None

    @property
    def key(self) -> OfKey:
        """Whose key it is about."""
        return OfKey(self.account, self.user, self.user_id, self.access_key_id)


class Told(NamedTuple):
    """What a line says beside when, of which plan and of whose key."""

    event: EventName
    step: str
    why: str
    before: State | None = None
    after: State | None = None
    request_id: str | None = None


class Journal:
    """A journal that this process alone writes; safe to share between threads."""

    def __init__(self, path: Path, handle: int, lines: Sequence[Line], size: int) -> None:
        self.path, self.lines = path, list(lines)
        self._handle, self._size, self._synced = handle, size, size  # bytes
        self._writing, self._syncing = threading.Lock(), threading.Lock()
        self._encoder = msgspec.json.Encoder()

    @classmethod
    def open(cls, path: Path, *, create: bool = True) -> Self:
        """Open and lock it, `create`: make it if it is not there. A line that a kill cut off is taken away; one that is
        whole but for its end gets that.

        Raises UsageError for a file that is no journal or that another run writes, CannotWrite.
        """
        try:
            handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600)
        except OSError as error:
            if create:
                raise CannotWrite(f"cannot write {path}: {error.strerror}") from None
            raise UsageError(f"cannot read {path}: {error.strerror}") from None
        with contextlib.ExitStack() as closing:
            closing.callback(os.close, handle)
            try:
                journal = cls._opened(path, handle, ANOTHER if create else ONE_OF_APPLY)
            except OSError as error:
                raise CannotWrite(f"cannot write {path}: {error.strerror}") from None
            closing.pop_all()  # the journal closes it
        return journal

    @classmethod
    def _opened(cls, path: Path, handle: int, remedy: str) -> Self:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise UsageError(f"{path} is no ordinary file, and a journal has to be one: {remedy}")
        _lock(path, handle, remedy)
        data = os.pread(handle, MOST + 1, 0)
        if len(data) > MOST:
            raise UsageError(f"{path} is larger than {MOST >> 20} MiB, too large for a journal: {remedy}")
        whole, torn = _parted(data, path, remedy)
        ended = _is_line(torn)
        if ended:
            whole += torn.rstrip(b"\0") + b"\n"
        texts = enumerate(whole.split(b"\n")[:-1], start=1)
        lines = [_read(text, f"{path}:{number}", remedy) for number, text in texts]
        os.fchmod(handle, 0o600)
        if torn:
            os.ftruncate(handle, len(whole) - ended)
        if ended:
            _write_all(handle, b"\n")
        os.fsync(handle)
        _sync_folder(path)
        return cls(path, handle, lines, len(whole))

    def tell(self, now: datetime, plan: str, key: OfKey, told: Told) -> None:
        """Append what is told of a key at an instant in UTC, to the second; `plan` is a SHA-256. Raises CannotWrite."""
        event, step, why, before, after, request_id = told
        self.append(Line(now.replace(microsecond=0), plan, event, *key, step, before, after, why, request_id))

    def append(self, line: Line) -> None:
        """Write a line, which is on the disk when this returns; raises CannotWrite, and then nothing may rest on it."""
        try:
            self._write(self._encoder.encode(line) + b"\n")
        except OSError as error:
            raise CannotWrite(f"cannot write {self.path}: {error.strerror}; {GO_ON}") from None
        self.lines.append(line)

    def _write(self, data: bytes) -> None:
        with self._writing:
            try:
                _write_all(self._handle, data)
            except OSError:
                with contextlib.suppress(OSError):  # what stays of it is taken away when the journal is opened again
                    os.ftruncate(self._handle, self._size)
                raise
            self._size += len(data)
            mine = self._size
        with self._syncing:
            if self._synced < mine:  # else another thread has waited for the disk after this was written
                reached = self._size
                os.fsync(self._handle)
                self._synced = reached

    def close(self) -> None:
        """Let others have it."""
        os.close(self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _lock(path: Path, handle: int, remedy: str) -> None:
    alone = locked(handle, fcntl.LOCK_EX)
    if alone is False:
        raise UsageError(f"another keyage works with {path}: run again when it has ended")
    if alone is None:
        raise UsageError(f"{path} is on a file system that cannot lock files, so two runs could use it: {remedy}")


def _parted(data: bytes, path: Path, remedy: str) -> tuple[bytes, bytes]:
    """The whole lines, and what a kill left of a last one; raises UsageError for what no journal ends with."""
    end = data.rfind(b"\n") + 1
    whole, torn = data[:end], data[end:]
    if not torn.startswith(STARTS[: len(torn)]) and torn.strip(b"\0"):
        line = whole.count(b"\n") + 1
        raise UsageError(f"{path}:{line}: {_no_line(torn)}: {remedy}")
    return whole, torn


def _is_line(torn: bytes) -> bool:
    """Whether nothing but the end of the line is gone: an editor took it away, or a kill came just before it."""
    try:
        msgspec.json.decode(torn.rstrip(b"\0"), type=Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _read(text: bytes, place: str, remedy: str) -> Line:
    try:
        line = msgspec.json.decode(text, type=Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError(f"{place}: {_no_line(text)}: {remedy}") from None
    why = why_impossible(line.key, line.step)
    if why is not None:
        raise UsageError(f"{place}: {why}: {remedy}")
    return line


def _no_line(text: bytes) -> str:
    shown = printable(text[:LONGEST_NAME].decode("utf-8", "replace"))
    return f"this is not a line of a journal: {shown}"


def _sync_folder(path: Path) -> None:
    """So that the file is still there after a power failure."""
    folder = os.open(Path(os.path.realpath(path)).parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
