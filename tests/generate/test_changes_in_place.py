"""What is deployed stays: whatever changes in policy or inventory, the plan has updates only."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import boto3
import pytest

from checker.decision import Account, decision
from checker.generate import terraform
from tests.fakes.stack_sets import stack_sets
from tests.generate.terraform_cli import InFolder, Terraform, deployed, terraform_in, write, write_organization
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
NEW_CODE = {f"aws_lambda_function.{name}": "update" for name in ("evaluation", "deactivation", "deletion")}
MANAGED = f"version: 1\ndefault: {{maxAccessKeyAge: 90}}\nremediation: {{action: deactivate}}\n{DEPLOY}"


def planned(module: Terraform, *options: str) -> dict[str, str]:
    """What the plan would do, by the address of the resource; without those that stay as they are."""
    said = map(json.loads, module.run("plan", "-input=false", "-json", *options).splitlines())
    changes = [line["change"] for line in said if line["type"] == "planned_change"]
    return {change["resource"]["addr"]: change["action"] for change in changes}


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
        assert planned(module, "-refresh=false") == NEW_CODE, what
    assert "0 added, 3 changed, 0 destroyed" in module.run("apply", *OPTIONS)
    assert planned(module) == {}


def test_another_age_of_the_managed_rule_changes_the_rule_and_the_code(
    endpoint: str, tmp_path: Path, terraform_in: InFolder
) -> None:
    module = terraform_in(write(tmp_path, account(MANAGED, [])), endpoint)
    module.run("apply", *OPTIONS)
    write(tmp_path, account(MANAGED.replace("90", "45"), []))
    changed = {"aws_config_config_rule.this": "update", "aws_lambda_function.deactivation": "update"}
    assert planned(module) == changed


def test_a_policy_that_needs_the_own_rule_destroys_nothing(
    endpoint: str, tmp_path: Path, terraform_in: InFolder
) -> None:
    module = terraform_in(write(tmp_path, account(MANAGED, [])), endpoint)
    module.run("apply", *OPTIONS)
    rules = "rules: [{id: robots, users: bot-*, maxAccessKeyAge: 30}]\n"
    write(tmp_path, account(MANAGED.replace("remediation:", f"{rules}remediation:"), []))
    found = planned(module)
    assert set(found.values()) == {"update", "create"}
    assert found["aws_config_config_rule.this"] == "update"


def template(text: str, accounts: Sequence[Account]) -> bytes:
    """A template as far as Terraform looks: too big to be sent with the call, and another one for another policy."""
    document = json.dumps(deployed(text, accounts).document)
    return b"Resources: {}\n" + b"#" * terraform.MAX_SENT + f"\n# {document}\n".encode()


@pytest.fixture
def root(endpoint: str) -> Iterator[str]:
    """The id of the root of an organization of two accounts beside the management account."""
    with stack_sets():
        client = boto3.client("organizations", region_name="us-east-1", endpoint_url=endpoint)
        client.create_organization(FeatureSet="ALL")
        for name in ("pay-one", "data"):
            client.create_account(AccountName=name, Email=f"{name}@example.com")
        yield client.list_roots()["Roots"][0]["Id"]


def organization(top: Path, units: Sequence[str], text: str, accounts: Sequence[Account]) -> Path:
    folder = write_organization(top, deployed(text, accounts), template(text, accounts))
    inputs = json.dumps({"organizational_unit_ids": units})
    return write(folder, {"provider.tf": PROVIDER, "inputs.auto.tfvars.json": inputs.encode()})


def test_every_change_of_a_policy_is_a_new_template_in_an_organization(
    root: str, endpoint: str, tmp_path: Path, terraform_in: InFolder
) -> None:
    module = terraform_in(organization(tmp_path, [root], POLICY, ACCOUNTS), endpoint)
    module.run("apply", *OPTIONS)
    assert planned(module) == {}
    new_template = {"aws_cloudformation_stack_set.this": "update", "aws_s3_object.template": "update"}
    for what, (text, accounts) in CHANGES.items():
        organization(tmp_path, [root], text, accounts)
        same = template(text, accounts) == template(POLICY, ACCOUNTS)
        assert planned(module, "-refresh=false") == ({} if same else new_template), what
    assert "0 added, 2 changed, 0 destroyed" in module.run("apply", *OPTIONS)
    organization(tmp_path, [root, "ou-exam-12345678"], *CHANGES["a rule more"])
    assert planned(module) == {"aws_cloudformation_stack_instances.this": "update"}


def test_a_bucket_without_versions_is_refused(root: str, endpoint: str, tmp_path: Path, terraform_in: InFolder) -> None:
    bucket = boto3.client("s3", region_name="eu-north-1", endpoint_url=endpoint)
    bucket.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
    module = terraform_in(organization(tmp_path, [root], POLICY, ACCOUNTS), endpoint)
    module.run("apply", *OPTIONS, "-var=template_bucket=plain", expect=1)
    cloudformation = boto3.client("cloudformation", region_name="eu-north-1", endpoint_url=endpoint)
    assert cloudformation.list_stack_sets()["Summaries"] == []
