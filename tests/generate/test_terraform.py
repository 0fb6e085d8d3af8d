"""The Terraform modules as files; what Terraform says of them is in test_terraform_cli.py."""

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
from checker.generate.templating import yaml
from tests.generate.hostile import HOSTILE
from tests.generate.terraform_cli import TEMPLATE, deployed

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
    decision.Account("111122223333", "sandbox", None, None),
    decision.Account("222233334444", "data", None, None),
]
SELECTED = """version: 1
default: {maxAccessKeyAge: 90}
rules:
  - {id: everywhere, users: a, maxAccessKeyAge: 80}
  - {id: by-id, accounts: "012345678901", users: b, maxAccessKeyAge: 70}
  - {id: unlisted-id, accounts: ["999999999999", "888888888888"], users: c, maxAccessKeyAge: 60}
  - {id: by-name, accounts: prod-*, users: d, maxAccessKeyAge: 50}
  - {id: by-either, accounts: ["777777777777", sandbox], users: e, maxAccessKeyAge: 40}
"""
SHOWN = (
    *("main.tf", "roles.tf", "evaluation.tf", "remediation.tf", "operations.tf"),
    *("variables.tf", "outputs.tf"),
)


def texts(text: str) -> dict[str, str]:
    files = terraform.account_files(deployed(text, ACCOUNTS))
    return {name: data.decode() for name, data in files.items() if name != "lambda.zip"}


def organization(text: str, size: int = len(TEMPLATE)) -> dict[str, str]:
    files = terraform.organization_files(deployed(text, ACCOUNTS), b"#" * size)
    return {name: data.decode() for name, data in files.items()}


def pipeline() -> dict[str, str]:
    return {name: data.decode() for name, data in terraform.pipeline_files(deployed(NINETY)).items()}


MODULES = {
    "account, managed": texts(NINETY),
    "account": texts(FULL),
    "organization": organization(SELECTED),
    "organization, stored": organization(SELECTED, terraform.MAX_SENT + 1),
    "ci": pipeline(),
}


def row(readme: str, entry: str) -> list[str]:
    """The cells of the table row of a rule or exemption."""
    [line] = [line for line in readme.splitlines() if f" `{entry}` |" in line]
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_a_policy_without_remediation_deploys_none() -> None:
    assert set(texts(NINETY)) == {
        "README.md",
        "main.tf",
        "operations.tf",
        "outputs.tf",
        "tests/module.tftest.hcl",
        "variables.tf",
    }
    made = re.findall(r'^resource "(\w+)" "(\w+)"', "".join(texts(NINETY).values()), re.MULTILINE)
    assert [name for _kind, name in made if name != "notices"] == ["this", "audit", "audit", "compliance", "compliance"]


def test_a_policy_that_only_deactivates_has_no_role_that_deletes() -> None:
    everything = "".join(texts(f"{NINETY}remediation: {{action: deactivate}}\n").values())
    assert "iam:DeleteAccessKey" not in everything
    assert "aws_scheduler_schedule" not in everything


def test_the_same_policy_gives_the_same_bytes() -> None:
    assert terraform.account_files(deployed(FULL)) == terraform.account_files(deployed(FULL))


def test_the_archive_holds_the_function_and_nothing_of_this_machine() -> None:
    files = terraform.account_files(deployed(FULL))
    [entry] = zipfile.ZipFile(io.BytesIO(files["lambda.zip"])).infolist()
    assert zipfile.ZipFile(io.BytesIO(files["lambda.zip"])).read("index.py") == files["lambda/index.py"]
    assert (entry.filename, entry.date_time, entry.create_system) == ("index.py", (1980, 1, 1, 0, 0, 0), 3)
    assert (entry.external_attr >> 16, entry.compress_type) == (0o100644, zipfile.ZIP_STORED)


def test_the_archive_is_the_same_bytes_everywhere() -> None:
    digest = hashlib.sha256(zipped("index.py", b"x = 1\n")).hexdigest()
    assert digest == "3c98c13765ae2405c77fa96e1a777428d43cf04e2dec7442b00c4bc771f2f2fc"


def test_the_files_of_a_deployment_are_its_code_and_its_document() -> None:
    made = deployed(FULL)
    files = terraform.account_files(made)
    assert files["lambda/index.py"].decode() == made.code
    assert files["remediation.yaml"].decode() == made.runbook


@pytest.mark.parametrize("pattern", HOSTILE)
def test_no_pattern_breaks_a_table(pattern: str) -> None:
    rule = f"{{id: odd, users: {{tags: {{team: {yaml(pattern)}}}}}, maxAccessKeyAge: 30}}"
    cells = row(texts(f"{NINETY}rules: [{rule}]\n")["README.md"], "odd")
    assert len(cells) == 5
    assert not re.search(r"(?<!\\)<", cells[4])


def test_what_only_people_need_is_not_shipped() -> None:
    for name, text in (texts(FULL) | organization(FULL)).items():
        for said in ("cannot rotate", "security@example.com", "rotate monthly", "prod-payments"):
            assert said not in text, name


@pytest.mark.parametrize(
    ("rule", "accounts"),
    [
        ("everywhere", "every account"),
        ("by-id", "1 account"),
        ("unlisted-id", "2 accounts"),
        ("by-name", "1 account; open in accounts that the inventory does not list"),
        ("by-either", "2 accounts; open in accounts that the inventory does not list"),
        ("default", "every account"),
    ],
)
def test_the_readme_says_for_how_many_accounts_a_rule_is(rule: str, accounts: str) -> None:
    assert row(texts(SELECTED)["README.md"], rule)[3] == accounts


@pytest.mark.parametrize("module", MODULES)
def test_the_readme_names_every_variable_output_and_resource(module: str) -> None:
    files = MODULES[module]
    for name in re.findall(r'^(?:variable|output) "(\w+)"', "".join(files.values()), re.MULTILINE):
        assert f"| {name} |".replace("_", r"\_") in files["README.md"]
    for kind, name in re.findall(r'^(?:resource|data) "(\w+)" "(\w+)"', "".join(files.values()), re.MULTILINE):
        assert f"| {kind}.{name} |".replace("_", r"\_") in files["README.md"]


@pytest.mark.parametrize("module", MODULES)
def test_every_variable_and_output_says_what_it_is(module: str) -> None:
    source = "".join(text for name, text in MODULES[module].items() if name.endswith(".tf"))
    for body in re.findall(r"^(?:variable|output) .*?^}", source, re.MULTILINE | re.DOTALL):
        assert re.search(r'^  description = "[A-Z].*\."$', body, re.MULTILINE), body


@pytest.mark.parametrize("module", MODULES)
def test_no_line_of_a_module_ends_in_a_space_or_has_a_gap(module: str) -> None:
    for name, text in MODULES[module].items():
        assert text.endswith("\n"), name
        assert not re.search(r"[ \t]+$", text, re.MULTILINE), name
        assert name.startswith(("lambda/", "remediation.yaml")) or "\n\n\n" not in text, name


def test_the_organization_lists_no_account() -> None:
    for name, text in organization(SELECTED).items():
        assert not re.search(r"\b(?!111122223333)\d{12}\b", text), name


def test_a_changed_policy_changes_no_file_of_the_organization() -> None:
    changed = SELECTED.replace("by-id", "renamed").replace("70", "7")
    assert organization(changed) == organization(SELECTED)


def test_a_big_template_goes_through_a_bucket() -> None:
    for size, stored in ((terraform.MAX_SENT, False), (terraform.MAX_SENT + 1, True)):
        files = organization(NINETY, size)
        assert ('"aws_s3_object" "template"' in files["main.tf"]) == stored
        assert ('"template_bucket"' in files["variables.tf"]) == stored


def test_a_template_that_no_stack_set_takes_is_refused() -> None:
    said = "the CloudFormation template has 1000001 bytes, 1 byte more than the 1000000 that a stack set takes"
    organization(NINETY, 1_000_000)
    with pytest.raises(UsageError, match=said):
        organization(NINETY, 1_000_001)


def golden(text: str) -> Deployment:
    """The code is not what these golden files are about."""
    made = deployed(text, ACCOUNTS)
    for name, stood_in in (("code", "code\n"), ("runbook", "document\n")):
        if getattr(made, name) is not None:
            made.__dict__[name] = stood_in  # where cached_property keeps it
    return made


def shown(files: dict[str, bytes]) -> str:
    return "\n".join(f"==== {name}\n{files[name].decode()}" for name in (*SHOWN, "README.md") if name in files)


@pytest.mark.golden
@pytest.mark.parametrize(("case", "text"), [("managed", NINETY), ("full", FULL)])
def test_the_module_is_as_in_the_golden_file(case: str, text: str, file_regression: FileRegressionFixture) -> None:
    files = terraform.account_files(golden(text))
    file_regression.check(shown(files), fullpath=GOLDEN / f"terraform-{case}.txt", encoding="utf-8")


@pytest.mark.golden
def test_the_organization_is_as_in_the_golden_file(file_regression: FileRegressionFixture) -> None:
    files = terraform.organization_files(golden(SELECTED), b"#" * (terraform.MAX_SENT + 1))
    file_regression.check(shown(files), fullpath=GOLDEN / "terraform-organization.txt", encoding="utf-8")


@pytest.mark.golden
def test_the_pipeline_is_as_in_the_golden_file(file_regression: FileRegressionFixture) -> None:
    files = terraform.pipeline_files(golden(NINETY))
    file_regression.check(shown(files), fullpath=GOLDEN / "terraform-ci.txt", encoding="utf-8")
