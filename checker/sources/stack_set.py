"""The StackSet of an organization: which stacks it could not bring up to date, and why."""

from collections.abc import Mapping
from typing import Any

from checker.errors import Unreadable
from checker.sources.aws.failures import FAILURES, explain
from checker.sources.aws.reader import listing
from checker.sources.aws.session import ReadOnlySession
from checker.sources.deployed.parts import every

CURRENT = "CURRENT"  # AWS CloudFormation API Reference, StackInstanceSummary
NO_STACK_SET = "StackSetNotFoundException"
CALLERS = ("SELF", "DELEGATED_ADMIN")  # the management account's, and that of a delegated administrator


def behind(session: ReadOnlySession, region: str, name: str) -> Mapping[str, str] | None:
    """What AWS CloudFormation says of each account whose stack is not as the StackSet of that name is, by account id.

    None where the credentials' account has no such StackSet. Raises Unreadable.
    """
    client = session.client("cloudformation", region)
    for caller in CALLERS:
        try:
            stacks = every(client, "list_stack_instances", "Summaries", StackSetName=name, CallAs=caller)
        except FAILURES as error:
            code = listing.error_code(error) if hasattr(error, "response") else ""
            # Only a delegated administrator may call as one, so whoever is none has no StackSet.
            if code == NO_STACK_SET or caller != CALLERS[0]:
                continue
            raise Unreadable(f"the StackSet {name} could not be read: {explain(error)}") from None
        return {each["Account"]: _said(name, each) for each in stacks if each.get("Status") != CURRENT}
    return None


def _said(name: str, stack: dict[str, Any]) -> str:
    detail = stack.get("StackInstanceStatus", {}).get("DetailedStatus")
    states = " ".join(filter(None, (stack.get("Status"), f"({detail})" if detail else None)))
    reason = " ".join(str(stack.get("StatusReason") or "no reason is given").split())
    return f"StackSet {name} is not up to date here: {states}: {reason}"
