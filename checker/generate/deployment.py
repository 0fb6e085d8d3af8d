"""What is deployed in every account, before it is Terraform or CloudFormation: the numbers, the names, the code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from checker.decision import Account, RemediationSettings, remediation_by_rule
from checker.errors import UsageError
from checker.generate import bundle
from checker.generate.resolution import default_decides, one_age, resolved
from checker.generate.templating import render
from checker.pieces import REMEDIATING
from checker.policy.loader import PolicyFile

MANAGED_RULE = "ACCESS_KEYS_ROTATED"
DEFAULT = "default"
# Systems Manager API Reference, CreateDocument: prefixes that AWS keeps for itself.
RESERVED = ("aws", "amazon", "amzn")
# The newest that provider hashicorp/aws 5 knows; Lambda supports it until 2029-06-30 (Lambda Developer Guide, "Lambda
# runtimes").
RUNTIME = "python3.13"
MEMORY_MB = 512  # of a function
MAX_NAME = 64  # characters of an IAM role, a Lambda function or a schedule


@dataclass(frozen=True)
class Deployment:
    """The policy with everything that templates show; the same in every account."""

    document: Mapping[str, Any]  # the resolved policy
    rule_name: str
    frequency: str
    region: str
    max_age: int | None  # days, where the AWS managed rule says it all

    def name(self, suffix: str) -> str:
        """A name for a resource beside the rule, within 64 characters."""
        return f"{self.rule_name[: MAX_NAME - len(suffix) - 1]}-{suffix}"

    @property
    def custom(self) -> bool:
        """Whether keyage's own rule judges, and not the AWS managed one."""
        return self.max_age is None

    @cached_property
    def remediation(self) -> Mapping[str, RemediationSettings]:
        """What is to happen to keys that are too old, by the id of the rule that decides."""
        return remediation_by_rule(self.document)

    @cached_property
    def remediations(self) -> list[RemediationSettings]:
        """What can apply somewhere and does something."""
        deciding = [rule["id"] for rule in self.document["rules"]]
        deciding += [DEFAULT] if default_decides(self.document) else []
        return [self.remediation[each] for each in deciding if self.remediation[each].action != "none"]

    @property
    def automatic(self) -> bool:
        """Whether AWS Config starts the remediation by itself."""
        return any(each.automatic for each in self.remediations)

    @property
    def deletes(self) -> bool:
        return any(each.action == "delete" for each in self.remediations)

    @property
    def trigger(self) -> str:
        return "automatic" if self.automatic else "manual"

    @cached_property
    def code(self) -> str | None:
        """index.py of every function; None where there is none."""
        remediates = bool(self.remediations)
        return bundle.source(dict(self.document), remediates=remediates) if self.custom or remediates else None

    @cached_property
    def policy_json(self) -> bytes:
        """The resolved policy as `render` writes it to policy.json."""
        return policy_file(dict(self.document))

    @property
    def remediation_pieces(self) -> list[str]:
        """The functions that remediate, in the order of their stages."""
        return [piece for piece, there in zip(REMEDIATING, (self.remediations, self.deletes), strict=True) if there]

    @property
    def remediation_functions(self) -> dict[str, str]:
        """The names of the functions that remediate, by stage."""
        stages = ("deactivate", "delete")
        return {stage: self.name(piece) for stage, piece in zip(stages, self.remediation_pieces, strict=False)}

    @cached_property
    def runbook(self) -> str | None:
        """The Automation document, if the policy remediates anything."""
        if not self.remediations:
            return None
        functions = self.remediation_functions
        return render(
            "ssm/remediation.yaml.j2",
            rule_name=self.rule_name,
            stages=json.dumps(list(functions)),
            functions=json.dumps(functions),
        )


def policy_file(document: dict[str, Any]) -> bytes:
    """A resolved policy as a file; the digest of its bytes is what it is known by."""
    return f"{bundle.inert_json(document)}\n".encode()


def deployment(policy: PolicyFile, inventory: Mapping[str, Account]) -> Deployment:
    """Raises FileProblems for selectors that cannot be resolved, UsageError for a name that AWS keeps for itself."""
    rule_name = policy.deploy.rule_name
    document = resolved(policy, inventory)
    age = one_age(document) if policy.deploy.rule == "auto" else None
    deployment = Deployment(document, rule_name, policy.deploy.frequency, policy.deploy.region, age)
    if deployment.remediations and rule_name.lower().startswith(RESERVED):
        raise UsageError(
            f"deploy.ruleName: {rule_name}: Systems Manager takes no document whose name begins like that;"
            f" choose a name that does not begin with {', '.join(RESERVED)}"
        )
    return deployment
