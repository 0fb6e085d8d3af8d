"""docs/scale.md is true: its commands exist, its template is what `permissions` prints, its numbers add up."""

import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import yaml

from checker.cli import keyage as command_line
from checker.generate import lint
from checker.generate.terraform import organization_files
from checker.permissions import AUDIT_ROLE, VERBS, policy_document
from tests.generate.terraform_cli import InFolder, deployed, terraform_in, write
from tests.support.processes import keyage

__all__ = ["terraform_in"]

pytestmark = pytest.mark.sources

TOP = Path(__file__).parent.parent
TEXT = (TOP / "docs" / "scale.md").read_text()
AUDIT = "examples/organization/keyage-audit.yaml"


def blocks(language: str) -> list[str]:
    """The fenced blocks in a language; commands are in blocks that name none."""
    found: list[tuple[str, str]] = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == language]


def commands(program: str) -> list[list[str]]:
    lines = [line for block in blocks("") for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith(f"{program} ")]


class _Template(yaml.SafeLoader):
    """YAML with CloudFormation's !Ref."""


def _reference(_loader: Any, node: Any) -> dict[str, str]:
    return {"Ref": node.value}


_Template.add_constructor("!Ref", _reference)


def template() -> Any:
    return yaml.load((TOP / AUDIT).read_text(), _Template)  # noqa: S506 -- a safe loader with one tag more


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


def test_the_audit_role_may_do_what_check_needs_and_nothing_else() -> None:
    (role,) = template()["Resources"].values()
    (policy,) = role["Properties"]["Policies"]
    assert policy["PolicyDocument"] == policy_document("check")
    assert role["Properties"]["RoleName"] == AUDIT_ROLE


def test_the_audit_role_trusts_the_auditor_with_the_external_id_only() -> None:
    (role,) = template()["Resources"].values()
    assert role["Properties"]["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"AWS": {"Ref": "Auditor"}},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}},
        }
    ]


def test_the_template_is_what_cfn_lint_accepts() -> None:
    assert lint.check({"keyage-audit.yaml": (TOP / AUDIT).read_text()})


def test_the_parameters_of_the_command_are_those_of_the_template() -> None:
    create = next(arguments for arguments in commands("aws") if arguments[1] == "create-stack-set")
    assert f"file://{AUDIT}" in create
    given = dict(re.findall(r"ParameterKey=(\w+),ParameterValue=(\S+)", " ".join(create)))
    parameters = template()["Parameters"]
    assert given.keys() == parameters.keys()
    for name, value in given.items():
        assert re.fullmatch(parameters[name]["AllowedPattern"], value)
    assert f"--external-id {given['ExternalId']}" in TEXT


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
    remediating = {"remediate", "remediate-organization"}
    assert named == {"check", "init", "organization", "inventory", "aggregate", "drift"} | remediating
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
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", own)) - options == {"--call-as"}  # of the AWS CLI
