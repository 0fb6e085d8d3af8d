"""The accounts of an AWS organization, with their names, OUs and tags.

AWS Organizations throttles its listings hard, so they are asked for one after the other, by a client
that slows down by itself, and OUs and tags only where somebody wants them.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from checker.decision import Account, decision
from checker.errors import Unreadable
from checker.evaluate import AccountSkipped
from checker.sources.aws.failures import FAILURES, explain
from checker.sources.aws.reader import listing
from checker.sources.aws.session import ReadOnlySession

ACTIVE = "ACTIVE"
NOT_IN_USE = "AWSOrganizationsNotInUseException"
ONLY_THERE = (
    "only the management account and delegated administrators may list the accounts: use the credentials of one, or"
)


class Otherwise(NamedTuple):
    """What a verb can do instead, where its organization cannot be read."""

    denied: str
    not_in_use: str


FOR_CHECK = Otherwise("name the accounts with --inventory FILE", "check it without --organization")
FOR_INVENTORY = Otherwise("write accounts.yaml by hand", "there is nothing to list")


class Organization(NamedTuple):
    accounts: list[Account]  # active ones, by id
    skipped: list[AccountSkipped]  # by id


def read(session: ReadOnlySession, *, ous: bool, tags: bool, otherwise: Otherwise = FOR_CHECK) -> Organization:
    """Every account; OUs and tags stay None unless they are wanted. Raises Unreadable, with what to do."""
    client = session.client("organizations")
    try:
        listed = {entry["Id"]: entry for entry in _pages(client, "list_accounts", "Accounts")}
        active = {account_id: entry.get("Name") for account_id, entry in listed.items() if _state(entry) == ACTIVE}
        paths = _paths(client, active) if ous else {}
        tagged = {account_id: _tags(client, account_id) for account_id in sorted(active)} if tags else {}
    except FAILURES as error:
        raise Unreadable(_explain(error, otherwise)) from None
    accounts = [
        decision.Account(account_id, name, paths.get(account_id), tagged.get(account_id))
        for account_id, name in sorted(active.items())
    ]
    gone = [
        AccountSkipped(entry["Id"], entry.get("Name"), _state(entry))
        for entry in listed.values()
        if _state(entry) != ACTIVE
    ]
    return Organization(accounts, sorted(gone))


def _state(entry: dict[str, Any]) -> str:
    """`State`, or `Status` where AWS still gives only that; an account of which neither is told is looked at."""
    return str(entry.get("State") or entry.get("Status") or ACTIVE)


def _pages(client: Any, method: str, member: str, **arguments: str) -> Iterator[dict[str, Any]]:
    """The entries of every page; a page may be empty and not the last (ListAccounts, AWS Organizations API)."""
    for page in client.get_paginator(method).paginate(**arguments):
        yield from page[member]


def _paths(client: Any, wanted: Iterable[str]) -> dict[str, str]:
    """Names of the OUs down to each account, joined by `/`."""
    units: dict[str, str] = {}
    waiting = [(root["Id"], _name(root)) for root in _pages(client, "list_roots", "Roots")]
    paths: dict[str, str] = {}
    while waiting:
        parent, path = waiting.pop()
        units[parent] = path
        for account in _pages(client, "list_accounts_for_parent", "Accounts", ParentId=parent):
            paths[account["Id"]] = path
        below = _pages(client, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent)
        waiting += [(unit["Id"], f"{path}/{_name(unit)}") for unit in below]
    for account_id in sorted(set(wanted) - set(paths)):
        path_now = _moved(client, account_id, units)
        if path_now is not None:
            paths[account_id] = path_now
    return paths


def _name(unit: dict[str, Any]) -> str:
    """Of a root or an OU; raises Untrustworthy, because without it no path is known."""
    if not unit.get("Name"):
        raise listing.Untrustworthy(f"AWS Organizations told of {unit['Id']} without its name")
    return str(unit["Name"])


def _moved(client: Any, account_id: str, units: dict[str, str]) -> str | None:
    """The path of an account that changed its OU while the OUs were read; None if its new OU is not known."""
    parents = [parent["Id"] for parent in _pages(client, "list_parents", "Parents", ChildId=account_id)]
    return units.get(parents[0]) if parents else None


def _tags(client: Any, account_id: str) -> dict[str, str]:
    entries = _pages(client, "list_tags_for_resource", "Tags", ResourceId=account_id)
    return {entry["Key"]: entry["Value"] for entry in entries}


def _explain(error: Exception, otherwise: Otherwise) -> str:
    code = listing.error_code(error) if hasattr(error, "response") else ""
    if code == NOT_IN_USE:
        return f"the account of these credentials is in no organization: {otherwise.not_in_use}"
    if code == "AccessDeniedException":
        return f"the organization could not be read: {explain(error)}; {ONLY_THERE} {otherwise.denied}"
    return f"the organization could not be read: {explain(error)}"
