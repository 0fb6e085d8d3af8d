"""Read the users and access keys of one account, with no more calls than the verdict depends on.

Standard library only: the IAM client, the way to run calls side by side and the way to wait are
handed in. The checker and the AWS Config rule read AWS through this one module.

A call that fails after the client's own retries raises what the client raises; what cannot be
trusted raises Untrustworthy. Nothing that could not be read is left out silently.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from .access_keys_rotated import COMPLIANT, NOT_APPLICABLE, UNDECIDED, AccessKey, AccountPolicy, Decision, User, decide
from .iam_keys import DETAILS, Asked, KeyLister, Memory, NoMemory, Run, Unread, identity
from .iam_listing import DENIED, Untrustworthy, detailed_users_of, error_code, users_of
from .iam_report import ACTIVE_COLUMNS, ROOT, Row, cells_of, parse_report, report_user
from .iam_rows import Report

# Seconds between two looks at a credential report in the making, a minute in all. AWS answers
# within seconds for most accounts; past this the keys of every user are listed instead.
REPORT_DELAYS = (0.25, 0.5, 1, 2, 4, 8, 8, 8, 8, 8, 8, 8)
REPORT_PENDING = {"ReportInProgress", "ReportNotPresent", "ReportExpired"}
# AWS makes a new report when the last one is four hours old (IAM User Guide, "Getting credential reports"), and it
# may take a while to be made and fetched.
REPORT_LASTS = timedelta(hours=4, minutes=10)
INSTEAD = "the keys of every user were listed instead, and their last use is not known"


class Needs:
    """What the lines about one account depend on: its verdicts, and what falls due up to the instant `horizon`."""

    def __init__(self, policy: AccountPolicy, now: datetime, horizon: datetime, every_line: bool = False) -> None:
        """`every_line`: compliant and inactive keys get a line too, whatever their due date."""
        self._policy = policy
        self._now = now
        self._horizon = horizon
        self._every_line = every_line
        self.details = DETAILS.keys() & policy.asked_of_users(now)

    def keys(self, user: User) -> bool:
        """Whether a key of the user can be past its limit by the horizon: no key is older than its user."""
        return user.created is None or self._horizon - user.created > self._strictest(user)

    def too_old(self, user: User, created: datetime) -> bool:
        """Whether a key of the user, created at that time, can be past its limit."""
        return self._now - created > self._strictest(user)

    def _strictest(self, user: User) -> timedelta:
        return min(rule.limit for rule in self._policy.rules_for(user))

    def lacking(self, user: User) -> list[str]:
        """The tags or groups that are not known of the user and on which a line depends."""
        unknown = [detail for detail in DETAILS if detail in self.details and getattr(user, detail) is None]
        if unknown and any(self._in_doubt(key, decide(self._policy, user, key, self._now)) for key in user.keys):
            return unknown
        return []

    def _in_doubt(self, key: AccessKey, decision: Decision) -> bool:
        """Whether the key has a line of which the verdict, the rule or the due date is not known."""
        if decision.verdict == UNDECIDED:
            return True
        if len(decision.rules) == 1:
            return False
        if decision.verdict == NOT_APPLICABLE:
            return self._every_line
        due = decision.verdict == COMPLIANT and self._horizon - key.created
        return self._every_line or due is False or any(due > rule.limit for rule in decision.rules)


class Reading(NamedTuple):
    users: Sequence[User]  # every user who could be read; keys are empty for those whose keys can change no verdict
    root_key_active: bool | None  # None: not known
    notes: Sequence[str]  # what was read by a longer way, and why
    unread: Sequence[Unread]  # Unread: users of whose keys nothing is known


def read_users(
    iam: Any, needs: Asked, run: Run, wait: Callable[[float], None], memory: Memory | None = None
) -> Reading:
    """Read an account through an IAM client.

    `needs` says whose keys, tags and groups are wanted, `run` is a `map` that may run calls side by side,
    `wait` sleeps for a number of seconds, `memory` is asked before AWS for keys that cannot be too old.
    Tags and groups that AWS denied stay None.
    """
    notes: list[str] = []
    report = _credential_report(iam, wait, notes)
    users = _users(iam, None if report is None else report.rows, needs, notes)
    report = _of_these(users, report, notes)
    rows = None if report is None else report.rows
    lister = KeyLister(iam, report or Report({}, None), needs, memory or NoMemory(), run)
    listed, keyed, unread = lister.found(users, lambda: _users(iam, None, needs, []))
    for detail, names in lister.untold.items():
        if names:
            operation = DETAILS[detail].operation
            notes.append(f"iam:{operation} was denied: the {detail} of {len(names)} users are not known")
    lost = {identity(unreadable.user) for unreadable in unread}
    readable = [keyed.get(identity(user), user) for user in listed if identity(user) not in lost]
    root = None if rows is None else ROOT in rows and "true" in cells_of(rows[ROOT], ACTIVE_COLUMNS)
    return Reading(readable, root, notes, unread)


def _credential_report(iam: Any, wait: Callable[[float], None], notes: list[str]) -> Report | None:
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


def _only(accounts: Mapping[str, dict[str, Row]]) -> dict[str, Row]:
    """The rows of the one account that a report from AWS is about."""
    if len(accounts) > 1:
        raise Untrustworthy(f"the credential report is about several accounts, {', '.join(sorted(accounts))}")
    return next(iter(accounts.values()))


def _of_these(users: Sequence[User], report: Report | None, notes: list[str]) -> Report | None:
    """The report, or None with a note if it is about another account than that of the users."""
    if report is None or not users:
        return report
    row = next(iter(report.rows.values()))
    if row["arn"].split(":")[4:5] == (users[0].arn or "").split(":")[4:5]:
        return report
    notes.append(f"the credential report is about another account, {row['arn']}: {INSTEAD}")
    return None


def _report_answer(iam: Any, wait: Callable[[float], None]) -> Mapping[str, Any] | None:
    for delay in (*REPORT_DELAYS, None):
        try:
            if iam.generate_credential_report().get("State") == "COMPLETE":
                answer: Mapping[str, Any] = iam.get_credential_report()
                return answer
        except iam.exceptions.ClientError as error:
            if error_code(error) not in REPORT_PENDING:
                raise
        if delay is not None:
            wait(delay)
    return None


def _is_outdated(answer: Mapping[str, Any]) -> bool:
    """Whether the report is older than AWS promises, by the time at which AWS itself answered."""
    generated, answered = answer.get("GeneratedTime"), _answered(answer)
    return generated is not None and answered is not None and answered - generated > REPORT_LASTS


def _answered(answer: Mapping[str, Any]) -> datetime | None:
    """When AWS answered: the Date of its answer, which no clock of ours can put wrong; None if it has none."""
    written = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    try:
        moment = parsedate_to_datetime(written or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _users(iam: Any, rows: Mapping[str, Row] | None, needs: Asked, notes: list[str]) -> list[User]:
    """Every user, with tags and groups where lines may depend on them and AWS gives them in one listing."""
    try:
        if needs.details:
            return list(detailed_users_of(iam))
    except iam.exceptions.ClientError as error:
        if error_code(error) not in DENIED:
            raise
        what = " and ".join(detail for detail in DETAILS if detail in needs.details)
        notes.append(f"iam:GetAccountAuthorizationDetails was denied: {what} are read user by user, where they matter")
    try:
        return list(users_of(iam))
    except iam.exceptions.ClientError as error:
        if rows is None or error_code(error) not in DENIED:
            raise
        notes.append("iam:ListUsers was denied: the names come from the credential report, user ids are unknown")
    return [report_user(row) for name, row in rows.items() if name != ROOT]
