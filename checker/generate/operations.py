"""What the deployed tells people when something fails or a verdict changes: the words and the events behind them."""

from typing import Any

from checker.generate.deployment import Deployment

# Systems Manager API Reference, AutomationExecutionStatus; some events have the other spelling of Cancelled.
FAILED = ["Failed", "TimedOut", "Cancelled", "Canceled"]
# What a message names, and where an event has it. Systems Manager User Guide, "EventBridge event examples"; AWS Config
# Developer Guide, "Monitoring AWS Config with Amazon EventBridge". EventBridge leaves out what an event has not.
FAILURE_PATHS = {
    "account": "$.account",
    "document": "$.detail.Definition",
    "execution": "$.detail.ExecutionId",
    "region": "$.region",
    "status": "$.detail.Status",
    "time": "$.time",
}
COMPLIANCE_PATHS = {
    "account": "$.detail.awsAccountId",
    "before": "$.detail.oldEvaluationResult.complianceType",
    "region": "$.detail.awsRegion",
    "rule": "$.detail.configRuleName",
    "time": "$.time",
    "user": "$.detail.resourceId",
    "verdict": "$.detail.newEvaluationResult.complianceType",
    "why": "$.detail.newEvaluationResult.annotation",
}


def texts(deployment: Deployment) -> dict[str, Any]:
    """What the templates of alarms and notices show."""
    return {
        "words": _words(deployment.rule_name),
        "failed": FAILED,
        "failure_paths": FAILURE_PATHS,
        "compliance_paths": COMPLIANCE_PATHS,
    }


def _words(rule_name: str) -> dict[str, str]:
    """The descriptions of alarms, and the texts of messages, which EventBridge wants in quotes of their own."""
    rule = f"the AWS Config rule {rule_name}"
    return {
        "evaluation_failed": f"An evaluation of {rule} failed: users may have no verdict, or an old one. The log of the"
        " function says why.",
        "evaluation_missing": f"AWS Config has not evaluated {rule} for two periods: what it shows may be out of date."
        " See whether the rule is there and may invoke its function.",
        "deletion_failed": f"The daily deletion of access keys for {rule} failed, in part or as a whole. The log of the"
        " function says why. It tries again the next day.",
        "dead_letters": f"Something that was meant for a function of {rule} failed for good and is in the dead-letter"
        " queue. Read it, mend the cause, and purge the queue.",
        "failure": f'"The remediation <document> of {rule} ended as <status> in account <account> at <time>. This says'
        ' why: aws ssm get-automation-execution --region <region> --automation-execution-id <execution>"',
        "compliance": '"<verdict>: IAM user <user> in account <account>, by the AWS Config rule <rule> in <region> at'
        ' <time>. Before, if it was judged: <before>. Why, if it is said: <why>"',
    }
