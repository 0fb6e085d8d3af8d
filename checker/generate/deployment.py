"""What is deployed in every account, before it is Terraform or CloudFormation: the numbers, the names, the code."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from checker.decision import Account, RemediationSettings, remediation_by_rule
from checker.errors import UsageError
from checker.generate import bundle
from checker.generate.resolution import default_decides, one_age, policies_in, resolved, resolved_in_two
from checker.generate.templating import render
from checker.pieces import REMEDIATING
from checker.policy.deploy_settings import HOURS
from checker.policy.loader import PolicyFile

MANAGED_RULE = "ACCESS_KEYS_ROTATED"
DEFAULT = "default"
# Systems Manager API Reference, CreateDocument: prefixes that AWS keeps for itself.
RESERVED = ("aws", "amazon", "amzn")
# The newest that provider hashicorp/aws 5 knows; Lambda supports it until 2029-06-30 (Lambda Developer Guide, "Lambda
# runtimes").
RUNTIME = "python3.13"
MEMORY_MB = 512  # of a function
# Where AWS has no such rule, and can record no IAM users (AWS Config Developer Guide, "access-keys-rotated").
WITHOUT_MANAGED_RULE = frozenset(
    {
        *("ap-east-2", "ap-south-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-7", "ca-west-1"),
        *("eu-central-2", "eu-south-2", "il-central-1", "me-central-1", "mx-central-1"),
    }
)
MAX_NAME = 64  # characters of an IAM role, a Lambda function, a schedule or an EventBridge rule


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
    def names(self) -> list[str]:
        """The names of all that has one of at most 64 characters, apart from the rule."""
        wanted = {
            "evaluation": self.custom,
            "deactivation": bool(self.remediations),
            "remediation": bool(self.remediations),
            "automation": bool(self.remediations),
            "failures": bool(self.remediations),
            "deletion": self.deletes,
            "schedule": self.deletes,
            "dead-letters": self.custom or bool(self.remediations),
            "compliance": True,
            "notices": True,
        }
        return [self.name(suffix) for suffix, there in wanted.items() if there]

    @property
    def longest_name(self) -> str:
        return max(self.names, key=len)

    @property
    def longest_prefix(self) -> int:
        """How many characters a prefix of every name may have."""
        return MAX_NAME - len(self.longest_name)

    @property
    def period(self) -> int:
        """Seconds between two evaluations."""
        return HOURS[self.frequency] * 3600

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
        return [each for policy in policies_in(dict(self.document)) for each in _remediations(policy)]

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

    def of_each_policy(self) -> list["Deployment"]:
        """What each policy by itself asks for: one, or two while a change reaches some accounts first."""
        return [replace(self, document=policy) for policy in policies_in(dict(self.document))]

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


class Before(NamedTuple):
    """What every account but the first ones has until a change of the policy reaches it too."""

    policy: PolicyFile
    first_accounts: Sequence[str]  # ids


def _remediations(document: Mapping[str, Any]) -> Iterator[RemediationSettings]:
    by_rule = remediation_by_rule(document)
    deciding = [rule["id"] for rule in document["rules"]]
    deciding += [DEFAULT] if default_decides(document) else []
    return (by_rule[each] for each in deciding if by_rule[each].action != "none")


def policy_file(document: dict[str, Any]) -> bytes:
    """A resolved policy as a file; the digest of its bytes is what it is known by."""
    return f"{bundle.inert_json(document)}\n".encode()


def deployment(policy: PolicyFile, inventory: Mapping[str, Account], before: Before | None = None) -> Deployment:
    """The policy as it is deployed, with `before` to some accounts first.

    Raises FileProblems for selectors that cannot be resolved, UsageError for names and regions that AWS refuses and for
    a change that cannot reach some accounts first.
    """
    rule_name = policy.deploy.rule_name
    if before:
        _require_same_for_all(policy, before.policy)
        document = resolved_in_two(policy, *before, inventory)
    else:
        document = resolved(policy, inventory)
    age = one_age(document) if policy.deploy.rule == "auto" else None
    if before and age is not None:
        raise UsageError(
            f"--first-account: {policy.file} has one number for every account, which AWS's managed rule judges: let it"
            " reach all at once, or set deploy.rule: custom"
        )
    deployment = Deployment(document, rule_name, policy.deploy.frequency, policy.deploy.region, age)
    if deployment.remediations and rule_name.lower().startswith(RESERVED):
        raise UsageError(
            f"deploy.ruleName: {rule_name}: Systems Manager takes no document whose name begins like that;"
            f" choose a name that does not begin with {', '.join(RESERVED)}"
        )
    if not deployment.custom and deployment.region in WITHOUT_MANAGED_RULE:
        raise UsageError(
            f"deploy.region: AWS has no managed rule {MANAGED_RULE} in {deployment.region}; write `rule: custom` under"
            " deploy, or choose another region"
        )
    return deployment


def _require_same_for_all(policy: PolicyFile, before: PolicyFile) -> None:
    """Raises UsageError for a change of what is in the template, which reaches every account at once."""
    for name, written in (("rule_name", "ruleName"), ("region", "region"), ("frequency", "frequency")):
        old, new = getattr(before.deploy, name), getattr(policy.deploy, name)
        if old != new:
            raise UsageError(
                f"--first-account: deploy.{written} is the same in every account, and it changes from {old} to {new}:"
                " let that change reach all at once, before or after the others"
            )
