"""A deployment → one self-contained CloudFormation template, and the conformance pack with its rule."""

from checker.errors import UsageError
from checker.generate import checkov, operations
from checker.generate.deployment import MANAGED_RULE, MAX_NAME, MEMORY_MB, RUNTIME, Deployment
from checker.generate.templating import render
from checker.permissions import AUDIT_ROLE, DEPLOYED, READ_ACCOUNT, statements

# CloudFormation User Guide, "Understand CloudFormation quotas": a template in S3 is at most 1 MB. The code in it then
# keeps within what Lambda takes: 4 MB for each function ("AWS::Lambda::Function Code").
MAX_TEMPLATE = 1_000_000  # bytes
# AWS Config API Reference, PutConformancePack: TemplateBody.
MAX_CONFORMANCE_PACK = 51_200  # bytes


def template(deployment: Deployment) -> str:
    """Everything that an account needs, for a stack or a StackSet.

    Raises UsageError if it is more than CloudFormation takes.
    """
    text = render(
        "cloudformation/template.yaml.j2",
        deployment=deployment,
        managed_rule=MANAGED_RULE,
        runtime=RUNTIME,
        memory=MEMORY_MB,
        actions=DEPLOYED,
        source=_block(deployment.code),
        runbook=_block(deployment.runbook),
        max_name=MAX_NAME,
        kept=checkov.FUNCTION_OF_A_STACK,
        **operations.texts(deployment),
    )
    return _within(MAX_TEMPLATE, text, "CloudFormation template")


def conformance_pack(deployment: Deployment) -> str:
    """The rule alone; raises UsageError if it is more than AWS Config takes."""
    text = render("conformance-pack/pack.yaml.j2", deployment=deployment, managed_rule=MANAGED_RULE)
    return _within(MAX_CONFORMANCE_PACK, text, "conformance pack")


def audit_role() -> str:
    """The role that keyage assumes to read an account, for a stack or a StackSet; the same whatever the policy says."""
    return render("cloudformation/audit_role.yaml.j2", role=AUDIT_ROLE, reading=statements(*READ_ACCOUNT))


def _block(text: str | None) -> str:
    """What stands in YAML's literal block `|`, which ends with exactly one line break of its own."""
    return (text or "").removesuffix("\n")


def _within(limit: int, text: str, what: str) -> str:
    size = len(text.encode())
    if size > limit:
        raise UsageError(
            f"the {what} has {size:,} bytes, {size - limit:,} more than the {limit:,} that AWS takes;"
            " merge rules and exemptions, or let fewer of them select accounts"
        )
    return text
