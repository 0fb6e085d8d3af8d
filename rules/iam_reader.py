"""Read the users and access keys of one account, with no more calls than the verdict depends on.

Standard library only: the IAM client, the way to run calls side by side and the way to wait are
handed in. The checker and the AWS Config rule read AWS through this one module.

A call that fails after the client's own retries raises what the client raises; what cannot be
trusted raises Untrustworthy. Nothing that could not be read is left out silently.
"""

from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from .access_keys_rotated import COMPLIANT, NOT_APPLICABLE, UNDECIDED, decide
from .iam_listing import error_code, keys_of, tagged_users_of, tags_of, users_of
from .iam_report import (
    ACTIVE_COLUMNS,
    ROOT,
    ROTATED_COLUMNS,
    USED_COLUMNS,
    Untrustworthy,
    parse_report,
    report_time,
    report_user,
)

# Seconds between two looks at a credential report in the making, a minute in all. AWS answers
# within seconds for most accounts; past this the keys of every user are listed instead.
REPORT_DELAYS = (0.25, 0.5, 1, 2, 4, 8, 8, 8, 8, 8, 8, 8)
REPORT_PENDING = {"ReportInProgress", "ReportNotPresent", "ReportExpired"}
# AWS makes a new report when the last one is four hours old (IAM User Guide, "Getting credential reports"), and it
# may take a while to be made and fetched.
REPORT_LASTS = timedelta(hours=4, minutes=10)
DENIED = {"AccessDenied", "AccessDeniedException"}
INSTEAD = "the keys of every user were listed instead, and their last use is not known"
LOOKS = 3  # how often users that vanish while they are read are looked for again


class Needs:
    """What the lines about one account depend on: its verdicts, and what falls due up to the instant `horizon`."""

    def __init__(self, policy, now, horizon, every_line=False):
        """`every_line`: compliant and inactive keys get a line too, whatever their due date."""
        self._policy = policy
        self._now = now
        self._horizon = horizon
        self._every_line = every_line
        self.user_tags = "tags" in policy.asked_of_users(now)

    def keys(self, user):
        """Whether a key of the user can be past its limit by the horizon: no key is older than its user."""
        return user.created is None or self._horizon - user.created > self._strictest(user)

    def too_old(self, user, created):
        """Whether a key of the user, created at that time, can be past its limit."""
        return self._now - created > self._strictest(user)

    def _strictest(self, user):
        return min(rule.limit for rule in self._policy.rules_for(user))

    def tags(self, user):
        """Whether a line about the user depends on tags that are not known."""
        if user.tags is not None or not self.user_tags:
            return False
        return any(self._in_doubt(key, decide(self._policy, user, key, self._now)) for key in user.keys)

    def _in_doubt(self, key, decision):
        """Whether the key has a line of which the verdict, the rule or the due date is not known."""
        if decision.verdict == UNDECIDED:
            return True
        if len(decision.rules) == 1:
            return False
        if decision.verdict == NOT_APPLICABLE:
            return self._every_line
        due = decision.verdict == COMPLIANT and self._horizon - key.created
        return self._every_line or due is False or any(due > rule.limit for rule in decision.rules)


class NoMemory:
    """What is known of keys from earlier runs: nothing."""

    def recall(self, _user, _traces):
        """The keys that the user had when the report said the same in its key columns; None if not known."""

    def keep(self, user, traces, keys):
        """Remember the keys that AWS listed, and what the report said in its key columns."""


class Report(NamedTuple):
    """A credential report: its rows by user name, and when AWS made it; None if AWS does not say."""

    rows: dict
    made: datetime | None


class Reading(NamedTuple):
    users: list  # every user; keys are empty for those whose keys can change no verdict
    root_key_active: bool | None  # None: not known
    notes: list  # what was read by a longer way, and why


def read_users(iam, needs, run, wait, memory=None):
    """Read an account through an IAM client.

    `needs` says whose keys and tags are wanted, `run` is a `map` that may run calls side by side,
    `wait` sleeps for a number of seconds, `memory` is asked before AWS for keys that cannot be too old.
    Tags that AWS denied stay None.
    """
    notes = []
    report = _credential_report(iam, wait, notes)
    users = _users(iam, None if report is None else report.rows, needs, notes)
    report = _of_these(users, report, notes)
    rows = None if report is None else report.rows
    wanted = [user for user in users if _may_have_keys(user, rows) and needs.keys(user)]
    keyed = _list_keys(iam, wanted, report or Report({}, None), needs, run, memory or NoMemory(), notes)
    found = [keyed.get(_identity(user), user) for user in users]
    root = None if rows is None else ROOT in rows and "true" in _columns(rows[ROOT], ACTIVE_COLUMNS)
    return Reading([user for user in found if user is not None], root, notes)


def _credential_report(iam, wait, notes):
    """The report, or None with a note if there is none to be had."""
    try:
        answer = _report_answer(iam, wait)
        if answer is None:
            why = "the credential report was still being made after a minute"
        elif _is_outdated(answer):
            why = (
                f"the credential report is of {answer['GeneratedTime'].astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC,"
                " older than the four hours that AWS promises"
            )
        else:
            return Report(_only(parse_report(answer["Content"])), answer.get("GeneratedTime"))
    except iam.exceptions.ClientError as error:
        why = f"the credential report could not be read ({error_code(error)})"
    except Untrustworthy as error:
        why = str(error)
    notes.append(f"{why}: {INSTEAD}")
    return None


def _only(accounts):
    """The rows of the one account that a report from AWS is about."""
    if len(accounts) > 1:
        raise Untrustworthy(f"the credential report is about several accounts, {', '.join(sorted(accounts))}")
    return next(iter(accounts.values()))


def _of_these(users, report, notes):
    """The report, or None with a note if it is about another account than that of the users."""
    if report is None or not users:
        return report
    row = next(iter(report.rows.values()))
    if row["arn"].split(":")[4:5] == users[0].arn.split(":")[4:5]:
        return report
    notes.append(f"the credential report is about another account, {row['arn']}: {INSTEAD}")
    return None


def _report_answer(iam, wait):
    for delay in (*REPORT_DELAYS, None):
        try:
            if iam.generate_credential_report().get("State") == "COMPLETE":
                return iam.get_credential_report()
        except iam.exceptions.ClientError as error:
            if error_code(error) not in REPORT_PENDING:
                raise
        if delay is not None:
            wait(delay)
    return None


def _is_outdated(answer):
    """Whether the report is older than AWS promises, by the time at which AWS itself answered."""
    made, answered = answer.get("GeneratedTime"), _answered(answer)
    return made is not None and answered is not None and answered - made > REPORT_LASTS


def _answered(answer):
    """When AWS answered: the Date of its answer, which no clock of ours can put wrong; None if it has none."""
    written = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        moment = parsedate_to_datetime(written or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _users(iam, rows, needs, notes):
    """Every user, with tags where lines may depend on them and AWS gives them in one listing."""
    try:
        if needs.user_tags:
            return list(tagged_users_of(iam))
    except iam.exceptions.ClientError as error:
        if error_code(error) not in DENIED:
            raise
        notes.append("iam:GetAccountAuthorizationDetails was denied: tags are read user by user, where they matter")
    try:
        return list(users_of(iam))
    except iam.exceptions.ClientError as error:
        if rows is None or error_code(error) not in DENIED:
            raise
        notes.append("iam:ListUsers was denied: the names come from the credential report, user ids are unknown")
    return [report_user(row) for name, row in rows.items() if name != ROOT]


def _columns(row, names):
    return [row.get(name) or "N/A" for name in names]


def _row_of(user, rows):
    """The user's row; a row of the same name but another creation time is another user's."""
    row = (rows or {}).get(user.name)
    if (
        row is None
        or user.created is None
        or report_time(row["user_creation_time"]) != user.created.replace(microsecond=0)
    ):
        return None
    return row


def _may_have_keys(user, rows):
    row = _row_of(user, rows)
    if row is None:
        return True
    traces = _columns(row, ROTATED_COLUMNS) + _columns(row, USED_COLUMNS)
    return "true" in _columns(row, ACTIVE_COLUMNS) or any(report_time(text) for text in traces)


def _identity(user):
    return user.id or user.name


class _KeyLister:
    """Lists the keys of users, and their tags where lines depend on them; safe to share between threads."""

    def __init__(self, iam, report, needs, memory):
        self._iam, self._report, self._needs, self._memory = iam, report, needs, memory
        self.untold = set()  # names of users whose tags AWS denied

    def read(self, user):
        """The user with keys; None for one who no longer exists."""
        try:
            row = _row_of(user, self._report.rows)
            keys = _recalled(user, row, self._report.made, self._needs, self._memory)
            if keys is None:
                keys = keys_of(self._iam, user.name)
                self._memory.keep(user, _traces(row), keys)
            keyed = user._replace(keys=_with_last_use(keys, row))
            return self._with_tags(keyed) if self._needs.tags(keyed) else keyed
        except self._iam.exceptions.NoSuchEntityException:
            return None

    def _with_tags(self, user):
        try:
            return user._replace(tags=tags_of(self._iam, user.name))
        except self._iam.exceptions.ClientError as error:
            if error_code(error) not in DENIED:
                raise
            self.untold.add(user.name)
            return user


def _list_keys(iam, wanted, report, needs, run, memory, notes):
    """Users with keys and, where needed, tags, by identity; None for a user who no longer exists."""
    lister = _KeyLister(iam, report, needs, memory)
    keyed = {}
    for _look in range(LOOKS):
        for user, result in zip(wanted, run(lister.read, wanted), strict=True):
            keyed[_identity(user)] = result
        vanished = [user for user in wanted if keyed[_identity(user)] is None]
        wanted = _look_again(iam, needs, vanished) if vanished else []
        if not wanted:
            if lister.untold:
                notes.append(f"iam:ListUserTags was denied: the tags of {len(lister.untold)} users are not known")
            return keyed
    names = ", ".join(user.name for user in wanted)
    raise Untrustworthy(f"users kept changing their names while they were read: {names}")


def _look_again(iam, needs, vanished):
    """Those of the vanished users who exist, under the names they have now: ids outlive a renaming."""
    nameless = [user.name for user in vanished if user.id is None]
    if nameless:
        raise Untrustworthy(
            f"{', '.join(nameless)}: gone since the credential report was made; whether deleted or renamed"
            " only iam:ListUsers can tell, which was denied"
        )
    ids = {user.id for user in vanished}
    return [user for user in _users(iam, None, needs, []) if user.id in ids]


def _traces(row):
    """What changes in a row when a key is made, deleted or switched; None without a row."""
    return (
        None if row is None else tuple(row[name] for name in ("user_creation_time", *ACTIVE_COLUMNS, *ROTATED_COLUMNS))
    )


def _recalled(user, row, made, needs, memory):
    """The keys of an earlier run, where no key that the user may have now can be too old; else None.

    While the row stays as it is, only keys made after the report can be missing in them.
    """
    keys = None if row is None or made is None else memory.recall(user, _traces(row))
    if keys is None or any(needs.too_old(user, moment) for moment in (made, *(key.created for key in keys))):
        return None
    return keys


def _with_last_use(keys, row):
    return tuple(key._replace(last_used=moment) for key, moment in zip(keys, _last_used(keys, row), strict=True))


def _last_used(keys, row):
    """When each key was last used, from the report, which has no key ids: None where it is not plain.

    A key is known by its creation date, which is its last-rotated date unless it was toggled; where one
    key and one row entry are left over they belong together, unless the key is younger than the entry.
    """
    if row is None:
        return [None] * len(keys)
    slots = [
        (report_time(rotated), report_time(used))
        for rotated, used in zip(_columns(row, ROTATED_COLUMNS), _columns(row, USED_COLUMNS), strict=True)
        if report_time(rotated)
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
