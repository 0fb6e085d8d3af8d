"""What tells keyage's things in an account is what the templates write."""

import re

import pytest
import yaml

from checker.generate.rendering import ACCOUNT_MODULE, TEMPLATE, render
from checker.permissions import STACK_SET
from checker.pieces import PIECES, Owned, Piece, is_role, is_rule, is_schedule, owned
from checker.policy.loader import parse
from tests.support.deployed_account import CUSTOM, MANAGED


class _Loader(yaml.SafeLoader):
    """CloudFormation's short forms as plain values."""


_Loader.add_multi_constructor(
    "!", lambda loader, _tag, node: loader.construct_yaml_str(node) if isinstance(node, yaml.ScalarNode) else None
)


def files(text: str) -> dict[str, str]:
    rendered = render(parse(text.encode(), "policies.yaml"), {}).files
    return {path: data.decode("utf-8", "replace") for path, data in rendered.items()}


def resources(text: str, kind: str) -> list[dict[str, str]]:
    """The properties of the resources of a kind in the CloudFormation template."""
    template = yaml.load(files(text)[TEMPLATE], _Loader)  # noqa: S506 -- a safe loader with two more tags
    return [each["Properties"] for each in template["Resources"].values() if each["Type"] == kind]


def terraform(text: str, kind: str) -> list[str]:
    """The texts of the resources of a kind in the Terraform module."""
    whole = "".join(
        data for path, data in files(text).items() if path.startswith(ACCOUNT_MODULE) and path.endswith(".tf")
    )
    return re.findall(rf'^resource "{kind}" .*?^}}', whole, re.MULTILINE | re.DOTALL)


def descriptions(text: str, cloudformation: str, kind: str) -> list[str]:
    found = [re.findall(r'description += "(.*)"', each) for each in terraform(text, kind)]
    return [
        *(each["Description"] for each in resources(text, cloudformation)),
        *(each for one in found for each in one),
    ]


@pytest.mark.parametrize("description", [None, "", "Judges", "For the AWS Config rule x.", "Access keys", "Lets it"])
def test_what_is_of_others_is_not_keyages(description: str | None) -> None:
    found = [owned(description), is_rule(description), is_schedule(description), is_role(description)]
    assert found == [None, False, False, False]


def test_functions_are_known_by_their_descriptions() -> None:
    found = [owned(each) for each in descriptions(CUSTOM, "AWS::Lambda::Function", "aws_lambda_function")]
    assert sorted(map(str, found)) == sorted(
        str(Owned(piece, "access-keys-rotated")) for piece in PIECES for _ in (1, 2)
    )


def test_functions_are_set_up_as_the_catalogue_says() -> None:
    made = {
        Piece(each["Description"].partition(" for the AWS")[0], each["Handler"], int(each["Timeout"]))
        for each in resources(CUSTOM, "AWS::Lambda::Function")
    }
    assert made == set(PIECES.values())


@pytest.mark.parametrize("text", [MANAGED, CUSTOM], ids=["managed", "custom"])
def test_rules_are_known_by_their_descriptions(text: str) -> None:
    assert list(map(is_rule, descriptions(text, "AWS::Config::ConfigRule", "aws_config_config_rule"))) == [True, True]


def test_schedules_and_roles_are_known_by_their_descriptions() -> None:
    assert all(map(is_schedule, descriptions(CUSTOM, "AWS::Scheduler::Schedule", "aws_scheduler_schedule")))
    found = descriptions(CUSTOM, "AWS::IAM::Role", "aws_iam_role")
    assert [each for each in found if not is_role(each)] == []
    assert len(found) == 13


def test_the_name_of_the_stack_set_is_that_of_the_module() -> None:
    main = files(CUSTOM)["terraform/organization/main.tf"]
    assert f'name             = "${{var.name_prefix}}{STACK_SET}"' in main
