"""Saved IAM state: a JSON snapshot, or JSON Lines with one account a line, read one at a time."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, NamedTuple, TypeVar, cast

import msgspec

from checker.decision import AccessKey, decision
from checker.encoding import CUT_OFF, EMPTY, MARK, REMEDY, FileText, encoding_of
from checker.errors import Unreadable, UsageError
from checker.evaluate import AccountRead, AccountUnreadable, Reading
from checker.file_bytes import require_ordinary
from checker.members import refuse_repeated
from checker.policy.inventory import Inventory, complete

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
AccountId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}\Z")]  # `$` would let a line end pass
Status = Literal["Active", "Inactive", "Expired"]  # IAM API Reference, AccessKeyMetadata: another is a mistake
ENDS_TOO_SOON = "Input data was truncated"  # what msgspec says of it
T = TypeVar("T")


class _Absent(threading.local):
    """The value of members that are not there, and how many of them the decoder has met in this thread."""

    met = 0

    def __call__(self) -> None:
        self.met += 1


ABSENT = _Absent()


def _optional() -> Any:
    return msgspec.field(default_factory=ABSENT)


# Members stand in the order in which `_account` writes them, so that what keyage wrote is known by its bytes.
class Key(msgspec.Struct, gc=False, omit_defaults=True):
    """With the members of the rule's AccessKey; an absent `lastUsed` tells no more than `lastUsedKnown: false`."""

    id: str
    status: Status
    created: Instant
    told: Instant | msgspec.UnsetType | None = msgspec.field(name="lastUsed", default=msgspec.UNSET)
    null_is_known: bool = msgspec.field(name="lastUsedKnown", default=True)

    @property
    def last_used(self) -> datetime | None:
        return self.told or None

    @property
    def use_known(self) -> bool:
        return self.null_is_known if self.told is None else bool(self.told)


class User(msgspec.Struct, gc=False, kw_only=True):
    name: str
    id: str | None = _optional()
    arn: str | None = _optional()
    path: str | None = _optional()
    tags: dict[str, str] | None = _optional()
    created: Instant | None = _optional()
    keys: list[Key]
    groups: list[str] | None = _optional()


class Account(msgspec.Struct, gc=False, kw_only=True):
    """null for name, ou or tags: not known."""

    id: AccountId
    name: str | None = _optional()
    ou: str | None = _optional()
    tags: dict[str, str] | None = _optional()
    users: list[User]


class Snapshot(msgspec.Struct, gc=False, rename="camel"):
    schema_version: int
    taken_at: Instant
    accounts: list[Account]


class _Line(Account, kw_only=True):
    taken_at: Instant | msgspec.UnsetType = msgspec.field(name="takenAt", default=msgspec.UNSET)


class _Identified(msgspec.Struct):
    id: AccountId
    taken_at: Instant | None = msgspec.field(name="takenAt", default=None)


def parse(text: FileText) -> Snapshot:
    """A whole snapshot; raises Unreadable."""
    path = text.path
    snapshot = _decode_whole(msgspec.json.Decoder(Snapshot), text.data, str(path))
    if snapshot.schema_version != 1:
        raise Unreadable(f"{path}: schemaVersion {snapshot.schema_version} is not known; this keyage reads version 1")
    _check_ids([account.id for account in snapshot.accounts], path)
    return snapshot


def accounts(snapshot: Snapshot, path: Path, inventory: Inventory) -> Iterator[Reading]:
    """The accounts of a snapshot, by id; one that contradicts itself is unreadable."""
    for account in sorted(snapshot.accounts, key=lambda account: account.id):
        try:
            yield _account_read(account, str(path), inventory)
        except Unreadable as error:
            yield _unreadable(account.id, error, inventory)


def _unreadable(account_id: str, error: Unreadable, inventory: Inventory) -> AccountUnreadable:
    return AccountUnreadable(account_id, complete(decision.Account(account_id), inventory).name, str(error))


def _account_read(account: Account, place: str, inventory: Inventory) -> AccountRead:
    """The structs of users have the members of the rule's own, and a million of them are not worth a copy.

    Raises Unreadable for an account that contradicts itself.
    """
    _check_account(account, place)
    known = decision.Account(account.id, account.name, account.ou, account.tags)
    return AccountRead(complete(known, inventory), cast("list[decision.User]", account.users))


class AccountLine(NamedTuple):
    """Where an account stands in a JSON Lines snapshot."""

    account_id: str
    offset: int  # bytes
    number: int  # of the line, from 1
    taken_at: datetime | None  # None: the line does not say


class Lines:
    """A JSON Lines snapshot, its accounts by id; each is read on demand, so memory stays flat."""

    def __init__(self, path: Path, inventory: Inventory) -> None:
        """Finds the accounts; raises UsageError for a file that cannot be opened, Unreadable for one without any."""
        self.path = path
        found = list(_places(path))
        self.places = sorted(place for place in found if isinstance(place, AccountLine))
        self.nameless = [AccountUnreadable(None, None, str(error)) for error in found if isinstance(error, Unreadable)]
        if not self.places:
            raise Unreadable(self.nameless[0].reason if self.nameless else f"{path}: {EMPTY}")
        times = [place.taken_at for place in self.places]
        known = [time for time in times if time is not None]
        self.taken_at = min(known) if known and len(known) == len(times) else None  # of the oldest
        self._inventory = inventory
        self._decoder = msgspec.json.Decoder(_Line)
        _check_ids([place.account_id for place in self.places], path)

    def accounts(self) -> Iterator[Reading]:
        """Every account, by id, and last the lines of which nobody can tell the account."""
        yield from map(self.read, self.places)
        yield from self.nameless

    def read(self, place: AccountLine) -> Reading:
        """One account; a line that is broken hides no other."""
        where = f"{self.path}:{place.number}"
        with self.path.open("rb") as stream:
            stream.seek(place.offset)
            line = stream.readline()
        try:
            return _account_read(_decode_whole(self._decoder, line, where), where, self._inventory)
        except Unreadable as error:
            return _unreadable(place.account_id, error, self._inventory)


def _places(path: Path) -> Iterator[AccountLine | Unreadable]:
    """Where the accounts are, and what is wrong with lines that tell of none; raises as `_opened` does."""
    decoder = msgspec.json.Decoder(_Identified)
    offset = 0
    with _opened(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.removeprefix(MARK).strip():
                try:
                    identified = _decode(decoder, line, f"{path}:{number}")
                except Unreadable as error:
                    yield error
                else:
                    yield AccountLine(identified.id, offset, number, identified.taken_at)
            offset += len(line)


def _opened(path: Path) -> BinaryIO:
    """The file, whose lines must be UTF-8: they are read from where they stand, one at a time."""
    try:
        require_ordinary(path)
        stream = path.open("rb")
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    encoding = encoding_of(stream.peek(4)[:4])
    if encoding:
        stream.close()
        raise Unreadable(f"{path}:1: the file is {encoding}, and JSON Lines must be UTF-8: {REMEDY}")
    return stream


def _decode(decoder: "msgspec.json.Decoder[T]", data: bytes, place: str) -> T:
    try:
        return decoder.decode(data.removeprefix(MARK))
    except (ValueError, RecursionError) as error:
        why = CUT_OFF if str(error) == ENDS_TOO_SOON else f"not a keyage snapshot: {error}"
        raise Unreadable(f"{place}: {why}") from None


def _decode_whole(decoder: "msgspec.json.Decoder[T]", data: bytes, place: str) -> T:
    """What `_decode` gives, if no object has a member twice; raises Unreadable."""
    before = ABSENT.met
    decoded = _decode(decoder, data, place)
    if not _all_kept(decoded, data, ABSENT.met - before):
        try:
            refuse_repeated(data.removeprefix(MARK), called=("name", "id"))
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"{place}: not a keyage snapshot: {error}") from None
    return decoded


def _all_kept(decoded: object, data: bytes, absent: int) -> bool:
    """Whether what was decoded certainly has every member of the text.

    Without a backslash every string is between two quotes, so the quotes tell how many strings there are: that of a
    member that was dropped lacks in what was decoded, and a member that was absent has a name there.
    """
    encoded = msgspec.json.encode(decoded)
    if data.rstrip() == encoded:
        return True
    return b"\\" not in data and data.count(b'"') == encoded.count(b'"') - 2 * absent


def _check_account(account: Account, place: str) -> None:
    """Raises Unreadable for what contradicts itself.

    One user or one key that is given twice would be judged twice, or once by chance; a user of another account is
    judged by the rules of this one.
    """
    users = account.users
    ids = [user.id for user in users if user.id is not None]
    _refuse_twice("the user", [user.name for user in users], account, place)
    _refuse_twice("the user id", ids, account, place)
    _refuse_twice("the access key", [key.id for user in users for key in user.keys], account, place)
    own = f":iam::{account.id}:"
    for user in users:
        if user.arn is not None and own not in user.arn and ":iam::" in user.arn:
            raise Unreadable(f"{place}: the ARN of {user.name} in account {account.id} is of another: {user.arn}")


def _refuse_twice(what: str, given: list[str], account: Account, place: str) -> None:
    if len(set(given)) < len(given):
        raise Unreadable(f"{place}: {what} {_repeated(given)} is in account {account.id} more than once: keep one")


def _check_ids(ids: list[str], path: Path) -> None:
    if not ids:
        raise Unreadable(f"{path}: no account is in it, so nothing can be said")
    repeated = _repeated(ids)
    if repeated:
        raise Unreadable(f"{path}: the account {repeated} is in it more than once")


def _repeated(given: Iterable[str]) -> str:
    return ", ".join(text for text, times in Counter(given).items() if times > 1)


def write_json(accounts: list[AccountRead], taken_at: datetime) -> bytes:
    """A snapshot as indented JSON."""
    state = {"schemaVersion": 1, "takenAt": _moment(taken_at), "accounts": [_account(account) for account in accounts]}
    return msgspec.json.format(msgspec.json.encode(state), indent=1) + b"\n"


def write_lines(accounts: list[AccountRead], taken_at: datetime) -> bytes:
    """A snapshot as JSON Lines; each line has its time, because files of several accounts are joined."""
    time = {"takenAt": _moment(taken_at)}
    return b"".join(msgspec.json.encode(_account(account) | time) + b"\n" for account in accounts)


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
                "keys": [_key(key) for key in user.keys],
            }
            for user in users
        ],
    }


def _key(key: AccessKey) -> dict[str, Any]:
    """`lastUsedKnown` stands only where it is false, so that readers from before it understand all others."""
    entry = {
        "id": key.id,
        "status": key.status,
        "created": _moment(key.created),
        "lastUsed": _moment(key.last_used),
    }
    return entry if key.use_known else entry | {"lastUsedKnown": False}


def _moment(moment: datetime | None) -> datetime | None:
    """In UTC, which JSON then writes with a Z."""
    return None if moment is None else moment.astimezone(UTC)
