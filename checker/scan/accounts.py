"""`--organization`: which accounts are read."""

from collections.abc import Iterator, Sequence
from concurrent.futures import TimeoutError as OutOfTime
from functools import partial
from typing import NamedTuple, Protocol

from checker.decision import Account, Clause, selectors
from checker.errors import Unreadable, UsageError
from checker.evaluate import AccountSkipped
from checker.generate.resolution import selectors_for, unlisted
from checker.permissions import AUDIT_ROLE
from checker.policy.inventory import complete
from checker.policy.nearest import Known, meant
from checker.scan.gather import Deadline
from checker.shell.common import Common, say
from checker.shell.loading import Loaded
from checker.sources import live, organization
from checker.sources.audit_role import Accounts, Role
from checker.sources.aws.session import ReadOnlySession
from checker.sources.aws.workers import Workers
from checker.sources.organization import Organization

SHOWN = 10  # warnings of one kind; the others are counted
OU = "ou="


class Choice(Protocol):
    """What options say of the accounts of an organization."""

    @property
    def common(self) -> Common: ...
    @property
    def role_name(self) -> str | None: ...
    @property
    def external_id(self) -> str | None: ...
    @property
    def account(self) -> Sequence[str]: ...


class Chosen(NamedTuple):
    """The accounts to read, by id, what reads them, and those that nobody has to read."""

    accounts: list[Account]
    reader: Accounts
    skipped: Sequence[AccountSkipped]


def chosen(options: Choice, loaded: Loaded, session: ReadOnlySession, workers: Workers, deadline: Deadline) -> Chosen:
    """The accounts of the organization that the options choose, with warnings where the inventory is out of date.

    Raises Unreadable if nobody can tell which accounts there are, UsageError if none is selected.
    """
    filters = parse_filters(options.account)
    start = partial(_start, options, loaded, session, filters)
    try:
        reader, found = workers.start(start).result(timeout=deadline.left())
    except OutOfTime:
        raise Unreadable(deadline.reason("it was known which accounts there are")) from None
    accounts = selected(found.accounts, filters)
    if options.common.inventory is None and loaded.inventory:
        say(outdated(loaded, accounts), quiet=options.common.quiet)
    return Chosen(accounts, reader, found.skipped)


def _start(
    options: Choice, loaded: Loaded, session: ReadOnlySession, filters: Sequence[Clause]
) -> tuple[Accounts, Organization]:
    """The caller, and the accounts: those of an inventory that was named, else those of AWS Organizations."""
    reader = Accounts(session, Role(options.role_name or AUDIT_ROLE, options.external_id))
    if options.common.inventory is not None:
        return reader, Organization([account for _id, account in sorted(loaded.inventory.items())], [])
    wanted = live.account_attributes(loaded.policy.policy) | {name for clause in filters for name, _key in clause}
    found = organization.read(session, ous="ou" in wanted, tags="tags" in wanted)
    accounts = [complete(account, loaded.inventory) for account in found.accounts]
    return reader, Organization(accounts, found.skipped)


def parse_filters(texts: Sequence[str]) -> list[Clause]:
    """Clauses of which any may match: an account id, `ou=` and a pattern on the OU, else a pattern on the name."""
    clauses: list[Clause] = []
    for text in texts:
        if text.startswith(OU):
            clauses.append({("ou", None): [text.removeprefix(OU)]})
        else:
            clauses.append({("id" if selectors.is_account_id(text) else "name", None): [text]})
    return clauses


def selected(accounts: Sequence[Account], filters: Sequence[Clause]) -> list[Account]:
    """The accounts that a filter selects; raises UsageError where that is none, or not known."""
    if not filters:
        if not accounts:
            raise UsageError("there is no account to check: the inventory is empty")
        return list(accounts)
    matcher = selectors.SelectorSet([filters])
    matching = []
    for account in accounts:
        certain, possible = matcher.match(account)
        if certain != possible:
            raise UsageError(f"--account: the inventory does not tell the name or OU of {account.id}")
        if certain:
            matching.append(account)
    if not matching:
        raise UsageError(f"--account: {_none_selected(accounts, filters)}")
    return matching


def _none_selected(accounts: Sequence[Account], filters: Sequence[Clause]) -> str:
    """That the filters select no account, and which they may mean, or some of those there are."""
    wanted = [(name, pattern) for clause in filters for (name, _key), texts in clause.items() for pattern in texts]
    values = [(name, getattr(account, name)) for account in accounts for name in dict(wanted)]
    there = Known(_written(name, value) for name, value in values if value is not None)
    close = next(filter(None, (there.closest(_written(*each)) for each in wanted)), None)
    hint = f": {meant(close)}" if close else f"; there are: {there.said()}" if there.texts else ""
    none = (
        "the only account is not selected"
        if len(accounts) == 1
        else f"none of the {len(accounts)} accounts is selected"
    )
    return none + hint


def _written(attribute: str, value: str) -> str:
    """As --account takes it."""
    return f"{OU}{value}" if attribute == "ou" else value


def outdated(loaded: Loaded, accounts: Sequence[Account]) -> Iterator[str]:
    """Warnings about accounts for which the inventory selects other rules than AWS Organizations does.

    What `render` deploys there follows the inventory, so it would judge otherwise than this run.
    """
    missing = [warning for account in accounts if (warning := unlisted_warning(loaded, account.id))]
    found = [*missing, *(warning for account in accounts if (warning := _outdated(loaded, account)))]
    yield from (f"warning: {text}" for text in found[:SHOWN])
    if len(found) > SHOWN:
        yield f"warning: and {len(found) - SHOWN} more accounts: run `keyage inventory`"


def unlisted_warning(loaded: Loaded, account_id: str) -> str | None:
    """What to say of an account that the inventory lacks, and for which verdicts in AWS may be others than here."""
    warning = unlisted(loaded.policy, account_id) if loaded.inventory and account_id not in loaded.inventory else None
    return warning and f"{warning}: run `keyage inventory`, and deploy what `keyage render` writes then"


def _outdated(loaded: Loaded, account: Account) -> str | None:
    listed = loaded.inventory.get(account.id)
    if listed is None:
        return None
    if selectors_for(loaded.policy, account) == selectors_for(loaded.policy, complete(listed, {account.id: account})):
        return None
    why = "has another name, OU or tags than the inventory says, which select other rules"
    return f"account {account.id} {why}: run `keyage inventory`"
