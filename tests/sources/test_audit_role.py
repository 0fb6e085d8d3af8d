"""The role that is assumed in each account, and the account that needs none."""

import pytest

from checker.decision import decision
from checker.embedded import aws
from checker.errors import Unreadable
from checker.evaluate import AccountRead, AccountUnreadable, Reading
from checker.sources import live
from checker.sources.audit_role import Accounts, Role
from checker.sources.aws.session import ReadOnlySession
from tests.fakes.stand_ins import answer, refuse
from tests.support.fixtures import ACCOUNT, NOW, Emulated, ago, policy

OTHER = "444455556666"


def read(emulated: Emulated, account_id: str, role: Role | None = None) -> Reading:
    accounts = Accounts(ReadOnlySession(credentials=aws.credentials_for(ACCOUNT)), role or Role())
    emulated.faults.requests.clear()
    emulated.faults.asked.clear()
    asking = live.Asking(live.verdict_needs(policy(), NOW, NOW), want_name=False, wait=emulated.time.sleep)
    return accounts.read(decision.Account(account_id, "web"), asking)


def assumed(emulated: Emulated) -> dict[str, str] | None:
    return next((asked for name, asked in emulated.faults.asked if name == "AssumeRole"), None)


def test_the_callers_own_account_needs_no_role(emulated: Emulated) -> None:
    found = read(emulated, ACCOUNT)
    assert isinstance(found, AccountRead)
    assert assumed(emulated) is None
    assert "AssumeRole" not in found.api_calls


def test_another_account_is_read_with_its_own_role(emulated: Emulated) -> None:
    aws.add_user(OTHER, "there", ago(300))
    aws.add_key(OTHER, "there", ago(300))
    emulated.user("here")
    found = read(emulated, OTHER)
    assert isinstance(found, AccountRead)
    assert [user.name for user in found.users] == ["there"]
    asked = assumed(emulated) or {}
    assert (asked["RoleArn"], asked["RoleSessionName"]) == (f"arn:aws:iam::{OTHER}:role/keyage-audit", "keyage")
    assert "ExternalId" not in asked
    assert found.api_calls["AssumeRole"] == 1
    assert sum(found.api_calls.values()) == sum(emulated.faults.requests.values())


def test_name_path_and_external_id_of_the_role_are_used(emulated: Emulated) -> None:
    read(emulated, OTHER, Role("audit/reader", "s3cret"))
    asked = assumed(emulated) or {}
    assert (asked["RoleArn"], asked["ExternalId"]) == (f"arn:aws:iam::{OTHER}:role/audit/reader", "s3cret")


@pytest.mark.parametrize("partition", ["aws-cn", "aws-us-gov"])
def test_the_partition_is_the_callers(emulated: Emulated, partition: str) -> None:
    result = f"<Arn>arn:{partition}:iam::{ACCOUNT}:user/auditor</Arn><UserId>AIDA</UserId><Account>{ACCOUNT}</Account>"
    name = "GetCallerIdentity"
    body = f"<{name}Response><{name}Result>{result}</{name}Result></{name}Response>"
    emulated.faults.plan(name, answer(body), 1)
    read(emulated, OTHER)
    assert (assumed(emulated) or {})["RoleArn"] == f"arn:{partition}:iam::{OTHER}:role/keyage-audit"


def test_a_role_that_cannot_be_assumed_is_told_with_what_to_see_to(emulated: Emulated) -> None:
    emulated.faults.plan("AssumeRole", refuse("AccessDenied"))
    # The session of the test itself has been assumed before, by the emulator's client without faults.
    accounts = Accounts(ReadOnlySession(), Role())
    asking = live.Asking(live.verdict_needs(policy(), NOW, NOW), want_name=False, wait=emulated.time.sleep)
    found = accounts.read(decision.Account(OTHER, "web"), asking)
    assert isinstance(found, AccountUnreadable)
    assert (found.id, found.name, found.api_calls) == (OTHER, "web", {"AssumeRole": 1})
    assert found.reason.startswith(
        f"arn:aws:iam::{OTHER}:role/keyage-audit cannot be assumed: see that the role is there"
    )
    assert "sts:AssumeRole" in found.reason


def test_a_denial_by_a_policy_of_the_organization_is_told_in_the_words_of_aws(emulated: Emulated) -> None:
    said = "User: x is not authorized to perform: sts:AssumeRole with an explicit deny in a service control policy"
    emulated.faults.plan("AssumeRole", refuse("AccessDenied", message=said))
    accounts = Accounts(ReadOnlySession(), Role())
    asking = live.Asking(live.verdict_needs(policy(), NOW, NOW), want_name=False, wait=emulated.time.sleep)
    found = accounts.read(decision.Account(OTHER, "web"), asking)
    assert isinstance(found, AccountUnreadable)
    assert found.reason == (
        f"arn:aws:iam::{OTHER}:role/keyage-audit cannot be assumed: AssumeRole is denied by a policy, whatever others"
        f" allow: {said}; ask whoever keeps that policy"
    )


def test_a_callers_token_that_expires_between_two_accounts_leaves_the_first_read(emulated: Emulated) -> None:
    emulated.faults.plan("AssumeRole", lambda _asked: None, 1)
    emulated.faults.plan("AssumeRole", refuse("ExpiredToken"))
    accounts = Accounts(ReadOnlySession(), Role())
    asking = live.Asking(live.verdict_needs(policy(), NOW, NOW), want_name=False, wait=emulated.time.sleep)
    first, second = (accounts.read(decision.Account(each), asking) for each in (OTHER, "555566667777"))
    assert isinstance(first, AccountRead)
    assert isinstance(second, AccountUnreadable)
    assert "the credentials expired (ExpiredToken on AssumeRole" in second.reason


def test_what_is_denied_to_the_role_names_the_role(emulated: Emulated) -> None:
    emulated.faults.plan("ListUsers", refuse("AccessDenied"))
    emulated.faults.plan("GenerateCredentialReport", refuse("AccessDenied"))
    found = read(emulated, OTHER)
    assert isinstance(found, AccountUnreadable)
    assert found.reason == (
        "ListUsers was denied: allow what `keyage permissions` prints (stand-in for AccessDenied)"
        f" (read as arn:aws:iam::{OTHER}:role/keyage-audit)"
    )


def test_a_caller_who_is_not_accepted_is_an_error(emulated: Emulated) -> None:
    emulated.faults.plan("GetCallerIdentity", refuse("InvalidClientTokenId"))
    with pytest.raises(Unreadable, match="AWS does not accept the credentials"):
        read(emulated, OTHER)
