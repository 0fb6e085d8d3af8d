"""Which accounts share a policy once the account selectors are resolved, and which rule that policy needs."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from checker.decision import (
    Account,
    Clause,
    Exemption,
    RemediationSettings,
    Rule,
    SelectorSet,
    decision,
    remediation_by_rule,
    selectors,
)
from checker.errors import FileProblems, Problem
from checker.policy.coverage import covers
from checker.policy.loader import PolicyFile
from checker.policy.selection import unlisted_ids, unmatched

DEFAULT = "default"
MANAGED = "managed"
CUSTOM = "custom"
KINDS = ("rules", "exemptions")
OPEN = "?"  # in no id
SHOWN = 3
TAKEN = frozenset({"organization"})  # terraform/organization is no group
MAX_NAME = 64


@dataclass(frozen=True)
class Group:
    """Accounts that one set of templates serves."""

    name: str
    accounts: tuple[Account, ...]  # listed, or named by their ids; the default group judges every other account too
    document: dict[str, Any]  # only rules that can decide; account selectors only where it is open whether they match
    max_age: int | None  # days, where the AWS managed rule says it all

    @property
    def kind(self) -> str:
        return CUSTOM if self.max_age is None else MANAGED

    @property
    def default_decides(self) -> bool:
        """Whether some user is left to the default."""
        return not _ends(self.document["rules"])

    @cached_property
    def remediation(self) -> Mapping[str, RemediationSettings]:
        """What is to happen to keys that are too old, by the id of the rule that decides."""
        return remediation_by_rule(self.document)

    @cached_property
    def remediations(self) -> list[RemediationSettings]:
        """What can apply and does something."""
        deciding = [rule["id"] for rule in self.document["rules"]] + ([DEFAULT] if self.default_decides else [])
        return [self.remediation[each] for each in deciding if self.remediation[each].action != "none"]

    @property
    def automatic(self) -> bool:
        """Whether AWS Config starts the remediation by itself."""
        return any(each.automatic for each in self.remediations)

    @property
    def deletes(self) -> bool:
        return any(each.action == "delete" for each in self.remediations)


def resolve(policy: PolicyFile, inventory: Mapping[str, Account]) -> list[Group]:
    """The groups, the default one first, the others by name.

    Raises FileProblems for selectors that select no account, and for those that ask of a listed account what the
    inventory does not say.
    """
    problems = unmatched(policy, inventory)
    if problems:
        raise FileProblems([*problems, *_unknown(policy, inventory.values())])
    return grouped(policy, inventory)


def grouped(policy: PolicyFile, inventory: Mapping[str, Account]) -> list[Group]:
    """The groups as `resolve` returns them, also where a selector selects no account.

    Raises FileProblems for selectors that ask of a listed account what the inventory does not say.
    An account that a selector names by its id is in a group also if the inventory does not list it. No more is known
    of it, so an entry that asks for more keeps its account selector, less the ids: the code in AWS knows as little, and
    leaves open whatever depends on it.
    """
    problems = list(_unknown(policy, inventory.values()))
    if problems:
        raise FileProblems(problems)
    accounts = {account_id: decision.Account(account_id) for account_id in unlisted_ids(policy, inventory)}
    accounts |= inventory
    members: dict[str, list[Account]] = {}
    documents: dict[str, dict[str, Any]] = {}
    for account in (None, *(account for _id, account in sorted(accounts.items()))):
        name, document = _group(policy, _chosen(policy, account))
        if documents.setdefault(name, document) != document:
            raise AssertionError(f"two policies share the group name {name}")
        members.setdefault(name, []).extend([account] if account else [])
    auto = policy.deploy.rule == "auto"
    groups = [
        Group(name, tuple(members[name]), document, _one_age(document) if auto else None)
        for name, document in documents.items()
    ]
    return sorted(groups, key=lambda group: (group.name != DEFAULT, group.name))


def unused(policy: PolicyFile, groups: Iterable[Group]) -> list[Problem]:
    """A warning for every rule and exemption that no group has: no template will judge by it."""
    used = {entry["id"] for group in groups for kind in KINDS for entry in group.document[kind]}
    return [
        policy.document.problem(
            (kind, number), f"{entry['id']}: earlier rules decide wherever it applies: in no template"
        )
        for kind in KINDS
        for number, entry in enumerate(_entries(policy, kind))
        if "accounts" in entry and entry["id"] not in used
    ]


def undecided(policy: PolicyFile, groups: Iterable[Group]) -> list[Problem]:
    """A warning for every rule and exemption of which it is open whether it applies in some account."""
    where: dict[str, list[str]] = {}
    for group in groups:
        for entry in (entry for kind in KINDS for entry in group.document[kind] if "accounts" in entry):
            where.setdefault(entry["id"], []).extend(account.id for account in group.accounts)
    return [
        policy.document.problem((kind, number, "accounts"), f"{entry['id']}: {_open(sorted(where[entry['id']]))}")
        for kind in KINDS
        for number, entry in enumerate(_entries(policy, kind))
        if entry["id"] in where
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
        for kind in KINDS
        for entry, mask in zip(_entries(policy, kind), _masks(policy, kind, account), strict=True)
        if "accounts" in entry and mask != (False, False)
    ]


def selectors_beyond_id(policy: PolicyFile, account: Account) -> list[str]:
    """Those of `selectors_for` that are lost where the account is not in the inventory: not by its id alone."""
    known = _chosen(policy, decision.Account(account.id))
    by_id = {each.mark for kind in KINDS for each in known[kind]}
    return [entry_id for entry_id in selectors_for(policy, account) if entry_id not in by_id]


def unlisted(policy: PolicyFile, account: Account) -> str | None:
    """What to warn of where the account is not in the inventory although a selector by more than its id is for it."""
    selecting = selectors_beyond_id(policy, account)
    if not selecting:
        return None
    return f"account {account.id} is not in the inventory, although {', '.join(selecting)} would select it"


def _entries(policy: PolicyFile, kind: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = policy.content.get(kind, [])
    return entries


def _masks(policy: PolicyFile, kind: str, account: Account) -> list[tuple[bool, bool]]:
    """For each entry as written, whether its account selector matches for certain, and possibly."""
    judged: dict[str, SelectorSet] = {
        "rules": policy.policy.rule_accounts,
        "exemptions": policy.policy.exemption_accounts,
    }
    certain, possible = judged[kind].match(account)
    return [(bool(certain >> n & 1), bool(possible >> n & 1)) for n in range(len(_entries(policy, kind)))]


class _Chosen(NamedTuple):
    """A rule or exemption as a group's policy has it."""

    entry: dict[str, Any]
    mark: str | None  # what it adds to the group's name, if it was chosen by its account selector


def _chosen(policy: PolicyFile, account: Account | None) -> dict[str, list[_Chosen]]:
    """The entries that apply in the account, or may; for None, an account that no selector is for, the others."""
    if account is None:
        return {
            kind: [_Chosen(entry, None) for entry in _entries(policy, kind) if "accounts" not in entry]
            for kind in KINDS
        }
    return {
        kind: [
            _choice(entry, certain=certain)
            for entry, (certain, possible) in zip(_entries(policy, kind), _masks(policy, kind, account), strict=True)
            if possible
        ]
        for kind in KINDS
    }


def _choice(entry: dict[str, Any], *, certain: bool) -> _Chosen:
    if "accounts" not in entry:
        return _Chosen(entry, None)
    if certain:
        return _Chosen({key: value for key, value in entry.items() if key != "accounts"}, entry["id"])
    # The remediation does not know in which account it runs, and that the id matches is settled.
    return _Chosen(entry | {"accounts": _without_ids(entry["accounts"])}, entry["id"] + OPEN)


def _without_ids(selector: Any) -> Any:
    if isinstance(selector, dict):
        return {key: value for key, value in selector.items() if key != "id"}
    return [text for text in selector if not selectors.is_account_id(text)] if isinstance(selector, list) else selector


def _unknown(policy: PolicyFile, accounts: Iterable[Account]) -> Iterator[Problem]:
    clauses: dict[str, Sequence[Rule | Exemption]] = {
        "rules": policy.policy.rules,
        "exemptions": policy.policy.exemptions,
    }
    for account in accounts:
        for kind in KINDS:
            for number, (certain, possible) in enumerate(_masks(policy, kind, account)):
                if certain != possible:
                    entry = clauses[kind][number]
                    message = f"{entry.id}: the inventory does not say the {_lacks(entry.accounts, account)}"
                    yield policy.document.problem((kind, number, "accounts"), f"{message} of account {account.id}")


def _lacks(clauses: Iterable[Clause], account: Account) -> str:
    asked = dict.fromkeys(attribute for clause in clauses for attribute, _key in clause)
    return " and ".join(name for name in asked if getattr(account, name) is None)


def _group(policy: PolicyFile, chosen: dict[str, list[_Chosen]]) -> tuple[str, dict[str, Any]]:
    """The name and the policy of the accounts for which these entries were chosen."""
    rules = []
    for each in chosen["rules"]:
        rules.append(each)
        if _ends([each.entry]):
            break
    marks = [each.mark for each in (*rules, *chosen["exemptions"]) if each.mark]
    document = {
        "version": policy.content["version"],
        "default": policy.content["default"],
        "rules": [each.entry for each in rules],
        "exemptions": [each.entry for each in chosen["exemptions"]],
    }
    if "remediation" in policy.content:
        document["remediation"] = policy.content["remediation"]
    return _name(marks), document


def _ends(rules: list[dict[str, Any]]) -> bool:
    """Whether the last of the rules decides for every user, so that nothing after it is asked."""
    return (
        bool(rules)
        and "accounts" not in rules[-1]
        and covers(selectors.user_clauses(rules[-1].get("users")), [{}], users=True)
    )


def _name(marks: list[str]) -> str:
    """A name that stays the same as long as the same rules and exemptions were chosen for the accounts."""
    if not marks:
        return DEFAULT
    joined = "-".join(mark.removesuffix(OPEN) for mark in marks)
    if marks == [joined] and joined not in TAKEN and len(joined) <= MAX_NAME:
        return joined
    digest = hashlib.sha256(json.dumps(marks).encode()).hexdigest()[:8]
    return f"{joined[: MAX_NAME - 9]}-{digest}"


def _one_age(document: dict[str, Any]) -> int | None:
    """The one number that says it all, in days, if there is one."""
    rules = document["rules"]
    deciding = rules if _ends(rules) else [*rules, document["default"]]
    ages = {entry["maxAccessKeyAge"] for entry in deciding}
    return ages.pop() if len(ages) == 1 and not document["exemptions"] else None
