"""What Terraform itself says of the modules: their format, their types, their own tests."""

import json
import re
from pathlib import Path
from unicodedata import normalize

import pytest

from checker.generate import terraform
from checker.generate.templating import hcl
from tests.generate.hostile import HOSTILE
from tests.generate.terraform_cli import (
    NINETY,
    TEMPLATE,
    InFolder,
    Terraform,
    deployed,
    terraform_in,
    write,
    write_organization,
)

__all__ = ["terraform_in"]

pytestmark = pytest.mark.sources  # the golden files say that the wheel renders the same

ROBOTS = "rules: [{id: robots, users: svc-*, maxAccessKeyAge: 30}]\n"
ODD_NAME = "deploy: {ruleName: a, frequency: One_Hour, region: us-gov-west-1}\n"
LONG_NAME = f"deploy: {{ruleName: {'n' * 64}, region: eu-west-1}}\n"
MODULES = {
    "managed": NINETY,
    "managed-automatic": f"{NINETY}remediation: {{action: deactivate, automatic: true, protectUsedWithinDays: 7}}\n",
    "custom": NINETY + ROBOTS + ODD_NAME,
    "custom-deletes": f"{NINETY}{ROBOTS}remediation: {{action: delete, deleteAfterDays: 30}}\n{LONG_NAME}",
}
TEXTS = [*HOSTILE, "\x7f", "$${", "%%{ $$${", "a\\", "😀" * 256]


STORED = TEMPLATE + b"#" * terraform.MAX_SENT
# The other modules of an account and of an organization have the same kinds of blocks, or fewer.
LARGEST = "custom-deletes"


def check(module: Terraform) -> None:
    module.run("fmt", "-check", "-diff", "-recursive")
    # It validates first.
    assert ", 0 failed." in module.run("test", "-no-color")


def test_the_module_of_an_account_passes_its_own_tests(tmp_path: Path, terraform_in: InFolder) -> None:
    check(terraform_in(write(tmp_path, terraform.account_files(deployed(MODULES[LARGEST])))))


def test_the_module_of_an_organization_passes_its_own_tests(tmp_path: Path, terraform_in: InFolder) -> None:
    check(terraform_in(write_organization(tmp_path, deployed(MODULES[LARGEST]), STORED)))


def test_every_module_is_well_formed_and_passes_its_tests(tmp_path: Path, terraform_in: InFolder) -> None:
    """In one run of `terraform test`, each run of which has its module instead of that of the folder."""
    modules = [write(tmp_path / kind, terraform.account_files(deployed(text))) for kind, text in MODULES.items()]
    for kind in ("managed", LARGEST):
        for name, template in {"sent": TEMPLATE, "stored": STORED}.items():
            modules.append(write_organization(tmp_path / f"{kind}-{name}", deployed(MODULES[kind]), template))
    modules.append(write(tmp_path / "ci", terraform.pipeline_files(deployed(NINETY))))
    runs = 0
    for number, module in enumerate(modules):
        (tests,) = module.glob("tests/*.tftest.hcl")
        source = f'  module {{\n    source = "./{module.relative_to(tmp_path)}"\n  }}\n\n'
        text, found = re.subn(r'(?m)^run "\w+" \{\n', rf"\g<0>{source}", tests.read_text())
        write(tmp_path / "tests", {f"{number}.tftest.hcl": text.encode()})
        runs += found
    root = terraform_in(write(tmp_path, {"main.tf": b"# Without a file there is nothing to initialize.\n"}))
    root.run("fmt", "-check", "-diff", "-recursive")
    assert f"Success! {runs} passed, 0 failed." in root.run("test", "-no-color")


def read_back(texts: list[str], folder: Path, terraform_in: InFolder) -> list[str]:
    """Texts as Terraform reads them; without a provider, because this is about the language only."""
    output = f'output "texts" {{\n  value = {hcl(texts)}\n}}\n'
    plain = terraform_in(write(folder, {"output.tf": output.encode()}))
    plain.run("fmt", "-check", "-diff")
    plain.run("apply", "-auto-approve", "-input=false", "-no-color")
    found: list[str] = json.loads(plain.run("output", "-json"))["texts"]["value"]
    return found


def test_whatever_a_text_says_terraform_reads_it(tmp_path: Path, terraform_in: InFolder) -> None:
    assert read_back(TEXTS, tmp_path, terraform_in) == [normalize("NFC", text) for text in TEXTS]


def test_control_characters_with_a_short_escape_in_json_are_read_too(tmp_path: Path, terraform_in: InFolder) -> None:
    assert read_back(["\b\f"], tmp_path, terraform_in) == ["\b\f"]
