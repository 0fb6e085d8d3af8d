"""Policy and inventory → every file that `keyage render` writes; pure: no clock, no network, the same bytes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checker.decision import Account
from checker.generate import cloudformation, terraform
from checker.generate.deployment import Before, Deployment, deployment
from checker.policy.loader import PolicyFile

MANIFEST = "manifest.json"
POLICY = "policy.json"
TEMPLATE = "cloudformation/keyage.yaml"
AUDIT_ROLE = "cloudformation/audit-role.yaml"
CONFORMANCE_PACK = "conformance-pack/keyage.yaml"
ACCOUNT_MODULE = "terraform/account"
ORGANIZATION_MODULE = "terraform/organization"
PIPELINE_MODULE = "terraform/ci"


@dataclass(frozen=True)
class Rendering:
    """The files by their path below the output folder, and what they deploy."""

    files: dict[str, bytes]
    deployment: Deployment

    @property
    def templates(self) -> dict[str, str]:
        """The files that cfn-lint understands."""
        folders = ("cloudformation/", "conformance-pack/")
        return {path: data.decode() for path, data in self.files.items() if path.startswith(folders)}


def render(policy: PolicyFile, inventory: Mapping[str, Account], before: Before | None = None) -> Rendering:
    """What deploys the policy, with `before` to some accounts first.

    Raises FileProblems for selectors that cannot be resolved, UsageError for what exceeds AWS's limits and for a change
    that cannot reach some accounts first.
    """
    deployed = deployment(policy, inventory, before)
    template = cloudformation.template(deployed).encode()
    files = {
        POLICY: deployed.policy_json,
        TEMPLATE: template,
        AUDIT_ROLE: cloudformation.audit_role().encode(),
        CONFORMANCE_PACK: cloudformation.conformance_pack(deployed).encode(),
        **_below(ACCOUNT_MODULE, terraform.account_files(deployed)),
        **_below(ORGANIZATION_MODULE, terraform.organization_files(deployed, template)),
        **_below(PIPELINE_MODULE, terraform.pipeline_files(deployed)),
    }
    files = dict(sorted(files.items()))
    files[MANIFEST] = _manifest(policy, before, deployed, files)
    return Rendering(files, deployed)


def _below(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{path}": data for path, data in files.items()}


def _manifest(policy: PolicyFile, before: Before | None, deployed: Deployment, files: Mapping[str, bytes]) -> bytes:
    """What was rendered, with the digest of every file: the next render may remove these and no others."""
    content = {
        "policySha256": policy.sha256,
        "rule": "custom" if deployed.custom else "managed",
        "maxAccessKeyAge": deployed.max_age,
        **({"before": _held(before)} if before else {}),
        "files": {path: hashlib.sha256(data).hexdigest() for path, data in files.items()},
    }
    return (json.dumps(content, indent=2) + "\n").encode()


def _held(before: Before) -> dict[str, Any]:
    return {"policySha256": before.policy.sha256, "firstAccounts": sorted(set(before.first_accounts))}
