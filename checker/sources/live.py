"""An account, read live by the shared reader."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from checker.decision import Account, Exemption, Policy, Rule, User, decision
from checker.errors import Unreadable
from checker.evaluate import AccountRead, AccountUnreadable, Reading, UserUnread
from checker.policy.inventory import Inventory, complete
from checker.sources.aws.failures import FAILURES, explain
from checker.sources.aws.reader import keys, listing, reader
from checker.sources.aws.session import GuardedSession, ReadOnlySession
from checker.sources.aws.throttled import about
from checker.sources.aws.workers import Workers
from checker.sources.key_memory import State
from checker.sources.saved.credential_report import root_warning

NeedsOf = Callable[[Account], keys.Asked]


class Everything:
    """Needs every key, and every user's tags and groups if asked to: for a snapshot, which must serve any policy."""

    def __init__(self, *, user_tags: bool) -> None:
        self.details = list(keys.DETAILS) if user_tags else []

    def keys(self, _user: User) -> bool:
        return True

    def too_old(self, _user: User, _created: datetime) -> bool:
        return True

    def lacking(self, user: User) -> list[str]:
        return [detail for detail in self.details if getattr(user, detail) is None]


def verdict_needs(policy: Policy, now: datetime, horizon: datetime, *, every_line: bool = False) -> NeedsOf:
    """Asks for what decides verdicts at `now` and what falls due until `horizon`; `every_line`: for all lines."""
    return lambda account: reader.Needs(policy.for_account(account), now, horizon, every_line)


def asks_for_names(policy: Policy) -> bool:
    """Whether a rule or exemption selects accounts by name."""
    return "name" in account_attributes(policy)


def account_attributes(policy: Policy) -> set[str]:
    """By what rules and exemptions select accounts: id, name, ou, tags."""
    entries: list[Rule | Exemption] = [*policy.rules, *policy.exemptions]
    return {attribute for entry in entries for clause in entry.accounts for attribute, _key in clause}


class Session(Protocol):
    """What reads one account."""

    def client(self, service: str) -> Any: ...
    def calls(self) -> dict[str, int]: ...


# Asks IAM more of the users of an account; calls may run side by side.
Then = Callable[[Any, Account, Sequence[User], keys.Run], Sequence[User]]


class Asking(NamedTuple):
    """What a run asks of every account it reads, and how."""

    needs_of: NeedsOf
    want_name: bool  # ask for the account alias where the name is not known
    run: keys.Run = map
    state: State | None = None
    wait: Callable[[float], None] = time.sleep
    then: Then | None = None


def read_account(
    session: ReadOnlySession,
    inventory: Inventory,
    needs_of: NeedsOf,
    *,
    want_name: bool,
    concurrency: int,
    wait: Callable[[float], None] = time.sleep,
) -> Reading:
    """Read the account that the credentials belong to with threads of its own; what fails comes back as a value."""
    workers = Workers(concurrency)
    try:
        return read_caller(session, inventory, Asking(needs_of, want_name, workers.map, None, wait))
    finally:
        workers.leave()


def read_caller(session: ReadOnlySession, inventory: Inventory, asking: Asking) -> Reading:
    """Read the account that the credentials belong to; what fails comes back as a value."""
    try:
        account = _caller(session, inventory)
    except FAILURES as error:
        return AccountUnreadable(None, None, explain(error), session.calls())
    return read_known(session, account, asking)


def read_known(session: Session, account: Account, asking: Asking) -> Reading:
    """Read the account, which must be that of the credentials; what fails comes back as a value."""
    with about(account.id):
        return _read_known(session, account, asking)


def _read_known(session: Session, account: Account, asking: Asking) -> Reading:
    notes: list[str] = []
    memory = asking.state.of(account.id) if asking.state else None
    try:
        iam = session.client("iam")
        if asking.want_name and account.name is None:
            account = _named(iam, account, notes)
        reading = reader.read_users(iam, asking.needs_of(account), asking.run, asking.wait, memory)
        _require_account(account, [*reading.users, *(unread_user.user for unread_user in reading.unread)])
        users = asking.then(iam, account, reading.users, asking.run) if asking.then else reading.users
    except FAILURES as error:
        return AccountUnreadable(account.id, account.name, explain(error), session.calls())
    if asking.state and memory:
        asking.state.learn(account.id, memory, reading.users)
    notes += [f"{account.id}: {note}" for note in reading.notes]
    if reading.root_key_active:
        notes.append(root_warning(account.id))
    unread = [
        UserUnread(unread_user.user.name, unread_user.user.id, unread_user.user.arn, explain(unread_user.error))
        for unread_user in reading.unread
    ]
    return AccountRead(account, users, notes, session.calls(), unread)


def _require_account(account: Account, users: Iterable[User]) -> None:
    """A last look that the answers are about this account: a verdict on another's users would be wrong silently."""
    for user in users:
        owner = (user.arn or "").split(":")[4:5]
        if owner != [account.id]:
            raise listing.Untrustworthy(f"AWS told of the user {user.arn}, who is not of account {account.id}")


def identify(session: GuardedSession, inventory: Inventory, *, want_name: bool) -> Account:
    """The account of the session, with what the inventory or its alias tells; raises Unreadable."""
    try:
        account = _caller(session, inventory)
        return _named(session.client("iam"), account, []) if want_name and account.name is None else account
    except FAILURES as error:
        raise Unreadable(explain(error)) from None


def _caller(session: GuardedSession, inventory: Inventory) -> Account:
    return complete(decision.Account(session.client("sts").get_caller_identity()["Account"]), inventory)


def _named(iam: Any, account: Account, notes: list[str]) -> Account:
    """The account with its alias for a name; where it has none the name stays unknown."""
    try:
        aliases = iam.list_account_aliases()["AccountAliases"]
    except iam.exceptions.ClientError as error:
        if listing.error_code(error) not in listing.DENIED:
            raise
        notes.append(f"{account.id}: iam:ListAccountAliases was denied, the account's name is not known")
        return account
    if not aliases:
        return account
    return decision.Account(account.id, aliases[0], account.ou, account.tags)
