"""What earlier runs learned of access keys, so that they need not be listed again: `check --state FILE`.

JSON Lines: a head, then one account a line, each with the SHA-256 of its content. A key's id and
creation date never change, so what stands here is out of date only where the credential report shows
a change; rules/iam_reader.py decides that. The file may be lost, and nothing broken in it is believed.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, TextIO

import msgspec

from checker.decision import AccessKey, User, decision
from checker.errors import UsageError
from checker.file_bytes import read_ordinary

VERSION = 1
HEAD = b'{"keyage":"state","version":%d}' % VERSION
OURS = b'{"keyage":"state"'  # how a file of any version begins
Traces = tuple[str, ...]  # the key columns of a row of the credential report
Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class _Key(msgspec.Struct, array_like=True, frozen=True):
    id: str
    status: str
    created: Instant


class _User(msgspec.Struct, array_like=True, frozen=True):
    traces: Traces
    keys: tuple[_Key, ...]


class _Line(msgspec.Struct):
    account: str
    sha256: str
    users: msgspec.Raw  # by user id


_Users = dict[str, _User]


class Memory:
    """The keys of the users of one account, by user id, as an earlier run listed them."""

    def __init__(self, users: _Users) -> None:
        self._users = users

    def recall(self, user: User, traces: Traces) -> list[AccessKey] | None:
        """The keys that were listed when the report said the same in its key columns; None if not known."""
        known = None if user.id is None else self._users.get(user.id)
        if known is None or known.traces != traces:
            return None
        return [decision.AccessKey(key.id, key.status, key.created) for key in known.keys]

    def keep(self, user: User, traces: Traces | None, keys: Sequence[AccessKey]) -> None:
        """Remember what AWS listed; without a row in the report, or a user id, there is nothing to go by later."""
        if user.id is not None and traces is not None:
            self._users[user.id] = _User(traces, tuple(_Key(key.id or "", key.status, key.created) for key in keys))

    def encoded(self, user_ids: Collection[str | None]) -> bytes:
        """The users that still exist, as JSON."""
        kept = {user_id: self._users[user_id] for user_id in sorted(self._users) if user_id in user_ids}
        return msgspec.json.encode(kept)


class State:
    """The state file of a run: read once, written once, shared by the threads that read accounts."""

    def __init__(self, path: Path) -> None:
        """Reads the file, if there is one; raises UsageError if it is there and cannot be read.

        `warnings` say what was not believed and why.
        """
        self.path = path
        self.warnings: list[str] = []
        self.foreign = False  # the file is none of keyage's: it is neither believed nor replaced
        self._lines: dict[str, bytes] = {}
        try:
            content = read_ordinary(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise UsageError(f"cannot read the state {path}: {error.strerror}") from None
        self._read(content)

    def _read(self, content: bytes) -> None:
        if not content:
            return
        if not OURS.startswith(content[: len(OURS)]):
            self.foreign = True
            self.warnings.append(f"{self.path}: no state of keyage, ignored and left as it is: name another file")
            return
        head, _, rest = content.partition(b"\n")
        if head != HEAD:
            self.warnings.append(f"{self.path}: state of another version of keyage, or cut off: ignored")
            return
        for number, line in enumerate(rest.splitlines(), start=2):
            try:
                decoded = _decoded(line)
            except (ValueError, RecursionError) as error:
                self.warnings.append(f"{self.path}:{number}: broken, ignored: {error}")
            else:
                self._lines[decoded.account] = line

    def of(self, account_id: str) -> Memory:
        """What is known of an account."""
        line = self._lines.get(account_id)
        users = {} if line is None else msgspec.json.decode(_decoded(line).users, type=_Users)
        return Memory(users)

    def learn(self, account_id: str, memory: Memory, users: Sequence[User]) -> None:
        """Take over what a reading of the account found; `users` are all it has."""
        content = memory.encoded({user.id for user in users})
        self._lines[account_id] = msgspec.json.encode(
            _Line(account_id, _digest(account_id, content), msgspec.Raw(content))
        )

    def write(self, stream: TextIO) -> None:
        """The whole file, by account id: the same bytes for the same content."""
        stream.writelines(f"{line.decode()}\n" for line in self._text())

    def _text(self) -> Iterator[bytes]:
        yield HEAD
        yield from (self._lines[account_id] for account_id in sorted(self._lines))


def _decoded(line: bytes) -> _Line:
    """A line of an account; raises ValueError if it is not exactly what was written."""
    decoded = msgspec.json.decode(line, type=_Line)
    if decoded.sha256 != _digest(decoded.account, decoded.users):
        raise ValueError("its content does not have the SHA-256 that was written with it")
    users = msgspec.json.decode(decoded.users, type=_Users)
    # The SHA-256 does not tell which of two members the decoder kept.
    if msgspec.json.encode(decoded) != line or msgspec.json.encode(users) != bytes(decoded.users):
        raise ValueError("it is not as keyage writes it")
    return decoded


def _digest(account_id: str, content: bytes | msgspec.Raw) -> str:
    """Bound to the account: the users of one cannot stand in for those of another."""
    return hashlib.sha256(account_id.encode() + b"\n" + bytes(content)).hexdigest()
