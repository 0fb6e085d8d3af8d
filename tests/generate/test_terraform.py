"""The Terraform modules as files; what Terraform says of them is in test_terraform_cli.py."""

import dataclasses
import hashlib
import io
import re
import zipfile
from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.decision import decision
from checker.errors import UsageError
from checker.generate import terraform
from checker.generate.archive import zipped
from checker.generate.deployment import Deployment
from tests.generate.hostile import HOSTILE
from tests.generate.terraform_cli import TEMPLATE, deployments

GOLDEN = Path(__file__).parent.parent / "golden" / "render"
NINETY = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
FULL = """version: 1
default: {maxAccessKeyAge: 90}
rules:
  - id: robots
    description: service users | rotate monthly
    users: {path: /service/*, name: [svc-*, bot-*], tags: {team: pay*}}
    maxAccessKeyAge: 30
    remediation: {action: deactivate, automatic: true, graceDays: 3, protectUsedWithinDays: 14}
  - {id: vendors, users: [vendor-?, partner-*], maxAccessKeyAge: 60, remediation: {action: none}}
exemptions:
  - id: legacy
    users: sftp-legacy
    keys: [AKIAIOSFODNN7EXAMPLE]
    reason: an appliance that cannot rotate
    approvedBy: security@example.com
    expires: 2027-01-31
remediation: {action: delete, graceDays: 7, protectUsedWithinDays: 7, deleteAfterDays: 30}
"""
ACCOUNTS = [
    decision.Account("012345678901", "prod-payments", None, None),
    decision.Account("111122223333", "<b>*sand*|box</b>\n", None, None),
    decision.Account("222233334444", None, None, None),
]
SELECTED = 'rules: [{id: one, accounts: "012345678901", maxAccessKeyAge: 30}]\n'
SHOWN = ("main.tf", "remediation.tf", "deletion.tf", "variables.tf", "outputs.tf", "README.md")


def one(text: str) -> Deployment:
    [made] = deployments(text, ACCOUNTS)
    return made


def texts(text: str) -> dict[str, str]:
    files = terraform.module_files(one(text))
    return {name: data.decode() for name, data in files.items() if name != "lambda.zip"}


def organization(text: str, size: int = len(TEMPLATE)) -> dict[str, str]:
    made = deployments(text, ACCOUNTS)
    files = terraform.organization_files(made, {each.group.name: b"#" * size for each in made})
    return {name: data.decode() for name, data in files.items()}


def test_a_group_without_remediation_deploys_none() -> None:
    assert set(texts(NINETY)) == {
        "README.md",
        "main.tf",
        "outputs.tf",
        "tests/module.tftest.hcl",
        "variables.tf",
        "versions.tf",
    }
    assert "aws_iam_role" not in "".join(texts(NINETY).values())


def test_a_group_that_only_deactivates_has_no_role_that_deletes() -> None:
    everything = "".join(texts(f"{NINETY}remediation: {{action: deactivate}}\n").values())
    assert "iam:DeleteAccessKey" not in everything
    assert "aws_scheduler_schedule" not in everything


def test_the_same_policy_gives_the_same_bytes() -> None:
    assert terraform.module_files(one(FULL)) == terraform.module_files(one(FULL))


def test_the_archive_holds_the_function_and_nothing_of_this_machine() -> None:
    files = terraform.module_files(one(FULL))
    [entry] = zipfile.ZipFile(io.BytesIO(files["lambda.zip"])).infolist()
    assert zipfile.ZipFile(io.BytesIO(files["lambda.zip"])).read("index.py") == files["lambda/index.py"]
    assert (entry.filename, entry.date_time, entry.create_system) == ("index.py", (1980, 1, 1, 0, 0, 0), 3)
    assert (entry.external_attr >> 16, entry.compress_type) == (0o100644, zipfile.ZIP_STORED)


def test_the_archive_is_the_same_bytes_everywhere() -> None:
    digest = hashlib.sha256(zipped("index.py", b"x = 1\n")).hexdigest()
    assert digest == "3c98c13765ae2405c77fa96e1a777428d43cf04e2dec7442b00c4bc771f2f2fc"


def test_the_files_of_a_deployment_are_its_function_and_its_document() -> None:
    made = one(FULL)
    files = terraform.module_files(made)
    assert files["lambda/index.py"].decode() == made.function
    assert files["remediation.yaml"].decode() == made.document


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_a_table(name: str) -> None:
    readme = texts_of_account(name)
    [row] = [line for line in readme.splitlines() if line.startswith("| `012345678901` |")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 3
    assert not re.search(r"(?<!\\)<", row)


def texts_of_account(name: str) -> str:
    [made] = deployments(NINETY, [decision.Account("012345678901", name, None, None)])
    return terraform.module_files(made)["README.md"].decode()


@pytest.mark.parametrize("text", [NINETY, FULL])
def test_the_readme_names_every_variable_output_and_resource(text: str) -> None:
    files = texts(text)
    for name in re.findall(r'^(?:variable|output) "(\w+)"', "".join(files.values()), re.MULTILINE):
        assert f"| {name} |".replace("_", r"\_") in files["README.md"]
    for kind, name in re.findall(r'^(?:resource|data) "(\w+)" "(\w+)"', "".join(files.values()), re.MULTILINE):
        assert f"| {kind}.{name} |".replace("_", r"\_") in files["README.md"]


@pytest.mark.parametrize("text", [NINETY, FULL])
def test_every_variable_and_output_says_what_it_is(text: str) -> None:
    files = texts(text)
    for body in re.findall(
        r"^(?:variable|output) .*?^}", files["variables.tf"] + files["outputs.tf"], re.MULTILINE | re.DOTALL
    ):
        assert re.search(r'^  description = "[A-Z].*\."$', body, re.MULTILINE), body


def test_no_line_of_a_module_ends_in_a_space_or_has_a_gap() -> None:
    for name, text in (texts(FULL) | organization(NINETY + SELECTED)).items():
        assert text.endswith("\n"), name
        assert not re.search(r"[ \t]+$", text, re.MULTILINE), name
        assert name.startswith(("lambda/", "remediation.yaml")) or "\n\n\n" not in text, name


def test_the_default_group_goes_to_every_account_that_no_other_group_names() -> None:
    groups = organization(NINETY + SELECTED)["groups.tf"]
    assert groups.count('"012345678901" = "prod-payments"') == 1
    assert groups.index('"one" = {') < groups.index('"012345678901"')


def test_a_big_template_goes_through_a_bucket() -> None:
    assert "template_bucket" not in organization(NINETY, terraform.MAX_SENT)["variables.tf"]
    assert "template_bucket" in organization(NINETY, terraform.MAX_SENT + 1)["variables.tf"]


def test_a_template_that_no_stack_set_takes_is_refused() -> None:
    with pytest.raises(UsageError, match="the group default has 460801 bytes, and a stack set takes at most 460800"):
        organization(NINETY, terraform.MAX_STORED + 1)


def golden(text: str) -> Deployment:
    """The code is not what these golden files are about."""
    made = one(text)
    return dataclasses.replace(made, function=made.function and "code\n", document=made.document and "document\n")


@pytest.mark.golden
@pytest.mark.parametrize(("case", "text"), [("managed", NINETY), ("full", FULL)])
def test_the_module_is_as_in_the_golden_file(case: str, text: str, file_regression: FileRegressionFixture) -> None:
    files = terraform.module_files(golden(text))
    shown = "\n".join(f"==== {name}\n{files[name].decode()}" for name in SHOWN if name in files)
    file_regression.check(shown, fullpath=GOLDEN / f"terraform-{case}.txt", encoding="utf-8")


@pytest.mark.golden
def test_the_organization_is_as_in_the_golden_file(file_regression: FileRegressionFixture) -> None:
    files = organization(NINETY + SELECTED, terraform.MAX_SENT + 1)
    shown = "\n".join(f"==== {name}\n{files[name]}" for name in ("groups.tf", *SHOWN) if name in files)
    file_regression.check(shown, fullpath=GOLDEN / "terraform-organization.txt", encoding="utf-8")
