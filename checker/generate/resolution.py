"""Policy and inventory → the policy as deployed code reads it: what is for which account stands there by ids.

The form is that of rules/resolved_policy.py. Nothing in it depends on who reviewed what and why: reasons, approvers and
descriptions stay in the repository.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from checker.decision import (
    BEFORE,
    FIRST_ACCOUNTS,
    KINDS,
    OTHERS,
    Account,
    Clause,
    Exemption,
    Rule,
    SelectorSet,
    decision,
    document_for,
    selectors,
)
from checker.errors import FileProblems, Problem
from checker.policy.coverage import covers
from checker.policy.loader import PolicyFile
from checker.policy.selection import unlisted_ids, unmatched

SHIPPED = {
    "rules": ("id", "accounts", "users", "maxAccessKeyAge", "remediation"),
    "exemptions": ("id", "accounts", "users", "keys", "expires"),
}
SHOWN = 3
Resolved = dict[str, Any]
Masks = tuple[int, int]  # which entries are for an account, surely and possibly


def resolved(policy: PolicyFile, inventory: Mapping[str, Account]) -> Resolved:
    """The resolved policy document.

    Raises FileProblems for selectors that select no account, and for those that ask of a listed account what the
    inventory does not say.
    """
    problems = unmatched(policy, inventory)
    if problems:
        raise FileProblems([*problems, *_unknown(policy, inventory.values())])
    return resolved_as_far_as_known(policy, inventory)


def resolved_as_far_as_known(policy: PolicyFile, inventory: Mapping[str, Account]) -> Resolved:
    """The resolved policy document, also where a selector selects no account.

    Raises FileProblems for selectors that ask of a listed account what the inventory does not say.
    """
    return _documents([policy], inventory)[0]


def resolved_in_two(
    policy: PolicyFile, before: PolicyFile, first_accounts: Iterable[str], inventory: Mapping[str, Account]
) -> Resolved:
    """One document with the policy for the first accounts, by their ids, and what was before it for every other.

    Raises FileProblems as `resolved` does; a selector of the policy before may select no account.
    """
    problems = unmatched(policy, inventory)
    if problems:
        raise FileProblems([*problems, *_unknown(policy, inventory.values())])
    now, old = _documents([policy, before], inventory)
    held = {"default": old["default"], "remediation": old.get("remediation", {})}
    for kind in KINDS:
        same = {entry["id"]: entry for entry in now[kind]}
        held[kind] = [entry["id"] if entry == same.get(entry["id"]) else entry for entry in old[kind]]
    return now | {FIRST_ACCOUNTS: sorted(set(first_accounts)), BEFORE: held}


def policies_in(document: Resolved) -> list[Mapping[str, Any]]:
    """Every policy that some account has: one, or two while a change reaches some accounts first."""
    if BEFORE not in document:
        return [document]
    return [document_for(document, account_id) for account_id in (*document[FIRST_ACCOUNTS][:1], "")]


def _documents(policies: Sequence[PolicyFile], inventory: Mapping[str, Account]) -> list[Resolved]:
    """Each policy resolved, with the same sets of accounts: what is the same in several looks the same in each."""
    problems = [problem for policy in policies for problem in _unknown(policy, inventory.values())]
    if problems:
        raise FileProblems(problems)
    sets = _account_sets(policies, inventory)
    masks = {OTHERS: _masks_of_all(policies, decision.Account(""))}
    masks |= {name: of_set for name, (of_set, _ids) in sets.items()}
    documents = []
    for number, policy in enumerate(policies):
        document: Resolved = {"version": policy.content["version"], "default": policy.content["default"]}
        for place, kind in enumerate(KINDS, start=number * len(KINDS)):
            document[kind] = list(_shipped(policy, kind, {name: each[place] for name, each in masks.items()}))
        if "remediation" in policy.content:
            document["remediation"] = policy.content["remediation"]
        if sets:
            document["accountSets"] = {name: ids for name, (_masks_of_set, ids) in sets.items()}
        documents.append(document)
    return documents


def _account_sets(
    policies: Sequence[PolicyFile], inventory: Mapping[str, Account]
) -> dict[str, tuple[list[Masks], list[str]]]:
    """Accounts for which the same entries are, by a name for the set; without those that are like every other."""
    named = {account_id for policy in policies for account_id in unlisted_ids(policy, inventory)}
    accounts = {account_id: decision.Account(account_id) for account_id in named} | dict(inventory)
    others = _masks_of_all(policies, decision.Account(""))
    members: dict[tuple[Masks, ...], list[str]] = {}
    for account_id, account in sorted(accounts.items()):
        members.setdefault(tuple(_masks_of_all(policies, account)), []).append(account_id)
    distinct = [(list(masks), ids) for masks, ids in members.items() if list(masks) != others]
    return {f"set{number}": each for number, each in enumerate(distinct, start=1)}


def _masks_of_all(policies: Iterable[PolicyFile], account: Account) -> list[Masks]:
    return [masks for policy in policies for masks in _masks(policy, account)]


def _masks(policy: PolicyFile, account: Account) -> list[Masks]:
    """Which rules, and which exemptions, are for an account."""
    found: Sequence[SelectorSet] = (policy.policy.rule_accounts, policy.policy.exemption_accounts)
    return [each.match(account) for each in found]


def _shipped(policy: PolicyFile, kind: str, masks: Mapping[str, Masks]) -> Iterator[dict[str, Any]]:
    """The entries that may decide somewhere, as code in AWS needs them."""
    for number, entry in enumerate(_entries(policy, kind)):
        shipped = {name: entry[name] for name in SHIPPED[kind] if name in entry}
        if "accounts" in entry:
            shipped["accounts"] = _accounts(number, masks)
        yield shipped
        if kind == "rules" and _ends(entry):
            return


def _accounts(number: int, masks: Mapping[str, Masks]) -> dict[str, list[str]]:
    certain = [name for name, (surely, _possibly) in masks.items() if surely >> number & 1]
    open_ = [name for name, (surely, possibly) in masks.items() if possibly & ~surely & 1 << number]
    return {part: names for part, names in (("certain", certain), ("open", open_)) if names}


def _entries(policy: PolicyFile, kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = policy.content.get(kind, [])
    return entries


def _ends(rule: dict[str, Any]) -> bool:
    """Whether the rule decides for every user of every account, so that nothing after it is asked."""
    return "accounts" not in rule and covers(selectors.user_clauses(rule.get("users")), [{}], users=True)


def default_decides(document: Mapping[str, Any]) -> bool:
    """Whether some user is left to the default."""
    rules = document["rules"]
    return not (rules and _ends(rules[-1]))


def one_age(document: Mapping[str, Any]) -> int | None:
    """The one number that says it all, in days, if there is one."""
    rules = document["rules"]
    deciding = [*rules, document["default"]] if default_decides(document) else rules
    ages = {entry["maxAccessKeyAge"] for entry in deciding}
    return ages.pop() if len(ages) == 1 and not document["exemptions"] else None


# ---- what to say of accounts


def unused(policy: PolicyFile, document: Mapping[str, Any]) -> list[Problem]:
    """A warning for every rule that stands after one which decides for everybody."""
    used = {rule["id"] for rule in document["rules"]}
    return [
        policy.document.problem(("rules", number), f"{rule['id']}: an earlier rule decides for everybody: not deployed")
        for number, rule in enumerate(_entries(policy, "rules"))
        if rule["id"] not in used
    ]


def undecided(policy: PolicyFile, document: Mapping[str, Any]) -> list[Problem]:
    """A warning for every rule and exemption of which it is open whether it is for an account that an id names."""
    where: dict[str, list[str]] = {}
    for entry in (entry for kind in KINDS for entry in document[kind]):
        for name in entry.get("accounts", {}).get("open", ()):
            where.setdefault(entry["id"], []).extend(document.get("accountSets", {}).get(name, ()))
    return [
        policy.document.problem((kind, number, "accounts"), f"{entry['id']}: {_open(sorted(where[entry['id']]))}")
        for kind in KINDS
        for number, entry in enumerate(_entries(policy, kind))
        if where.get(entry["id"])
    ]


def _open(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return (
        f"the inventory does not list {', '.join(ids[:SHOWN])}{more}, so whether this applies there is open: keys that"
        " depend on it get no verdict and are not touched; run `keyage inventory`"
    )


def selectors_for(policy: PolicyFile, account: Account) -> list[str]:
    """The ids of rules and exemptions whose account selector matches the account, or may."""
    return [
        entry["id"]
        for kind, (_surely, possibly) in zip(KINDS, _masks(policy, account), strict=True)
        for number, entry in enumerate(_entries(policy, kind))
        if "accounts" in entry and possibly >> number & 1
    ]


def open_where_unlisted(policy: PolicyFile, account_id: str) -> list[str]:
    """The ids of rules and exemptions that are undecided in AWS while the inventory does not list the account."""
    masks = _masks(policy, decision.Account(account_id))
    return [
        entry["id"]
        for kind, (surely, possibly) in zip(KINDS, masks, strict=True)
        for number, entry in enumerate(_entries(policy, kind))
        if possibly & ~surely & 1 << number
    ]


def unlisted(policy: PolicyFile, account_id: str) -> str | None:
    """What to warn of where an account is not in the inventory although verdicts may depend on its name, OU or tags."""
    waiting = open_where_unlisted(policy, account_id)
    if not waiting:
        return None
    more = f" and {len(waiting) - SHOWN} more" if len(waiting) > SHOWN else ""
    return (
        f"account {account_id} is not in the inventory, which is all that deployed code knows of accounts: in AWS it is"
        f" undecided whether the account is one of those of {', '.join(waiting[:SHOWN])}{more}"
    )


def _unknown(policy: PolicyFile, accounts: Iterable[Account]) -> Iterator[Problem]:
    clauses: dict[str, Sequence[Rule | Exemption]] = {
        "rules": policy.policy.rules,
        "exemptions": policy.policy.exemptions,
    }
    for account in accounts:
        for kind, (surely, possibly) in zip(KINDS, _masks(policy, account), strict=True):
            for number in selectors.bits(possibly & ~surely):
                entry = clauses[kind][number]
                message = f"{entry.id}: the inventory does not say the {_lacks(entry.accounts, account)}"
                yield policy.document.problem((kind, number, "accounts"), f"{message} of account {account.id}")


def _lacks(clauses: Iterable[Clause], account: Account) -> str:
    asked = dict.fromkeys(attribute for clause in clauses for attribute, _key in clause)
    return " and ".join(name for name in asked if getattr(account, name) is None)
