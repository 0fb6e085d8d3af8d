"""What is deployed stays: whatever changes in policy or inventory, the plan has updates only."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from checker.decision import Account, decision
from checker.generate import terraform
from tests.generate.terraform_cli import InFolder, Terraform, deployed, terraform_in, write
from tests.generate.test_terraform_apply import OPTIONS, PROVIDER, endpoint

__all__ = ["endpoint", "terraform_in"]

pytestmark = pytest.mark.sources  # the golden files say that the wheel renders the same

DEPLOY = "deploy: {ruleName: key-age, region: eu-north-1}\n"
POLICY = f"""version: 1
default: {{maxAccessKeyAge: 90}}
rules:
  - {{id: payments, accounts: pay-*, users: svc-*, maxAccessKeyAge: 30}}
  - {{id: robots, users: bot-*, maxAccessKeyAge: 60}}
exemptions:
  - {{id: legacy, users: sftp, reason: an appliance, approvedBy: security@example.com, expires: 2027-01-31}}
remediation: {{action: delete, automatic: true, protectUsedWithinDays: 7, deleteAfterDays: 30}}
{DEPLOY}"""
VENDOR = """  - id: vendor
    accounts: "210987654321"
    users: vendor
    reason: a contract
    approvedBy: security@example.com
    expires: 2027-03-31
"""
ACCOUNTS = [
    decision.Account("123456789012", "pay-one", None, None),
    decision.Account("210987654321", "data", None, None),
]
JOINED = decision.Account("345678901234", "pay-two", None, None)
# What changed, as policy and inventory.
CHANGES: dict[str, tuple[str, Sequence[Account]]] = {
    "an account added to the inventory": (POLICY, [*ACCOUNTS, JOINED]),
    "an account removed from the inventory": (POLICY, ACCOUNTS[:1]),
    "an exemption for one account": (POLICY.replace("remediation:", f"{VENDOR}remediation:"), ACCOUNTS),
    "a renamed rule": (POLICY.replace("id: robots", "id: machines"), ACCOUNTS),
    "the end of an exemption": (POLICY.replace("2027-01-31", "2027-06-30"), ACCOUNTS),
    "an exemption that is gone": (
        POLICY[: POLICY.index("exemptions:")] + POLICY[POLICY.index("remediation:") :],
        ACCOUNTS,
    ),
    "another max age": (POLICY.replace("maxAccessKeyAge: 90", "maxAccessKeyAge: 45"), ACCOUNTS),
    "a rule more": (
        POLICY.replace("rules:\n", "rules:\n  - {id: people, users: a-*, maxAccessKeyAge: 20}\n"),
        ACCOUNTS,
    ),
}
NEW_CODE = {f"aws_lambda_function.{name}": ["update"] for name in ("evaluation", "deactivation", "deletion")}
MANAGED = f"version: 1\ndefault: {{maxAccessKeyAge: 90}}\nremediation: {{action: deactivate}}\n{DEPLOY}"


def planned(module: Terraform) -> dict[str, list[str]]:
    """What the plan would do, by the address of the resource; without those that stay as they are."""
    module.run("plan", "-input=false", "-no-color", "-out=plan")
    plan = json.loads(module.run("show", "-json", "plan"))
    actions = {change["address"]: change["change"]["actions"] for change in plan["resource_changes"]}
    return {address: done for address, done in actions.items() if done not in (["no-op"], ["read"])}


def account(text: str, accounts: Sequence[Account]) -> Mapping[str, bytes]:
    return terraform.account_files(deployed(text, accounts)) | {"provider.tf": PROVIDER}


def test_every_change_of_a_policy_is_new_code_in_an_account(
    endpoint: str, tmp_path: Path, terraform_in: InFolder
) -> None:
    module = terraform_in(write(tmp_path, account(POLICY, ACCOUNTS)), endpoint)
    module.run("apply", *OPTIONS)
    assert planned(module) == {}
    for what, (text, accounts) in CHANGES.items():
        write(tmp_path, account(text, accounts))
        assert planned(module) == NEW_CODE, what
    assert "0 added, 3 changed, 0 destroyed" in module.run("apply", *OPTIONS)
    assert planned(module) == {}


def test_another_age_of_the_managed_rule_changes_the_rule_and_the_code(
    endpoint: str, tmp_path: Path, terraform_in: InFolder
) -> None:
    module = terraform_in(write(tmp_path, account(MANAGED, [])), endpoint)
    module.run("apply", *OPTIONS)
    write(tmp_path, account(MANAGED.replace("90", "45"), []))
    changed = {"aws_config_config_rule.this": ["update"], "aws_lambda_function.deactivation": ["update"]}
    assert planned(module) == changed


def test_a_policy_that_needs_the_own_rule_destroys_nothing(
    endpoint: str, tmp_path: Path, terraform_in: InFolder
) -> None:
    module = terraform_in(write(tmp_path, account(MANAGED, [])), endpoint)
    module.run("apply", *OPTIONS)
    rules = "rules: [{id: robots, users: bot-*, maxAccessKeyAge: 30}]\n"
    write(tmp_path, account(MANAGED.replace("remediation:", f"{rules}remediation:"), []))
    found = planned(module)
    assert {tuple(actions) for actions in found.values()} == {("update",), ("create",)}
    assert found["aws_config_config_rule.this"] == ["update"]
