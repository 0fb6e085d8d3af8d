"""Reading a live account: which calls are made, and what is believed."""

import time
from datetime import timedelta

import pytest

from checker.decision import decision
from checker.embedded import aws
from checker.embedded.aws import standing_in_report
from checker.evaluate import AccountRead
from checker.sources import live
from checker.sources.aws.session import ReadOnlySession
from tests.fakes.stand_ins import after, old_report, refuse, throttle
from tests.support.fixtures import ACCOUNT, NINETY, NOW, Emulated, ago, policy

FEW = "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules:\n  - {id: svc, users: svc-*, maxAccessKeyAge: 30}\n"
BY_NAME = "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules:\n  - {id: prod, accounts: prod-*, maxAccessKeyAge: 30}\n"
BY_OU = (
    "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules:\n  - {id: ou, accounts: {ou: Root/*}, maxAccessKeyAge: 30}\n"
)
BY_TAG = (
    "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules:\n  - {id: c, users: {tags: {team: pay*}}, maxAccessKeyAge: 10}"
)


def test_an_empty_account_takes_four_calls_and_has_no_findings(emulated: Emulated) -> None:
    emulated.iam.generate_report()
    assert emulated.verdicts() == {}
    assert dict(emulated.faults.requests) == {
        "GetCallerIdentity": 1,
        "GenerateCredentialReport": 1,
        "GetCredentialReport": 1,
        "ListUsers": 1,
    }


def test_users_without_keys_and_young_users_are_not_listed(emulated: Emulated) -> None:
    emulated.user("keyless")
    emulated.user("young", age=89)
    emulated.key("young", 89)
    result = emulated.check()
    assert (result.counts.users, result.counts.keys) == (2, 0)
    assert emulated.faults.requests["ListAccessKeys"] == 0


def test_only_users_old_enough_for_the_limit_that_applies_to_them_are_listed(emulated: Emulated) -> None:
    for name in ("svc-a", "ann"):
        emulated.user(name, age=60)
        emulated.key(name, 60)
    assert emulated.verdicts(policy(FEW)) == {"svc-a": ["NON_COMPLIANT"]}
    assert [asked["UserName"] for name, asked in emulated.faults.asked if name == "ListAccessKeys"] == ["svc-a"]


def test_the_boundary_is_exact_to_the_second(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 90)
    emulated.key("u", 90 + 1 / 86400)
    assert emulated.verdicts() == {"u": ["NON_COMPLIANT", "COMPLIANT"]}


def test_a_toggled_key_keeps_its_age(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 400, activated=ago(1))
    assert emulated.verdicts() == {"u": ["NON_COMPLIANT"]}


def test_an_old_inactive_key_beside_a_fresh_one_is_no_finding(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 600, status="Inactive")
    emulated.key("u", 3)
    assert emulated.verdicts() == {"u": ["NOT_APPLICABLE", "COMPLIANT"]}


def test_every_page_is_read(emulated: Emulated) -> None:
    emulated.pages(1)
    for number in range(7):
        emulated.user(f"u{number}", 800 + number, tags={"a": "b", "team": "payments"})
        emulated.key(f"u{number}", 300 + number)
        emulated.key(f"u{number}", 20 + number)
    found = emulated.verdicts(policy(BY_TAG))
    assert found == {f"u{number}": ["NON_COMPLIANT", "NON_COMPLIANT"] for number in range(7)}
    assert emulated.faults.requests["GetAccountAuthorizationDetails"] == 7
    assert emulated.faults.requests["ListAccessKeys"] == 21
    emulated.faults.plan("GetAccountAuthorizationDetails", refuse("AccessDenied"))
    assert emulated.verdicts(policy(BY_TAG)) == found
    assert emulated.faults.requests["ListUsers"] == 14  # once more, because tags were asked for by name
    assert emulated.faults.requests["ListUserTags"] == 21


@pytest.mark.parametrize(
    ("text", "operation"), [(NINETY, "ListUsers"), (BY_TAG, "GetAccountAuthorizationDetails")], ids=["plain", "by tag"]
)
def test_users_are_asked_for_by_the_thousand(emulated: Emulated, text: str, operation: str) -> None:
    emulated.read(policy(text))
    [asked] = [asked for name, asked in emulated.faults.asked if name == operation]
    assert (asked["MaxItems"], asked.get("Filter.member.1", "User")) == ("1000", "User")


def test_the_report_is_polled_until_it_is_complete(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 100)
    assert emulated.verdicts() == {"u": ["NON_COMPLIANT"]}
    assert emulated.faults.requests["GenerateCredentialReport"] == 2
    assert emulated.time.slept == 0.25


def test_last_use_comes_from_the_report(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 400, last_used=ago(3))
    emulated.key("u", 200, last_used=ago(5), activated=ago(1))
    assert [finding.last_used for finding in emulated.check().findings] == [ago(3), ago(5)]


def test_last_use_that_cannot_be_told_apart_is_not_guessed(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 400, last_used=ago(3), activated=ago(2))
    emulated.key("u", 200, last_used=ago(5), activated=ago(1))
    found = emulated.check().findings
    assert [(finding.last_used, finding.last_used_known) for finding in found] == [(None, False), (None, False)]


def test_no_use_in_the_report_is_known_to_be_none(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 400)
    [finding] = emulated.check().findings
    assert (finding.last_used, finding.last_used_known) == (None, True)


def test_without_tag_rules_no_tags_are_read(emulated: Emulated) -> None:
    emulated.user("u", tags={"team": "payments"})
    emulated.key("u", 200)
    emulated.verdicts(policy(FEW))
    asked = emulated.faults.requests
    assert (asked["ListUsers"], asked["GetAccountAuthorizationDetails"], asked["ListUserTags"]) == (1, 0, 0)


def test_an_expired_exemption_and_a_rule_for_another_account_ask_for_no_tags(emulated: Emulated) -> None:
    text = """
version: 1
default: {maxAccessKeyAge: 90}
rules:
  - {id: other, accounts: "999900001111", users: {tags: {team: x}}, maxAccessKeyAge: 10}
exemptions:
  - {id: past, users: {tags: {team: x}}, reason: r, approvedBy: a, expires: 2026-11-23}
"""
    emulated.user("u")
    emulated.key("u", 200)
    assert emulated.verdicts(policy(text)) == {"u": ["NON_COMPLIANT"]}
    assert emulated.faults.requests["GetAccountAuthorizationDetails"] == 0


def by_tag(emulated: Emulated) -> None:
    """Users whose verdicts, rules or due dates depend on their tags, and one who has no keys."""
    emulated.iam.generate_report()
    emulated.user("keyless", 801, tags={"team": "payments"})
    for number, (name, age, tags) in enumerate(
        (
            ("young", 9, {"team": "payments"}),
            ("tagged", 30, {"team": "payments"}),
            ("untagged", 31, {}),
            ("old", 200, {}),
        )
    ):
        emulated.user(name, 700 + number, tags=tags)
        emulated.key(name, age)
    emulated.user("inactive", tags={"team": "payments"})
    emulated.key("inactive", 300, status="Inactive")


def test_every_line_is_true_with_one_call_for_the_tags_of_all_users(emulated: Emulated) -> None:
    by_tag(emulated)
    found = {one.user: (one.verdict, one.rule, one.due_date) for one in emulated.check(policy(BY_TAG)).findings}
    assert found == {
        "young": ("COMPLIANT", "c", ago(-1)),
        "tagged": ("NON_COMPLIANT", "c", ago(20)),
        "untagged": ("COMPLIANT", "default", ago(-59)),
        "old": ("NON_COMPLIANT", "default", ago(110)),
        "inactive": ("NOT_APPLICABLE", "c", None),
    }
    assert dict(emulated.faults.requests) == {
        "GetCallerIdentity": 1,
        "GenerateCredentialReport": 1,
        "GetCredentialReport": 1,
        "GetAccountAuthorizationDetails": 1,
        "ListAccessKeys": 5,
    }


def asked_for_tags(emulated: Emulated) -> list[str]:
    return sorted(asked["UserName"] for name, asked in emulated.faults.asked if name == "ListUserTags")


def test_where_that_call_is_denied_tags_are_asked_for_user_by_user(emulated: Emulated) -> None:
    by_tag(emulated)
    whole = emulated.check(policy(BY_TAG)).findings
    emulated.faults.plan("GetAccountAuthorizationDetails", refuse("AccessDenied"))
    result = emulated.check(policy(BY_TAG))
    assert result.findings == whole
    assert asked_for_tags(emulated) == ["inactive", "old", "tagged", "untagged", "young"]
    assert [note.partition(" was ")[0] for note in result.notes] == [f"{ACCOUNT}: iam:GetAccountAuthorizationDetails"]


@pytest.mark.parametrize(
    ("warn", "asked"), [(0, ["old", "tagged", "untagged"]), (2, ["old", "tagged", "untagged", "young"])]
)
def test_where_only_findings_are_shown_no_other_line_is_worth_a_call(
    emulated: Emulated, warn: int, asked: list[str]
) -> None:
    by_tag(emulated)
    emulated.faults.plan("GetAccountAuthorizationDetails", refuse("AccessDenied"))
    needs = live.verdict_needs(policy(BY_TAG), NOW, NOW + timedelta(days=warn))
    session = ReadOnlySession(credentials=aws.credentials_for(ACCOUNT))
    live.read_account(session, {}, needs, want_name=False, concurrency=2, wait=emulated.time.sleep)
    assert asked_for_tags(emulated) == asked


def test_what_nobody_may_read_is_unknown_and_not_the_strictest_guess(emulated: Emulated) -> None:
    by_tag(emulated)
    for operation in ("GetAccountAuthorizationDetails", "ListUserTags"):
        emulated.faults.plan(operation, refuse("AccessDenied"))
    result = emulated.check(policy(BY_TAG))
    found = {one.user: (one.verdict, one.rule, one.max_access_key_age, one.due_date) for one in result.findings}
    assert found == {
        "young": ("COMPLIANT", None, None, None),
        "old": ("NON_COMPLIANT", None, None, None),
        "inactive": ("NOT_APPLICABLE", None, None, None),
    }
    assert [(one.finding.user, one.depends_on) for one in result.undecided] == [
        ("tagged", ("c", "default")),
        ("untagged", ("c", "default")),
    ]
    assert (result.status, result.counts.keys, result.counts.undecided) == ("partial", 3, 2)
    assert result.notes[-1].endswith("iam:ListUserTags was denied: the tags of 5 users are not known")


BY_GROUP = BY_TAG.replace("tags: {team: pay*}", "group: dev*")


@pytest.mark.parametrize("denied", [False, True], ids=["in one listing", "user by user"])
def test_groups_decide_as_tags_do(emulated: Emulated, denied: bool) -> None:
    emulated.pages(1)
    for name, groups in (("both", ["ops", "devs"]), ("other", ["ops"]), ("none", [])):
        emulated.user(name, groups=groups)
        emulated.key(name, 30)
    if denied:
        emulated.faults.plan("GetAccountAuthorizationDetails", refuse("AccessDenied"))
    found = {one.user: (one.verdict, one.rule) for one in emulated.check(policy(BY_GROUP)).findings}
    assert found == {
        "both": ("NON_COMPLIANT", "c"),
        "other": ("COMPLIANT", "default"),
        "none": ("COMPLIANT", "default"),
    }
    asked = {asked["UserName"] for name, asked in emulated.faults.asked if name == "ListGroupsForUser"}
    assert asked == ({"both", "other", "none"} if denied else set())
    assert emulated.faults.requests["ListUserTags"] == 0


def test_groups_that_nobody_may_read_leave_open_what_they_decide(emulated: Emulated) -> None:
    for age, name in ((5, "young"), (30, "open"), (200, "old")):
        emulated.user(name)
        emulated.key(name, age)
    for operation in ("GetAccountAuthorizationDetails", "ListGroupsForUser"):
        emulated.faults.plan(operation, refuse("AccessDenied"))
    result = emulated.check(policy(BY_GROUP))
    assert {one.user: one.verdict for one in result.findings} == {"young": "COMPLIANT", "old": "NON_COMPLIANT"}
    assert [one.finding.user for one in result.undecided] == ["open"]
    assert "the user's groups are not known: allow iam:GetAccountAuthorizationDetails" in result.undecided[0].missing
    assert result.notes[-1].endswith("iam:ListGroupsForUser was denied: the groups of 3 users are not known")


def test_a_limit_that_is_the_same_whichever_rule_applies_is_known(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 80)
    for operation in ("GetAccountAuthorizationDetails", "ListUserTags"):
        emulated.faults.plan(operation, refuse("AccessDenied"))
    [found] = emulated.check(policy(BY_TAG.replace("maxAccessKeyAge: 10", "maxAccessKeyAge: 90"))).findings
    assert (found.rule, found.max_access_key_age, found.due_date) == (None, 90, ago(-10))


def test_throttled_tags_are_no_reason_to_go_without(emulated: Emulated) -> None:
    by_tag(emulated)
    emulated.faults.plan("GetAccountAuthorizationDetails", throttle())
    assert emulated.check(policy(BY_TAG)).status == "unreadable"


@pytest.mark.parametrize(("hours", "listed"), [(3.9, 0), (4.1, 0), (5, 2), (5000, 2)])
def test_a_report_older_than_aws_promises_does_not_decide_who_has_keys(
    emulated: Emulated, hours: float, listed: int
) -> None:
    emulated.user("u")
    with standing_in_report(timedelta(hours=hours)), old_report(emulated.iam):
        emulated.key("u", 200)
        emulated.user("v")
        emulated.iam.generate_report()
        result = emulated.check()
    assert emulated.faults.requests["ListAccessKeys"] == (listed or 1)
    assert [note for note in result.notes if "older than the four hours that AWS promises" in note] == (
        result.notes if listed else []
    )


def test_a_finding_names_the_rule_that_its_tags_select(emulated: Emulated) -> None:
    emulated.user("untagged")
    emulated.key("untagged", 200)
    assert [(one.rule, one.max_access_key_age) for one in emulated.check(policy(BY_TAG)).findings] == [("default", 90)]


def test_the_alias_names_the_account_if_a_rule_asks_for_names(emulated: Emulated) -> None:
    emulated.iam.create_account_alias("prod-web")
    emulated.user("u")
    emulated.key("u", 40)
    assert emulated.verdicts(policy(BY_NAME)) == {"u": ["NON_COMPLIANT"]}


def test_the_inventory_names_the_account_before_the_alias_does(emulated: Emulated) -> None:
    emulated.iam.create_account_alias("prod-web")
    emulated.user("u")
    emulated.key("u", 40)
    known = {ACCOUNT: decision.Account(ACCOUNT, "dev-web")}
    result = emulated.check(policy(BY_NAME), known)
    assert (result.name, [finding.verdict for finding in result.findings]) == ("dev-web", ["COMPLIANT"])
    assert emulated.faults.requests["ListAccountAliases"] == 0


@pytest.mark.parametrize(
    ("text", "attribute"), [(BY_NAME, "name"), (BY_OU, "ou")], ids=["no alias", "OUs only from the inventory"]
)
def test_an_unknown_attribute_that_matters_makes_the_account_unreadable(
    emulated: Emulated, text: str, attribute: str
) -> None:
    emulated.user("u")
    emulated.key("u", 40)
    reason = emulated.check(policy(text)).reason
    assert reason is not None
    assert f"the account's {attribute} is not known: add the account to the inventory" in reason


@pytest.mark.parametrize("age", [20, 100], ids=["compliant either way", "non-compliant either way"])
def test_an_unknown_attribute_that_does_not_matter_is_no_obstacle(emulated: Emulated, age: float) -> None:
    emulated.user("u")
    emulated.key("u", age)
    result = emulated.check(policy(BY_OU))
    assert (result.reason, result.counts.non_compliant) == (None, int(age > 90))


def test_an_active_root_key_is_a_note_and_no_finding(emulated: Emulated) -> None:
    emulated.iam.generate_report()
    rows = emulated.iam.get_credential_report().splitlines()
    root = f"<root_account>,arn:aws:iam::{ACCOUNT}:root,2020-01-01T00:00:00+00:00," + ",".join(["N/A"] * 5)
    row = root + ",true,2020-01-01T00:00:00+00:00," + ",".join(["N/A"] * 3) + ",false," + ",".join(["N/A"] * 8)
    emulated.iam.get_credential_report = lambda: "\n".join([*rows, row]) + "\n"
    result = emulated.check()
    assert (result.findings, result.counts.users) == ([], 0)
    assert result.notes == [f"the root user of {ACCOUNT} has an active access key: delete it, no rule judges root"]


def test_a_user_who_appeared_after_the_report_is_listed_if_old_enough(emulated: Emulated) -> None:
    with old_report(emulated.iam):
        emulated.user("renamed-or-new")
        emulated.key("renamed-or-new", 200)
        emulated.user("brand-new", age=0.1)
        emulated.key("brand-new", 0.1)
        assert emulated.verdicts() == {"renamed-or-new": ["NON_COMPLIANT"]}


def test_a_key_reactivated_after_the_report_is_seen(emulated: Emulated) -> None:
    emulated.user("u")
    key = emulated.key("u", 200, status="Inactive")
    with old_report(emulated.iam):
        emulated.iam.update_access_key("u", key, "Active")
        assert emulated.verdicts() == {"u": ["NON_COMPLIANT"]}


def test_another_user_of_the_same_name_is_not_taken_for_the_one_in_the_report(emulated: Emulated) -> None:
    emulated.user("u", age=300)
    with old_report(emulated.iam):
        emulated.iam.delete_user("u")
        emulated.user("u", age=200)
        emulated.key("u", 150)
        assert emulated.verdicts() == {"u": ["NON_COMPLIANT"]}


def test_a_user_deleted_while_being_read_is_gone(emulated: Emulated) -> None:
    emulated.user("u")
    emulated.key("u", 200)
    emulated.user("other")
    emulated.key("other", 200)
    emulated.faults.plan("ListAccessKeys", after(lambda: emulated.iam.users.pop("u", None)), 1)
    result = emulated.check()
    assert (result.counts.users, [finding.user for finding in result.findings]) == (1, ["other"])


def test_a_user_renamed_while_being_read_is_found_by_id(emulated: Emulated) -> None:
    user = emulated.user("before")
    emulated.key("before", 200)

    def rename() -> None:
        emulated.iam.users["after"] = emulated.iam.users.pop("before")
        user.name = user.access_keys[0].user_name = "after"

    emulated.faults.plan("ListAccessKeys", after(rename), 1)
    assert emulated.verdicts() == {"after": ["NON_COMPLIANT"]}


def test_times_are_utc_whatever_the_zone_of_the_machine(emulated: Emulated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    emulated.user("u")
    emulated.key("u", 100)
    finding = emulated.check().findings[0]
    monkeypatch.undo()
    time.tzset()
    assert (finding.create_date.utcoffset(), finding.due_date) == (timedelta(0), ago(10))


def test_what_falls_due_by_the_horizon_is_listed_too(emulated: Emulated) -> None:
    emulated.user("soon", age=85)
    emulated.key("soon", 85)
    session = ReadOnlySession(credentials=aws.credentials_for(ACCOUNT))
    needs = live.verdict_needs(policy(), NOW, NOW + timedelta(days=14))
    read = live.read_account(session, {}, needs, want_name=False, concurrency=1, wait=emulated.time.sleep)
    assert isinstance(read, AccountRead)
    assert [len(user.keys) for user in read.users] == [1]
