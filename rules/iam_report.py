"""An IAM credential report: the CSV that AWS makes of all users of an account, or several of them in one text.

Standard library only. The live reader and the saved source of the checker read reports through this one module.
Columns: IAM User Guide, "Getting credential reports for your AWS account".
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import TypedDict

from .access_keys_rotated import User
from .iam_listing import Untrustworthy
from .selectors import is_account_id

ROOT = "<root_account>"
ACTIVE_COLUMNS = ("access_key_1_active", "access_key_2_active")
ROTATED_COLUMNS = ("access_key_1_last_rotated", "access_key_2_last_rotated")
USED_COLUMNS = ("access_key_1_last_used_date", "access_key_2_last_used_date")
REPORT_COLUMNS = ("user", "arn", "user_creation_time", *ACTIVE_COLUMNS, *ROTATED_COLUMNS)
HEADER_BEGINS = ["user", "arn"]
BYTE_ORDER_MARK = "\ufeff"  # stands where a file begins, so also in the middle of files that were joined
NO_USE = ("N/A", "no_information")  # what stands where there is no record of use


Row = dict[str, str]  # cells by column


class Use(TypedDict):
    """What is told of a key's use: the members of an AccessKey."""

    last_used: datetime | None
    use_known: bool


UNTOLD = Use(last_used=None, use_known=False)


def parse_report(content: bytes) -> dict[str, dict[str, Row]]:
    """Rows of a credential report (bytes of UTF-8) by user name, by account id.

    Reports may stand one after the other: a header tells the columns of what follows it, and a row that is there
    twice counts once. Raises Untrustworthy for anything else, and for rows that contradict each other.
    """
    accounts: dict[str, dict[str, Row]] = {}
    lines: dict[tuple[str, str], int] = {}
    for number, row in _rows(content):
        account_id = _account_of(number, row)
        _require_flags(number, row)
        rows = accounts.setdefault(account_id, {})
        known = rows.setdefault(row["user"], row)
        first = lines.setdefault((account_id, row["user"]), number)
        if any(known[column] != row[column] for column in known.keys() & row.keys()):
            raise Untrustworthy(
                f"the credential report contradicts itself in line {number}: line {first} says something else about"
                f" {row['user']} of {account_id}; keep the newer one"
            )
        rows[row["user"]] = row | known
    if not accounts:
        raise Untrustworthy("the credential report has no row, and every account has one of its root user")
    return accounts


def _rows(content: bytes) -> Iterator[tuple[int, Row]]:
    """The rows, each with the number of the line in which it ends."""
    header: list[str] | None = None
    for number, cells in _cells(content):
        parts = [cells] if header is None else _parted(cells, header)
        for part in parts:
            if part[:2] == HEADER_BEGINS:
                header = _checked_header(number, part)
            elif header is None:
                raise Untrustworthy(f"the credential report has no header in line {number}")
            elif len(part) < len(header):
                raise Untrustworthy(f"the credential report breaks off in line {number}")
            elif len(part) > len(header):
                raise Untrustworthy(f"the credential report has more cells than columns in line {number}")
            else:
                yield number, _lowered(dict(zip(header, part, strict=True)))


def _cells(content: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8").replace(BYTE_ORDER_MARK, "")
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        for cells in lines:
            if cells:
                yield lines.line_num, cells
    except (UnicodeDecodeError, csv.Error) as error:
        raise Untrustworthy(f"the credential report is not CSV text: {error}") from error


def _parted(cells: list[str], header: list[str]) -> list[list[str]]:
    """The cells of one line; of two where a header follows a row without an end of line between them.

    AWS ends no report with an end of line, so files that were joined have such lines.
    """
    last = len(header) - 1
    tail = cells[last + 1 :]
    if tail[:1] != HEADER_BEGINS[1:] or not cells[last].endswith(HEADER_BEGINS[0]):
        return [cells]
    # A quote is left where both cells were quoted: "N/A""user".
    end = cells[last].removesuffix(HEADER_BEGINS[0]).removesuffix('"')
    return [[*cells[:last], end], [HEADER_BEGINS[0], *tail]]


def _checked_header(number: int, header: list[str]) -> list[str]:
    lacking = sorted(set(REPORT_COLUMNS) - set(header))
    if lacking:
        raise Untrustworthy(f"the credential report lacks the columns {', '.join(lacking)} in line {number}")
    if len(set(header)) < len(header):
        raise Untrustworthy(f"the credential report has a column twice in line {number}")
    return header


def _lowered(row: Row) -> Row:
    """The row with its flags as AWS writes them: spreadsheets save TRUE for true."""
    return row | {column: row[column].lower() for column in ACTIVE_COLUMNS if row[column] in ("TRUE", "FALSE")}


def _account_of(number: int, row: Row) -> str:
    """The account in the row's ARN, which must be that of its user."""
    parts = row["arn"].split(":", 5)
    if len(parts) < 6 or parts[2] != "iam" or not is_account_id(parts[4]):
        raise Untrustworthy(f"the credential report has no ARN with an account id in line {number}")
    owner = ROOT if parts[5] == "root" else parts[5].rpartition("/")[2]
    if owner != row["user"]:
        raise Untrustworthy(f"the credential report has the ARN of another than {row['user']} in line {number}")
    return parts[4]


def _require_flags(number: int, row: Row) -> None:
    """Whether a key is active must be plain: what is neither true nor false could hide a key."""
    for column in ACTIVE_COLUMNS:
        if row["user"] != ROOT and row[column] not in ("true", "false"):
            raise Untrustworthy(f"the credential report has {row[column]!r} for {column} in line {number}")


def cells_of(row: Mapping[str, str], columns: Iterable[str]) -> list[str]:
    """What a row says in these columns; N/A where it says nothing."""
    return [row.get(name) or "N/A" for name in columns]


def report_user(row: Mapping[str, str]) -> User:
    """A user as a row of the credential report knows one: no id, no tags; the path is in the ARN."""
    path = row["arn"].partition(":user")[2].rpartition("/")[0] + "/"
    return User(row["user"], path, None, None, row["arn"], report_time(row["user_creation_time"]))


def report_time(text: str) -> datetime | None:
    """A time in the credential report; None for `N/A`, `no_information` and the like."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def last_use(row: Mapping[str, str], column: str) -> Use:
    """When the key of that column was last used; a column that lacks, or says neither a time nor N/A, tells nothing."""
    text = row.get(column, "")
    moment = report_time(text)
    return Use(last_used=moment, use_known=moment is not None or text in NO_USE)
