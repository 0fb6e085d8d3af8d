"""What is deployed in an account, beside what the policy would deploy there. Pure: no clock, no I/O."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from checker.errors import printable
from checker.generate.deployment import MANAGED_RULE, Deployment
from checker.sources.deployed import EVALUATION, Deployed, Function, parsed


class Difference(NamedTuple):
    """What is deployed otherwise than the policy says."""

    what: str
    deployed: str
    policy: str

    def __str__(self) -> str:
        return printable(f"{self.what}: deployed {self.deployed}, policy {self.policy}")


def differences(expected: Deployment, deployed: Deployed) -> Iterator[Difference]:
    """Every difference, the rule first."""
    if deployed.rule is None:
        yield Difference(f"Config rule {expected.rule_name}", "nothing", "a rule")
    else:
        yield from _rule(expected, deployed.rule)
    yield from _functions(expected, deployed)
    yield from _remediation(expected, deployed)
    yield from _schedule(expected, deployed.schedule)


def _differing(pairs: dict[str, tuple[object, object]]) -> Iterator[Difference]:
    for what, (there, wanted) in pairs.items():
        if there != wanted:
            yield Difference(what, _shown(there), _shown(wanted))


def _shown(value: object) -> str:
    return "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)


def _rule(expected: Deployment, rule: dict[str, Any]) -> Iterator[Difference]:
    source = rule["Source"]
    owner = "CUSTOM_LAMBDA" if expected.custom else "AWS"
    if source["Owner"] != owner:
        yield Difference("rule owner", source["Owner"], owner)
        return
    if expected.custom:
        triggers = [
            (each.get("MessageType"), each.get("MaximumExecutionFrequency", "TwentyFour_Hours"))
            for each in source.get("SourceDetails", [])
        ]
        yield from _differing({"rule triggers": (triggers, [("ScheduledNotification", expected.frequency)])})
        return
    parameters = json.loads(rule.get("InputParameters") or "{}")
    yield from _differing(
        {
            "rule identifier": (source["SourceIdentifier"], MANAGED_RULE),
            "rule frequency": (rule.get("MaximumExecutionFrequency", "TwentyFour_Hours"), expected.frequency),
            "maxAccessKeyAge": (str(parameters.get("maxAccessKeyAge", 90)), str(expected.max_age)),
        }
    )


def _functions(expected: Deployment, deployed: Deployed) -> Iterator[Difference]:
    judging = deployed.functions.get(EVALUATION)
    if expected.custom and deployed.rule is not None and deployed.rule["Source"]["Owner"] == "CUSTOM_LAMBDA":
        yield from _function(expected, "Lambda function of the rule", judging, "index.handler")
    for name in expected.remediation_functions.values():
        yield from _function(expected, f"Lambda function {name}", deployed.functions.get(name), "index.remediate")


def _function(expected: Deployment, what: str, function: Function | None, handler: str) -> Iterator[Difference]:
    if function is None:
        yield Difference(what, "nothing", "a function")
        return
    yield from _differing({f"{what}: handler": (function.handler, handler)})
    if (function.code or "").rstrip() != (expected.code or "").rstrip():
        yield Difference(f"{what}: code", "another source", "what `keyage render` writes to lambda/index.py")


def _remediation(expected: Deployment, deployed: Deployed) -> Iterator[Difference]:
    remediation = deployed.remediation
    if expected.runbook is None or remediation is None:
        there = remediation and remediation["TargetId"]
        yield from _differing({"remediation": (there, expected.runbook and expected.name("remediation"))})
        return
    parameters = remediation.get("Parameters", {})
    static = {name: value.get("StaticValue", {}).get("Values") for name, value in parameters.items()}
    yield from _differing(
        {
            "remediation document": (remediation["TargetId"], expected.name("remediation")),
            "remediation is automatic": (remediation.get("Automatic", False), expected.automatic),
            "remediation stage": (static.get("Stage"), ["deactivate"]),
            "remediation trigger": (static.get("Trigger"), [expected.trigger]),
            "remediation resource": (
                parameters.get("ResourceId", {}).get("ResourceValue", {}).get("Value"),
                "RESOURCE_ID",
            ),
        }
    )
    if deployed.document is None:
        yield Difference("Automation document", "nothing", "a document")
    elif deployed.document != parsed(expected.runbook):
        yield Difference("Automation document", "another text", "what `keyage render` writes to remediation.yaml")


def _schedule(expected: Deployment, schedule: dict[str, Any] | None) -> Iterator[Difference]:
    if schedule is None or not expected.deletes:
        there = schedule and schedule["Name"]
        yield from _differing({"deletion schedule": (there, expected.name("deletion") if expected.deletes else None)})
        return
    target = str(schedule["Target"].get("Arn")).rpartition(":function:")[2]
    yield from _differing(
        {
            "deletion schedule is": (schedule.get("State"), "ENABLED"),
            "deletion function": (target, expected.remediation_functions["delete"]),
            "deletion stage": (schedule["Input"].get("Stage"), "delete"),
        }
    )
