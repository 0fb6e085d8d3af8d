"""The modules applied for real, by the real provider, to an AWS inside this process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from checker.decision import decision
from checker.generate import terraform
from tests.fakes.function_code import function_code
from tests.fakes.remediation_configurations import remediation_configurations
from tests.generate.terraform_cli import InFolder, Terraform, deployed, terraform_in, write
from tests.support.moto_server import moto_server

__all__ = ["terraform_in"]

pytestmark = pytest.mark.sources  # the golden files say that the wheel renders the same

REGION = "eu-north-1"
ACCOUNT = decision.Account("123456789012", "the emulator's", None, None)
DEPLOY = "deploy: {ruleName: key-age, frequency: Six_Hours, region: eu-north-1}\n"
CUSTOM = f"""version: 1
default: {{maxAccessKeyAge: 90}}
rules: [{{id: robots, users: svc-*, maxAccessKeyAge: 30}}]
remediation: {{action: delete, automatic: true, protectUsedWithinDays: 7, deleteAfterDays: 30}}
{DEPLOY}"""
MANAGED = f"""version: 1
default: {{maxAccessKeyAge: 45}}
remediation: {{action: deactivate}}
{DEPLOY}"""
PROVIDER = b"""provider "aws" {
  region                      = "eu-north-1"
  access_key                  = "testing"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  default_tags {
    tags = { team = "security" }
  }
}
"""
OPTIONS = ("-auto-approve", "-input=false", "-no-color")


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws(), remediation_configurations(), function_code(), moto_server() as url:
        yield url


def client(service: Any, endpoint: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=endpoint)


def what_is_there(endpoint: str) -> dict[str, list[str]]:
    """The names of everything that a module makes, by kind."""
    config, iam = client("config", endpoint), client("iam", endpoint)
    rules = [rule["ConfigRuleName"] for rule in config.describe_config_rules()["ConfigRules"]]
    remediations = config.describe_remediation_configurations(ConfigRuleNames=["key-age"])["RemediationConfigurations"]
    functions = client("lambda", endpoint).list_functions()["Functions"]
    documents = client("ssm", endpoint).list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])
    schedules = client("scheduler", endpoint).list_schedules()["Schedules"]
    return {
        "rules": rules,
        "remediations": [each["TargetId"] for each in remediations],
        "functions": sorted(each["FunctionName"] for each in functions),
        "logs": sorted(each["logGroupName"] for each in client("logs", endpoint).describe_log_groups()["logGroups"]),
        "documents": [each["Name"] for each in documents["DocumentIdentifiers"]],
        "schedules": [each["Name"] for each in schedules],
        "roles": sorted(each["RoleName"] for each in iam.list_roles()["Roles"]),
    }


NOTHING: dict[str, list[str]] = {
    kind: [] for kind in ("rules", "remediations", "functions", "logs", "documents", "schedules", "roles")
}
EVERYTHING = {
    "rules": ["key-age"],
    "remediations": ["key-age-remediation"],
    "functions": ["key-age-deactivation", "key-age-deletion", "key-age-evaluation"],
    "logs": ["/aws/lambda/key-age-deactivation", "/aws/lambda/key-age-deletion", "/aws/lambda/key-age-evaluation"],
    "documents": ["key-age-remediation"],
    "schedules": ["key-age-deletion"],
    "roles": [
        "key-age-automation",
        "key-age-deactivation",
        "key-age-deletion",
        "key-age-evaluation",
        "key-age-schedule",
    ],
}
LITTLE = NOTHING | {
    "rules": ["key-age"],
    "remediations": ["key-age-remediation"],
    "functions": ["key-age-deactivation"],
    "logs": ["/aws/lambda/key-age-deactivation"],
    "documents": ["key-age-remediation"],
    "roles": ["key-age-automation", "key-age-deactivation"],
}


def module_of(policy: str, folder: Path, endpoint: str, terraform_in: InFolder) -> Terraform:
    files = terraform.account_files(deployed(policy, [ACCOUNT])) | {"provider.tf": PROVIDER}
    return terraform_in(write(folder, files), endpoint)


def test_the_managed_rule_comes_and_a_second_plan_finds_nothing_to_do(
    endpoint: str, tmp_path: Path, terraform_in: InFolder
) -> None:
    module = module_of(MANAGED, tmp_path, endpoint, terraform_in)
    module.run("apply", *OPTIONS)
    assert what_is_there(endpoint) == LITTLE
    module.run("plan", "-detailed-exitcode")


def test_the_custom_rule_comes_and_goes_and_a_new_document_is_a_new_version(
    endpoint: str, tmp_path: Path, terraform_in: InFolder
) -> None:
    module = module_of(CUSTOM, tmp_path, endpoint, terraform_in)
    assert what_is_there(endpoint) == NOTHING
    module.run("apply", *OPTIONS)
    assert what_is_there(endpoint) == EVERYTHING
    module.run("plan", "-detailed-exitcode")
    document = tmp_path / "remediation.yaml"
    document.write_text(document.read_text() + "# changed\n")
    assert "0 added, 1 changed, 0 destroyed" in module.run("apply", "-refresh=false", *OPTIONS)
    found = client("ssm", endpoint).get_document(Name="key-age-remediation", DocumentFormat="YAML")
    assert (found["DocumentVersion"], found["Content"]) == ("2", document.read_text())
    module.run("destroy", "-refresh=false", *OPTIONS)
    assert what_is_there(endpoint) == NOTHING
