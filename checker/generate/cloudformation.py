"""A deployment → one self-contained CloudFormation template, and the conformance pack with its rule."""

from checker.errors import UsageError
from checker.generate.deployment import MANAGED_RULE, Deployment
from checker.generate.templating import render
from checker.permissions import DEPLOYED

# CloudFormation User Guide, "Understand CloudFormation quotas": a template in S3 is at most 1 MB.
MAX_TEMPLATE = 1_000_000  # bytes
# AWS Config API Reference, PutConformancePack: TemplateBody.
MAX_CONFORMANCE_PACK = 51_200  # bytes


def template(deployment: Deployment) -> str:
    """Everything that an account needs; raises UsageError if it is more than CloudFormation takes."""
    text = render(
        "cloudformation/template.yaml.j2",
        deployment=deployment,
        group=deployment.group,
        managed_rule=MANAGED_RULE,
        actions=DEPLOYED,
        function=_block(deployment.function),
        document=_block(deployment.document),
    )
    return _within(MAX_TEMPLATE, text, "CloudFormation template", deployment)


def conformance_pack(deployment: Deployment) -> str:
    """The rule alone; raises UsageError if it is more than AWS Config takes."""
    text = render(
        "conformance-pack/pack.yaml.j2", deployment=deployment, group=deployment.group, managed_rule=MANAGED_RULE
    )
    return _within(MAX_CONFORMANCE_PACK, text, "conformance pack", deployment)


def _block(text: str | None) -> str:
    """What stands in YAML's literal block `|`, which ends with exactly one line break of its own."""
    return (text or "").removesuffix("\n")


def _within(limit: int, text: str, what: str, deployment: Deployment) -> str:
    size = len(text.encode())
    if size > limit:
        raise UsageError(
            f"the {what} of the group {deployment.group.name} has {size} bytes, at most {limit} are possible;"
            " merge rules and exemptions, or select fewer accounts with each"
        )
    return text
