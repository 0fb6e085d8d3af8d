"""A plan, read from the emulated account: first what plans nothing, then every step, and what it asks."""

import re
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from checker.embedded.aws import credentials_for
from checker.policy import loader
from checker.remediate.asking import asking
from checker.remediate.plan import AccountPlan, plan_account
from checker.sources import live
from checker.sources.aws.session import ReadOnlySession
from tests.fakes.stand_ins import refuse
from tests.support.fixtures import ACCOUNT, NOW, Emulated, ago

DELETE = """version: 1
default: {maxAccessKeyAge: 90}
rules: [{id: robots, users: bot-*, maxAccessKeyAge: 30, remediation: {action: none}}]
exemptions:
  - {id: vendor, users: vendor, reason: r, approvedBy: a, expires: 2027-01-01}
remediation: {action: delete, deleteAfterDays: 30, protectUsedWithinDays: 7}
"""


def planned(emulated: Emulated, text: str = DELETE, stage: str = "all") -> AccountPlan:
    policy = loader.parse(text.encode(), "policies.yaml")
    session = ReadOnlySession(credentials=credentials_for(ACCOUNT))
    emulated.faults.requests.clear()
    reading = live.read_caller(session, {}, asking(policy, NOW)._replace(wait=emulated.time.sleep))
    return plan_account(policy, NOW, stage, reading)


def told(plan: AccountPlan) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """User and step: what is to be done, and what is kept."""
    return [(step.user, step.step) for step in plan.steps], [(step.user, step.step) for step in plan.kept]


def mark(emulated: Emulated, user: str, key_id: str, days: float) -> None:
    tag = {"Key": f"keyage:inactive-since:{key_id}", "Value": f"{ago(days):%Y-%m-%dT%H:%M:%SZ}"}
    emulated.iam.tag_user(user, [tag])


def test_nothing_is_planned_for_keys_that_are_young_exempt_or_left_to_people(emulated: Emulated) -> None:
    for name, age in (("ann", 90), ("vendor", 400), ("bot-1", 400)):
        emulated.user(name)
        emulated.key(name, age)
    emulated.user("keyless")
    plan = planned(emulated)
    assert (plan.reason, plan.steps) == (None, [])
    assert told(plan)[1] == [("ann", "keep"), ("bot-1", "keep"), ("vendor", "keep")]
    assert emulated.faults.requests["GetAccessKeyLastUsed"] == 0


def test_every_step_is_planned(emulated: Emulated) -> None:
    for name in ("active", "deleted", "gone", "marked", "on-again", "used", "waits"):
        emulated.user(name)
    emulated.key("active", 100)
    emulated.key("used", 100, last_used=ago(3))
    mark(emulated, "on-again", emulated.key("on-again", 100), 5)
    emulated.key("marked", 100, status="Inactive")
    mark(emulated, "waits", emulated.key("waits", 100, status="Inactive"), 29)
    mark(emulated, "deleted", emulated.key("deleted", 100, status="Inactive"), 30)
    mark(emulated, "gone", "AKIAGONE", 30)
    steps, kept = told(planned(emulated))
    assert steps == [
        ("active", "deactivate"),
        ("deleted", "delete"),
        ("gone", "unmark"),
        ("marked", "mark"),
        ("on-again", "unmark"),
        ("on-again", "deactivate"),
    ]
    assert kept == [("used", "hold"), ("waits", "wait-delete")]


@pytest.mark.parametrize(
    ("stage", "expected", "left_to"),
    [("deactivate", [("active", "deactivate")], "delete"), ("delete", [("off", "mark")], "deactivate")],
)
def test_a_stage_plans_its_own_steps(
    emulated: Emulated, stage: str, expected: list[tuple[str, str]], left_to: str
) -> None:
    for name in ("active", "off"):
        emulated.user(name)
    emulated.key("active", 100)
    emulated.key("off", 100, status="Inactive")
    plan = planned(emulated, stage=stage)
    assert told(plan)[0] == expected
    assert [step.why for step in plan.kept] == [f"left to the stage {left_to}"]


def test_it_asks_what_a_check_asks_and_the_use_of_each_key_that_it_would_touch(emulated: Emulated) -> None:
    for number in range(5):
        emulated.user(f"young-{number}", 700 + number)
        emulated.key(f"young-{number}", 10 + number)
        emulated.user(f"old-{number}", 800 + number)
        emulated.key(f"old-{number}", 100 + number)
        emulated.key(f"old-{number}", 200 + number, status="Inactive")
    emulated.user("used", 900)
    emulated.key("used", 100, last_used=ago(1))  # as the report tells already
    assert len(planned(emulated).steps) == 10
    assert dict(emulated.faults.requests) == {
        "GetCallerIdentity": 1,
        "GenerateCredentialReport": 2,
        "GetCredentialReport": 1,
        "GetAccountAuthorizationDetails": 1,
        "ListAccessKeys": 11,
        "GetAccessKeyLastUsed": 5,
    }


def test_a_use_that_is_not_told_holds_and_is_said(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 100)
    emulated.faults.plan("GetAccessKeyLastUsed", refuse("AccessDenied"))
    plan = planned(emulated)
    assert told(plan) == ([], [("u", "hold")])
    assert plan.reason == ("the last use of 1 key is not known: allow iam:GetAccessKeyLastUsed, or plan from live IAM")


def test_without_tags_no_inactive_key_is_touched(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 100, status="Inactive")
    for operation in ("GetAccountAuthorizationDetails", "ListUserTags"):
        emulated.faults.plan(operation, refuse("AccessDenied"))
    plan = planned(emulated)
    assert told(plan) == ([], [("u", "hold")])
    assert str(plan.reason).startswith("the tags that tell since when 1 key is inactive are not known: allow")


def test_an_undecided_key_is_kept_and_said(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 100)
    for operation in ("GetAccountAuthorizationDetails", "ListUserTags"):
        emulated.faults.plan(operation, refuse("AccessDenied"))
    by_tag = "rules: [{id: tagged, users: {tags: {a: b}}, maxAccessKeyAge: 200}]"
    plan = planned(emulated, re.sub("rules: .*", by_tag, DELETE))
    assert told(plan) == ([], [("u", "keep")])
    assert plan.reason == "1 key undecided: why they are kept says between which rules"


def test_an_account_that_cannot_be_read_has_a_reason_and_no_steps(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 100)
    emulated.faults.plan("ListAccessKeys", refuse("AccessDenied"))
    plan = planned(emulated)
    assert (plan.steps, plan.kept) == ((), ())
    assert "AccessDenied" in str(plan.reason)


def test_what_was_seen_and_what_comes_next_is_in_the_plan(emulated: Emulated) -> None:
    emulated.user("u")
    key_id = emulated.key("u", 100, last_used=ago(60))
    (step,) = planned(emulated).steps
    found: dict[str, Any] = msgspec.to_builtins(step)
    assert found == {
        "account": ACCOUNT,
        "user": "u",
        "userId": emulated.iam.users["u"].id,
        "accessKeyId": key_id,
        "step": "deactivate",
        "why": "older than 90 days",
        "rule": "default",
        "saw": {
            "status": "Active",
            "createDate": "2026-08-15T12:00:00Z",
            "lastUsed": "2026-09-24T12:00:00Z",
            "mark": None,
        },
        "next": {"step": "delete", "at": f"{NOW + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"},
    }
