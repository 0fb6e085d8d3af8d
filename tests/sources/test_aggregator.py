"""What an aggregator is asked, and what is made of its answers."""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checker.errors import Unreadable
from checker.permissions import policy_document
from checker.sources.aggregator import Aggregator, Names, Reported, Source
from checker.sources.aws.session import ReadOnlySession
from tests.fakes.aggregators import Collected, collected
from tests.fakes.stand_ins import refuse_json
from tests.support.fixtures import NOW, Emulated

WEB, SHOP, OTHER = "111111111111", "222222222222", "333333333333"
RULE, REGION = "access-keys-rotated", "eu-west-1"
HERE = "us-east-1"  # the region of the session, in which the aggregator is
DETAILS = "GetAggregateComplianceDetailsByConfigRule"
ROWS = "DescribeAggregateComplianceByConfigRules"
MINUTE = timedelta(minutes=1)


class Aggregated:
    """An AWS in which an aggregator `all` collects from three accounts."""

    def __init__(self, emulated: Emulated, kept: Collected) -> None:
        self.faults, self.kept = emulated.faults, kept
        self.client: Any = boto3.client("config", region_name=HERE)
        self.put("all", [WEB, SHOP, OTHER])

    def put(self, name: str, accounts: list[str], regions: list[str] | None = None) -> None:
        chosen: dict[str, Any] = {"AwsRegions": regions} if regions else {"AllAwsRegions": True}
        sources = [{"AccountIds": accounts} | chosen]
        self.client.put_configuration_aggregator(ConfigurationAggregatorName=name, AccountAggregationSources=sources)

    def put_organization(self, name: str, **chosen: Any) -> None:
        source = {"RoleArn": "arn:aws:iam::111111111111:role/aggregator"} | (chosen or {"AllAwsRegions": True})
        self.client.put_configuration_aggregator(ConfigurationAggregatorName=name, OrganizationAggregationSource=source)

    def judged(self, account: str, rule: str = RULE, region: str = REGION, **compliance: str) -> None:
        for user_id, verdict in compliance.items():
            self.kept.result((account, region, rule), user_id, verdict, NOW - MINUTE)

    def open(self, name: str = "all") -> Aggregator:
        self.faults.requests.clear()
        return Aggregator(ReadOnlySession(), name, RULE, REGION)

    def verdicts(self, account: str) -> dict[str, str]:
        reported = self.open().read(account)
        assert reported.problem is None
        return {one.user_id: one.compliance for one in reported.results}


@pytest.fixture
def aws(emulated: Emulated) -> Iterator[Aggregated]:
    with ExitStack() as stack:
        yield Aggregated(emulated, stack.enter_context(collected()))


def test_an_account_without_the_rule_has_no_rule_and_no_results(aws: Aggregated) -> None:
    aws.judged(WEB, "another-rule", AIDA1="COMPLIANT")
    assert aws.open().read(WEB) == Reported(WEB, api_calls={ROWS: 1})


def test_results_are_those_of_the_account_region_and_rule(aws: Aggregated) -> None:
    aws.judged(WEB, AIDA2="NON_COMPLIANT", AIDA1="COMPLIANT")
    aws.judged(WEB, "another-rule", AIDA3="NON_COMPLIANT")
    aws.judged(WEB, region="us-west-2", AIDA4="NON_COMPLIANT")
    aws.judged(SHOP, AIDA5="NON_COMPLIANT")
    aws.kept.source(WEB, REGION)
    aws.kept.source(WEB, "us-west-2", "FAILED")
    reported = aws.open().read(WEB)
    assert [(one.user_id, one.compliance) for one in reported.results] == [
        ("AIDA1", "COMPLIANT"),
        ("AIDA2", "NON_COMPLIANT"),
    ]
    assert reported[1:2] + reported[3:] == (
        RULE,
        Source("SUCCEEDED", None, None),
        ("us-west-2",),
        None,
        {DETAILS: 1},
    )


def test_what_says_nothing_about_a_user_of_today_is_no_result(aws: Aggregated) -> None:
    where = WEB, REGION, RULE
    aws.judged(WEB, AIDA1="COMPLIANT", AIDA2="NOT_APPLICABLE")
    aws.kept.result(where, WEB, "NON_COMPLIANT", NOW, resource_type="AWS::::Account")
    aws.kept.result(where, "AIDA3", "NON_COMPLIANT", NOW, mode="PROACTIVE")
    assert aws.verdicts(WEB) == {"AIDA1": "COMPLIANT"}


def test_times_and_annotation_of_a_result(aws: Aggregated) -> None:
    aws.kept.result((WEB, REGION, RULE), "AIDA1", "NON_COMPLIANT", NOW - MINUTE, "Older than 90 days")
    (result,) = aws.open().read(WEB).results
    assert result == ("AIDA1", "NON_COMPLIANT", "Older than 90 days", NOW - MINUTE, NOW)


def test_a_result_without_any_time_has_none(aws: Aggregated) -> None:
    aws.judged(WEB, AIDA1="COMPLIANT")
    found = aws.kept.rules[WEB, REGION, RULE][0]
    del found["ConfigRuleInvokedTime"]
    assert aws.open().read(WEB).results[0].invoked_at == NOW
    del found["ResultRecordedTime"]
    assert aws.open().read(WEB).results[0][3:] == (None, None)


@pytest.mark.parametrize("newest", ["COMPLIANT", "NON_COMPLIANT"])
@pytest.mark.parametrize("newest_first", [True, False])
def test_of_two_results_of_a_user_the_newest_counts(aws: Aggregated, newest: str, newest_first: bool) -> None:
    older = "COMPLIANT" if newest == "NON_COMPLIANT" else "NON_COMPLIANT"
    found = [(older, NOW - MINUTE), (newest, NOW)]
    for compliance, moment in reversed(found) if newest_first else found:
        aws.kept.result((WEB, REGION, RULE), "AIDA1", compliance, moment)
    assert aws.verdicts(WEB) == {"AIDA1": newest}


@pytest.mark.parametrize("newest", ["NOT_APPLICABLE", "INSUFFICIENT_DATA"])
@pytest.mark.parametrize("newest_first", [True, False])
def test_no_older_result_counts_where_the_newest_is_no_verdict(
    aws: Aggregated, newest: str, newest_first: bool
) -> None:
    found = [("NON_COMPLIANT", NOW - 2 * MINUTE), ("COMPLIANT", NOW - MINUTE), (newest, NOW)]
    for compliance, moment in reversed(found) if newest_first else found:
        aws.kept.result((WEB, REGION, RULE), "AIDA1", compliance, moment)
    assert aws.verdicts(WEB) == ({} if newest == "NOT_APPLICABLE" else {"AIDA1": newest})


def test_a_result_after_one_that_was_taken_back_counts(aws: Aggregated) -> None:
    where = WEB, REGION, RULE
    aws.kept.result(where, "AIDA1", "COMPLIANT", NOW)
    aws.kept.result(where, "AIDA1", "NOT_APPLICABLE", NOW - MINUTE)
    assert aws.verdicts(WEB) == {"AIDA1": "COMPLIANT"}


def test_of_two_results_of_one_run_the_one_that_was_recorded_later_counts(aws: Aggregated) -> None:
    where = WEB, REGION, RULE
    for compliance in ("NOT_APPLICABLE", "COMPLIANT"):
        aws.kept.result(where, "AIDA1", compliance, NOW)
    aws.kept.rules[where][0]["ResultRecordedTime"] += 60
    assert aws.verdicts(WEB) == {}


@given(users=st.integers(0, 230), page=st.sampled_from([1, 7, 50, 100, 1000]), empty=st.booleans())
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_page_is_read_whatever_pages_there_are(aws: Aggregated, users: int, page: int, empty: bool) -> None:
    aws.kept.rules.clear()
    aws.kept.page, aws.kept.empty_pages = page, empty
    compliance = {f"AIDA{n:03}": "NON_COMPLIANT" if n % 3 else "COMPLIANT" for n in range(users)}
    aws.judged(WEB, **compliance)
    aws.judged(WEB, "another-rule", AIDAX="COMPLIANT")
    assert aws.verdicts(WEB) == compliance


def test_pages_are_as_large_as_aws_config_allows(aws: Aggregated) -> None:
    aws.judged(WEB, **{f"AIDA{n:03}": "COMPLIANT" for n in range(101)})
    assert aws.open().read(WEB).api_calls == {DETAILS: 2}


def test_accounts_are_found_on_every_page(aws: Aggregated) -> None:
    aws.put_organization("org")
    aws.kept.page, aws.kept.empty_pages = 2, True
    ids = [f"{n:012}" for n in range(1, 8)]
    for account_id in ids[:4]:
        aws.kept.source(account_id, REGION)
    for account_id in ids[3:]:
        aws.judged(account_id, AIDA1="COMPLIANT")
    aws.judged("999999999999", region="us-west-2", AIDA1="COMPLIANT")
    aws.kept.source("888888888888", "us-west-2")
    assert aws.open("org").accounts() == set(ids)


def test_accounts_that_the_aggregator_names_are_its_accounts(aws: Aggregated) -> None:
    assert aws.open().accounts() == {WEB, SHOP, OTHER}


@pytest.mark.parametrize(
    "name",
    [f"OrgConfigRule-{RULE}-dbgzf8ba", f"{RULE}-conformance-pack-szsm1uv0w"],
)
def test_a_decorated_name_is_the_rule_if_it_is_the_only_one(aws: Aggregated, name: str) -> None:
    aws.judged(WEB, name, AIDA1="NON_COMPLIANT")
    reported = aws.open().read(WEB)
    assert (reported.rule, len(reported.results), reported.problem) == (name, 1, None)
    assert reported.api_calls == {ROWS: 1, DETAILS: 1}


@pytest.mark.parametrize(
    "name",
    [
        f"my-{RULE}",
        f"{RULE}-prod",
        f"OrgConfigRule-my-{RULE}-dbgzf8ba",
        f"OrgConfigRule-{RULE}",
        f"{RULE}-conformance-pack-",
        RULE.upper(),
    ],
)
def test_another_name_is_another_rule(aws: Aggregated, name: str) -> None:
    aws.judged(WEB, name, AIDA1="NON_COMPLIANT")
    assert aws.open().read(WEB).rule is None


def test_a_dot_in_the_name_is_no_pattern(aws: Aggregated) -> None:
    aws.judged(WEB, "OrgConfigRule-aXb-dbgzf8ba", AIDA1="NON_COMPLIANT")
    assert Aggregator(ReadOnlySession(), "all", "a.b", REGION).read(WEB).rule is None


def test_the_rule_by_its_own_name_goes_before_decorated_ones(aws: Aggregated) -> None:
    aws.judged(WEB, f"OrgConfigRule-{RULE}-dbgzf8ba", AIDA1="NON_COMPLIANT")
    aws.judged(WEB, AIDA1="COMPLIANT")
    assert aws.verdicts(WEB) == {"AIDA1": "COMPLIANT"}


def test_two_decorated_names_leave_open_which_counts(aws: Aggregated) -> None:
    names = [f"OrgConfigRule-{RULE}-aaaa", f"{RULE}-conformance-pack-bbbb"]
    for name in names:
        aws.judged(WEB, name, AIDA1="COMPLIANT")
    reported = aws.open().read(WEB)
    assert (reported.rule, reported.results) == (None, ())
    assert f"several rules there are called after {RULE} ({', '.join(names)})" in str(reported.problem)


def test_a_failed_source_comes_before_others_of_the_account(aws: Aggregated) -> None:
    aws.kept.source(WEB, REGION, "FAILED", LastErrorCode="AccessDenied", LastErrorMessage="not authorized")
    aws.kept.source(WEB, REGION)
    assert aws.open().read(WEB).source == Source("FAILED", None, "AccessDenied: not authorized")


def test_an_organization_stands_for_accounts_that_are_no_sources_of_their_own(aws: Aggregated) -> None:
    aws.kept.source("o-abc", REGION, "FAILED", SourceType="ORGANIZATION", LastUpdateTime=NOW.timestamp())
    aws.kept.source(WEB, REGION)
    aggregator = aws.open()
    assert aggregator.organization == Source("FAILED", NOW, None)
    assert aggregator.read(WEB).source == Source("SUCCEEDED", None, None)
    assert aggregator.read(SHOP).source == aggregator.organization
    assert "o-abc" not in aggregator.accounts()


def test_a_source_without_a_status_has_not_succeeded(aws: Aggregated) -> None:
    aws.kept.statuses.append({"SourceId": WEB, "SourceType": "ACCOUNT"})
    assert aws.open().read(WEB).source == Source("FAILED", None, None)


def test_a_throttled_page_is_asked_for_again(aws: Aggregated) -> None:
    aws.kept.page = 2
    compliance = {f"AIDA{n}": "COMPLIANT" for n in range(5)}
    aws.judged(WEB, **compliance)
    aws.faults.plan(DETAILS, refuse_json("ThrottlingException"), times=3)
    assert aws.verdicts(WEB) == compliance


def test_results_that_break_off_are_none(aws: Aggregated) -> None:
    aws.kept.page = 1
    aws.judged(WEB, AIDA1="COMPLIANT", AIDA2="NON_COMPLIANT")
    aggregator = aws.open()
    aws.faults.plan(DETAILS, lambda asked: refuse_json("ThrottlingException")(asked) if "NextToken" in asked else None)
    reported = aggregator.read(WEB)
    assert (reported.rule, reported.results) == (None, ())
    assert str(reported.problem).startswith("AWS kept throttling GetAggregateComplianceDetailsByConfigRule")


def test_a_denied_account_does_not_keep_others_from_being_read(aws: Aggregated) -> None:
    aws.judged(WEB, AIDA1="COMPLIANT")
    aws.judged(SHOP, AIDA2="COMPLIANT")
    aggregator = aws.open()
    aws.faults.plan(DETAILS, refuse_json("AccessDeniedException"), times=1)
    assert "allow what `keyage permissions aggregate` prints" in str(aggregator.read(WEB).problem)
    assert len(aggregator.read(SHOP).results) == 1


def test_no_such_aggregator_names_those_that_there_are(aws: Aggregated) -> None:
    aws.put("more", [WEB])
    with pytest.raises(Unreadable) as caught:
        aws.open("al")
    assert str(caught.value) == (
        f"there is no aggregator al in {HERE}: this account has all, more there; an aggregator is looked for in the"
        " region of the session (AWS_DEFAULT_REGION, or the profile's)"
    )


def test_no_aggregator_at_all(aws: Aggregated) -> None:
    aws.client.delete_configuration_aggregator(ConfigurationAggregatorName="all")
    with pytest.raises(Unreadable, match="this account has none there"):
        aws.open()


def test_which_aggregators_there_are_may_be_a_secret_too(aws: Aggregated) -> None:
    aws.faults.plan("DescribeConfigurationAggregators", refuse_json("NoSuchConfigurationAggregatorException"), times=1)
    aws.faults.plan("DescribeConfigurationAggregators", refuse_json("AccessDeniedException"))
    with pytest.raises(Unreadable, match=r"which ones there are could not be read \(DescribeConfigurationAggregators"):
        aws.open()


@pytest.mark.parametrize(
    "operation", ["DescribeConfigurationAggregators", "DescribeConfigurationAggregatorSourcesStatus", ROWS]
)
def test_a_denied_aggregator_says_what_to_allow(aws: Aggregated, operation: str) -> None:
    aws.faults.plan(operation, refuse_json("AccessDeniedException"))
    with pytest.raises(Unreadable) as caught:
        aws.open()
    assert str(caught.value).startswith(
        f"the aggregator all in {HERE} could not be read: {operation} was denied: allow what"
        " `keyage permissions aggregate` prints"
    )


def test_an_aggregator_that_does_not_collect_from_the_region_of_the_rule_is_of_no_use(aws: Aggregated) -> None:
    aws.put("far", [WEB], ["us-west-2"])
    aws.put_organization("away", AwsRegions=["us-west-2"])
    for name in ("far", "away"):
        with pytest.raises(Unreadable, match=f"the aggregator {name} in {HERE} does not collect from {REGION}, where"):
            aws.open(name)


@pytest.mark.parametrize("name", ["near", "here"])
def test_the_region_of_the_rule_is_enough(aws: Aggregated, name: str) -> None:
    aws.put("near", [WEB], ["us-west-2", REGION])
    aws.put_organization("here", AwsRegions=[REGION])
    assert aws.open(name).region == HERE


def test_names_of_users_are_those_that_aws_config_records(aws: Aggregated) -> None:
    aws.kept.page = 1
    aws.kept.user(WEB, "AIDA1", "svc-web")
    aws.kept.user(WEB, "AIDA2", None)
    aws.kept.user(SHOP, "AIDA3", "svc-shop")
    aws.kept.user(WEB, "AIDA4", "ann")
    assert aws.open().user_names(WEB) == Names({"AIDA1": "svc-web", "AIDA4": "ann"})


def test_names_that_cannot_be_read_are_a_value(aws: Aggregated) -> None:
    aws.faults.plan("ListAggregateDiscoveredResources", refuse_json("AccessDeniedException"))
    names = aws.open().user_names(WEB)
    assert names.by_id == {}
    assert str(names.problem).startswith("ListAggregateDiscoveredResources was denied")


def test_the_printed_permissions_are_what_is_asked(aws: Aggregated) -> None:
    aws.judged(WEB, AIDA1="NON_COMPLIANT")
    aggregator = aws.open()
    aggregator.read(WEB)
    aggregator.user_names(WEB)
    by_resource = {
        statement["Resource"]: statement["Action"] for statement in policy_document("aggregate")["Statement"]
    }
    assert by_resource == {
        "*": ["config:DescribeConfigurationAggregators"],
        "arn:*:config:*:*:config-aggregator/*": sorted(
            f"config:{name}" for name in aws.faults.requests if name != "DescribeConfigurationAggregators"
        ),
    }
    assert len(aws.faults.requests) == 5
