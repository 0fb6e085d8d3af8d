"""What else of keyage stands in an account: other rules, functions, documents and schedules than those looked for."""

import json
from collections.abc import Collection, Sequence
from typing import Any

from checker.pieces import OF_A_RULE, is_rule, is_schedule
from checker.sources.deployed.functions import Listed
from checker.sources.deployed.parts import Stranger, every, found

A_CALL = 25  # rules: AWS Config API Reference, DescribeRemediationConfigurations
DELETES = "it deletes keys every day"


def owns(rule: dict[str, Any], functions: Sequence[Listed]) -> bool:
    """Whether a rule of AWS Config is keyage's: by its description, or by the function behind it."""
    behind = rule.get("Source", {}).get("SourceIdentifier")
    return is_rule(rule.get("Description")) or any(each.arn == behind and each.owned for each in functions)


def other_rules(config: Any, rules: Sequence[dict[str, Any]], functions: Sequence[Listed], name: str) -> list[Stranger]:
    """keyage's rules of other names than this one."""
    names = sorted(rule["ConfigRuleName"] for rule in rules if rule["ConfigRuleName"] != name and owns(rule, functions))
    automatic = set()
    for start in range(0, len(names), A_CALL):
        some = names[start : start + A_CALL]
        answer = found(config.describe_remediation_configurations, ConfigRuleNames=some) or {}
        configured = answer.get("RemediationConfigurations", [])
        automatic |= {each["ConfigRuleName"] for each in configured if each.get("Automatic")}
    acts = "its remediation is automatic"
    return [Stranger("Config rule", each, acts if each in automatic else None) for each in names]


def other_functions(functions: Sequence[Listed], known: Collection[str]) -> list[Stranger]:
    """keyage's functions that are not among those known."""
    return [Stranger("Lambda function", each.name) for each in functions if each.owned and each.name not in known]


def other_documents(ssm: Any, known: Collection[str]) -> list[Stranger]:
    """keyage's Automation documents but those known."""
    wanted = [{"Key": "Owner", "Values": ["Self"]}, {"Key": "DocumentType", "Values": ["Automation"]}]
    listed = every(ssm, "list_documents", "DocumentIdentifiers", Filters=wanted)
    names = sorted(
        each["Name"] for each in listed if each["Name"].endswith("-remediation") and each["Name"] not in known
    )
    contents = {name: found(ssm.get_document, Name=name, DocumentFormat="YAML") for name in names}
    return [
        Stranger("Automation document", name)
        for name, answer in contents.items()
        if answer and OF_A_RULE.search(" ".join(answer["Content"].split()))
    ]


def schedules(client: Any) -> list[dict[str, Any]]:
    """Every schedule of the region, in short, by name."""
    return sorted(every(client, "list_schedules", "Schedules"), key=lambda each: str(each["Name"]))


def schedule(client: Any, name: str, group: str) -> dict[str, Any] | None:
    """A schedule with its Input as an object; None if there is none."""
    answer: dict[str, Any] | None = found(client.get_schedule, Name=name, GroupName=group)
    return answer and answer | {"Input": _input(answer["Target"].get("Input", "{}"))}


def _input(text: str) -> dict[str, Any]:
    """What a schedule calls its target with; nothing where somebody wrote another thing than an object by hand."""
    try:
        given = json.loads(text)
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}


def other_schedules(
    client: Any, listed: Sequence[dict[str, Any]], functions: Sequence[Listed], known: dict[str, Any] | None
) -> list[Stranger]:
    """keyage's schedules but the one known; those that are switched on delete keys."""
    arns = {each.arn for each in functions if each.owned}
    candidates = [
        each for each in listed if each["Name"].endswith("-deletion") or each.get("Target", {}).get("Arn") in arns
    ]
    strangers = []
    for each in candidates:
        if known and (known["Name"], known.get("GroupName", "default")) == (each["Name"], each["GroupName"]):
            continue
        whole = schedule(client, each["Name"], each["GroupName"])
        if whole and (is_schedule(whole.get("Description")) or whole["Target"].get("Arn") in arns):
            on = whole.get("State", "ENABLED") == "ENABLED"
            strangers.append(Stranger("schedule", each["Name"], DELETES if on else None))
    return strangers
