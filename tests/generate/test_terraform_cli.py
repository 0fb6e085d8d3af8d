"""What Terraform itself says of the modules: their format, their types, their own tests."""

import json
from pathlib import Path
from unicodedata import normalize

import pytest

from checker.decision import decision
from checker.generate import terraform
from tests.generate.hostile import HOSTILE
from tests.generate.terraform_cli import (
    TEMPLATE,
    InFolder,
    Terraform,
    deployments,
    terraform_in,
    write,
    write_organization,
)

__all__ = ["terraform_in"]

pytestmark = pytest.mark.sources  # the golden files say that the wheel renders the same

NINETY = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
ROBOTS = "rules: [{id: robots, users: svc-*, maxAccessKeyAge: 30}]\n"
ODD_NAME = "deploy: {ruleName: a, frequency: One_Hour, region: us-gov-west-1}\n"
LONG_NAME = f"deploy: {{ruleName: {'n' * 64}, region: eu-west-1}}\n"
MODULES = {
    "managed": NINETY,
    "managed-automatic": f"{NINETY}remediation: {{action: deactivate, automatic: true, protectUsedWithinDays: 7}}\n",
    "custom": NINETY + ROBOTS + ODD_NAME,
    "custom-deletes": f"{NINETY}{ROBOTS}remediation: {{action: delete, deleteAfterDays: 30}}\n{LONG_NAME}",
}
SELECTED = """version: 1
default: {maxAccessKeyAge: 90}
rules:
  - {id: one, accounts: "111111111111", maxAccessKeyAge: 30}
  - {id: two, accounts: "222222222222", users: svc-*, maxAccessKeyAge: 30}
"""
ACCOUNTS = [decision.Account(digit * 12, f"account {digit}", None, None) for digit in "1234"]
NAMES = [*HOSTILE, "\x7f", "$${", "%%{ $$${", "a\\", "😀" * 256]


def check(module: Terraform) -> None:
    module.run("fmt", "-check", "-diff", "-recursive")
    # It validates first.
    assert ", 0 failed." in module.run("test", "-no-color")


@pytest.mark.parametrize("kind", MODULES)
def test_the_module_of_a_group_is_well_formed_and_passes_its_own_tests(
    kind: str, tmp_path: Path, terraform_in: InFolder
) -> None:
    [deployment] = deployments(MODULES[kind], [])
    check(terraform_in(write(tmp_path, terraform.module_files(deployment))))


def test_the_module_of_an_organization_is_well_formed_and_passes_its_own_tests(
    tmp_path: Path, terraform_in: InFolder
) -> None:
    made = deployments(SELECTED, ACCOUNTS)
    assert [each.group.name for each in made] == ["default", "one", "two"]
    templates = {"default": TEMPLATE, "one": TEMPLATE, "two": TEMPLATE + b"#" * terraform.MAX_SENT}
    check(terraform_in(write_organization(tmp_path, made, templates)))


def test_an_organization_with_one_policy_filters_no_accounts(tmp_path: Path, terraform_in: InFolder) -> None:
    check(terraform_in(write_organization(tmp_path, deployments(NINETY, []))))


def read_back(names: list[str], folder: Path, terraform_in: InFolder) -> list[str]:
    """The names of accounts as Terraform reads them; without a provider, because this is about the language only."""
    accounts = [decision.Account(f"{number:012}", name, None, None) for number, name in enumerate(names)]
    made = deployments(NINETY + ROBOTS, accounts)
    groups = terraform.organization_files(made, {"default": TEMPLATE})["groups.tf"]
    output = b'output "groups" {\n  value = local.groups\n}\n'
    plain = terraform_in(write(folder, {"groups.tf": groups, "output.tf": output}))
    plain.run("fmt", "-check", "-diff")
    plain.run("apply", "-auto-approve", "-input=false", "-no-color")
    found = json.loads(plain.run("output", "-json"))["groups"]["value"]["default"]["accounts"]
    return [found[account.id] for account in accounts]


def test_whatever_an_account_is_called_terraform_reads_its_name(tmp_path: Path, terraform_in: InFolder) -> None:
    assert read_back(NAMES, tmp_path, terraform_in) == [normalize("NFC", name) for name in NAMES]


def test_control_characters_with_a_short_escape_in_json_are_read_too(tmp_path: Path, terraform_in: InFolder) -> None:
    assert read_back(["\b\f"], tmp_path, terraform_in) == ["\b\f"]
