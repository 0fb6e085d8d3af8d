"""What is told of failures and of changed verdicts, and why findings of checkov stay."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from moto.events.models import EventPattern

from checker.generate import checkov, cloudformation, terraform
from checker.policy.deploy_settings import HOURS
from tests.generate.test_cloudformation import CASES, deployed, parsed, resources
from tests.support.stack import ACCOUNT, Stack

HERE = f"arn:aws:sns:us-east-1:{ACCOUNT}:topic"
ELSEWHERE = "arn:aws:sns:us-east-1:444455556666:topic"
LONGEST_LOOK = 604_800  # seconds that CloudWatch looks back for an alarm whose period is an hour or more
# As the AWS Config Developer Guide and the Systems Manager User Guide show them.
COMPLIANCE: dict[str, Any] = {
    "source": "aws.config",
    "detail-type": "Config Rules Compliance Change",
    "account": ACCOUNT,
    "time": "2026-11-29T07:00:00Z",
    "region": "us-east-1",
    "detail": {
        "resourceId": "AIDAEXAMPLE",
        "resourceType": "AWS::IAM::User",
        "awsRegion": "us-east-1",
        "awsAccountId": ACCOUNT,
        "configRuleName": "access-keys-rotated",
        "messageType": "ComplianceChangeNotification",
        "newEvaluationResult": {"complianceType": "NON_COMPLIANT", "annotation": "Older than 90 days"},
        "oldEvaluationResult": {"complianceType": "COMPLIANT"},
    },
}
FAILURE: dict[str, Any] = {
    "source": "aws.ssm",
    "detail-type": "EC2 Automation Execution Status-change Notification",
    "account": ACCOUNT,
    "time": "2026-11-29T07:00:00Z",
    "region": "us-east-1",
    "detail": {"ExecutionId": "e-1", "Definition": "access-keys-rotated-remediation", "Status": "Failed"},
}


def changed(event: Mapping[str, Any], **detail: Any) -> dict[str, Any]:
    merged = event["detail"] | detail
    return {**event, "detail": {name: value for name, value in merged.items() if value is not None}}


def rule(name: str) -> Any:
    return resources("custom-delete", AlarmTopicArn=HERE, ComplianceTopicArn=HERE)[name]["Properties"]


def matches(name: str, event: Mapping[str, Any]) -> bool:
    pattern = json.dumps(rule(name)["EventPattern"])
    known = {'{"Ref": "Rule"}': '"access-keys-rotated"', '{"Ref": "Document"}': '"access-keys-rotated-remediation"'}
    for reference, value in known.items():
        pattern = pattern.replace(reference, value)
    message: Any = dict(event)
    return bool(EventPattern.load(pattern).matches_event(message))


def told(name: str, event: Mapping[str, Any]) -> str:
    """The message as EventBridge makes it: what the event has not is left out."""
    (target,) = rule(name)["Targets"]
    texts = {}
    for variable, path in target["InputTransformer"]["InputPathsMap"].items():
        found: Any = event
        for part in path.removeprefix("$.").split("."):
            found = found.get(part, {}) if isinstance(found, Mapping) else {}
        texts[variable] = found or ""
    template = json.loads(target["InputTransformer"]["InputTemplate"])
    return re.sub(r"<(\w+)>", lambda variable: texts[variable[1]], template)


@pytest.mark.parametrize("case", CASES)
def test_alarms_are_about_what_is_there(case: str) -> None:
    plain = resources(case)
    given = {"ComplianceTopicArn": HERE} | ({} if case == "managed" else {"AlarmTopicArn": HERE})
    evaluation = {"EvaluationFailed", "EvaluationMissing"} if "custom" in case else set()
    remediation = {"Failures"} if "-" in case else set()
    deletion = {"DeletionFailed"} if "delete" in case else set()
    queue = {"DeadLettersAlarm"} if case != "managed" else set()
    more = resources(case, **given)
    assert set(more) - set(plain) == evaluation | remediation | deletion | queue | {"ComplianceChanges"}
    alarms = [each["Properties"] for each in more.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    assert all(alarm["AlarmActions"] == [HERE] for alarm in alarms)


def test_eventbridge_gets_a_role_for_topics_of_other_accounts_alone() -> None:
    found = resources("custom-delete", AlarmTopicArn=HERE, ComplianceTopicArn=ELSEWHERE)
    (near,), (far,) = (found[name]["Properties"]["Targets"] for name in ("Failures", "ComplianceChanges"))
    assert ("RoleArn" in near, far["RoleArn"]) == (False, {"Fn::GetAtt": ["NoticesRole", "Arn"]})
    (policy,) = found["NoticesRole"]["Properties"]["Policies"]
    tell, encrypt = policy["PolicyDocument"]["Statement"]
    assert (tell["Action"], tell["Resource"]) == ("sns:Publish", [ELSEWHERE])
    keys = "arn:${AWS::Partition}:kms:${AWS::Region}:444455556666:key/*"
    assert encrypt["Resource"] == [{"Fn::Sub": keys}]
    assert encrypt["Condition"] == {"StringEquals": {"kms:EncryptionContext:aws:sns:topicArn": [ELSEWHERE]}}


@pytest.mark.parametrize("frequency", HOURS)
def test_two_periods_are_not_more_than_cloudwatch_looks_back(frequency: str) -> None:
    text = CASES["custom"].replace("{rule:", f"{{frequency: {frequency}, rule:")
    alarm = Stack(parsed(deployed(text)), {"AlarmTopicArn": HERE}).resources["EvaluationMissing"]["Properties"]
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (HOURS[frequency] * 3600, 2)
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= LONGEST_LOOK
    assert alarm["TreatMissingData"] == "breaching"


@pytest.mark.parametrize(
    "event",
    [
        changed(COMPLIANCE, newEvaluationResult={"complianceType": "COMPLIANT"}),
        changed(COMPLIANCE, newEvaluationResult={"complianceType": "COMPLIANT"}, oldEvaluationResult=None),
        changed(COMPLIANCE, configRuleName="another"),
        FAILURE,
    ],
)
def test_of_other_changes_nobody_is_told(event: dict[str, Any]) -> None:
    assert not matches("ComplianceChanges", event)


def test_a_verdict_that_changes_is_told_in_words() -> None:
    assert matches("ComplianceChanges", COMPLIANCE)
    assert told("ComplianceChanges", COMPLIANCE) == (
        "NON_COMPLIANT: IAM user AIDAEXAMPLE in account 111122223333, by the AWS Config rule access-keys-rotated in"
        " us-east-1 at 2026-11-29T07:00:00Z. Before, if it was judged: COMPLIANT. Why, if it is said: Older than 90"
        " days"
    )
    better = {"newEvaluationResult": {"complianceType": "COMPLIANT"}}
    worse = {"complianceType": "NON_COMPLIANT"}
    assert matches("ComplianceChanges", changed(COMPLIANCE, **better, oldEvaluationResult=worse))
    first = changed(COMPLIANCE, newEvaluationResult=worse, oldEvaluationResult=None)
    assert matches("ComplianceChanges", first)
    assert told("ComplianceChanges", first).endswith("Before, if it was judged: . Why, if it is said: ")


@pytest.mark.parametrize("status", ["Failed", "TimedOut", "Cancelled"])
def test_a_remediation_that_failed_is_told_in_words(status: str) -> None:
    event = changed(FAILURE, Status=status)
    assert matches("Failures", event)
    assert told("Failures", event) == (
        f"The remediation access-keys-rotated-remediation of the AWS Config rule access-keys-rotated ended as {status}"
        " in account 111122223333 at 2026-11-29T07:00:00Z. This says why: aws ssm get-automation-execution --region"
        " us-east-1 --automation-execution-id e-1"
    )


@pytest.mark.parametrize("event", [changed(FAILURE, Status="Success"), changed(FAILURE, Definition="x"), COMPLIANCE])
def test_of_other_executions_nobody_is_told(event: dict[str, Any]) -> None:
    assert not matches("Failures", event)


def skips(files: Mapping[str, bytes]) -> dict[str, str]:
    """What checkov is told to pass over in a module, with the reason."""
    source = "".join(text.decode() for name, text in files.items() if name.endswith(".tf"))
    return dict(re.findall(r"checkov:skip=(\w+):(.*)", source))


def listed(files: Mapping[str, bytes]) -> dict[str, str]:
    """The findings that the README of a module lists."""
    rows = re.findall(r"^\| (CKV\S+) \| .* \| (.*) \|$", files["README.md"].decode(), re.MULTILINE)
    return {check.replace("\\", ""): reason.replace("\\", "") for check, reason in rows}


def test_the_readme_lists_what_checkov_passes_over() -> None:
    account = terraform.account_files(deployed(CASES["custom-delete"]))
    assert listed(account) == skips(account) == checkov.FUNCTION
    large = b"#" * (terraform.MAX_SENT + 1)
    organization = terraform.organization_files(deployed(CASES["custom-delete"]), large)
    assert listed(organization) == skips(organization) == checkov.BUCKET
    managed = terraform.account_files(deployed(CASES["managed"]))
    assert listed(managed) == skips(managed) == {}


def test_a_stack_has_the_same_reasons_in_its_metadata() -> None:
    found = parsed(deployed(CASES["custom-delete"]))["Resources"]
    passed_over = [each["Metadata"]["checkov"]["skip"] for each in found.values() if "Metadata" in each]
    assert len(passed_over) == 3
    for skip in passed_over:
        reasons = {each["id"]: each["comment"] for each in skip}
        assert reasons == checkov.FUNCTION_OF_A_STACK
        assert reasons.items() <= checkov.FUNCTION.items()


def test_every_parameter_of_the_template_is_set_by_the_organization() -> None:
    for case in CASES:
        made = deployed(CASES[case])
        main = terraform.organization_files(made, cloudformation.template(made).encode())["main.tf"].decode()
        block = main[main.index("parameters = {") :].partition("}")[0]
        assert set(re.findall(r"^    (\w+) ", block, re.MULTILINE)) == set(parsed(made)["Parameters"])
