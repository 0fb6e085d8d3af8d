"""Saved IAM state: a JSON snapshot, or JSON Lines with one account a line, read one at a time."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, NamedTuple, TypeVar, cast

import msgspec

from checker.decision import decision
from checker.encoding import MARK, REMEDY, encoding_of
from checker.errors import Unreadable, UsageError
from checker.evaluate import AccountRead
from checker.policy.inventory import Inventory, complete

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
AccountId = Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$")]
Status = Literal["Active", "Inactive", "Expired"]  # IAM API Reference, AccessKeyMetadata: another is a mistake
T = TypeVar("T")


class Key(msgspec.Struct, gc=False, rename={"last_used": "lastUsed"}):
    id: str
    status: Status
    created: Instant
    last_used: Instant | None = None


class User(msgspec.Struct, gc=False):
    name: str
    keys: list[Key]
    id: str | None = None
    arn: str | None = None
    path: str | None = None
    tags: dict[str, str] | None = None
    created: Instant | None = None
    groups: list[str] | None = None


class Account(msgspec.Struct, gc=False):
    """null for name, ou or tags: not known."""

    id: AccountId
    users: list[User]
    name: str | None = None
    ou: str | None = None
    tags: dict[str, str] | None = None


class Snapshot(msgspec.Struct, gc=False, rename="camel"):
    schema_version: int
    taken_at: Instant
    accounts: list[Account]


class _Identified(msgspec.Struct):
    id: AccountId


def read_json(data: bytes, path: Path, inventory: Inventory) -> Iterator[AccountRead]:
    """The accounts of the bytes of a snapshot, by id; raises Unreadable."""
    snapshot = _decode(msgspec.json.Decoder(Snapshot), data, str(path))
    if snapshot.schema_version != 1:
        raise Unreadable(f"{path}: schemaVersion {snapshot.schema_version} is not known; this keyage reads version 1")
    _check_ids([account.id for account in snapshot.accounts], path)
    for account in sorted(snapshot.accounts, key=lambda one: one.id):
        yield _account_read(account, inventory)


def _account_read(account: Account, inventory: Inventory) -> AccountRead:
    """The structs of users have the members of the rule's own, and a million of them are not worth a copy."""
    known = decision.Account(account.id, account.name, account.ou, account.tags)
    return AccountRead(complete(known, inventory), cast("list[decision.User]", account.users))


class Place(NamedTuple):
    """Where an account stands in a JSON Lines snapshot."""

    account_id: str
    offset: int  # bytes
    number: int  # of the line, from 1


class Lines:
    """A JSON Lines snapshot, its accounts by id; each is read on demand, so memory stays flat."""

    def __init__(self, path: Path, inventory: Inventory) -> None:
        """Finds the accounts; raises UsageError for a file that cannot be opened, Unreadable."""
        self.path = path
        self.places = sorted(_places(path))
        self._inventory = inventory
        self._decoder = msgspec.json.Decoder(Account)
        _check_ids([place.account_id for place in self.places], path)

    def accounts(self) -> Iterator[AccountRead]:
        """Every account, by id; raises Unreadable."""
        return map(self.read, self.places)

    def read(self, place: Place) -> AccountRead:
        """One account; raises Unreadable."""
        with self.path.open("rb") as stream:
            stream.seek(place.offset)
            account = _decode(self._decoder, stream.readline(), f"{self.path}:{place.number}")
        return _account_read(account, self._inventory)


def _places(path: Path) -> Iterator[Place]:
    decoder = msgspec.json.Decoder(_Identified)
    offset = 0
    with _opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.removeprefix(MARK).strip():
                yield Place(_decode(decoder, line, f"{path}:{number}").id, offset, number)
            offset += len(line)


def _opened(path: Path) -> BinaryIO:
    """The file, whose lines must be UTF-8: they are read from where they stand, one at a time."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    found = encoding_of(stream.peek(4)[:4])
    if found:
        stream.close()
        raise Unreadable(f"{path}:1: the file is {found}, and JSON Lines must be UTF-8: {REMEDY}")
    return stream


def _decode(decoder: "msgspec.json.Decoder[T]", data: bytes, place: str) -> T:
    try:
        return decoder.decode(data.removeprefix(MARK))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{place}: not a keyage snapshot: {error}") from None


def _check_ids(ids: list[str], path: Path) -> None:
    if not ids:
        raise Unreadable(f"{path}: no account is in it, so nothing can be said")
    repeated = [account_id for account_id, times in Counter(ids).items() if times > 1]
    if repeated:
        raise Unreadable(f"{path}: the account {', '.join(repeated)} is in it more than once")


def write_json(accounts: list[AccountRead], taken_at: datetime) -> bytes:
    """A snapshot as indented JSON."""
    state = {"schemaVersion": 1, "takenAt": _moment(taken_at), "accounts": [_account(one) for one in accounts]}
    return msgspec.json.format(msgspec.json.encode(state), indent=1) + b"\n"


def write_lines(accounts: list[AccountRead]) -> bytes:
    """A snapshot as JSON Lines."""
    return b"".join(msgspec.json.encode(_account(one)) + b"\n" for one in accounts)


def _account(read: AccountRead) -> dict[str, Any]:
    account = read.account
    users = sorted(read.users, key=lambda user: user.name)
    return {
        "id": account.id,
        "name": account.name,
        "ou": account.ou,
        "tags": account.tags,
        "users": [
            {
                "name": user.name,
                "id": user.id,
                "arn": user.arn,
                "path": user.path,
                "tags": user.tags,
                "groups": user.groups,
                "created": _moment(user.created),
                "keys": [
                    {
                        "id": key.id,
                        "status": key.status,
                        "created": _moment(key.created),
                        "lastUsed": _moment(key.last_used),
                    }
                    for key in user.keys
                ],
            }
            for user in users
        ],
    }


def _moment(moment: datetime | None) -> datetime | None:
    """In UTC, which JSON then writes with a Z."""
    return None if moment is None else moment.astimezone(UTC)
