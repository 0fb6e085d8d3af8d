"""Terraform modules: one that deploys to an account, and one that deploys to the accounts of an organization."""

from collections.abc import Sequence
from typing import Any

from checker.errors import UsageError
from checker.generate import checkov, operations
from checker.generate.archive import zipped
from checker.generate.cloudformation import MAX_TEMPLATE
from checker.generate.deployment import MANAGED_RULE, MAX_NAME, MEMORY_MB, RUNTIME, Deployment
from checker.generate.templating import render
from checker.generate.terraform_readme import readme
from checker.permissions import (
    AUDIT_ROLE,
    CALLER_ROLE,
    DEPLOYED,
    PIPELINE_ROLE,
    PULL_REQUEST_ROLE,
    READ_ACCOUNT,
    READ_IN_PULL_REQUEST,
    READ_ORGANIZATION,
    statements,
)
from checker.spoken import enumeration, plural

# CloudFormation API Reference, CreateStackSet: the TemplateBody of a call; a larger template goes through Amazon S3.
MAX_SENT = 51_200  # bytes
# The first that knows the runtime of the functions; it also has stack instances whose targets change in place.
PROVIDER = ">= 5.76, < 7.0"
# The first in which an OpenID Connect provider needs no thumbprints (pull request 37255 of the provider).
PIPELINE_PROVIDER = ">= 5.81, < 7.0"
HANDLER = "index.py"
CODE = "lambda.zip"


def account_files(deployment: Deployment) -> dict[str, bytes]:
    """The module that deploys to one account, by path below its folder."""
    remediates = deployment.runbook is not None
    wanted = ["variables.tf", "main.tf", "operations.tf", "outputs.tf"]
    wanted += ["evaluation.tf"] if deployment.custom else []
    wanted += ["remediation.tf"] if remediates else []
    context: dict[str, Any] = {
        "deployment": deployment,
        "remediates": remediates,
        "code": CODE if deployment.code is not None else None,
        "functions": _functions(deployment),
        "provider": PROVIDER,
        "runtime": RUNTIME,
        "memory": MEMORY_MB,
        "managed_rule": MANAGED_RULE,
        "actions": DEPLOYED,
        "audit_role": AUDIT_ROLE,
        "reading": statements(*READ_ACCOUNT),
        "other_region": _other_region(deployment.region),
        "max_name": MAX_NAME,
        "kept": checkov.FUNCTION,
        **operations.texts(deployment),
    }
    files = _module("account", wanted, deployment, context)
    if deployment.code is not None:
        code = deployment.code.encode()
        files |= {f"lambda/{HANDLER}": code, CODE: zipped(HANDLER, code)}
    if deployment.runbook is not None:
        files["remediation.yaml"] = deployment.runbook.encode()
    return files


def organization_files(deployment: Deployment, template: bytes) -> dict[str, bytes]:
    """The module that rolls the CloudFormation template out, by path below its folder.

    Raises UsageError for a template that is too big.
    """
    size = len(template)
    if size > MAX_TEMPLATE:
        raise UsageError(
            f"the CloudFormation template has {size} bytes, {plural(size - MAX_TEMPLATE, 'byte')} more than the"
            f" {MAX_TEMPLATE} that a stack set takes: merge rules or exemptions"
        )
    wanted = ["variables.tf", "main.tf", "roles.tf", "outputs.tf"]
    context: dict[str, Any] = {
        "deployment": deployment,
        "large": size > MAX_SENT,
        "provider": PROVIDER,
        "audit_role": AUDIT_ROLE,
        "caller_role": CALLER_ROLE,
        "reading": statements(*READ_ORGANIZATION),
        "account_verbs": _verbs(READ_ACCOUNT),
        "organization_verbs": _verbs(READ_ORGANIZATION),
        "other_region": _other_region(deployment.region),
        "max_name": MAX_NAME,
        "kept": checkov.BUCKET,
    }
    return _module("organization", wanted, deployment, context)


def pipeline_files(deployment: Deployment) -> dict[str, bytes]:
    """The module that lets a pipeline run keyage with `--organization`, by path below its folder."""
    context: dict[str, Any] = {
        "provider": PIPELINE_PROVIDER,
        "pipeline_role": PIPELINE_ROLE,
        "pull_request_role": PULL_REQUEST_ROLE,
        "caller_role": CALLER_ROLE,
        "actions": DEPLOYED["pipeline"],
        "reading": statements(*READ_IN_PULL_REQUEST),
    }
    return _module("ci", ["main.tf"], deployment, context)


def _module(folder: str, wanted: list[str], deployment: Deployment, context: dict[str, Any]) -> dict[str, bytes]:
    """The named files of a module with its own tests and its README."""
    texts = {name: render(f"terraform/{folder}/{name}.j2", **context) for name in wanted}
    texts["README.md"] = readme(f"terraform/{folder}/README.md.j2", deployment, texts, context)
    texts["tests/module.tftest.hcl"] = render(f"terraform/{folder}/module.tftest.hcl.j2", **context)
    return {name: text.encode() for name, text in texts.items()}


def _functions(deployment: Deployment) -> list[str]:
    """What each function does, which is the end of its name."""
    wanted = {
        "evaluation": deployment.custom,
        "deactivation": deployment.runbook is not None,
        "deletion": deployment.deletes,
    }
    return [name for name, there in wanted.items() if there]


def _verbs(names: Sequence[str]) -> str:
    return enumeration([f"`{name}`" for name in names], "and")


def _other_region(region: str) -> str:
    return "eu-west-1" if region != "eu-west-1" else "us-east-1"
