"""docs/scale.md is true: its commands exist, its numbers add up."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import botocore.session
import pytest

from checker.cli import keyage as command_line
from checker.generate.terraform import organization_files
from checker.permissions import VERBS
from tests.generate.terraform_cli import InFolder, deployed, terraform_in, write
from tests.support.processes import keyage

__all__ = ["terraform_in"]

pytestmark = pytest.mark.sources

TOP = Path(__file__).parent.parent
TEXT = (TOP / "docs" / "scale.md").read_text()


def blocks(language: str) -> list[str]:
    """The fenced blocks in a language; commands are in blocks that name none."""
    found: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == language]


def commands(program: str) -> list[list[str]]:
    lines = [line for block in blocks("") for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith(f"{program} ")]


def test_the_keyage_commands_parse(tmp_path: Path) -> None:
    found = commands("keyage")
    assert len(found) == 10
    for arguments in found:
        done = keyage(tmp_path, *arguments, "--help")
        assert (done.returncode, done.stderr) == (0, "")


def test_every_command_is_of_a_known_program() -> None:
    lines = [line for block in blocks("") for line in block.splitlines()]
    assert {line.split()[0] for line in lines} == {"keyage", "aws", "terraform", "export"}


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


@pytest.mark.parametrize("arguments", commands("aws"), ids=lambda arguments: str(arguments[1]))
def test_the_aws_commands_name_operations_and_what_these_take(arguments: list[str]) -> None:
    service, operation, *options = arguments
    model = (
        botocore.session.get_session()
        .get_service_model(service)
        .operation_model(next(name for name in _operations(service) if name.lower() == _camel(operation).lower()))
    )
    members = {member.lower() for member in (model.input_shape.members if model.input_shape else {})}
    required = {member.lower() for member in (model.input_shape.required_members if model.input_shape else [])}
    given = {_camel(option.removeprefix("--")).lower() for option in options if option.startswith("--")}
    assert given <= members
    assert required <= given


def _operations(service: str) -> list[str]:
    names: list[str] = botocore.session.get_session().get_service_model(service).operation_names
    return names


def test_the_terraform_of_the_aggregator_is_valid(tmp_path: Path, terraform_in: InFolder) -> None:
    (text,) = blocks("hcl")
    module = terraform_in(write(tmp_path, {"main.tf": text.encode()}))
    module.run("fmt", "-check", "-diff")
    module.run("validate", "-no-color")


def test_the_rendered_organization_takes_what_the_command_gives() -> None:
    apply = next(arguments for arguments in commands("terraform") if "apply" in arguments)
    given = {text.partition("=")[0] for flag, text in pairwise(apply) if flag == "-var"}
    made = deployed("version: 1\ndefault: {maxAccessKeyAge: 90}\n")
    rendered = organization_files(made, b"Resources: {}\n")["variables.tf"].decode()
    required = re.findall(r'variable "(\w+)" \{(?:(?!\n\}).)*\n\}', rendered, re.DOTALL)
    assert given == {name for name in required if "default" not in _block(rendered, name)}


def _block(text: str, name: str) -> str:
    return text.partition(f'variable "{name}" {{')[2].partition("\n}")[0]


def test_the_region_of_the_example_is_where_the_rule_is_by_default() -> None:
    made = deployed("version: 1\ndefault: {maxAccessKeyAge: 90}\n")
    assert f'regions  = ["{made.region}"]' in TEXT
    assert f"export AWS_DEFAULT_REGION={made.region}" in TEXT


def test_every_verb_of_permissions_that_it_names_exists() -> None:
    named = set(re.findall(r"`keyage permissions ([\w-]+)`", TEXT))
    reading = {
        "check",
        "snapshot",
        "plan",
        "init",
        "organization",
        "inventory",
        "aggregate",
        "drift",
        "organization-drift",
    }
    assert named == reading | {"remediate", "remediate-organization"}
    assert named <= set(VERBS)


def test_the_times_are_calls_by_seconds_a_call_by_concurrency() -> None:
    rows = re.findall(r"^\| ([\d,]+) \| (\d+) \| ([\d,]+) \| (?:(\d+) min )?(\d+) s \|", TEXT, re.MULTILINE)
    assert len(rows) == 3
    for accounts, users, calls, minutes, seconds in rows:
        number = int(accounts.replace(",", "")) * (4 + int(users))
        assert number == int(calls.replace(",", ""))
        assert round(number * 0.1 / 32) == int(minutes or 0) * 60 + int(seconds)


def test_the_evaluations_that_are_paid_for_add_up() -> None:
    assert "20 users in each of 1,000 accounts once a day are 600,000 evaluations, 600 dollars a month" in TEXT
    assert (20 * 1000 * 30, 20 * 1000 * 30 * 0.001) == (600_000, 600)


def test_the_options_that_it_names_exist() -> None:
    options = {name for verb in command_line.commands.values() for option in verb.params for name in option.opts}
    own = re.sub(r"^aws .*$", "", TEXT, flags=re.MULTILINE)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", own)) <= options
