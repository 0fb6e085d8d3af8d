"""Which accounts share a policy once the account selectors are resolved, and which rule that policy needs."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checker.errors import FileProblems, Problem
from checker.policy.coverage import covers
from checker.policy.loader import PolicyFile
from checker.rule import Account, Clause, Exemption, Rule, SelectorSet, decision

DEFAULT = "default"
MANAGED = "managed"
CUSTOM = "custom"
KINDS = ("rules", "exemptions")
TAKEN = frozenset({"organization"})  # terraform/organization is no group
MAX_NAME = 64


@dataclass(frozen=True)
class Group:
    """Accounts that one set of templates serves."""

    name: str
    accounts: tuple[Account, ...]  # of the inventory, by id; the default group judges every other account too
    document: dict[str, Any]  # the policy without account selectors; only rules that can decide
    max_age: int | None  # days, where the AWS managed rule says it all

    @property
    def kind(self) -> str:
        return CUSTOM if self.max_age is None else MANAGED

    @property
    def default_decides(self) -> bool:
        """Whether some user is left to the default."""
        return not _ends(self.document["rules"])

    @cached_property
    def remediations(self) -> list[dict[str, Any]]:
        """The remediation blocks that can apply and that do something."""
        inherited = self.document.get("remediation", {"action": "none"})
        deciding = [*self.document["rules"], *([{}] if self.default_decides else [])]
        blocks = [entry.get("remediation", inherited) for entry in deciding]
        return [block for block in blocks if block["action"] != "none"]

    @property
    def automatic(self) -> bool:
        """Whether AWS Config starts the remediation by itself."""
        return any(block.get("automatic", False) for block in self.remediations)

    @property
    def deletes(self) -> bool:
        return any(block["action"] == "delete" for block in self.remediations)


def resolve(policy: PolicyFile, inventory: Mapping[str, Account]) -> list[Group]:
    """The groups, the default one first, the others by name.

    Raises FileProblems for selectors that ask for what the inventory does not say, with account and rule.
    """
    problems = list(_unknown(policy, inventory.values()))
    if problems:
        raise FileProblems(problems)
    unlisted = {kind: [entry for entry in _entries(policy, kind) if "accounts" not in entry] for kind in KINDS}
    members: dict[str, list[Account]] = {}
    documents: dict[str, dict[str, Any]] = {}
    found: list[tuple[tuple[str, dict[str, Any]], Account | None]] = [(_group(policy, unlisted), None)]
    found += [(_group(policy, _selected(policy, account)), account) for _id, account in sorted(inventory.items())]
    for (name, document), account in found:
        if documents.setdefault(name, document) != document:
            raise AssertionError(f"two policies share the group name {name}")
        members.setdefault(name, []).extend([account] if account else [])
    auto = policy.content.get("deploy", {}).get("rule", "auto") == "auto"
    groups = [
        Group(name, tuple(members[name]), document, _one_age(document) if auto else None)
        for name, document in documents.items()
    ]
    return sorted(groups, key=lambda group: (group.name != DEFAULT, group.name))


def unused(policy: PolicyFile, groups: Iterable[Group]) -> list[Problem]:
    """A warning for every rule and exemption that no group has: no template will judge by it."""
    used = {entry["id"] for group in groups for kind in KINDS for entry in group.document[kind]}
    return [
        policy.document.problem((kind, number), f"{entry['id']}: selects no account of the inventory: in no template")
        for kind in KINDS
        for number, entry in enumerate(_entries(policy, kind))
        if "accounts" in entry and entry["id"] not in used
    ]


def selectors_for(policy: PolicyFile, account: Account) -> list[str]:
    """The ids of rules and exemptions whose account selector matches the account, or may."""
    return [
        entry["id"]
        for kind in KINDS
        for entry, mask in zip(_entries(policy, kind), _masks(policy, kind, account), strict=True)
        if "accounts" in entry and mask != (False, False)
    ]


def unlisted(policy: PolicyFile, account: Account) -> str | None:
    """What to warn of where the account is not in the inventory although an account selector is for it."""
    selecting = selectors_for(policy, account)
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


def _selected(policy: PolicyFile, account: Account) -> dict[str, list[dict[str, Any]]]:
    return {
        kind: [
            entry
            for entry, (certain, _possible) in zip(_entries(policy, kind), _masks(policy, kind, account), strict=True)
            if certain
        ]
        for kind in KINDS
    }


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


def _group(policy: PolicyFile, selected: dict[str, list[dict[str, Any]]]) -> tuple[str, dict[str, Any]]:
    """The name and the policy of the accounts for which these entries were selected."""
    rules = []
    for entry in selected["rules"]:
        rules.append(entry)
        if _ends([entry]):
            break
    named = [entry["id"] for entry in (*rules, *selected["exemptions"]) if "accounts" in entry]
    document = {
        "version": policy.content["version"],
        "default": policy.content["default"],
        "rules": [_resolved(entry) for entry in rules],
        "exemptions": [_resolved(entry) for entry in selected["exemptions"]],
    }
    if "remediation" in policy.content:
        document["remediation"] = policy.content["remediation"]
    return _name(named), document


def _resolved(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "accounts"}


def _ends(rules: list[dict[str, Any]]) -> bool:
    """Whether the last of the rules decides for every user, so that nothing after it is asked."""
    return bool(rules) and covers(decision.user_clauses(rules[-1].get("users")), [{}], users=True)


def _name(ids: list[str]) -> str:
    """A name that stays the same as long as the same rules and exemptions were selected for the accounts."""
    if not ids:
        return DEFAULT
    joined = "-".join(ids)
    if len(ids) == 1 and joined not in TAKEN and len(joined) <= MAX_NAME:
        return joined
    digest = hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:8]
    return f"{joined[: MAX_NAME - 9]}-{digest}"


def _one_age(document: dict[str, Any]) -> int | None:
    """The one number that says it all, in days, if there is one."""
    rules = document["rules"]
    deciding = rules if _ends(rules) else [*rules, document["default"]]
    ages = {entry["maxAccessKeyAge"] for entry in deciding}
    return ages.pop() if len(ages) == 1 and not document["exemptions"] else None
