"""The printed IAM policy is what really happens, no more and no less."""

import pytest

from checker.decision import remediation_steps
from checker.embedded import aws
from checker.evaluate import AccountRead
from checker.permissions import policy_document
from checker.sources import live
from checker.sources.aws.session import ReadOnlySession
from tests.fakes.stand_ins import refuse
from tests.support.fixtures import ACCOUNT, Emulated, policy

EVERYTHING_MATTERS = """
version: 1
default: {maxAccessKeyAge: 90}
rules:
  - {id: both, accounts: prod-*, users: {group: y, tags: {team: x}}, maxAccessKeyAge: 10}
"""
# What serves where GetAccountAuthorizationDetails is denied, or no tags are wanted.
OTHERWISE = {"iam:ListUsers", "iam:ListUserTags", "iam:ListGroupsForUser"}


def actions(verb: str) -> set[str]:
    return {action for statement in policy_document(verb)["Statement"] for action in statement["Action"]}


def test_check_makes_exactly_the_calls_that_its_policy_allows(emulated: Emulated) -> None:
    emulated.iam.create_account_alias("prod-web")
    emulated.user("u")
    emulated.key("u", 30)
    assert emulated.verdicts(policy(EVERYTHING_MATTERS)) == {"u": ["COMPLIANT"]}
    assert called(emulated) == actions("check") - OTHERWISE
    emulated.faults.plan("GetAccountAuthorizationDetails", refuse("AccessDenied"))
    assert emulated.verdicts(policy(EVERYTHING_MATTERS)) == {"u": ["COMPLIANT"]}
    assert called(emulated) == actions("check")


def called(emulated: Emulated) -> set[str]:
    return {f"iam:{name}" for name in emulated.faults.requests if name != "GetCallerIdentity"}


def test_snapshot_makes_exactly_the_calls_that_its_policy_allows(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 30)
    session = ReadOnlySession(credentials=aws.credentials_for(ACCOUNT))
    emulated.faults.requests.clear()
    everything = live.Everything(user_tags=True)
    read = live.read_account(
        session, {}, lambda _account: everything, want_name=True, concurrency=1, wait=emulated.time.sleep
    )
    assert isinstance(read, AccountRead)
    assert called(emulated) == actions("snapshot") - OTHERWISE


@pytest.mark.parametrize("verb", ["check", "snapshot"])
def test_only_what_iam_cannot_narrow_is_allowed_on_everything(verb: str) -> None:
    by_resource = {statement["Resource"]: statement["Action"] for statement in policy_document(verb)["Statement"]}
    assert by_resource == {
        "*": [
            "iam:GenerateCredentialReport",
            "iam:GetAccountAuthorizationDetails",
            "iam:GetCredentialReport",
            "iam:ListAccountAliases",
            "iam:ListUsers",
        ],
        "arn:*:iam::*:user/*": ["iam:ListAccessKeys", "iam:ListGroupsForUser", "iam:ListUserTags"],
    }


def test_the_callers_of_an_organization_need_what_reading_one_account_needs_and_the_listings() -> None:
    assert all(action.startswith("organizations:List") for action in actions("inventory"))
    assert actions("organization") == actions("check") | actions("inventory") | {"sts:AssumeRole"}


def test_the_role_that_is_assumed_is_the_only_one_allowed() -> None:
    allowed = [each for each in policy_document("organization")["Statement"] if "sts:AssumeRole" in each["Action"]]
    assert [each["Resource"] for each in allowed] == ["arn:*:iam::*:role/keyage-audit"]
    sids = [each["Sid"] for each in policy_document("organization")["Statement"]]
    assert len(set(sids)) == len(sids)


def test_remediate_may_tag_users_with_marks_and_nothing_else() -> None:
    """As the roles of what is deployed may: the condition of the template own_tags.yaml.j2."""
    statements = {each["Sid"]: each for each in policy_document("remediate")["Statement"]}
    assert list(statements) == ["KeyageReadsUsers", "KeyageChangesUsers", "KeyageChangesMarks"]
    assert statements["KeyageChangesUsers"]["Action"] == ["iam:DeleteAccessKey", "iam:UpdateAccessKey"]
    marks = statements["KeyageChangesMarks"]
    assert (marks["Action"], marks["Resource"]) == (["iam:TagUser", "iam:UntagUser"], "arn:*:iam::*:user/*")
    assert marks["Condition"] == {
        "ForAllValues:StringLike": {"aws:TagKeys": f"{remediation_steps.MARK_TAG}*"},
        "Null": {"aws:TagKeys": "false"},
    }


def test_the_role_that_changes_keys_is_the_only_one_that_its_caller_may_assume() -> None:
    added = actions("remediate-organization") - actions("remediate")
    assert added == {"sts:AssumeRole"}
    allowed = [each for each in policy_document("remediate-organization")["Statement"] if added & set(each["Action"])]
    assert [each["Resource"] for each in allowed] == ["arn:*:iam::*:role/keyage-remediate"]
