"""How functions, roles, the remediation and the schedule are set up, beside what the policy would deploy."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from moto.awslambda.responses import LambdaResponse
from moto.core.exceptions import AccessDeniedError, JsonRESTError
from moto.iam.responses import IamResponse
from moto.scheduler.responses import EventBridgeSchedulerResponse

from checker.compare.drift.account import State
from checker.compare.drift.functions import differences
from checker.generate.deployment import RUNTIME
from checker.sources.deployed.parts import Function
from tests.support.deployed_account import (
    ACCOUNT,
    CUSTOM,
    DEACTIVATION,
    DELETION,
    EVALUATION,
    MANAGED,
    RULE,
    DeployedAccount,
    expected,
)

ROLE = f"{RULE}-evaluation"


def by_input(account: DeployedAccount) -> None:
    """What inputs of the modules may have made otherwise."""
    more = [{"Effect": "Allow", "Action": ["sqs:SendMessage", "kms:Decrypt"], "Resource": "*"}]
    account.allow(ROLE, "dead-letters", more)
    settings: dict[str, Any] = {"MemorySize": 1024, "Environment": {"Variables": {"A": "b"}}}
    account.functions.update_function_configuration(FunctionName=EVALUATION, **settings)
    account.functions.put_function_concurrency(FunctionName=DELETION, ReservedConcurrentExecutions=1)


def test_what_inputs_decide_is_no_difference(account: DeployedAccount) -> None:
    account.deploy(expected(CUSTOM))
    by_input(account)
    assert account.differences(expected(CUSTOM)) == []


def set_up(function: str, **settings: Any) -> Callable[[DeployedAccount], object]:
    return lambda account: account.functions.update_function_configuration(FunctionName=function, **settings)


def allow(**statement: Any) -> Callable[[DeployedAccount], object]:
    return lambda account: account.allow(ROLE, "more", [{"Effect": "Allow", "Resource": "*", **statement}])


def reschedule(**others: Any) -> Callable[[DeployedAccount], object]:
    def change(account: DeployedAccount) -> None:
        there = account.scheduler.get_schedule(Name=DELETION)
        kept = {key: there[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "State", "Target")}
        account.scheduler.update_schedule(**kept | others)

    return change


def calling(**given: Any) -> Callable[[DeployedAccount], object]:
    def change(account: DeployedAccount) -> None:
        target = account.scheduler.get_schedule(Name=DELETION)["Target"]
        reschedule(Target=target | {"Input": json.dumps(given)})(account)

    return change


def trusting_everybody(account: DeployedAccount) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement | {"Action": "sts:AssumeRole"}})
    account.iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=document)


def without_its_policy(account: DeployedAccount) -> None:
    account.allow(ROLE, "evaluation", [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}])


def attached(account: DeployedAccount) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    made = account.iam.create_policy(PolicyName="all", PolicyDocument=document)
    account.iam.attach_role_policy(RoleName=ROLE, PolicyArn=made["Policy"]["Arn"])


LAMBDA = "lambda.amazonaws.com"
JUDGING = "Lambda function of the rule"
OF_ROLE = f"IAM role of the evaluation, {ROLE}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (set_up(EVALUATION, Runtime="python3.9"), f"{JUDGING}: runtime: deployed python3.9, policy python3.13"),
        (set_up(EVALUATION, Timeout=3), f"{JUDGING}: timeout: deployed 3, policy 900"),
        (set_up(DELETION, Timeout=900), f"Lambda function {DELETION}: timeout: deployed 900, policy 600"),
        (
            lambda account: account.functions.delete_function_event_invoke_config(FunctionName=DEACTIVATION),
            f"Lambda function {DEACTIVATION}: retries: not deployed; the policy wants 0",
        ),
        (
            lambda account: account.functions.remove_permission(FunctionName=EVALUATION, StatementId="config"),
            f"{JUDGING}: who may invoke it: deployed not AWS Config, policy config.amazonaws.com",
        ),
        (
            allow(Action="iam:DeleteUser"),
            f"{OF_ROLE}: deployed allows also iam:DeleteUser, policy allows only what it needs",
        ),
        (allow(Action="*"), f"{OF_ROLE}: deployed allows also *, policy allows only what it needs"),
        (
            allow(NotAction=["s3:*"]),
            f"{OF_ROLE}: deployed allows also all but s3:*, policy allows only what it needs",
        ),
        (
            attached,
            f"{OF_ROLE}: deployed allows also arn:aws:iam::123456789012:policy/all, policy allows only what it needs",
        ),
        (
            trusting_everybody,
            f"{OF_ROLE}: who may assume it: deployed ec2.amazonaws.com, {LAMBDA}, policy {LAMBDA}",
        ),
        (reschedule(State="DISABLED"), "deletion schedule is: deployed DISABLED, policy ENABLED"),
        (
            reschedule(ScheduleExpression="rate(30 days)"),
            "deletion schedule runs: deployed rate(30 days), policy rate(1 day)",
        ),
        (
            calling(Stage="delete", Trigger="automatic", ResourceId="AIDAX"),
            "deletion is for: deployed the user AIDAX alone, policy every user",
        ),
        (calling(Stage="delete"), "deletion trigger: not deployed; the policy wants automatic"),
        (
            lambda account: account.remediate(expected(CUSTOM), MaximumAutomaticAttempts=1),
            "remediation MaximumAutomaticAttempts: deployed 1, policy 5",
        ),
    ],
)
def test_somebody_changed_a_setting(
    account: DeployedAccount, change: Callable[[DeployedAccount], object], said: str
) -> None:
    account.deploy(expected(CUSTOM))
    change(account)
    found = account.drift(expected(CUSTOM))
    assert (found.state, [str(each) for each in found.differences]) == (State.CHANGED, [said])


def test_a_function_that_may_never_run_is_a_difference() -> None:
    wanted = expected(CUSTOM)
    there = Function(EVALUATION, "index.handler", wanted.code, RUNTIME, 900, reserved=0)
    said = [str(each) for each in differences(wanted, {"evaluation": there}, ACCOUNT)]
    assert said == [f"{JUDGING}: reserved concurrency: deployed 0, so that it never runs, policy none"]


def test_what_a_role_lacks_is_listed(account: DeployedAccount) -> None:
    account.deploy(expected(CUSTOM))
    without_its_policy(account)
    [said] = account.differences(expected(CUSTOM))
    assert said == (
        f"{OF_ROLE}: deployed lacks config:GetComplianceDetailsByConfigRule, config:PutEvaluations,"
        " iam:GenerateCredentialReport, iam:GetAccountAuthorizationDetails, iam:GetCredentialReport,"
        " iam:ListAccessKeys, iam:ListGroupsForUser, iam:ListUserTags, iam:ListUsers, logs:CreateLogStream,"
        " policy allows it"
    )


# ---- what cannot be read


def denied(_response: object) -> str:
    raise JsonRESTError("AccessDeniedException", "not you")


def denied_by_iam(_response: object) -> str:
    raise AccessDeniedError("me", "iam:GetRole")


def test_a_part_that_cannot_be_read_hides_nothing_else(
    account: DeployedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.deploy(expected(CUSTOM))
    set_up(EVALUATION, Timeout=3)(account)
    monkeypatch.setattr(IamResponse, "get_role", denied_by_iam)
    monkeypatch.setattr(EventBridgeSchedulerResponse, "get_schedule", denied)
    found = account.drift(expected(CUSTOM))
    assert [str(each) for each in found.differences] == [f"{JUDGING}: timeout: deployed 3, policy 900"]
    assert [reason.partition(":")[0] for reason in found.unread] == ["GetSchedule was denied", "GetRole was denied"]


def test_what_cannot_be_read_is_not_as_the_policy_says(
    account: DeployedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.deploy(expected(CUSTOM))
    monkeypatch.setattr(IamResponse, "get_role", denied_by_iam)
    found = account.drift(expected(CUSTOM))
    assert (found.differences, found.state) == ([], State.UNREADABLE)


def without_a_schedule(account: DeployedAccount) -> None:
    account.scheduler.delete_schedule(Name=DELETION)


@pytest.mark.parametrize("difference", [None, without_a_schedule], ids=["nothing else", "and one thing differs"])
def test_a_policy_that_cannot_be_read_is_not_called_another(
    account: DeployedAccount,
    monkeypatch: pytest.MonkeyPatch,
    difference: Callable[[DeployedAccount], object] | None,
) -> None:
    account.deploy(expected(CUSTOM))
    if difference:
        difference(account)
    monkeypatch.setattr(LambdaResponse, "get_function", denied)
    found = account.drift(expected(CUSTOM))
    assert (found.state, str(found.policy)) == (State.UNREADABLE, "custom rule, policy not known")


def test_a_number_of_days_that_differs_tells_another_policy_whatever_cannot_be_read(
    account: DeployedAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    remedied = f"{MANAGED}remediation: {{action: deactivate}}\n"
    account.deploy(expected(remedied))
    monkeypatch.setattr(LambdaResponse, "get_function", denied)
    assert account.drift(expected(remedied.replace("45", "46"))).state is State.OTHER_POLICY
