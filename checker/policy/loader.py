"""policies.yaml → a policy ready to judge, with the place of everything in the file."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from checker.decision import Policy, RemediationSettings, decision, remediation_by_rule
from checker.errors import FileProblems, Problem, UsageError
from checker.file_bytes import read_up_to
from checker.policy.deploy_settings import DeploySettings, deploy_settings
from checker.policy.yaml import check as yaml_check
from checker.policy.yaml import parse as yaml_text


class Written(NamedTuple):
    """A rule, an exemption or the default, as a person wrote it."""

    line: int  # from 1
    entry: dict[str, Any]


@dataclass(frozen=True)
class PolicyFile:
    """A policy that passed every check."""

    file: str
    sha256: str
    content: dict[str, Any]
    document: yaml_text.Document

    @cached_property
    def policy(self) -> Policy:
        return decision.Policy(self.content)

    @cached_property
    def deploy(self) -> DeploySettings:
        """How the rule is deployed."""
        return deploy_settings(self.content.get("deploy", {}))

    @cached_property
    def remediation(self) -> Mapping[str, RemediationSettings]:
        """What is to happen to keys that are too old, by the id of the rule that decides; the policy's is `default`."""
        return remediation_by_rule(self.content)

    @cached_property
    def written(self) -> dict[str, Written]:
        """Every rule and exemption by id, and the default as `default`, in the order of the file."""
        line = self.document.problem(("default",), "", at_key=True).line
        by_id = {"default": Written(line, self.content["default"])}
        for kind, number in entries(self.content):
            entry = self.content[kind][number]
            by_id[entry["id"]] = Written(self.document.line((kind, number)), entry)
        return by_id


@dataclass(frozen=True)
class NoPolicy:
    """A place where there is no policy yet; nothing in it has a limit."""

    file: str
    sha256: None = None


def load(path: Path) -> PolicyFile:
    """Read and check a policy file; raises FileProblems with every problem, UsageError without a file."""
    return parse(read(path, "policy"), str(path))


def read(path: Path, what: str, max_bytes: int = yaml_text.MAX_BYTES) -> bytes:
    """The bytes of a file that a person named; raises UsageError. Stops past what may be parsed."""
    try:
        return read_up_to(path, max_bytes)
    except OSError as error:
        raise UsageError(f"cannot read the {what} {path}: {error.strerror}") from None


def parse(data: bytes, file: str) -> PolicyFile:
    """Check the bytes of a policy file; raises FileProblems with every problem."""
    document = yaml_text.parse(data, file)
    content, problems = yaml_check.check(document, "policy")
    problems = [*problems, *_repeated_ids(document, content)]
    if problems:
        raise FileProblems(problems)
    return PolicyFile(file, hashlib.sha256(data).hexdigest(), content, document)


def entries(content: Any) -> Iterator[tuple[str, int]]:
    """Where the rules and exemptions stand in a content that may be malformed."""
    for kind in ("rules", "exemptions"):
        listed = content.get(kind) if isinstance(content, dict) else None
        for number in range(len(listed) if isinstance(listed, list) else 0):
            yield kind, number


def _repeated_ids(document: yaml_text.Document, content: Any) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for kind, number in entries(content):
        entry = content[kind][number]
        entry_id = entry.get("id") if isinstance(entry, dict) else None
        if not isinstance(entry_id, str):
            continue
        place = document.problem((kind, number, "id"), f'id: "{entry_id}" is used twice, first in line ')
        if entry_id in seen:
            yield place._replace(message=f"{place.message}{seen[entry_id]}")
        seen.setdefault(entry_id, place.line)
