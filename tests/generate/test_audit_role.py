"""The role that keyage assumes to read an account, as CloudFormation makes it."""

import re
from ast import literal_eval
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID

from checker.generate import cloudformation, lint
from checker.permissions import AUDIT_ROLE, statements
from tests.generate.test_lint import linted
from tests.support import cfn_yaml

AUDITOR = "arn:aws:iam::111122223333:role/security/keyage-organization"


def made(**parameters: str) -> Any:
    """The role that a stack with these parameters makes, with its policy."""
    with mock_aws():
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        cloud: Any = boto3.client("cloudformation", region_name="us-east-1")
        cloud.create_stack(StackName="audit", TemplateBody=cloudformation.audit_role(), Parameters=given)
        iam: Any = boto3.client("iam", region_name="us-east-1")
        (role,) = iam.list_roles()["Roles"]
        (policy,) = iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
        found = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=policy)
        # moto keeps what a template says as the text of a Python object.
        policy_of_role = literal_eval(found["PolicyDocument"])
        return {**iam.get_role(RoleName=role["RoleName"])["Role"], "Policy": policy_of_role}


def trust(role: Any) -> Any:
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    return statement


def test_cfn_lint_finds_nothing_with_informational_checks(tmp_path: Path) -> None:
    text = cloudformation.audit_role()
    assert lint.check({"audit-role.yaml": text})
    tmp_path.joinpath("audit-role.yaml").write_text(text)
    assert linted(tmp_path) == []


def test_it_may_do_what_check_drift_and_plan_need_in_its_own_account_and_nothing_else() -> None:
    wanted = statements("check", "drift", "plan")
    for each in wanted:
        each["Resource"] = re.sub(r"^arn:\*:(\w+):(\*?):\*:", rf"arn:aws:\1:\2:{DEFAULT_ACCOUNT_ID}:", each["Resource"])
    listed = made(AuditorArn=AUDITOR)["Policy"]["Statement"]
    for each in listed:
        each["Action"] = [each["Action"]] if isinstance(each["Action"], str) else each["Action"]
    assert listed == wanted


def test_it_trusts_the_auditor_alone() -> None:
    assert trust(made(AuditorArn=AUDITOR)) == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Condition": {"StringEquals": {"aws:PrincipalArn": AUDITOR}},
    }


def test_it_asks_for_the_external_id_where_there_is_one() -> None:
    asked = trust(made(AuditorArn=AUDITOR, ExternalId="7Gr3cRhPYpUw"))["Condition"]
    assert asked == {"StringEquals": {"aws:PrincipalArn": AUDITOR, "sts:ExternalId": "7Gr3cRhPYpUw"}}


def test_it_has_the_name_that_keyage_assumes_and_no_boundary() -> None:
    role = made(AuditorArn=AUDITOR)
    assert (role["RoleName"], role["Path"], role.get("PermissionsBoundary")) == (AUDIT_ROLE, "/", None)


def test_it_has_the_name_the_path_and_the_boundary_that_are_given() -> None:
    boundary = f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:policy/bounds"
    role = made(AuditorArn=AUDITOR, RoleName="reader", IamPath="/security/", PermissionsBoundary=boundary)
    assert role["Arn"] == f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/security/reader"
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        (
            "AuditorArn",
            [AUDITOR, "arn:aws-us-gov:iam::111122223333:user/alice"],
            ["", "arn:aws:iam::111122223333:root", "arn:aws:sts::111122223333:assumed-role/a/b", f"{AUDITOR}*"],
        ),
        ("ExternalId", ["", "ab", "a" * 1224], ["a", "a b", "a" * 1225]),
        ("RoleName", ["keyage-audit"], ["", "audit/reader", "a" * 65]),
        ("IamPath", ["/", "/a/b/"], ["", "a", "/a", "a/"]),
        ("PermissionsBoundary", ["", "arn:aws:iam::aws:policy/ReadOnlyAccess"], ["ReadOnlyAccess"]),
    ],
)
def test_what_a_parameter_takes(name: str, good: list[str], bad: list[str]) -> None:
    pattern = cfn_yaml.loads(cloudformation.audit_role())["Parameters"][name]["AllowedPattern"]
    assert [value for value in good if not re.fullmatch(pattern, value)] == []
    assert [value for value in bad if re.fullmatch(pattern, value)] == []
