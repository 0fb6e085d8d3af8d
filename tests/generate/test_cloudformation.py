"""What the CloudFormation template and the conformance pack deploy."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml as pyyaml
from pytest_regressions.file_regression import FileRegressionFixture

from checker.errors import UsageError
from checker.generate import cloudformation
from checker.generate.deployment import RUNTIME, Deployment, deployment
from checker.generate.templating import yaml
from checker.policy import loader
from tests.generate.hostile import HOSTILE
from tests.support import cfn_yaml
from tests.support.stack import Stack

GOLDEN = Path(__file__).parent.parent / "golden" / "render"
LONGEST = "r" * 64
CUSTOM = "deploy: {rule: custom}\n"
REMEDIATIONS = {
    "": "",
    "-remediation": "remediation: {action: deactivate}\n",
    "-automatic": "remediation: {action: deactivate, automatic: true, protectUsedWithinDays: 7}\n",
    "-delete": "remediation: {action: delete, deleteAfterDays: 30}\n",
}
CASES = {
    f"{kind}{what}": deploy + remediation
    for kind, deploy in (("managed", ""), ("custom", CUSTOM))
    for what, remediation in REMEDIATIONS.items()
}


def deployed(text: str, *, name: str | None = None) -> Deployment:
    """What a policy with 90 days deploys."""
    policy = loader.parse(f"version: 1\ndefault: {{maxAccessKeyAge: 90}}\n{text}".encode(), "policies.yaml")
    made = deployment(policy, {})
    return dataclasses.replace(made, rule_name=name) if name else made


def parsed(made: Deployment) -> Any:
    return cfn_yaml.loads(cloudformation.template(made))


def resources(case: str, **parameters: Any) -> Any:
    return Stack(parsed(deployed(CASES[case])), parameters).resources


def properties(case: str, resource: str, **parameters: Any) -> Any:
    return resources(case, **parameters)[resource]["Properties"]


def statements(case: str, role: str, **parameters: Any) -> dict[str, Any]:
    (policy,) = properties(case, role, **parameters)["Policies"]
    return {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}


def actions(statement: Any) -> list[str]:
    found = statement["Action"]
    return [found] if isinstance(found, str) else list(found)


def allowed(case: str, role: str) -> set[str]:
    return {action for statement in statements(case, role).values() for action in actions(statement)}


def test_where_one_number_says_it_all_the_managed_rule_is_deployed_and_nothing_else() -> None:
    template = parsed(deployed(CASES["managed"]))
    assert resources("managed") == {
        "Rule": {
            "Type": "AWS::Config::ConfigRule",
            "Properties": {
                "ConfigRuleName": "access-keys-rotated",
                "Description": "Access keys are no older than 90 days.",
                "MaximumExecutionFrequency": "TwentyFour_Hours",
                "InputParameters": {"maxAccessKeyAge": "90"},
                "Source": {"Owner": "AWS", "SourceIdentifier": "ACCESS_KEYS_ROTATED"},
            },
        }
    }
    assert list(template["Outputs"]) == ["RuleName"]


def function_of(stage: str) -> list[str]:
    return [f"{stage}{part}" for part in ("Function", "Logs", "Retries", "Role")]


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_deployed_that_the_policy_does_not_need(case: str) -> None:
    custom = (
        ["FunctionPermission", "Function", "FunctionLogs", "FunctionRetries", "FunctionRole"]
        if "custom" in case
        else []
    )
    remediation = ["Remediation", "Document", "AutomationRole", *function_of("Deactivation")] if "-" in case else []
    deletion = [*function_of("Deletion"), "DeletionSchedule", "ScheduleRole"] if "delete" in case else []
    queue = ["DeadLetters"] if custom or remediation else []
    assert list(resources(case)) == ["Rule", *custom, *remediation, *deletion, *queue]


@pytest.mark.parametrize("case", CASES)
def test_the_template_deploys_in_one_region_only(case: str) -> None:
    template = parsed(deployed(CASES[case].replace("{rule:", "{region: eu-central-1, rule:")))
    region = "eu-central-1" if "custom" in case else "us-east-1"
    (assertion,) = template["Rules"]["OneRegion"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "AWS::Region"}, region]}
    assert f"Deploy it in {region} only: IAM is global." in template["Description"]


def test_the_custom_rule_runs_on_a_schedule_and_may_call_its_function() -> None:
    found = resources("custom")
    assert found["Rule"]["DependsOn"] == "FunctionPermission"
    assert found["Rule"]["Properties"]["Source"] == {
        "Owner": "CUSTOM_LAMBDA",
        "SourceIdentifier": {"Fn::GetAtt": ["Function", "Arn"]},
        "SourceDetails": [
            {
                "EventSource": "aws.config",
                "MessageType": "ScheduledNotification",
                "MaximumExecutionFrequency": "TwentyFour_Hours",
            }
        ],
    }
    assert found["FunctionPermission"]["Properties"] == {
        "Action": "lambda:InvokeFunction",
        "FunctionName": {"Fn::GetAtt": ["Function", "Arn"]},
        "Principal": "config.amazonaws.com",
        "SourceAccount": {"Ref": "AWS::AccountId"},
    }


FUNCTIONS = {
    "Function": ("FunctionRole", "FunctionLogs", "evaluation", "index.handler", 900),
    "DeactivationFunction": ("DeactivationRole", "DeactivationLogs", "deactivation", "index.remediate", 600),
    "DeletionFunction": ("DeletionRole", "DeletionLogs", "deletion", "index.remediate", 600),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_finds_its_log_group_there(name: str) -> None:
    role, log_group, suffix, handler, timeout = FUNCTIONS[name]
    found = resources("custom-delete")
    function, logs = found[name], found[log_group]
    assert function["DependsOn"] == log_group
    assert {name: value for name, value in function["Properties"].items() if name not in ("Code", "Description")} == {
        "FunctionName": f"access-keys-rotated-{suffix}",
        "Role": {"Fn::GetAtt": [role, "Arn"]},
        "Runtime": RUNTIME,
        "Architectures": ["x86_64"],
        "Handler": handler,
        "Timeout": timeout,
        "MemorySize": 512,
    }
    assert (logs["DeletionPolicy"], logs["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert logs["Properties"] == {
        "LogGroupName": f"/aws/lambda/access-keys-rotated-{suffix}",
        "RetentionInDays": 365,
    }


@pytest.mark.parametrize(("stage", "attempts"), [("", 2), ("Deactivation", 0), ("Deletion", 0)])
def test_what_fails_for_good_is_kept(stage: str, attempts: int) -> None:
    assert resources("custom-delete")[f"{stage or 'Function'}Retries"] == {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": {"Ref": f"{stage}Function"},
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": attempts,
            "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["DeadLetters", "Arn"]}}},
        },
    }


@pytest.mark.parametrize("case", [case for case in CASES if "-" in case])
def test_aws_config_hands_users_to_the_document(case: str) -> None:
    automatic = {"Automatic": True, "MaximumAutomaticAttempts": 5, "RetryAttemptSeconds": 60}
    assert properties(case, "Remediation") == {
        "ConfigRuleName": {"Ref": "Rule"},
        "ResourceType": "AWS::IAM::User",
        "TargetType": "SSM_DOCUMENT",
        "TargetId": {"Ref": "Document"},
        **(automatic if "automatic" in case else {"Automatic": False}),
        "Parameters": {
            "ResourceId": {"ResourceValue": {"Value": "RESOURCE_ID"}},
            "AutomationAssumeRole": {"StaticValue": {"Values": [{"Fn::GetAtt": ["AutomationRole", "Arn"]}]}},
            "Stage": {"StaticValue": {"Values": ["deactivate"]}},
            "Trigger": {"StaticValue": {"Values": ["automatic" if "automatic" in case else "manual"]}},
        },
        "ExecutionControls": {"SsmControls": {"ConcurrentExecutionRatePercentage": 10, "ErrorPercentage": 50}},
    }
    document = properties(case, "Document")
    assert {name: value for name, value in document.items() if name != "Content"} == {
        "Name": "access-keys-rotated-remediation",
        "DocumentType": "Automation",
        "DocumentFormat": "YAML",
        "UpdateMethod": "NewVersion",
    }


def test_the_schedule_starts_the_deletion_every_day() -> None:
    schedule = properties("custom-delete", "DeletionSchedule")
    assert schedule["Name"] == "access-keys-rotated-deletion"
    assert schedule["ScheduleExpression"] == "rate(1 day)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    target = dict(schedule["Target"])
    assert json.loads(target.pop("Input")) == {"Stage": "delete", "Trigger": "automatic"}
    assert target == {
        "Arn": {"Fn::GetAtt": ["DeletionFunction", "Arn"]},
        "RoleArn": {"Fn::GetAtt": ["ScheduleRole", "Arn"]},
        "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 5},
        "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}},
    }


def test_the_document_invokes_the_functions_by_the_names_that_they_have() -> None:
    found = resources("managed-delete")
    script = found["Document"]["Properties"]["Content"]["mainSteps"][0]["inputs"]["Script"]
    (line,) = (line for line in script.splitlines() if line.startswith("FUNCTIONS = "))
    assert json.loads(line.removeprefix("FUNCTIONS = ")) == {
        "deactivate": found["DeactivationFunction"]["Properties"]["FunctionName"],
        "delete": found["DeletionFunction"]["Properties"]["FunctionName"],
    }


@pytest.mark.parametrize("case", CASES)
def test_every_arn_is_of_the_partition_that_it_is_deployed_in(case: str) -> None:
    template = cloudformation.template(shortened(case))
    arns = re.findall(r"arn:[^:\s]*:", template)
    assert set(arns) <= {"arn:${AWS:", "arn:[a-z-]+:"}  # and in the patterns of parameters, of any


@pytest.mark.parametrize("case", CASES)
def test_a_stack_set_takes_the_template(case: str) -> None:
    """Accounts that join get the stack set's own parameters, and a template with a transform is not for them."""
    template = parsed(deployed(CASES[case]))
    assert [name for name, each in template.get("Parameters", {}).items() if "Default" not in each] == []
    assert {"Transform", "Mappings"}.isdisjoint(template)


def test_names_made_of_the_longest_rule_name_are_not_too_long() -> None:
    found = Stack(parsed(deployed(CASES["custom-delete"], name=LONGEST)), {}).resources
    names = [
        found["Rule"]["Properties"]["ConfigRuleName"],
        *(found[function]["Properties"]["FunctionName"] for function in FUNCTIONS),
        found["Document"]["Properties"]["Name"],
    ]
    assert ([len(name) for name in names], len(set(names))) == ([64] * 5, 5)
    assert found["DeletionSchedule"]["Properties"]["Name"] == found["DeletionFunction"]["Properties"]["FunctionName"]


@pytest.mark.parametrize("text", HOSTILE)
def test_functions_and_document_arrive_byte_for_byte(text: str) -> None:
    users = f"{{tags: {{team: {yaml(text[:200])}}}}}"
    exemption = f"id: odd, users: {users}, reason: r, approvedBy: a, expires: 2027-01-31"
    made = deployed(f"{CASES['custom-delete']}exemptions: [{{{exemption}}}]\n")
    found = parsed(made)["Resources"]
    for function in FUNCTIONS:
        assert found[function]["Properties"]["Code"]["ZipFile"] == made.code
    assert found["Document"]["Properties"]["Content"] == pyyaml.safe_load(str(made.runbook))


@pytest.mark.parametrize("case", CASES)
def test_a_conformance_pack_has_one_rule_and_parameters(case: str) -> None:
    pack = cfn_yaml.loads(cloudformation.conformance_pack(deployed(CASES[case])))
    assert list(pack) == ["Parameters", "Resources"]
    assert [resource["Type"] for resource in pack["Resources"].values()] == ["AWS::Config::ConfigRule"]
    source = pack["Resources"]["Rule"]["Properties"]["Source"]
    if "custom" in case:
        assert list(pack["Parameters"]) == ["FunctionArn"]
        assert (source["Owner"], source["SourceIdentifier"]) == ("CUSTOM_LAMBDA", {"Ref": "FunctionArn"})
    else:
        assert pack["Parameters"]["MaxAccessKeyAge"]["Default"] == "90"
        given = pack["Resources"]["Rule"]["Properties"]["InputParameters"]
        assert given == {"maxAccessKeyAge": {"Ref": "MaxAccessKeyAge"}}
        assert source == {"Owner": "AWS", "SourceIdentifier": "ACCESS_KEYS_ROTATED"}


def test_a_template_that_cloudformation_does_not_take_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = deployed(CASES["custom-delete"])
    size = len(cloudformation.template(made).encode())
    monkeypatch.setattr(cloudformation, "MAX_TEMPLATE", size)
    assert cloudformation.template(made)
    monkeypatch.setattr(cloudformation, "MAX_TEMPLATE", size - 7)
    message = (
        f"the CloudFormation template has {size:,} bytes, 7 more than the {size - 7:,} that AWS takes; merge rules"
    )
    with pytest.raises(UsageError, match=message):
        cloudformation.template(made)


def test_a_conformance_pack_that_aws_config_does_not_take_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = deployed(CASES["custom"])
    size = len(cloudformation.conformance_pack(made).encode())
    monkeypatch.setattr(cloudformation, "MAX_CONFORMANCE_PACK", size)
    assert cloudformation.conformance_pack(made)
    monkeypatch.setattr(cloudformation, "MAX_CONFORMANCE_PACK", size - 1)
    with pytest.raises(UsageError, match=f"the conformance pack has {size:,} bytes, 1 more than the {size - 1:,} "):
        cloudformation.conformance_pack(made)


def shortened(case: str) -> Deployment:
    """Without the code, which is in the source tree already."""
    made = deployed(CASES[case])
    # Where a cached property keeps what it once found.
    vars(made)["code"] = made.code and "# the functions\n\nprint()\n"
    vars(made)["runbook"] = made.runbook and "# the document\nschemaVersion: '0.3'\n"
    return made


@pytest.mark.golden
@pytest.mark.parametrize("case", ["managed", "custom-automatic", "custom-delete"])
def test_the_template_is_as_in_the_golden_file(case: str, file_regression: FileRegressionFixture) -> None:
    text = cloudformation.template(shortened(case))
    file_regression.check(text, fullpath=GOLDEN / f"cloudformation-{case}.yaml", encoding="utf-8")


@pytest.mark.golden
@pytest.mark.parametrize("case", ["managed", "managed-remediation", "custom", "custom-delete"])
def test_the_conformance_pack_is_as_in_the_golden_file(case: str, file_regression: FileRegressionFixture) -> None:
    text = cloudformation.conformance_pack(shortened(case))
    file_regression.check(text, fullpath=GOLDEN / f"conformance-pack-{case}.yaml", encoding="utf-8")
