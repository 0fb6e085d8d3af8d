"""What the README of a Terraform module says: of the policy, and of the module itself."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from checker.decision import FIRST_ACCOUNTS, OTHERS, Clause, RemediationSettings, remediation_by_rule, selectors
from checker.generate.deployment import DEFAULT, Deployment
from checker.generate.resolution import default_decides, policies_in
from checker.generate.templating import render
from checker.policy.deploy_settings import every
from checker.spoken import plural

GAP = re.compile(r"\n{3,}")
OPEN = "open in accounts that the inventory does not list"
OLD = "The policy before, until the change reaches them too; accounts that join have it as well."
SHOWN = 20  # ids of accounts


def readme(template: str, deployment: Deployment, texts: Mapping[str, str], context: Mapping[str, Any]) -> str:
    """A README in which parts that were left out leave no gap; `texts` are the files of the module by their names."""
    said = render(
        template,
        **context,
        **_reference(texts),
        frequency=f"every {every(deployment.frequency)}",
        policies=list(_policies(deployment.document)),
    )
    return GAP.sub("\n\n", said)


# ---- what it says of the policy


class RuleRow(NamedTuple):
    id: str
    limit: int
    accounts: str
    users: str
    remedy: str


class ExemptionRow(NamedTuple):
    id: str
    accounts: str
    users: str
    keys: str
    expires: str


class PolicyRows(NamedTuple):
    """One policy, and who has it: nothing where every account has the same."""

    title: str
    who: str
    remedy: str | None  # what happens to a key that is too old, where that is the same by every rule of several
    rules: list[RuleRow]
    exemptions: list[ExemptionRow]


def _policies(document: Mapping[str, Any]) -> Iterator[PolicyRows]:
    """One, or two while a change reaches some accounts first."""
    policies = policies_in(dict(document))
    titles = (
        [("The first accounts", _first(document)), ("All other accounts", OLD)] if len(policies) > 1 else [("", "")]
    )
    for (title, who), policy in zip(titles, policies, strict=True):
        rules = list(_rules(policy))
        remedies = {rule.remedy for rule in rules}
        remedy = rules[0].remedy if len(rules) > 1 == len(remedies) else None
        yield PolicyRows(title, who, remedy, rules, list(_exemptions(policy)))


def _first(document: Mapping[str, Any]) -> str:
    ids = document[FIRST_ACCOUNTS]
    more = f" and {len(ids) - SHOWN} more, which policy.json lists" if len(ids) > SHOWN else ""
    return f"The new policy: {', '.join(ids[:SHOWN])}{more}."


def _rules(document: Mapping[str, Any]) -> Iterator[RuleRow]:
    remediation = remediation_by_rule(document)
    for rule in document["rules"]:
        remedy = _remedy(remediation[rule["id"]])
        yield RuleRow(rule["id"], rule["maxAccessKeyAge"], _accounts(document, rule), _users(rule), remedy)
    if default_decides(document):
        others = "every other user" if document["rules"] else "every user"
        limit = document["default"]["maxAccessKeyAge"]
        yield RuleRow(DEFAULT, limit, "every account", others, _remedy(remediation[DEFAULT]))


def _exemptions(document: Mapping[str, Any]) -> Iterator[ExemptionRow]:
    for entry in document["exemptions"]:
        keys = entry.get("keys", "every key")
        keys = keys if isinstance(keys, str) else ", ".join(keys)
        yield ExemptionRow(entry["id"], _accounts(document, entry), _users(entry), keys, entry["expires"])


def _accounts(document: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    """For how many accounts a rule or exemption is, and whether that is known of every account."""
    if "accounts" not in entry:
        return "every account"
    sets: Mapping[str, Sequence[str]] = document.get("accountSets", {})
    certain, open_ = (entry["accounts"].get(part, ()) for part in ("certain", "open"))
    if OTHERS in certain:
        without = sum(len(ids) for name, ids in sets.items() if name not in certain)
        return f"every account but {without}" if without else "every account"
    number = sum(len(sets[name]) for name in certain)
    return plural(number, "account") + (f"; {OPEN}" if open_ else "")


def _users(entry: Mapping[str, Any]) -> str:
    """The user selector in words: any clause, of which every attribute has one of its patterns."""
    if "users" not in entry:
        return "every user"
    return "; or ".join(_clause(clause) for clause in selectors.user_clauses(entry["users"]))


def _clause(clause: Clause) -> str:
    attributes: Iterable[tuple[tuple[str, str | None], Sequence[str]]] = clause.items()
    return " and ".join(
        f"{attribute if key is None else f'tag {key}'} {' or '.join(patterns)}"
        for (attribute, key), patterns in attributes
    )


def _remedy(settings: RemediationSettings) -> str:
    if settings.action == "none":
        return "reported"
    grace, protection = settings.grace_days, settings.protect_used_within_days
    said = "deactivated automatically" if settings.automatic else "deactivated when a person starts it"
    said += f", {plural(grace, 'day')} past the limit" if grace else ""
    said += f", unless used within {plural(protection, 'day')}" if protection else ""
    said += ", unless the last active key of its user" if settings.protect_last_key else ""
    if settings.delete_after_days is not None and settings.action == "delete":
        said += f"; deleted after {plural(settings.delete_after_days, 'day')} inactive"
    return said


# ---- what it says of the module: read off the module itself, so that they agree

BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
RESOURCE = re.compile(r'^(resource|data) "(\w+)" "(\w+)"', re.MULTILINE)
ARGUMENT = re.compile(r"^  (description|type|default) += (.*)$", re.MULTILINE)
KEPT = re.compile(r"^  # checkov:skip=(\w+):(.*)$", re.MULTILINE)
BODY = re.compile(r'^resource "(\w+)" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
TERRAFORM = re.compile(r'required_version = "(.*)"')
PROVIDER = re.compile(r'^ {6}version = "(.*)"', re.MULTILINE)


class Requirement(NamedTuple):
    name: str
    version: str


class Resource(NamedTuple):
    address: str
    kind: str


class Kept(NamedTuple):
    """A finding of checkov that stays."""

    check: str
    resources: str
    reason: str


class Input(NamedTuple):
    name: str
    description: str
    type: str
    default: str
    required: str


class Output(NamedTuple):
    name: str
    description: str


def _reference(texts: Mapping[str, str]) -> dict[str, Any]:
    """The tables of terraform-docs."""
    source = "\n".join(text for name, text in texts.items() if name.endswith(".tf"))
    blocks = [(kind, name, dict(ARGUMENT.findall(body))) for kind, name, body in BLOCK.findall(source)]
    return {
        "requirements": [
            Requirement("terraform", TERRAFORM.findall(source)[0]),
            Requirement("aws", PROVIDER.findall(source)[0]),
        ],
        "resources": sorted(
            Resource(f"{type_}.{name}", "data source" if kind == "data" else kind)
            for kind, type_, name in RESOURCE.findall(source)
        ),
        "findings": list(_kept(source)),
        "inputs": sorted(_input(name, said) for kind, name, said in blocks if kind == "variable"),
        "outputs": sorted(
            Output(name, said["description"].strip('"')) for kind, name, said in blocks if kind == "output"
        ),
    }


def _kept(source: str) -> Iterator[Kept]:
    found = [
        (check, reason, f"{kind}.{name}")
        for kind, name, body in BODY.findall(source)
        for check, reason in KEPT.findall(body)
    ]
    for check, reason in dict.fromkeys((check, reason) for check, reason, _address in found):
        yield Kept(check, ", ".join(address for *why, address in found if why == [check, reason]), reason)


def _input(name: str, said: dict[str, str]) -> Input:
    default = said.get("default", "n/a")
    return Input(name, said["description"].strip('"'), said["type"], default, "no" if "default" in said else "yes")
