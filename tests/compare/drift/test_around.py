"""What stands beside what a policy deploys: prefixes, the recorder, another keyage, and things of other people."""

import json
from typing import Any

import pytest

from checker.compare.drift.account import State, differences
from checker.pieces import PIECES
from checker.sources.deployed.parts import Deployed, Recorder
from checker.sources.deployed.recorder import records_users
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

NINETY = {"InputParameters": json.dumps({"maxAccessKeyAge": "90"})}
TAKE_OVER = (
    "a deployment would take it over in silence: choose another deploy.ruleName, or take it over on purpose, in"
    f' Terraform with an import block whose id is "{RULE}"'
)


@pytest.mark.parametrize("policy", [MANAGED, CUSTOM], ids=["managed", "custom"])
def test_there_is_nothing_to_say_of_what_was_deployed(account: DeployedAccount, policy: str) -> None:
    wanted = expected(policy)
    account.deploy(wanted)
    found = account.drift(wanted)
    assert (found.state, found.differences, found.notes, found.unread) == (State.CURRENT, [], [], [])


@pytest.mark.parametrize("prefix", ["acme-", "acme"])
def test_a_prefix_of_names_is_no_difference(account: DeployedAccount, prefix: str) -> None:
    account.deploy(expected(CUSTOM), prefix)
    found = account.drift(expected(CUSTOM))
    assert (found.state, found.differences, found.notes) == (State.CURRENT, [], [])


def test_a_document_that_calls_functions_of_another_prefix_is_a_difference(account: DeployedAccount) -> None:
    account.deploy(expected(CUSTOM), "acme-")
    account.remediate(expected(CUSTOM), "other-", TargetId=f"acme-{RULE}-remediation")
    [said] = account.differences(expected(CUSTOM))
    assert said == f"remediation calls: deployed other-{DEACTIVATION}, policy acme-{DEACTIVATION}"


def put_function(account: DeployedAccount, name: str, **others: str) -> str:
    """A function that is not keyage's; its ARN."""
    code, role = {"ZipFile": b""}, account.put_role(f"role-of-{name}", "evaluation")
    settings = {"Runtime": "python3.13", "Handler": "index.handler", "Role": role, "Code": code}
    return str(account.functions.create_function(FunctionName=name, **settings, **others)["FunctionArn"])


def other_people(account: DeployedAccount) -> None:
    """Things that have nothing to do with keyage."""
    source = {"Owner": "AWS", "SourceIdentifier": "ACCESS_KEYS_ROTATED"}
    rule = {"ConfigRuleName": "securityhub-access-keys", "Source": source}
    account.config.put_config_rule(ConfigRule=rule | NINETY)
    put_function(account, "theirs", Description="For the AWS Config rule.")
    content = json.dumps({"schemaVersion": "0.3", "mainSteps": []})
    account.ssm.create_document(Name="their-remediation", Content=content, DocumentType="Automation")
    account.schedule("their-deletion", "arn:aws:sqs:::queue", account.arn("theirs"), Description="Deletes images")


def test_things_of_other_people_are_not_mentioned(account: DeployedAccount) -> None:
    account.deploy(expected(CUSTOM))
    other_people(account)
    found = account.drift(expected(CUSTOM))
    assert (found.state, found.differences, found.notes) == (State.CURRENT, [], [])


def test_another_keyage_is_told_and_is_an_error_only_where_it_touches_keys(account: DeployedAccount) -> None:
    old = expected(CUSTOM.replace("deploy: {", "deploy: {ruleName: old-rule, "))
    account.deploy(old)
    account.deploy(expected(MANAGED))
    found = account.drift(expected(MANAGED))
    assert [str(difference) for difference in found.differences] == [
        "Config rule old-rule: deployed another of keyage's: its remediation is automatic; the policy wants none",
        "schedule old-rule-deletion: deployed another of keyage's: it deletes keys every day; the policy wants none",
    ]
    rest = "is another of keyage's, of an older release or another policy: remove it if nobody needs it"
    names = [f"Lambda function old-rule-{piece}" for piece in sorted(PIECES)]
    assert sorted(found.notes) == sorted(
        f"{name} {rest}" for name in [*names, "Automation document old-rule-remediation"]
    )


def test_another_keyage_that_only_judges_is_no_error(account: DeployedAccount) -> None:
    account.deploy(expected(MANAGED.replace("deploy: {", "deploy: {ruleName: old-rule, ")))
    account.deploy(expected(MANAGED))
    found = account.drift(expected(MANAGED))
    assert (found.state, found.differences, len(found.notes)) == (State.CURRENT, [], 1)
    assert found.notes[0].startswith("Config rule old-rule is another of keyage's")


def test_what_the_policy_needs_no_more_is_told(account: DeployedAccount) -> None:
    account.deploy(expected(CUSTOM))
    wanted = expected(CUSTOM.replace("action: delete", "action: deactivate"))
    notes = account.drift(wanted).notes
    assert [note.partition(" is ")[0] for note in notes] == [f"Lambda function {DELETION}"]


def test_a_rule_that_somebody_deleted_leaves_nothing_that_is_another_keyage(account: DeployedAccount) -> None:
    account.deploy(expected(CUSTOM))
    account.config.delete_remediation_configuration(ConfigRuleName=RULE)
    account.config.delete_config_rule(ConfigRuleName=RULE)
    found = account.drift(expected(CUSTOM))
    assert [str(each) for each in found.differences] == [
        f"Config rule {RULE}: not deployed; the policy wants a rule",
        f"remediation: not deployed; the policy wants {RULE}-remediation",
    ]
    notes = [note.partition(" is ")[0] for note in found.notes]
    assert (found.state, notes) == (State.NOTHING, [])


# ---- the recorder


def test_without_a_recorder_there_can_be_no_rule(account: DeployedAccount) -> None:
    found = account.drift(expected(MANAGED))
    assert (found.state, str(found.differences[0])) == (
        State.NOTHING,
        "AWS Config recorder: not deployed; the policy wants a recorder",
    )
    assert found.differences[0].details == ("set up AWS Config there: it takes no rule where it has no recorder",)


RECORDER = "AWS Config's recorder default in eu-west-1"
REMEDY = "add this type, or includeGlobalResourceTypes, in one region"
WITH_USERS: list[dict[str, Any]] = [
    {"allSupported": True, "includeGlobalResourceTypes": True},
    {"allSupported": False, "resourceTypes": ["AWS::IAM::Role", "AWS::IAM::User"]},
    {
        "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
        "exclusionByResourceTypes": {"resourceTypes": ["AWS::EC2::Instance"]},
    },
]
WITHOUT_USERS: list[dict[str, Any]] = [
    {"allSupported": True, "includeGlobalResourceTypes": False},
    {"allSupported": False, "resourceTypes": ["AWS::IAM::Role"]},
    {
        "recordingStrategy": {"useOnly": "EXCLUSION_BY_RESOURCE_TYPES"},
        "exclusionByResourceTypes": {"resourceTypes": ["AWS::IAM::User"]},
    },
]


@pytest.mark.parametrize(
    ("group", "there"), [*((group, True) for group in WITH_USERS), *((group, False) for group in WITHOUT_USERS)]
)
def test_whether_a_recorder_records_users(group: dict[str, Any], there: bool) -> None:
    assert records_users({"recordingGroup": group}) is there


def test_a_recorder_that_does_not_record_users_is_told(account: DeployedAccount) -> None:
    for policy, why in (
        (MANAGED, "the managed rule may judge nobody, if AWS::IAM::User is recorded in no region"),
        (CUSTOM, "the rule judges all the same, but AWS Config knows users by their ids only"),
    ):
        account.deploy(expected(policy))
        account.record(**WITHOUT_USERS[1])
        found = account.drift(expected(policy))
        assert found.differences == []
        assert [note for note in found.notes if "recorder" in note] == [
            f"{RECORDER} does not record AWS::IAM::User: {why}; {REMEDY}"
        ]


def test_a_recorder_that_is_stopped_is_told(account: DeployedAccount) -> None:
    account.deploy(expected(MANAGED))
    account.config.stop_configuration_recorder(ConfigurationRecorderName="default")
    found = account.drift(expected(MANAGED))
    why = "the managed rule may judge nobody, if AWS::IAM::User is recorded in no region"
    assert (found.differences, found.notes) == ([], [f"{RECORDER} is stopped: {why}; start it"])


# ---- names that somebody else has


def put_rule(account: DeployedAccount, source: dict[str, Any]) -> None:
    account.record()
    parameters = NINETY if source == BY_HAND else {}
    account.config.put_config_rule(ConfigRule={"ConfigRuleName": RULE, "Source": source} | parameters)


BY_HAND = {"Owner": "AWS", "SourceIdentifier": "ACCESS_KEYS_ROTATED"}
ANOTHER = {"Owner": "AWS", "SourceIdentifier": "IAM_USER_MFA_ENABLED"}


def test_the_managed_rule_by_hand_does_but_is_told(account: DeployedAccount) -> None:
    put_rule(account, BY_HAND)
    found = account.drift(expected(MANAGED.replace("45", "90")))
    assert (found.state, found.differences) == (State.CURRENT, [])
    assert found.notes == [f"Config rule {RULE} is not keyage's: {TAKE_OVER}"]
    other = account.drift(expected(MANAGED))
    assert [str(each) for each in other.differences] == ["maxAccessKeyAge: deployed 90, policy 45"]


@pytest.mark.parametrize(
    ("policy", "source", "whose"),
    [
        (CUSTOM, BY_HAND, "the AWS managed rule ACCESS_KEYS_ROTATED, 90 days"),
        (MANAGED, ANOTHER, "AWS IAM_USER_MFA_ENABLED"),
        (CUSTOM, ANOTHER, "AWS IAM_USER_MFA_ENABLED"),
    ],
)
def test_the_name_of_the_rule_is_taken(
    account: DeployedAccount, policy: str, source: dict[str, Any], whose: str
) -> None:
    put_rule(account, source)
    found = account.drift(expected(policy))
    first = found.differences[0]
    assert (found.state, found.policy) == (State.TAKEN, None)
    assert str(first) == f"Config rule {RULE}: deployed a rule that is not keyage's ({whose}), policy keyage's rule"
    assert first.details == (TAKE_OVER,)


def test_a_rule_with_a_function_of_others_is_not_keyages(account: DeployedAccount) -> None:
    account.record()
    function = put_function(account, "theirs")
    trigger = {"EventSource": "aws.config", "MessageType": "ScheduledNotification"}
    put_rule(
        account,
        {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": function, "SourceDetails": [trigger]},
    )
    found = account.drift(expected(CUSTOM))
    assert (found.state, function in str(found.differences[0])) == (State.TAKEN, True)


def test_a_rule_that_another_service_made_cannot_be_taken_over() -> None:
    rule = {"ConfigRuleName": RULE, "Source": ANOTHER, "CreatedBy": "securityhub.amazonaws.com"}
    there = Deployed(rule, owned=False, recorder=Recorder("default", recording=True, records_users=True))
    [difference] = differences(expected(MANAGED), there, ACCOUNT)
    why = "securityhub.amazonaws.com made it, and nobody else can change it: choose another deploy.ruleName"
    assert difference.details == (why,)


def test_before_a_first_deployment_roles_and_functions_of_others_are_told(account: DeployedAccount) -> None:
    account.record()
    put_function(account, EVALUATION)
    for name in (DEACTIVATION, f"{RULE}-schedule"):
        account.iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    told = [line for line in account.differences(expected(CUSTOM)) if "keyage's" in line]
    kept = "deployed one that is not keyage's, policy keyage's"
    assert told == [
        f"Lambda function {EVALUATION}: {kept}",
        f"IAM role {DEACTIVATION}: {kept}",
        f"IAM role {RULE}-schedule: {kept}",
    ]
