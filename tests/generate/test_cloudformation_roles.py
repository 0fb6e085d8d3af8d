"""What the roles of the CloudFormation template may do, and who assumes them."""

import pytest

from checker.permissions import WRITE_LOG
from tests.generate.test_cloudformation import (
    CASES,
    FUNCTIONS,
    actions,
    allowed,
    properties,
    resources,
    statements,
)

# The service authorization reference knows no resource for these.
WITHOUT_RESOURCE = {
    "config:ListDiscoveredResources",
    "config:PutEvaluations",
    "iam:GenerateCredentialReport",
    "iam:GetAccountAuthorizationDetails",
    "iam:GetCredentialReport",
    "iam:ListUsers",
}
USERS = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:user/*"}
OUR_TAGS = {
    "ForAllValues:StringLike": {"aws:TagKeys": "keyage:inactive-since:*"},
    "Null": {"aws:TagKeys": "false"},
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_assumed_by_lambda_and_writes_its_own_log(name: str) -> None:
    role, log_group, *_others = FUNCTIONS[name]
    assert properties("custom-delete", role)["AssumeRolePolicyDocument"]["Statement"] == [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    ]
    log = statements("custom-delete", role)["WriteLog"]
    assert (actions(log), log["Resource"]) == (WRITE_LOG, {"Fn::GetAtt": [log_group, "Arn"]})


@pytest.mark.parametrize("case", CASES)
def test_only_actions_that_know_no_resource_are_allowed_on_everything(case: str) -> None:
    for name, resource in resources(case).items():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        for statement in statements(case, name).values():
            assert (statement["Resource"] == "*") == (set(actions(statement)) <= WITHOUT_RESOURCE)
            assert set(actions(statement)) <= WITHOUT_RESOURCE or not set(actions(statement)) & WITHOUT_RESOURCE
            assert (statement["Effect"], [action for action in actions(statement) if "*" in action]) == ("Allow", [])


QUEUE = {"Fn::GetAtt": ["DeadLetters", "Arn"]}


def test_the_function_may_read_and_report() -> None:
    found = statements("custom", "FunctionRole")
    assert {sid: (actions(statement), statement["Resource"]) for sid, statement in found.items()} == {
        "WhatHasNoResource": (
            [
                "config:PutEvaluations",
                "iam:GenerateCredentialReport",
                "iam:GetAccountAuthorizationDetails",
                "iam:GetCredentialReport",
                "iam:ListUsers",
            ],
            "*",
        ),
        "ReadAccessKeys": (["iam:ListAccessKeys", "iam:ListGroupsForUser", "iam:ListUserTags"], USERS),
        "ReadWhatWasReported": (
            ["config:GetComplianceDetailsByConfigRule"],
            {"Fn::Sub": "arn:${AWS::Partition}:config:${AWS::Region}:${AWS::AccountId}:config-rule/*"},
        ),
        "WriteLog": (WRITE_LOG, {"Fn::GetAtt": ["FunctionLogs", "Arn"]}),
        "KeepWhatFailed": (["sqs:SendMessage"], QUEUE),
    }


READING = {
    *WRITE_LOG,
    "iam:GetAccessKeyLastUsed",
    "iam:GetUser",
    "iam:ListAccessKeys",
    "iam:ListGroupsForUser",
    "iam:ListUsers",
    "sqs:SendMessage",
}


def test_the_deactivation_may_not_delete() -> None:
    more = {"config:ListDiscoveredResources", "iam:TagUser", "iam:UntagUser", "iam:UpdateAccessKey"}
    assert allowed("custom-delete", "DeactivationRole") == READING | more


def test_the_deletion_may_not_deactivate() -> None:
    more = {"iam:DeleteAccessKey", "iam:TagUser", "iam:UntagUser"}
    assert allowed("custom-delete", "DeletionRole") == READING | more


@pytest.mark.parametrize("role", ["DeactivationRole", "DeletionRole"])
def test_users_get_and_lose_only_the_tags_of_keyage(role: str) -> None:
    for statement in statements("custom-delete", role).values():
        tagging = {"iam:TagUser", "iam:UntagUser"} & set(actions(statement))
        assert statement.get("Condition") == (OUR_TAGS if tagging else None)
        if tagging:
            assert (set(actions(statement)), statement["Resource"]) == (tagging, USERS)


def test_systems_manager_assumes_the_role_of_the_document_for_this_account_alone() -> None:
    (statement,) = properties("custom-delete", "AutomationRole")["AssumeRolePolicyDocument"]["Statement"]
    executions = "arn:${AWS::Partition}:ssm:*:${AWS::AccountId}:automation-execution/*"
    assert statement == {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "ssm.amazonaws.com"},
        "Condition": {
            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
            "ArnLike": {"aws:SourceArn": {"Fn::Sub": executions}},
        },
    }


@pytest.mark.parametrize(
    ("case", "functions"),
    [
        ("custom-automatic", ["DeactivationFunction"]),
        ("managed-delete", ["DeactivationFunction", "DeletionFunction"]),
    ],
)
def test_the_document_may_invoke_the_functions_of_its_stages_and_nothing_else(case: str, functions: list[str]) -> None:
    assert statements(case, "AutomationRole") == {
        "InvokeTheFunctions": {
            "Sid": "InvokeTheFunctions",
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": [{"Fn::GetAtt": [function, "Arn"]} for function in functions],
        }
    }


def test_the_schedule_may_invoke_the_deletion_and_nothing_else() -> None:
    group = "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/default"
    (trust,) = properties("custom-delete", "ScheduleRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {
        "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}, "aws:SourceArn": {"Fn::Sub": group}}
    }
    assert statements("custom-delete", "ScheduleRole") == {
        "InvokeTheFunction": {
            "Sid": "InvokeTheFunction",
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": {"Fn::GetAtt": ["DeletionFunction", "Arn"]},
        },
        "KeepWhatFailed": {
            "Sid": "KeepWhatFailed",
            "Effect": "Allow",
            "Action": "sqs:SendMessage",
            "Resource": QUEUE,
        },
    }


KEY = "arn:aws:kms:us-east-1:111122223333:key/1"


@pytest.mark.parametrize("role", ["FunctionRole", "DeactivationRole", "DeletionRole", "ScheduleRole"])
def test_a_customer_key_is_for_the_queue_alone(role: str) -> None:
    with_key, without = (statements("custom-delete", role, **given) for given in ({"KmsKeyArn": KEY}, {}))
    assert with_key.pop("EncryptWhatFailed") == {
        "Sid": "EncryptWhatFailed",
        "Effect": "Allow",
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": KEY,
        "Condition": {"StringEquals": {"kms:EncryptionContext:aws:sqs:arn": QUEUE}},
    }
    with_key.pop("DecryptTheInput", None)
    assert with_key == without


def test_a_customer_key_is_for_the_schedule_alone() -> None:
    (statement,) = (
        each for sid, each in statements("custom-delete", "ScheduleRole", KmsKeyArn=KEY).items() if "Input" in sid
    )
    schedule = (
        "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule/default/access-keys-rotated-deletion"
    )
    assert statement == {
        "Sid": "DecryptTheInput",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": KEY,
        "Condition": {"StringEquals": {"kms:EncryptionContext:aws:scheduler:schedule:arn": {"Fn::Sub": schedule}}},
    }


@pytest.mark.parametrize("case", CASES)
def test_roles_have_name_path_and_boundary(case: str) -> None:
    boundary = "arn:aws:iam::111122223333:policy/b"
    given = {"NamePrefix": "acme-", "IamPath": "/security/", "PermissionsBoundary": boundary}
    for name, each in resources(case, **given).items():
        if each["Type"] == "AWS::IAM::Role":
            found = each["Properties"]
            assert found["RoleName"].startswith("acme-access-keys-rotated-"), name
            assert (found["Path"], found["PermissionsBoundary"]) == ("/security/", boundary)
    for each in resources(case).values():
        assert "PermissionsBoundary" not in each["Properties"]
