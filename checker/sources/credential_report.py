"""A saved IAM credential report (CSV): less exact, because it lacks key ids and creation dates.

`access_key_N_last_rotated` moves when a key is merely switched off and on, so a key may be older than
the report says, never younger. What is non-compliant by the report is; what is compliant may not be.
"""

from collections.abc import Iterator
from pathlib import Path

from checker.errors import Unreadable
from checker.evaluate import AccountRead
from checker.rule import AccessKey, User, decision
from checker.sources.inventory import Inventory, complete
from checker.sources.reader import reader

LESS_EXACT = (
    "judged from a credential report: ages count from the last activation, not from CreateDate,"
    " so a key that was switched off and on looks younger than it is"
)


def read(path: Path, inventory: Inventory) -> Iterator[AccountRead]:
    """The one account of a report; raises Unreadable."""
    try:
        rows = reader.parse_report(path.read_bytes())
    except reader.Untrustworthy as error:
        raise Unreadable(f"{path}: {error}") from None
    account_id = next(iter(rows.values()))["arn"].split(":")[4:5]
    if not account_id or not decision.is_account_id(account_id[0]):
        raise Unreadable(f"{path}: the first row has no ARN with an account id")
    notes = [LESS_EXACT]
    if reader.ROOT in rows and "true" in [rows[reader.ROOT][column] for column in reader.ACTIVE_COLUMNS]:
        notes.append(root_warning(account_id[0]))
    users = [_user(row, path) for name, row in rows.items() if name != reader.ROOT]
    yield AccountRead(complete(decision.Account(account_id[0]), inventory), users, notes)


def root_warning(account_id: str) -> str:
    """The warning about an active access key of the root user, which no rule judges."""
    return f"the root user of {account_id} has an active access key: delete it, no rule judges root"


def _user(row: dict[str, str], path: Path) -> User:
    user = reader.report_user(row)
    return decision.User(*user[:-1], keys=tuple(_keys(row, path)))  # type: ignore[index]


def _keys(row: dict[str, str], path: Path) -> Iterator[AccessKey]:
    columns = zip(reader.ACTIVE_COLUMNS, reader.ROTATED_COLUMNS, reader.USED_COLUMNS, strict=True)
    for active, rotated, used in columns:
        created = reader.report_time(row[rotated])
        if created is not None:
            status = "Active" if row[active] == "true" else "Inactive"
            yield decision.AccessKey(None, status, created, reader.report_time(row.get(used, "N/A")))
        elif row[active] == "true":
            raise Unreadable(f"{path}: {row['user']} has an active key without a date in {rotated}")
