"""Saved IAM state: a JSON snapshot, or JSON Lines with one account a line, read one at a time."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from checker.errors import Unreadable
from checker.evaluate import AccountRead
from checker.sources.inventory import Inventory, complete

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
AccountId = Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$")]
T = TypeVar("T")


class Key(msgspec.Struct, gc=False, rename={"last_used": "lastUsed"}):
    id: str
    status: str
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


def read_json(path: Path, inventory: Inventory) -> Iterator[AccountRead]:
    """The accounts of a snapshot, by id; raises Unreadable."""
    snapshot = _decode(msgspec.json.Decoder(Snapshot), path.read_bytes(), str(path))
    if snapshot.schema_version != 1:
        raise Unreadable(f"{path}: schemaVersion {snapshot.schema_version} is not known; this keyage reads version 1")
    _check_ids([account.id for account in snapshot.accounts], path)
    for account in sorted(snapshot.accounts, key=lambda one: one.id):
        yield AccountRead(complete(account, inventory), account.users)


def read_lines(path: Path, inventory: Inventory) -> Iterator[AccountRead]:
    """The accounts of a JSON Lines snapshot, by id, one in memory at a time; raises Unreadable."""
    decoder = msgspec.json.Decoder(Account)
    with path.open("rb") as stream:
        for _id, offset, number in _index(path):
            stream.seek(offset)
            account = _decode(decoder, stream.readline(), f"{path}:{number}")
            yield AccountRead(complete(account, inventory), account.users)


def _index(path: Path) -> list[tuple[str, int, int]]:
    """Where each account stands: id, offset and line number, by id."""
    decoder = msgspec.json.Decoder(_Identified)
    found = []
    offset = 0
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.isspace():
                found.append((_decode(decoder, line, f"{path}:{number}").id, offset, number))
            offset += len(line)
    _check_ids([account_id for account_id, _offset, _number in found], path)
    return sorted(found)


def _decode(decoder: "msgspec.json.Decoder[T]", data: bytes, place: str) -> T:
    try:
        return decoder.decode(data)
    except msgspec.DecodeError as error:
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
