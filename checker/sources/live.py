"""The account of the current credentials, read live by the shared reader."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from checker.errors import Unreadable
from checker.evaluate import AccountRead, AccountUnreadable, Reading
from checker.rule import Account, Exemption, Policy, Rule, User, decision
from checker.sources.aws_session import ReadOnlySession
from checker.sources.credential_report import root_warning
from checker.sources.failures import FAILURES, explain
from checker.sources.inventory import Inventory, complete
from checker.sources.reader import VerdictNeeds, reader

NeedsOf = Callable[[Account], VerdictNeeds]


class Everything:
    """Needs every key, and every user's tags if asked to: for a snapshot, which must serve any policy."""

    def __init__(self, *, user_tags: bool) -> None:
        self._user_tags = user_tags

    def keys(self, _user: User) -> bool:
        return True

    def tags(self, _user: User) -> bool:
        return self._user_tags


def verdict_needs(policy: Policy, now: datetime, horizon: datetime) -> NeedsOf:
    """Asks for what decides verdicts at `now` and what falls due until `horizon`."""
    return lambda account: reader.Needs(policy.for_account(account), now, horizon)


def asks_for_names(policy: Policy) -> bool:
    """Whether a rule or exemption selects accounts by name."""
    entries: list[Rule | Exemption] = [*policy.rules, *policy.exemptions]
    return any(("name", None) in clause for entry in entries for clause in entry.accounts)


def read_account(
    session: ReadOnlySession,
    inventory: Inventory,
    needs_of: NeedsOf,
    *,
    want_name: bool,
    concurrency: int,
    wait: Callable[[float], None] = time.sleep,
) -> Reading:
    """Read the account that the credentials belong to; what fails comes back as a value.

    `want_name` asks AWS for the account alias if the inventory has no name.
    """
    account = None
    notes: list[str] = []
    try:
        account = _caller(session, inventory)
        iam = session.client("iam")
        if want_name and account.name is None:
            account = _named(iam, account, notes)
        pool = ThreadPoolExecutor(concurrency, thread_name_prefix="keyage")
        try:
            found = reader.read_users(iam, needs_of(account), pool.map, wait)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
    except FAILURES as error:
        account_id, name = (account.id, account.name) if account else (None, None)
        return AccountUnreadable(account_id, name, explain(error), session.calls())
    notes += [f"{account.id}: {note}" for note in found.notes]
    if found.root_key_active:
        notes.append(root_warning(account.id))
    return AccountRead(account, found.users, notes, session.calls())


def identify(session: ReadOnlySession, inventory: Inventory, *, want_name: bool) -> Account:
    """The account of the session, with what the inventory or its alias tells; raises Unreadable."""
    try:
        account = _caller(session, inventory)
        return _named(session.client("iam"), account, []) if want_name and account.name is None else account
    except FAILURES as error:
        raise Unreadable(explain(error)) from None


def _caller(session: ReadOnlySession, inventory: Inventory) -> Account:
    return complete(decision.Account(session.client("sts").get_caller_identity()["Account"]), inventory)


def _named(iam: Any, account: Account, notes: list[str]) -> Account:
    """The account with its alias for a name; where it has none the name stays unknown."""
    try:
        aliases = iam.list_account_aliases()["AccountAliases"]
    except iam.exceptions.ClientError as error:
        if reader.error_code(error) not in ("AccessDenied", "AccessDeniedException"):
            raise
        notes.append(f"{account.id}: iam:ListAccountAliases was denied, the account's name is not known")
        return account
    if not aliases:
        return account
    return decision.Account(account.id, aliases[0], account.ou, account.tags)
