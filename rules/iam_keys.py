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
from .iam_rows import Report, Traces

LOOKS = 3  # how often users who were perhaps renamed while they were read are looked for again
ENOUGH = 20  # users, of whom none can be read, to tell that nobody's keys can be
SERVER_FAILED = 500  # and above: the statuses of failures that are not the caller's
ELSEWHERE = "ListUsers names the user, but ListAccessKeys knows no such user"
RESTLESS = "the user was renamed again and again while keys were listed"
NAMELESS = "gone since the credential report was made; iam:ListUsers, which was denied, tells who was renamed"
NOT_THESE = (
    "the keys are not those of the credential report: they were deleted since, or the name is another user's now;"
    " iam:ListUsers, which was denied, tells who was renamed"
)


class PerhapsRenamed(Untrustworthy):
    """What was read under a user's name may be another user's."""


class Detail(NamedTuple):
    """What is asked of a user beside keys, by the name that the decision has for it, where no listing tells it."""

    of: Callable[[Any, str], Any]  # with an IAM client and the user's name
    operation: str


DETAILS = {"tags": Detail(tags_of, "ListUserTags"), "groups": Detail(groups_of, "ListGroupsForUser")}
Run = Callable[[Callable[[User], Any], Iterable[User]], Iterable[Any]]  # a `map`


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


class Unread(NamedTuple):
    """A user whose keys could not be read, and the error that tells why."""

    user: User
    error: Exception


class Found(NamedTuple):
    """What came of listing the keys of users."""

    users: Sequence[User]  # all of the account, as they were listed last
    keyed: Mapping[str, User]  # with keys and, where needed, details, by identity
    unread: Sequence[Unread]


def identity(user: User) -> str:
    """What tells the user from every other: the id, where it is known."""
    return user.id or user.name


class KeyLister:
    """Lists the keys of users, and their details where lines depend on them.

    ListAccessKeys and the calls for details go by name, and a name may go from one user to another between two calls.
    Where keys are not the very ones of the credential report, or details were asked for, the users are listed again,
    and who has another name then is read again.
    """

    def __init__(self, iam: Any, report: Report, needs: Asked, memory: Memory, run: Run) -> None:
        self._iam, self._report, self._needs, self._memory, self._run = iam, report, needs, memory, run
        self._keyed: dict[str, User] = {}  # by identity, as the next two
        self._unread: dict[str, Unread] = {}
        self._doubts: dict[str, str] = {}  # why what was read of a user may be another's
        self._listed: dict[str, Sequence[AccessKey]] = {}  # the keys that AWS told, and no memory
        self.untold: dict[str, set[str]] = {detail: set() for detail in DETAILS}  # names of users of whom AWS denied it

    def found(self, users: Sequence[User], look_again: Callable[[], Sequence[User]]) -> Found:
        """The keys of those `users`, who are all of the account, that can matter; `look_again` lists all anew.

        Raises what the client raises for what is no matter of one user, and the first error where nobody's keys can
        be read: nothing is to be learnt from thousands more.
        """
        there = {identity(user): user for user in users}
        self._read_first(self._missing(there.values()))
        unsure, missed = len(there) < len(users) or self._report.tells_of_others(users), dict[str, User]()
        for _look in range(LOOKS):
            if not (self._doubts or unsure or missed):
                break
            users = look_again()
            now_there = {identity(user): user for user in users}
            unsure = len(now_there) < len(users)
            # Whoever is renamed between two pages may stand on neither: gone is who is missing for the second time.
            missed = {key: user for key, user in there.items() if key not in now_there and key not in missed}
            self._forget_doubtful(there, now_there)
            there = now_there | missed
            self._doubts.clear()
            self._read_all(self._missing(now_there.values()))
        self._doubts |= dict.fromkeys(missed, RESTLESS) | dict.fromkeys(self._sharing(there), RESTLESS)
        for key in self._doubts.keys() & there.keys():
            self._keyed.pop(key, None)
            self._unread[key] = Unread(there[key], PerhapsRenamed(self._doubts[key]))
        self._remember(there)
        keyed = {key: user for key, user in self._keyed.items() if key in there}
        return Found([*there.values()], keyed, [unread for key, unread in self._unread.items() if key in there])

    def _missing(self, users: Iterable[User]) -> list[User]:
        """Those of whom keys are wanted and were not read yet."""
        return [
            user
            for user in users
            if identity(user) not in self._keyed
            and identity(user) not in self._unread
            and self._report.may_have_keys(user)
            and self._needs.keys(user)
        ]

    def _forget_doubtful(self, before: Mapping[str, User], after: Mapping[str, User]) -> None:
        """What was read under a name that is no longer the user's, or that the row denies, may be another's."""
        for key, user in after.items():
            renamed = key in before and before[key].name != user.name
            if renamed:
                self._listed.pop(key, None)
            if renamed or (key in self._doubts and self._report.denies(user, self._listed.get(key, ()))):
                self._keyed.pop(key, None)
                self._unread.pop(key, None)

    def _sharing(self, there: Iterable[str]) -> set[str]:
        """Users of whom two are said to have one access key."""
        owners: dict[str | None, list[str]] = {}
        for key in there:
            for access_key in self._keyed[key].keys if key in self._keyed else ():
                owners.setdefault(access_key.id, []).append(key)
        return {key for keys in owners.values() if len(keys) > 1 for key in keys}

    def _remember(self, there: Iterable[str]) -> None:
        """What is certain in the end, and what the report tells of: a younger key may go without a trace in it."""
        for key in there:
            user = self._keyed.get(key)
            if user is not None and key in self._listed and self._report.tells_of(user, self._listed[key]):
                self._memory.keep(user, self._report.traces_of(user), self._listed[key])

    def _read_first(self, users: Sequence[User]) -> None:
        """Those from all over the list: who has one path or the like may stand together."""
        size = min(ENOUGH, len(users))
        sample = [users[number * len(users) // size] for number in range(size)]
        self._read_all(sample)
        errors = [
            unreadable.error for unreadable in self._unread.values() if not isinstance(unreadable.error, PerhapsRenamed)
        ]
        if sample and len(errors) == len(sample):
            raise errors[0]
        taken = set(map(identity, sample))
        self._read_all([user for user in users if identity(user) not in taken])

    def _read_all(self, users: Sequence[User]) -> None:
        for user, result in zip(users, self._run(self.read, users) if users else (), strict=True):
            if isinstance(result, Unread):
                self._unread[identity(user)] = result
            elif result is not None:
                self._keyed[identity(user)] = result

    def read(self, user: User) -> User | Unread | None:
        """The user with keys; None for one who is not there, Unread for one who alone cannot be read."""
        try:
            keys = _recalled(user, self._report, self._needs, self._memory)
            if keys is None:
                keys = keys_of(self._iam, user.name)
                self._require_own(user, keys)
                self._listed[identity(user)] = keys
            keyed = user._replace(keys=self._report.with_last_use(user, keys))
            for detail in self._needs.lacking(keyed):
                keyed = self._with(detail, keyed)
            return keyed
        except self._iam.exceptions.NoSuchEntityException:
            if user.id is None:
                return Unread(user, PerhapsRenamed(NAMELESS))
            self._doubts[identity(user)] = ELSEWHERE
            return None
        except (ResponseParserError, Untrustworthy) as error:
            return Unread(user, error)
        except self._iam.exceptions.ClientError as error:
            if error_code(error) in DENIED or status_of(error) >= SERVER_FAILED:
                return Unread(user, error)
            raise

    def _require_own(self, user: User, keys: Sequence[AccessKey]) -> None:
        """Raises PerhapsRenamed if the keys may be another's and no listing can tell; else there is a doubt."""
        if user.id is None:
            if not self._report.agrees_but_for_younger(user, keys):
                raise PerhapsRenamed(NOT_THESE)
        elif not self._report.agrees(user, keys) and self._listed.get(user.id) != keys:
            self._doubts[identity(user)] = RESTLESS

    def _with(self, detail: str, user: User) -> User:
        try:
            fields: dict[str, Any] = {detail: DETAILS[detail].of(self._iam, user.name)}
        except self._iam.exceptions.ClientError as error:
            if error_code(error) not in DENIED:
                raise
            self.untold[detail].add(user.name)
            return user
        if user.id is not None:
            self._doubts[identity(user)] = RESTLESS
        return user._replace(**fields)


def _recalled(user: User, report: Report, needs: Asked, memory: Memory) -> Sequence[AccessKey] | None:
    """The keys of an earlier run, where no key that the user may have now can be too old; else None.

    While the row stays as it is, only keys made after the report can be missing in them.
    """
    traces = report.traces_of(user)
    keys = None if traces is None or report.generated is None else memory.recall(user, traces)
    if (
        keys is None
        or report.generated is None
        or any(needs.too_old(user, moment) for moment in (report.generated, *(key.created for key in keys)))
    ):
        return None
    return keys
