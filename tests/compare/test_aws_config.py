"""When AWS Config's word on an account can be relied on, and when it differs from the policy's."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.compare.aws_config import Compared, Expected, ReportingRule, account_row, expected
from checker.compare.aws_config_rows import AccountRow, Totals, totals
from checker.decision import User, decision
from checker.evaluate import AccountRead
from checker.sources.aggregator import Reported, Result, Source
from tests.reports.readings import POLICY, readings, user
from tests.support.fixtures import NOW, ago, policy

WEB = "111122223333"
RULE, REGION = "access-keys-rotated", "us-east-1"
DAILY = ReportingRule(RULE, REGION, "TwentyFour_Hours")
MANAGED = DAILY._replace(managed=True)
COLLECTED = Source("SUCCEEDED", NOW, None)
JUST_NOW = NOW - timedelta(minutes=5)
SECOND = timedelta(seconds=1)
LEGACY_READ, PAYMENTS_READ = (one for one in readings() if isinstance(one, AccountRead))


def result(user_id: str, compliance: str = "COMPLIANT", at: datetime | None = JUST_NOW) -> Result:
    return Result(user_id, compliance, None, at, at)


def reported(*results: Result, rule: str | None = RULE, source: Source | None = COLLECTED) -> Reported:
    return Reported(WEB, rule, results, source)


def nothing(source: Source | None = COLLECTED, elsewhere: tuple[str, ...] = ()) -> Reported:
    return Reported(WEB, None, (), source, elsewhere)


def compared(accounts: dict[str, Expected], taken_at: datetime | None = JUST_NOW) -> Compared:
    return Compared("s.json", taken_at, accounts)


def reason(found: Reported, deployed: ReportingRule = DAILY, against: Compared | None = None) -> str | None:
    return account_row(found, "web", deployed, against, NOW).reason


def differences(row: AccountRow) -> dict[str, tuple[str | None, str | None]]:
    return {one.user_id: (one.compliance, one.expected) for one in row.users if one.differs}


def the_policy_says(*users: User) -> Compared:
    return compared({WEB: expected(policy(POLICY), AccountRead(PAYMENTS_READ.account, users), NOW)})


def test_fresh_results_can_be_relied_on() -> None:
    assert reason(reported(result("AIDA1"), result("AIDA2", "NON_COMPLIANT"))) is None


@pytest.mark.parametrize(("frequency", "hours"), [("One_Hour", 25), ("Six_Hours", 30), ("TwentyFour_Hours", 48)])
def test_a_result_may_be_as_old_as_the_rule_takes_and_a_day(frequency: str, hours: int) -> None:
    deployed, oldest = ReportingRule(RULE, REGION, frequency), NOW - timedelta(hours=hours)
    assert reason(reported(result("AIDA1", at=oldest)), deployed) is None
    late = str(reason(reported(result("AIDA1", at=oldest - SECOND)), deployed))
    assert late.startswith(f"the newest result of {RULE} is of {oldest - SECOND:%Y-%m-%d %H:%M} UTC, although the rule")


def test_a_result_without_a_time_is_of_an_unknown_age() -> None:
    assert "is of an unknown time" in str(reason(reported(result("AIDA1", at=None))))


def test_users_who_were_left_out_of_the_last_run_are_named() -> None:
    old = [result(f"AIDA{n}", at=ago(5)) for n in range(7)]
    assert str(reason(reported(*old, result("AIDA9")))).startswith(
        "AWS Config has judged other users since, but not AIDA0, AIDA1, AIDA2, AIDA3, AIDA4 and 2 more: if they are"
    )


def test_no_verdict_is_no_compliance() -> None:
    found = reported(result("AIDA1"), result("AIDA2", "INSUFFICIENT_DATA"))
    assert str(reason(found)).startswith("AWS Config has no verdict on AIDA2: see why")


@pytest.mark.parametrize("results", [(), (result("AIDA1"),)])
def test_an_account_that_could_not_be_collected_is_unreadable(results: Sequence[Result]) -> None:
    failed = Source("FAILED", ago(3), "AccessDenied: not authorized")
    assert reason(reported(*results, source=failed)) == (
        "the aggregator could not collect from it (AccessDenied: not authorized, last on 2026-11-20 12:00 UTC): see"
        " that AWS Config records there in us-east-1 and that the aggregator is authorized, then run again"
    )


def test_outdated_is_judged_by_the_age_of_the_results() -> None:
    assert reason(reported(result("AIDA1"), source=Source("OUTDATED", ago(1), None))) is None


def test_what_could_not_be_read_comes_first() -> None:
    problem = "GetAggregateComplianceDetailsByConfigRule was denied"
    assert reason(Reported(WEB, None, (), Source("FAILED", None, None), problem=problem)) == problem


def test_no_result_is_never_compliant() -> None:
    assert reason(nothing()) == (
        "AWS Config has no result of access-keys-rotated in us-east-1: the rule is not deployed, has not run, or there"
        " are no IAM users, which an aggregator does not tell apart: see `keyage drift` in the account, or give --from"
        " FILE with a snapshot of the last 48 hours that shows that it has no users"
    )
    assert reason(reported()) == reason(nothing())
    assert "does not collect from it in us-east-1: add" in str(reason(nothing(None)))
    assert "has results in eu-west-1, sa-east-1, but none in us-east-1" in str(
        reason(nothing(elsewhere=("eu-west-1", "sa-east-1")))
    )


def test_a_fresh_snapshot_without_users_explains_why_there_is_no_result() -> None:
    row = account_row(nothing(), "web", DAILY, the_policy_says(), NOW)
    assert (row.reason, row.users) == (None, [])


def test_what_the_snapshot_must_be_for_that() -> None:
    empty = Expected({})
    fresh, late = NOW - DAILY.oldest, NOW - DAILY.oldest - SECOND
    assert reason(nothing(), against=compared({WEB: empty}, fresh)) is None
    assert reason(nothing(), against=compared({WEB: empty}, late)) is not None
    assert reason(nothing(), against=compared({WEB: empty}, None)) is not None
    assert reason(nothing(), against=compared({"000000000001": empty})) is not None
    assert reason(nothing(), against=compared({WEB: Expected({}, "not known")})) is not None
    for source in (None, Source("OUTDATED", NOW, None), Source("FAILED", NOW, None)):
        assert reason(nothing(source), against=compared({WEB: empty})) is not None


def test_users_who_should_have_been_judged_are_counted() -> None:
    against = the_policy_says(user("ann"), user("bob"))
    why = "the rule is not deployed or has not run; 2 users should have been judged"
    assert reason(nothing(), against=against) == f"AWS Config has no result of {RULE} in {REGION}: {why}"


def test_an_account_that_the_snapshot_lacks_was_not_compared() -> None:
    row = account_row(reported(result("AIDA1")), "web", DAILY, compared({}), NOW)
    assert row.reason == "s.json has no such account, so there is nothing to compare"
    assert [(one.user_id, one.compliance, one.differs) for one in row.users] == [("AIDA1", "COMPLIANT", False)]
    assert totals([row]) == Totals(accounts=1, users=1, undecided=1, unreadable=1)


def test_users_without_ids_cannot_be_compared() -> None:
    nobody = decision.User("ann", "/", {}, None, None, None, ())
    assert reason(reported(result("AIDA1")), against=the_policy_says(nobody)) == (
        "AWS Config knows users by id, and the snapshot has none of ann: take it anew, with iam:ListUsers allowed"
    )


def test_where_the_policy_does_not_know_of_some_users_the_others_are_compared() -> None:
    unnamed = AccountRead(decision.Account(WEB, None, None, None), PAYMENTS_READ.users)
    against = compared({WEB: expected(policy(POLICY), unnamed, NOW)})
    results = [result("AIDASVC-EDGE"), result("AIDABOB"), result("AIDASVC-OLD")]
    row = account_row(reported(*results), "web", DAILY, against, NOW)
    assert (row.status, str(row.reason).partition(": ")[0]) == ("partial", "the policy's verdicts are not all known")
    found = {one.user: (one.compliance, one.expected, one.differs) for one in row.users if one.compliance}
    assert found == {
        "svc-edge": ("COMPLIANT", "UNDECIDED", False),
        "bob": ("COMPLIANT", "COMPLIANT", False),
        "svc-old": ("COMPLIANT", "NON_COMPLIANT", True),
    }
    assert (totals([row]).partial, totals([row]).unreadable, totals([row]).undecided) == (1, 0, 1)


VERDICTS = {
    "AIDAALICE": "COMPLIANT",
    "AIDABOB": "COMPLIANT",
    "AIDASVC-LEDGER": "NON_COMPLIANT",
    "AIDASVC-OLD": "NON_COMPLIANT",
    "AIDASVC-EDGE": "NON_COMPLIANT",
    "AIDAWE=IRD+NA.ME@X": "NON_COMPLIANT",
}


@given(changed=st.sets(st.sampled_from(sorted(VERDICTS))))
def test_exactly_the_users_whom_aws_config_judges_otherwise_differ(changed: set[str]) -> None:
    other = {"COMPLIANT": "NON_COMPLIANT", "NON_COMPLIANT": "COMPLIANT"}
    said = {user_id: other[verdict] if user_id in changed else verdict for user_id, verdict in VERDICTS.items()}
    against = the_policy_says(*PAYMENTS_READ.users)
    found = reported(*(result(user_id, verdict) for user_id, verdict in said.items()))
    row = account_row(found, "web", DAILY, against, NOW)
    assert differences(row) == {user_id: (said[user_id], VERDICTS[user_id]) for user_id in changed}
    assert [one.user_id for one in row.users] == sorted(VERDICTS)
    assert row.reason is None


def test_exempt_is_what_aws_config_calls_compliant() -> None:
    sftp = LEGACY_READ.users[0]
    against = the_policy_says(sftp)
    assert differences(account_row(reported(result("AIDASFTP-LEGACY")), "web", DAILY, against, NOW)) == {}
    row = account_row(reported(result("AIDASFTP-LEGACY", "NON_COMPLIANT")), "web", DAILY, against, NOW)
    assert differences(row) == {"AIDASFTP-LEGACY": ("NON_COMPLIANT", "EXEMPT")}
    assert row.users[0].because == (
        "AKIA0000000000000010 is 1200 days old, limit 90 (rule default, exemption legacy-sftp)"
    )


def because(compliance: str, at: datetime, who: User, deployed: ReportingRule = DAILY) -> str | None:
    found = reported(result(str(who.id), compliance, at))
    return account_row(found, "web", deployed, the_policy_says(who), NOW).users[0].because


def test_why_the_policy_says_so() -> None:
    ledger, bob, nobody = PAYMENTS_READ.users[2], PAYMENTS_READ.users[1], user("nobody")
    old = "AKIA0000000000000004 is 206 days old, limit 30 (rule prod-service-users)"
    assert because("NON_COMPLIANT", JUST_NOW, ledger) is None
    assert because("COMPLIANT", JUST_NOW, ledger) == old
    assert because("COMPLIANT", JUST_NOW, ledger, MANAGED) == f"{old}; the AWS managed rule judges it"
    assert because("NON_COMPLIANT", JUST_NOW, bob) == "AKIA0000000000000003 is 40 days old, limit 90 (rule default)"
    assert because("NON_COMPLIANT", JUST_NOW, nobody) == "no active access key"


def test_a_key_that_passed_its_limit_since_is_told() -> None:
    edge = decision.User("ann", "/", {}, "AIDAANN", None, None, (decision.AccessKey("AKIA1", "Active", ago(90.2)),))
    assert str(because("COMPLIANT", ago(0.5), edge)).endswith("; it passed its limit after AWS Config looked")
    assert "passed" not in str(because("COMPLIANT", ago(0.1), edge))


def test_users_whom_only_one_side_has_differ() -> None:
    new = decision.User("new", "/", {}, "AIDANEW", None, NOW, ())
    row = account_row(reported(result("AIDAGONE")), "web", DAILY, the_policy_says(user("ann"), new), NOW)
    assert differences(row) == {
        "AIDAANN": (None, "COMPLIANT"),
        "AIDAGONE": ("COMPLIANT", None),
        "AIDANEW": (None, "COMPLIANT"),
    }
    assert {one.user_id: one.because for one in row.users} == {
        "AIDAANN": "AWS Config has no result: no active access key",
        "AIDAGONE": "the snapshot has no such user",
        "AIDANEW": "AWS Config has no result: created after it last looked",
    }
    assert totals([row]) == Totals(accounts=1, users=1, compliant=1, differing=3)


def test_compliant_users_of_an_unreadable_account_are_undecided() -> None:
    failed = reported(result("AIDA1"), result("AIDA2", "NON_COMPLIANT"), source=Source("FAILED", None, None))
    row = account_row(failed, "web", DAILY, None, NOW)
    assert totals([row]) == Totals(accounts=1, users=2, non_compliant=1, undecided=1, unreadable=1)
