"""What a credential report tells of users: a row has a name and a creation second, but no user id.

Standard library only. A name may have gone to another user since the report was made. A row is taken for a user's
where name and second agree; where several rows have that second, the user may be any of them.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from .access_keys_rotated import AccessKey, User
from .iam_report import (
    ACTIVE_COLUMNS,
    ROOT,
    ROTATED_COLUMNS,
    UNTOLD,
    USED_COLUMNS,
    Row,
    Use,
    cells_of,
    last_use,
    report_time,
)

Traces = tuple[str, ...]
Entries = tuple[tuple[datetime, bool], ...]


class Report:
    """A credential report, to be asked about users."""

    def __init__(self, rows: Mapping[str, Row], generated: datetime | None) -> None:
        """Takes the rows by user name, and when AWS made the report; None if AWS does not say."""
        self.rows, self.generated = rows, generated
        self._same_second: dict[str, list[Row]] = defaultdict(list)
        for row in rows.values():
            self._same_second[row["user_creation_time"]].append(row)
        self._alike = Counter(map(_entries, rows.values()))

    def row_of(self, user: User) -> Row | None:
        """The user's row; a row of the same name but another creation time is another user's."""
        row = self.rows.get(user.name)
        if (
            row is None
            or user.created is None
            or report_time(row["user_creation_time"]) != user.created.replace(microsecond=0)
        ):
            return None
        return row

    def may_have_keys(self, user: User) -> bool:
        """Whether the user can have keys; who is not in the report may."""
        rows = self._rows_of(user)
        return not rows or any(map(_has_keys, rows))

    def traces_of(self, user: User) -> Traces | None:
        """What changes in a row when a key is made, deleted or switched; None if it is not certain for the user."""
        traces = {_traces(row) for row in self._rows_of(user)}
        return traces.pop() if len(traces) == 1 else None

    def tells_of_others(self, users: Iterable[User]) -> bool:
        """Whether it has a user with keys who is none of these: one who was deleted, renamed, or not listed."""
        known = {user.name for user in users if self.row_of(user)}
        return any(name not in known and name != ROOT and _has_keys(row) for name, row in self.rows.items())

    def agrees(self, user: User, keys: Collection[AccessKey]) -> bool:
        """Whether these are the very keys that the user's row, and no other, tells of: not switched since."""
        rows = self._rows_of(user)
        return len(rows) == 1 and _entries(rows[0]) == _creations(keys) and self._alike[_entries(rows[0])] == 1

    def agrees_but_for_younger(self, user: User, keys: Collection[AccessKey]) -> bool:
        """Whether these are the very keys that the row of that name tells of, and others made since."""
        generated = self.generated
        known = [key for key in keys if generated is None or key.created < generated]
        return _entries(self.rows[user.name]) == _creations(known)

    def denies(self, user: User, keys: Collection[AccessKey]) -> bool:
        """Whether the user's row tells of other keys than these."""
        return self.row_of(user) is not None and not self.tells_of(user, keys)

    def tells_of(self, user: User, keys: Collection[AccessKey]) -> bool:
        """Whether each of the keys may be one that the user's row tells of: none is switched before it is made."""
        row = self.row_of(user)
        entries, created = () if row is None else _entries(row), _creations(keys)
        return len(entries) == len(created) and all(
            switched >= new for (switched, _), (new, _) in zip(entries, created, strict=True)
        )

    def with_last_use(self, user: User, keys: Sequence[AccessKey]) -> tuple[AccessKey, ...]:
        """The keys with what the row tells of their use, which has no key ids: not known where it is not plain.

        A key is known by its creation date, which is its last-rotated date unless it was toggled; where one
        key and one row entry are left over they belong together, unless the key is younger than the entry.
        """
        row = self.row_of(user)
        uses = {} if row is None else _last_uses(keys, row)
        return tuple(key._replace(**uses.get(number, UNTOLD)) for number, key in enumerate(keys))

    def _rows_of(self, user: User) -> Sequence[Row]:
        row = self.row_of(user)
        return () if row is None else self._same_second[row["user_creation_time"]]


def _has_keys(row: Row) -> bool:
    traces = cells_of(row, ROTATED_COLUMNS) + cells_of(row, USED_COLUMNS)
    return "true" in cells_of(row, ACTIVE_COLUMNS) or any(report_time(text) for text in traces)


def _traces(row: Row) -> Traces:
    return tuple(row[name] for name in ("user_creation_time", *ACTIVE_COLUMNS, *ROTATED_COLUMNS))


def _entries(row: Row) -> Entries:
    """When each key was made or last switched, first to last, and whether it is active."""
    cells = zip(cells_of(row, ROTATED_COLUMNS), cells_of(row, ACTIVE_COLUMNS), strict=True)
    return tuple(sorted((moment, active == "true") for text, active in cells if (moment := report_time(text))))


def _creations(keys: Iterable[AccessKey]) -> Entries:
    return tuple(sorted((key.created.replace(microsecond=0), key.status == "Active") for key in keys))


def _last_uses(keys: Sequence[AccessKey], row: Row) -> dict[int, Use]:
    """By the number of the key."""
    slots = [
        (moment, last_use(row, used))
        for rotated, used in zip(cells_of(row, ROTATED_COLUMNS), USED_COLUMNS, strict=True)
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
    return moments
