"""`keyage inventory`: save the organization's accounts to accounts.yaml."""

from pathlib import Path
from typing import NamedTuple

from checker.decision import Account
from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT, Unreadable, UsageError
from checker.file_bytes import read_ordinary
from checker.policy import inventory
from checker.policy.inventory_file import Changes, changes, differences, merged
from checker.shell.common import answer, say, teller
from checker.shell.loading import INVENTORY_NAME, Inventory
from checker.shell.whole_file import whole_file
from checker.sources import organization
from checker.sources.aws.session import ReadOnlySession
from checker.spoken import plural


class Options(NamedTuple):
    output: Path = Path(INVENTORY_NAME)
    check: bool = False
    quiet: bool = False
    profile: str | None = None


def run(options: Options) -> int:
    """Write the file, or with `check` only compare it: 1 if it is out of date.

    Raises Unreadable for an organization that could not be read whole, FileProblems for a file that has
    problems, or comments that could not be kept.
    """
    existing = _existing(options.output)
    before = {} if existing is None else inventory.parse(existing, str(options.output))
    session = ReadOnlySession(options.profile, tell=teller(quiet=options.quiet))
    found = organization.read(session, ous=True, tags=True, otherwise=organization.FOR_INVENTORY)
    _require_whole(found.accounts)
    text = merged(existing, str(options.output), found.accounts)
    skipped = (f"note: {account.id} {account.name or ''} is {account.state}: left out" for account in found.skipped)
    say(skipped, quiet=options.quiet)
    up_to_date = existing is not None and text.encode() == existing
    if options.check:
        return _compared(options.output, before, found.accounts, up_to_date=up_to_date)
    if not up_to_date:
        with whole_file(options.output) as stream:
            stream.write(text)
    counted = _counted(changes(before, found.accounts))
    say([f"{options.output}: {plural(len(found.accounts), 'account')}, {counted}"], quiet=options.quiet)
    return COMPLIANT_EXIT


def _compared(output: Path, before: Inventory, accounts: list[Account], *, up_to_date: bool) -> int:
    """Print what differs; the code is 1 if something does."""
    if up_to_date:
        answer([f"{output}: up to date"])
        return COMPLIANT_EXIT
    lines = list(differences(before, accounts)) or ["the accounts are the same, but not written as keyage writes them"]
    answer([f"{output}: out of date: {_counted(changes(before, accounts))}", *(f"  {line}" for line in lines)])
    return FINDINGS_EXIT


def _existing(path: Path) -> bytes | None:
    try:
        return read_ordinary(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _require_whole(accounts: list[Account]) -> None:
    moved = [account.id for account in accounts if account.ou is None]
    if moved:
        raise Unreadable(f"{', '.join(moved)}: moved to a new OU while the organization was read: run again")


def _counted(changed: Changes) -> str:
    return f"{len(changed.added)} added, {len(changed.removed)} removed, {len(changed.changed)} changed"
