"""The policy as deployed code has it: what is for which account stands there by ids, and an account finds its part.

Pure: no clock, no I/O, nothing but the standard library. A resolved document is a policy document with two differences.
`accounts` of a rule or exemption is `{"certain": [...], "open": [...]}`: the sets of accounts for which it surely is,
and those in which that is not known; left out, it is for every account. `accountSets` has the ids of each set by its
name; an account that stands in none belongs to OTHERS.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .access_keys_rotated import AccountPolicy, Policy

OTHERS = "others"
PARTS = {"certain", "open"}
KINDS = ("rules", "exemptions")


class NotResolved(Exception):
    """The account selectors of the policy are still patterns: an exemption would be passed over."""


def policy_for(document: Mapping[str, Any], account_id: str) -> AccountPolicy:
    """The policy for the users of one account, by the account's id; raises NotResolved."""
    require_resolved(document)
    part = set_of(document, account_id)
    everywhere = {kind: [_without_accounts(entry) for entry in document.get(kind, ())] for kind in KINDS}
    rules = [*document.get("rules", ()), document["default"]]
    return AccountPolicy(
        Policy({**document, **everywhere}), _masks(rules, part), _masks(document.get("exemptions", ()), part)
    )


def require_resolved(document: Mapping[str, Any]) -> None:
    """Raises NotResolved if an account selector is not by sets of accounts, or names a set that is not there."""
    sets = {OTHERS, *document.get("accountSets", {})}
    for entry in (entry for kind in KINDS for entry in document.get(kind, ())):
        accounts = entry.get("accounts", {})
        if not isinstance(accounts, dict) or accounts.keys() - PARTS or not set().union(*accounts.values()) <= sets:
            raise NotResolved(f"the policy is not resolved for accounts: {entry['id']}")


def set_of(document: Mapping[str, Any], account_id: str) -> str:
    """The name of the set that the account belongs to."""
    sets: Mapping[str, Sequence[str]] = document.get("accountSets", {})
    return next((name for name, ids in sets.items() if account_id in ids), OTHERS)


def open_in(document: Mapping[str, Any], account_id: str) -> list[str]:
    """The ids of the rules and exemptions of which it is not known whether they are for the account."""
    part = set_of(document, account_id)
    return [
        entry["id"]
        for kind in KINDS
        for entry in document.get(kind, ())
        if part in entry.get("accounts", {}).get("open", ())
    ]


def _without_accounts(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != "accounts"}


def _masks(entries: Sequence[Mapping[str, Any]], part: str) -> tuple[int, int]:
    """Bit i for entry i: those that are surely for the accounts of the set, and those that may be."""
    certain = possible = 0
    for number, entry in enumerate(entries):
        accounts = entry.get("accounts", {"certain": [part]})
        if part in accounts.get("certain", ()):
            certain |= 1 << number
            possible |= 1 << number
        elif part in accounts.get("open", ()):
            possible |= 1 << number
    return certain, possible
