"""The policy as deployed code has it: what is for which account stands there by ids, and an account finds its part.

Pure: no clock, no I/O, nothing but the standard library. A resolved document is a policy document with two differences.
`accounts` of a rule or exemption is `{"certain": [...], "open": [...]}`: the sets of accounts for which it surely is,
and those in which that is not known; left out, it is for every account. `accountSets` has the ids of each set by its
name; an account that stands in none belongs to OTHERS.

While a change of the policy reaches some accounts first, the document has two members more: `firstAccounts`, the ids of
those for which all else of it is, and `before`, with what stands in place of it in every other account. There a rule or
exemption that is the same in both is its id alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from .access_keys_rotated import AccountPolicy, Policy

OTHERS = "others"
PARTS = {"certain", "open"}
KINDS = ("rules", "exemptions")
BEFORE, FIRST_ACCOUNTS = "before", "firstAccounts"


class NotResolved(Exception):
    """The document is not the one policy of one account: an exemption would be passed over."""


def document_for(document: Mapping[str, Any], account_id: str) -> Mapping[str, Any]:
    """The one policy of the account, by the account's id: that of now if it is among the first, else that of before."""
    if BEFORE not in document:
        return document
    now = {name: value for name, value in document.items() if name not in (BEFORE, FIRST_ACCOUNTS)}
    if account_id in document[FIRST_ACCOUNTS]:
        return now
    before = {**now, **document[BEFORE]}
    for kind in KINDS:
        same = {entry["id"]: entry for entry in now[kind]}
        before[kind] = [same[entry] if isinstance(entry, str) else entry for entry in before[kind]]
    return before


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
    """Raises NotResolved if an account selector is not by sets of accounts, or names a set that is not there.

    It does so too if the document has two policies, of which `document_for` tells the account's.
    """
    if BEFORE in document:
        raise NotResolved("the document has two policies: which one the account has was not asked")
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
