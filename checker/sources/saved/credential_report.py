"""A saved IAM credential report: less exact, because it lacks key ids and creation dates.

`access_key_N_last_rotated` moves when a key is merely switched off and on, so a key may be older than
the report says, never younger. What is non-compliant by the report is; what is compliant may not be.
"""

import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from checker.decision import AccessKey, User, decision
from checker.encoding import FileText, require_utf8
from checker.errors import Unreadable
from checker.evaluate import AccountRead, UserUnread
from checker.members import refuse_repeated
from checker.policy.inventory import Inventory, complete

if TYPE_CHECKING:
    from rules import iam_listing as listing
    from rules import iam_report as report
else:
    listing = import_module("checker.rules.iam_listing")
    report = import_module("checker.rules.iam_report")

LESS_EXACT = (
    "judged from a credential report: ages count from the last activation, not from CreateDate,"
    " so a key that was switched off and on looks younger than it is"
)
COLUMNS = list(zip(report.ACTIVE_COLUMNS, report.ROTATED_COLUMNS, report.USED_COLUMNS, strict=True))
HEADER = re.compile(rb'\s*"?user"?,')


class _Answer(msgspec.Struct):
    """What `aws iam get-credential-report` prints (AWS CLI Command Reference)."""

    content: str = msgspec.field(name="Content")
    report_format: str = msgspec.field(name="ReportFormat", default="text/csv")
    generated: object = msgspec.field(name="GeneratedTime", default=None)


class Answer(NamedTuple):
    """A report as AWS answered it, and when AWS made it; None: the answer does not say."""

    report: FileText
    generated: datetime | None


def is_report(data: bytes) -> bool:
    """Whether a file begins as a credential report does, in UTF-8."""
    return HEADER.match(data) is not None


def answered(text: FileText) -> Answer | None:
    """The report in the JSON that `aws iam get-credential-report` prints; None for other JSON. Raises Unreadable."""
    try:
        answer = msgspec.json.decode(text.data, type=_Answer)
    except (ValueError, RecursionError):
        return None
    try:
        refuse_repeated(text.data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{text.path}: {error}") from None
    try:
        data = binascii.a2b_base64("".join(answer.content.split()), strict_mode=True)
    except ValueError:
        raise Unreadable(
            f"{text.path}: its Content is not the base64 of a credential report: save anew what"
            " `aws iam get-credential-report` prints"
        ) from None
    return Answer(text._replace(data=data), report.report_time(str(answer.generated)))


def read(text: FileText, inventory: Inventory) -> Iterator[AccountRead]:
    """The accounts of a report, or of several that were joined, by id; raises Unreadable."""
    require_utf8(*text)
    try:
        accounts = report.parse_report(text.data)
    except listing.Untrustworthy as error:
        raise Unreadable(f"{text.path}: {error}") from None
    notes = [LESS_EXACT]
    for account_id, rows in sorted(accounts.items()):
        if report.ROOT in rows and "true" in [rows[report.ROOT][column] for column in report.ACTIVE_COLUMNS]:
            notes.append(root_warning(account_id))
        account = complete(decision.Account(account_id), inventory)
        users, unread = _users([row for name, row in rows.items() if name != report.ROOT], text.path)
        yield AccountRead(account, users, notes, unread=unread)
        notes = []


def root_warning(account_id: str) -> str:
    """The warning about an active access key of the root user, which no rule judges."""
    return f"the root user of {account_id} has an active access key: delete it, no rule judges root"


def _users(rows: Iterable[Mapping[str, str]], path: Path) -> tuple[list[User], list[UserUnread]]:
    """The users as far as they are certain, and those with an active key of no date, which nobody can judge."""
    users, unread = [], []
    for row in rows:
        user = report.report_user(row)._replace(keys=tuple(_keys(row)))
        undated = [rotated for active, rotated, _used in COLUMNS if row[active] == "true" and not _moment(row, rotated)]
        if undated:
            why = f"{path}: an active key has no date in {' and '.join(undated)}: save the report anew"
            unread.append(UserUnread(user.name, user.id, user.arn, why))
        if user.keys or not undated:
            users.append(user)
    return users, unread


def _keys(row: Mapping[str, str]) -> Iterator[AccessKey]:
    for active, rotated, used in COLUMNS:
        created = _moment(row, rotated)
        if created is not None:
            status = "Active" if row[active] == "true" else "Inactive"
            yield decision.AccessKey(None, status, created, **report.last_use(row, used))


def _moment(row: Mapping[str, str], column: str) -> datetime | None:
    return report.report_time(row[column])
