"""The Config rule, its remediation and the schedule, beside what the policy would deploy. Pure: no clock, no I/O."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from checker.compare.drift.difference import Difference, differing
from checker.generate.deployment import MANAGED_RULE, Deployment
from checker.pieces import REMEDIATING
from checker.sources.deployed.account import parsed
from checker.sources.deployed.parts import Deployed, Function, Unread

CONTROLS = {"ConcurrentExecutionRatePercentage": 10, "ErrorPercentage": 50}
ATTEMPTS = {"MaximumAutomaticAttempts": 5, "RetryAttemptSeconds": 60}


def rule(expected: Deployment, there: Mapping[str, Any]) -> Iterator[Difference]:
    """Of the rule itself."""
    source = there["Source"]
    owner = "CUSTOM_LAMBDA" if expected.custom else "AWS"
    if source["Owner"] != owner:
        yield Difference("rule owner", source["Owner"], owner)
        return
    yield from differing({"rule state": (there.get("ConfigRuleState", "ACTIVE"), "ACTIVE")})
    if expected.custom:
        triggers = [
            (detail.get("MessageType"), detail.get("MaximumExecutionFrequency", "TwentyFour_Hours"))
            for detail in source.get("SourceDetails", [])
        ]
        yield from differing({"rule triggers": (triggers, [("ScheduledNotification", expected.frequency)])})
        return
    yield from differing(
        {
            "rule identifier": (source["SourceIdentifier"], MANAGED_RULE),
            "rule frequency": (there.get("MaximumExecutionFrequency", "TwentyFour_Hours"), expected.frequency),
            "maxAccessKeyAge": (max_age(there), str(expected.max_age)),
        }
    )


def max_age(there: Mapping[str, Any]) -> str:
    """Days, as the managed rule has them: 90 where it is not told (AWS Config, access-keys-rotated)."""
    try:
        parameters = json.loads(there.get("InputParameters") or "{}")
    except ValueError:
        return str(there["InputParameters"])
    return str(parameters.get("maxAccessKeyAge", 90)) if isinstance(parameters, dict) else str(parameters)


def remediation(expected: Deployment, deployed: Deployed) -> Iterator[Difference]:
    """Of the remediation configuration and the Automation document that it starts."""
    there = deployed.remediation
    if isinstance(there, Unread):
        return
    if expected.runbook is None or there is None:
        name = there and there["TargetId"]
        yield from differing({"remediation": (name, expected.runbook and expected.name("remediation"))})
        return
    document = str(there["TargetId"])
    prefixed = document.endswith(expected.name("remediation"))
    parameters = there.get("Parameters", {})
    static = {name: value.get("StaticValue", {}).get("Values") for name, value in parameters.items()}
    resource = parameters.get("ResourceId", {}).get("ResourceValue", {}).get("Value")
    # The document puts the prefix before the names of the functions that it calls.
    called = "".join(static.get("NamePrefix") or []) + expected.name("deactivation")
    deactivation = deployed.functions.get("deactivation")
    function = deactivation.name if isinstance(deactivation, Function) else called
    controls = there.get("ExecutionControls", {}).get("SsmControls", {})
    pairs: dict[str, tuple[object, object]] = {
        "remediation document": (expected.name("remediation") if prefixed else document, expected.name("remediation")),
        "remediation is automatic": (there.get("Automatic", False), expected.automatic),
        "remediation stage": (static.get("Stage"), ["deactivate"]),
        "remediation trigger": (static.get("Trigger"), [expected.trigger]),
        "remediation resource": (resource, "RESOURCE_ID"),
        "remediation calls": (called, function),
    }
    pairs |= {f"remediation {name}": (controls.get(name), number) for name, number in CONTROLS.items()}
    if expected.automatic:
        pairs |= {f"remediation {name}": (there.get(name), number) for name, number in ATTEMPTS.items()}
    yield from differing(pairs)
    yield from _document(expected, deployed.document)


def _document(expected: Deployment, there: Any) -> Iterator[Difference]:
    if isinstance(there, Unread):
        return
    if there is None:
        yield Difference("Automation document", "nothing", "a document")
    elif there != parsed(expected.runbook or ""):
        yield Difference("Automation document", "another text", "what `keyage render` writes to remediation.yaml")


def schedule(expected: Deployment, deployed: Deployed) -> Iterator[Difference]:
    """Of the schedule that starts the deletion."""
    there = deployed.schedule
    if isinstance(there, Unread):
        return
    if there is None or not expected.deletes:
        name = there and there["Name"]
        yield from differing({"deletion schedule": (name, expected.name("deletion") if expected.deletes else None)})
        return
    target = there["Target"]
    function = str(target.get("Arn")).rpartition(":function:")[2]
    wanted = expected.remediation_functions["delete"]
    given = there["Input"]
    yield from differing(
        {
            "deletion schedule is": (there.get("State"), "ENABLED"),
            "deletion schedule runs": (there.get("ScheduleExpression"), "rate(1 day)"),
            "deletion function": (wanted if function.endswith(wanted) else function, wanted),
            "deletion stage": (given.get("Stage"), "delete"),
        }
    )
    if given.get("ResourceId"):
        yield Difference("deletion is for", f"the user {given['ResourceId']} alone", "every user")
    if given.get("Stage") == "delete":
        yield from differing({"deletion trigger": (given.get("Trigger"), "automatic")})


def roles_of(expected: Deployment) -> list[str]:
    """What has a role: the functions, the document and the schedule."""
    wanted = ["evaluation"] if expected.custom else []
    wanted += [piece for piece in REMEDIATING if piece in expected.remediation_pieces]
    wanted += ["automation"] if expected.runbook else []
    return wanted + (["schedule"] if expected.deletes else [])
