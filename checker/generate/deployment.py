"""What one group deploys, before it is Terraform or CloudFormation: the numbers, the names, the code."""

from dataclasses import dataclass

from checker.errors import UsageError
from checker.generate import bundle
from checker.generate.groups import CUSTOM, Group
from checker.generate.templating import render
from checker.policy.loader import PolicyFile

MANAGED_RULE = "ACCESS_KEYS_ROTATED"
# Systems Manager User Guide: 64 KB, which "also includes the content specified for input parameters at runtime".
MAX_DOCUMENT = 62 * 1024  # bytes
# Systems Manager API Reference, CreateDocument: prefixes that AWS keeps for itself.
RESERVED = ("aws", "amazon", "amzn")
MAX_NAME = 64  # characters of an IAM role, a Lambda function or a schedule


@dataclass(frozen=True)
class Deployment:
    """A group with everything that its templates show."""

    group: Group
    rule_name: str
    frequency: str
    region: str
    function: str | None  # the Lambda's source, for the custom rule
    document: str | None  # the Automation document, if the policy remediates anything

    def name(self, suffix: str) -> str:
        """A name for a resource beside the rule, within 64 characters."""
        return f"{self.rule_name[: MAX_NAME - len(suffix) - 1]}-{suffix}"

    @property
    def trigger(self) -> str:
        return "automatic" if self.group.automatic else "manual"


def deployment(policy: PolicyFile, group: Group) -> Deployment:
    """Raises UsageError for what Systems Manager does not take: a policy too large for a document, a reserved name."""
    rule_name = policy.deploy.rule_name
    if group.remediations and rule_name.lower().startswith(RESERVED):
        raise UsageError(
            f"deploy.ruleName: {rule_name}: Systems Manager takes no document whose name begins like that;"
            f" choose a name that does not begin with {', '.join(RESERVED)}"
        )
    return Deployment(
        group,
        rule_name,
        policy.deploy.frequency,
        policy.deploy.region,
        bundle.source("config_rule", group.document) if group.kind == CUSTOM else None,
        _document(rule_name, group) if group.remediations else None,
    )


def _document(rule_name: str, group: Group) -> str:
    """The Automation document; its policy is readable where there is room, else compressed."""
    for packed in (False, True):
        script = bundle.source("remediation", group.document, packed=packed)
        text = render("ssm/remediation.yaml.j2", rule_name=rule_name, script=script.rstrip())
        if len(text.encode()) <= MAX_DOCUMENT:
            return text
    raise UsageError(
        f"the policy of the group {group.name} does not fit into an Automation document, even compressed:"
        f" {len(text.encode())} bytes, at most {MAX_DOCUMENT}; merge rules or select fewer accounts with each"
    )
