"""Policy and inventory → every file that `keyage render` writes; pure: no clock, no network, the same bytes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checker.decision import Account
from checker.generate import cloudformation, terraform
from checker.generate.deployment import Deployment, deployment
from checker.generate.groups import Group, resolve
from checker.policy.loader import PolicyFile

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Rendering:
    """The files by their path below the output folder, and what they deploy."""

    files: dict[str, bytes]
    deployments: list[Deployment]

    @property
    def templates(self) -> dict[str, str]:
        """The files that cfn-lint understands."""
        folders = ("cloudformation/", "conformance-pack/")
        return {path: data.decode() for path, data in self.files.items() if path.startswith(folders)}


def render(policy: PolicyFile, inventory: Mapping[str, Account]) -> Rendering:
    """Raises FileProblems for selectors that cannot be resolved, UsageError for what exceeds AWS's limits."""
    deployments = [deployment(policy, group) for group in resolve(policy, inventory)]
    templates = {each.group.name: cloudformation.template(each).encode() for each in deployments}
    files: dict[str, bytes] = {}
    for each in deployments:
        name = each.group.name
        files[cloudformation_path(name)] = templates[name]
        files[f"conformance-pack/{name}.yaml"] = cloudformation.conformance_pack(each).encode()
        files |= _below(terraform_path(name), terraform.module_files(each))
    files |= _below("terraform/organization", terraform.organization_files(deployments, templates))
    files = dict(sorted(files.items()))
    files[MANIFEST] = _manifest(policy, deployments, files)
    return Rendering(files, deployments)


def terraform_path(group: str) -> str:
    return f"terraform/{group}"


def cloudformation_path(group: str) -> str:
    return f"cloudformation/{group}.yaml"


def _below(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{path}": data for path, data in files.items()}


def _manifest(policy: PolicyFile, deployments: list[Deployment], files: Mapping[str, bytes]) -> bytes:
    """What was rendered, with the digest of every file: the next render may remove these and no others."""
    content = {
        "policySha256": policy.sha256,
        "groups": [_entry(each.group) for each in deployments],
        "files": {path: hashlib.sha256(data).hexdigest() for path, data in files.items()},
    }
    return (json.dumps(content, indent=2) + "\n").encode()


def _entry(group: Group) -> dict[str, Any]:
    return {
        "name": group.name,
        "accounts": [account.id for account in group.accounts],
        "rule": group.kind,
        "maxAccessKeyAge": group.max_age,
        "terraform": terraform_path(group.name),
        "cloudformation": cloudformation_path(group.name),
    }
