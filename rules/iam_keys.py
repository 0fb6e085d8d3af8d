"""List the access keys of users, and only where a verdict can depend on them.

Standard library and botocore only: the IAM client, the way to run calls side by side and the memory are handed in.
One user who cannot be read does not hide the others; nothing that could not be read is left out silently.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from botocore.parsers import ResponseParserError

from .access_keys_rotated import AccessKey, User
from .iam_listing import DENIED, Untrustworthy, error_code, groups_of, keys_of, status_of, tags_of
from .iam_report import ACTIVE_COLUMNS, ROTATED_COLUMNS, USED_COLUMNS, Row, cells_of, report_time

LOOKS = 3  # how often users that vanish while they are read are looked for again
ENOUGH = 20  # users, of whom none can be read, to tell that nobody's keys can be
SERVER_FAILED = 500  # and above: the statuses of failures that are not the caller's
ELSEWHERE = "ListUsers names the user, but ListAccessKeys knows no such user"
NAMELESS = "gone since the credential report was made; iam:ListUsers, which was denied, tells who was renamed"


class Detail(NamedTuple):
    """What is asked of a user beside keys, by the name that the decision has for it, where no listing tells it."""

    of: Callable[[Any, str], Any]  # with an IAM client and the user's name
    operation: str


DETAILS = {"tags": Detail(tags_of, "ListUserTags"), "groups": Detail(groups_of, "ListGroupsForUser")}
Run = Callable[[Callable[[User], Any], Iterable[User]], Iterable[Any]]  # a `map`
Traces = tuple[str, ...]


class Asked(Protocol):
    """Of whom keys, tags and groups are wanted."""

    @property
    def details(self) -> Collection[str]:
        """Of DETAILS those on which lines may depend."""

    def keys(self, user: User) -> bool:
        """Whether a line depends on the user's keys."""

    def too_old(self, user: User, created: datetime) -> bool:
        """Whether a key of the user, created at that time, can be past its limit."""

    def lacking(self, user: User) -> Collection[str]:
        """Of `details` those that are not known of the user, if a line depends on them."""


class Memory(Protocol):
    """What is known of keys from earlier runs."""

    def recall(self, user: User, traces: Traces) -> Sequence[AccessKey] | None:
        """The keys that the user had when the report said the same in its key columns; None if not known."""

    def keep(self, user: User, traces: Traces | None, keys: Sequence[AccessKey]) -> None:
        """Remember the keys that AWS listed, and what the report said in its key columns."""


class NoMemory:
    """What is known of keys from earlier runs: nothing."""

    def recall(self, _user: User, _traces: Traces) -> None:
        """Nothing."""

    def keep(self, user: User, traces: Traces | None, keys: Sequence[AccessKey]) -> None:
        """Forgotten at once."""


class Report(NamedTuple):
    """A credential report: its rows by user name, and when AWS made it; None if AWS does not say."""

    rows: Mapping[str, Row]
    made: datetime | None


class Unread(NamedTuple):
    """A user whose keys could not be read, and the error that tells why."""

    user: User
    error: Exception


Results = list[User | Unread | None]


class Found(NamedTuple):
    """What came of listing the keys of users."""

    keyed: Mapping[str, User | None]  # with keys and, where needed, details, by identity; None: no longer there
    unread: Sequence[Unread]


def may_have_keys(user: User, rows: Mapping[str, Row] | None) -> bool:
    """Whether the user can have keys, by the report's rows; who is not in them may."""
    row = row_of(user, rows)
    if row is None:
        return True
    traces = cells_of(row, ROTATED_COLUMNS) + cells_of(row, USED_COLUMNS)
    return "true" in cells_of(row, ACTIVE_COLUMNS) or any(report_time(text) for text in traces)


def row_of(user: User, rows: Mapping[str, Row] | None) -> Row | None:
    """The user's row; a row of the same name but another creation time is another user's."""
    row = (rows or {}).get(user.name)
    if (
        row is None
        or user.created is None
        or report_time(row["user_creation_time"]) != user.created.replace(microsecond=0)
    ):
        return None
    return row


def identity(user: User) -> str:
    """What tells the user from every other: the id, where it is known."""
    return user.id or user.name


class KeyLister:
    """Lists the keys of users, and their details where lines depend on them; `read` may be shared between threads."""

    def __init__(self, iam: Any, report: Report, needs: Asked, memory: Memory, run: Run) -> None:
        self._iam, self._report, self._needs, self._memory, self._run = iam, report, needs, memory, run
        self._keyed: dict[str, User | None] = {}  # by identity, as `_unread`
        self._unread: dict[str, Unread] = {}
        self.untold: dict[str, set[str]] = {detail: set() for detail in DETAILS}  # names of users of whom AWS denied it

    def found(self, wanted: Sequence[User], look_again: Callable[[], Iterable[User]]) -> Found:
        """The keys of the `wanted` users; `look_again` gives every user of the account anew.

        Raises what the client raises for what is no matter of one user, and the first error where nobody's keys can
        be read: nothing is to be learnt from thousands more.
        """
        first = self._read_all(wanted[:ENOUGH])
        failed = [each for each in first if isinstance(each, Unread)]
        if first and len(failed) == len(first):
            raise failed[0].error
        wanted = self._sort(wanted, first + self._read_all(wanted[ENOUGH:]), look_again)
        for _look in range(1, LOOKS):
            wanted = self._sort(wanted, self._read_all(wanted), look_again)
        self._unread |= {identity(user): Unread(user, Untrustworthy(ELSEWHERE)) for user in wanted}
        return Found(self._keyed, [*self._unread.values()])

    def _read_all(self, users: Sequence[User]) -> Results:
        return [*self._run(self.read, users)] if users else []

    def _sort(
        self, users: Sequence[User], results: Results, look_again: Callable[[], Iterable[User]]
    ) -> Sequence[User]:
        """Put each where it belongs; those who vanished but exist are given back, under the names they have now."""
        ids: set[str | None] = set()
        for user, result in zip(users, results, strict=True):
            if isinstance(result, Unread):
                self._unread[identity(user)] = result
            elif result is None and user.id is None:
                self._unread[identity(user)] = Unread(user, Untrustworthy(NAMELESS))
            else:
                self._keyed[identity(user)] = result
                ids |= set() if result else {user.id}
        return [user for user in look_again() if user.id in ids] if ids else []

    def read(self, user: User) -> User | Unread | None:
        """The user with keys; None for one who no longer exists, Unread for one who alone cannot be read."""
        try:
            row = row_of(user, self._report.rows)
            keys = _recalled(user, row, self._report.made, self._needs, self._memory)
            if keys is None:
                keys = keys_of(self._iam, user.name)
                self._memory.keep(user, _traces(row), keys)
            keyed = user._replace(keys=_with_last_use(keys, row))
            for detail in self._needs.lacking(keyed):
                keyed = self._with(detail, keyed)
            return keyed
        except self._iam.exceptions.NoSuchEntityException:
            return None
        except (ResponseParserError, Untrustworthy) as error:
            return Unread(user, error)
        except self._iam.exceptions.ClientError as error:
            if error_code(error) in DENIED or status_of(error) >= SERVER_FAILED:
                return Unread(user, error)
            raise

    def _with(self, detail: str, user: User) -> User:
        try:
            told: dict[str, Any] = {detail: DETAILS[detail].of(self._iam, user.name)}
        except self._iam.exceptions.ClientError as error:
            if error_code(error) not in DENIED:
                raise
            self.untold[detail].add(user.name)
            return user
        return user._replace(**told)


def _traces(row: Row | None) -> Traces | None:
    """What changes in a row when a key is made, deleted or switched; None without a row."""
    return (
        None if row is None else tuple(row[name] for name in ("user_creation_time", *ACTIVE_COLUMNS, *ROTATED_COLUMNS))
    )


def _recalled(
    user: User, row: Row | None, made: datetime | None, needs: Asked, memory: Memory
) -> Sequence[AccessKey] | None:
    """The keys of an earlier run, where no key that the user may have now can be too old; else None.

    While the row stays as it is, only keys made after the report can be missing in them.
    """
    traces = _traces(row)
    keys = None if traces is None or made is None else memory.recall(user, traces)
    if (
        keys is None
        or made is None
        or any(needs.too_old(user, moment) for moment in (made, *(key.created for key in keys)))
    ):
        return None
    return keys


def _with_last_use(keys: Sequence[AccessKey], row: Row | None) -> tuple[AccessKey, ...]:
    return tuple(key._replace(last_used=moment) for key, moment in zip(keys, _last_used(keys, row), strict=True))


def _last_used(keys: Sequence[AccessKey], row: Row | None) -> Sequence[datetime | None]:
    """When each key was last used, from the report, which has no key ids: None where it is not plain.

    A key is known by its creation date, which is its last-rotated date unless it was toggled; where one
    key and one row entry are left over they belong together, unless the key is younger than the entry.
    """
    if row is None:
        return [None] * len(keys)
    slots = [
        (moment, report_time(used))
        for rotated, used in zip(cells_of(row, ROTATED_COLUMNS), cells_of(row, USED_COLUMNS), strict=True)
        if (moment := report_time(rotated))
    ]
    moments = {}
    for number, key in enumerate(keys):
        same = [slot for slot in slots if slot[0] == key.created.replace(microsecond=0)]
        if len(same) == 1:
            moments[number] = same[0][1]
            slots.remove(same[0])
    left = [number for number in range(len(keys)) if number not in moments]
    if len(left) == 1 and len(slots) == 1 and slots[0][0] >= keys[left[0]].created.replace(microsecond=0):
        moments[left[0]] = slots[0][1]
    return [moments.get(number) for number in range(len(keys))]
