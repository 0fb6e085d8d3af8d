"""Terraform modules: one that deploys a group to an account, and one that deploys all groups to an organization."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from checker.decision import Clause, RemediationSettings, selectors
from checker.errors import UsageError
from checker.generate.archive import zipped
from checker.generate.deployment import MANAGED_RULE, Deployment
from checker.generate.groups import CUSTOM, DEFAULT, Group
from checker.generate.templating import render
from checker.permissions import DEPLOYED
from checker.policy.deploy_settings import every
from checker.spoken import plural

# CloudFormation: the template of a call, and that of a stack set in Amazon S3.
MAX_SENT = 51_200  # bytes
MAX_STORED = 460_800  # bytes
# The first with account filters for stack set instances (hashicorp/terraform-provider-aws#37898).
ORGANIZATION_PROVIDER = "5.60"
HANDLER = "index.py"
GAP = re.compile(r"\n{3,}")


def module_files(deployment: Deployment) -> dict[str, bytes]:
    """The module of one group, by path below its folder."""
    group = deployment.group
    custom, remediates = deployment.function is not None, deployment.document is not None
    wanted = ["versions.tf", "variables.tf", "main.tf", "outputs.tf"]
    wanted += ["remediation.tf"] if remediates else []
    wanted += ["deletion.tf"] if group.deletes else []
    context: dict[str, Any] = {
        "deployment": deployment,
        "group": group,
        "custom": custom,
        "remediation": remediates,
        "roles": custom or remediates,
        "managed_rule": MANAGED_RULE,
        "actions": DEPLOYED,
    }
    texts = {name: render(f"terraform/module/{name}.j2", **context) for name in wanted}
    texts["tests/module.tftest.hcl"] = render(
        "terraform/module/module.tftest.hcl.j2",
        **context,
        mocked=_mocked(deployment),
        other_region=_other_region(deployment.region),
    )
    texts["README.md"] = _readme(
        "terraform/module/README.md.j2",
        **context,
        **_reference(texts),
        default=group.name == DEFAULT,
        frequency=f"every {every(deployment.frequency)}",
        rules=list(_rules(group)),
        exemptions=[_exemption(entry) for entry in group.document["exemptions"]],
    )
    files = {name: text.encode() for name, text in texts.items()}
    if deployment.function is not None:
        code = deployment.function.encode()
        files |= {f"lambda/{HANDLER}": code, "lambda.zip": zipped(HANDLER, code)}
    if deployment.document is not None:
        files["remediation.yaml"] = deployment.document.encode()
    return files


def organization_files(deployments: Sequence[Deployment], templates: Mapping[str, bytes]) -> dict[str, bytes]:
    """The module that rolls all groups out, by path below its folder.

    `templates` has the CloudFormation template of each group. Raises UsageError for one that is too big.
    """
    sizes = {each.group.name: len(templates[each.group.name]) for each in deployments}
    for name, size in sizes.items():
        if size > MAX_STORED:
            raise UsageError(
                f"the CloudFormation template of the group {name} has {size} bytes, and a stack set takes at most"
                f" {MAX_STORED}: merge rules or exemptions, or select fewer accounts with each"
            )
    context: dict[str, Any] = {
        "deployments": deployments,
        "rule_name": deployments[0].rule_name,
        "region": deployments[0].region,
        "other_region": _other_region(deployments[0].region),
        "minimum": ORGANIZATION_PROVIDER,
        "custom": any(each.group.kind == CUSTOM for each in deployments),
        "named": any(each.group.name != DEFAULT for each in deployments),
        "large": [name for name, size in sizes.items() if size > MAX_SENT],
    }
    wanted = ["versions.tf", "variables.tf", "groups.tf", "main.tf", "outputs.tf"]
    texts = {name: render(f"terraform/organization/{name}.j2", **context) for name in wanted}
    texts["tests/module.tftest.hcl"] = render("terraform/organization/module.tftest.hcl.j2", **context)
    overview = [
        {"name": each.group.name, "kind": each.group.kind, "accounts": len(each.group.accounts), "size": size}
        for each, size in zip(deployments, sizes.values(), strict=True)
    ]
    texts["README.md"] = _readme(
        "terraform/organization/README.md.j2", **context, **_reference(texts), overview=overview
    )
    return {name: text.encode() for name, text in texts.items()}


def _readme(template: str, **context: Any) -> str:
    """A README in which parts that were left out leave no gap."""
    return GAP.sub("\n\n", render(template, **context))


def _other_region(region: str) -> str:
    return "eu-west-1" if region != "eu-west-1" else "us-east-1"


def _mocked(deployment: Deployment) -> list[tuple[str, str]]:
    """ARNs for the mock provider, whose own inventions the real one would not take as input."""
    mocked = []
    if deployment.function is not None:
        mocked.append(("aws_lambda_function", "arn:aws:lambda:us-east-1:111122223333:function:mock"))
    if deployment.function is not None or deployment.document is not None:
        mocked.append(("aws_iam_role", "arn:aws:iam::111122223333:role/mock"))
    return mocked


# ---- what the README says of the policy


class RuleRow(NamedTuple):
    id: str
    limit: int
    users: str
    remedy: str
    description: str


class ExemptionRow(NamedTuple):
    id: str
    users: str
    keys: str
    reason: str
    approved_by: str
    expires: str


def _rules(group: Group) -> Iterator[RuleRow]:
    document = group.document
    for rule in document["rules"]:
        remedy = _remedy(group.remediation[rule["id"]])
        yield RuleRow(rule["id"], rule["maxAccessKeyAge"], _users(rule), remedy, rule.get("description", ""))
    if group.default_decides:
        others = "every other user" if document["rules"] else "every user"
        yield RuleRow(DEFAULT, document["default"]["maxAccessKeyAge"], others, _remedy(group.remediation[DEFAULT]), "")


def _exemption(entry: dict[str, Any]) -> ExemptionRow:
    keys = entry.get("keys", "every key")
    keys = keys if isinstance(keys, str) else ", ".join(keys)
    return ExemptionRow(entry["id"], _users(entry), keys, entry["reason"], entry["approvedBy"], entry["expires"])


def _users(entry: dict[str, Any]) -> str:
    """The user selector in words, and the account selector if it is open whether it matches."""
    users = _any(selectors.user_clauses(entry["users"])) if "users" in entry else "every user"
    if "accounts" not in entry:
        return users
    return f"{users} (open whether it applies here: accounts of {_any(selectors.account_clauses(entry['accounts']))})"


def _any(clauses: Sequence[Clause]) -> str:
    """A selector in words: any clause, of which every attribute has one of its patterns."""
    return "; or ".join(_clause(clause.items()) for clause in clauses)


def _clause(attributes: Iterable[tuple[tuple[str, str | None], Sequence[str]]]) -> str:
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
    if settings.delete_after_days is not None and settings.action == "delete":
        said += f"; deleted after {plural(settings.delete_after_days, 'day')} inactive"
    return said


# ---- what the README says of the module: read off the module itself, so that they agree

BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
RESOURCE = re.compile(r'^(resource|data) "(\w+)" "(\w+)"', re.MULTILINE)
ARGUMENT = re.compile(r"^  (description|type|default) += (.*)$", re.MULTILINE)
TERRAFORM = re.compile(r'required_version = "(.*)"')
PROVIDER = re.compile(r'^ {6}version = "(.*)"', re.MULTILINE)


class Requirement(NamedTuple):
    name: str
    version: str


class Resource(NamedTuple):
    address: str
    kind: str


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
        "inputs": sorted(_input(name, said) for kind, name, said in blocks if kind == "variable"),
        "outputs": sorted(
            Output(name, said["description"].strip('"')) for kind, name, said in blocks if kind == "output"
        ),
    }


def _input(name: str, said: dict[str, str]) -> Input:
    default = said.get("default", "n/a")
    return Input(name, said["description"].strip('"'), said["type"], default, "no" if "default" in said else "yes")
