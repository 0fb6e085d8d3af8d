"""What AWS Config said of the users of many accounts, read from a configuration aggregator in one place.

AWS Config API Reference: an aggregator gives out COMPLIANT and NON_COMPLIANT results only, a page may be
empty and not the last, and rules without a result are not listed at all.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from checker.errors import Unreadable
from checker.sources.aws.failures import FAILURES, explain
from checker.sources.aws.reader import listing
from checker.sources.aws.session import ReadOnlySession

USER_TYPE = "AWS::IAM::User"
FAILED = "FAILED"  # AWS Config could not move the account's data into the aggregator
SUCCEEDED = "SUCCEEDED"
WITHDRAWN = "NOT_APPLICABLE"  # how a rule takes a result back
RESULTS_A_PAGE = 100  # the most that GetAggregateComplianceDetailsByConfigRule gives; it gives 50 unless told
# How AWS Config decorates the names of rules that organization rules and conformance packs make
# (AWS Audit Manager API Reference, SourceKeyword).
DECORATED = ("OrgConfigRule-{name}-[a-z0-9]+", "{name}-conformance-pack-[a-z0-9]+")


class Result(NamedTuple):
    """What AWS Config said of one user, and when; UTC."""

    user_id: str
    compliance: str
    annotation: str | None
    invoked_at: datetime | None  # when the rule judged the user
    recorded_at: datetime | None  # when AWS Config recorded that


class Source(NamedTuple):
    """How the aggregator last collected from a source."""

    status: str  # SUCCEEDED, OUTDATED or FAILED
    updated_at: datetime | None
    error: str | None


class Reported(NamedTuple):
    """What the aggregator has of the rule in one account."""

    account_id: str
    rule: str | None = None  # the rule's name there; None: no rule of that name has a result
    results: tuple[Result, ...] = ()  # by user id
    source: Source | None = None  # None: the aggregator names no such source
    elsewhere: tuple[str, ...] = ()  # other regions in which the rule has a result
    problem: str | None = None  # why the results could not be read; there are none then
    api_calls: Mapping[str, int] = {}


class Names(NamedTuple):
    """Names of users, by id."""

    by_id: Mapping[str, str]
    problem: str | None = None  # why there are none


class Aggregator:
    """One aggregator and one rule in one region; safe to share between threads."""

    def __init__(self, session: ReadOnlySession, name: str, rule: str, rule_region: str) -> None:
        """Reads what there is to read at once; raises Unreadable, with what to do.

        The aggregator is looked for in the session's region, the results are those of `rule_region`.
        """
        self._client = session.client("config")
        self.name = name
        self.region: str = self._client.meta.region_name
        self._rule, self._rule_region = rule, rule_region
        try:
            aggregator = self._client.describe_configuration_aggregators(ConfigurationAggregatorNames=[name])
            self._members = self._collected(aggregator["ConfigurationAggregators"][0])
            listed = self._pages("describe_configuration_aggregator_sources_status", "AggregatedSourceStatusList")
            self._sources, self.organization = self._statuses(listed)
            self._regions = self._regions_by_account()
        except FAILURES as error:
            raise Unreadable(self._explain(error)) from None

    def accounts(self) -> set[str]:
        """The accounts that the aggregator collects from in the rule's region, or has a result of."""
        reporting = {account for account, regions in self._regions.items() if self._rule_region in regions}
        return {*self._members, *self._sources, *reporting}

    def read(self, account_id: str) -> Reported:
        """Every result in an account; what fails comes back as a value."""
        counted: dict[str, int] = {}
        regions = self._regions.get(account_id, set())
        known = Reported(
            account_id,
            source=self._sources.get(account_id, self.organization),
            elsewhere=tuple(sorted(regions - {self._rule_region})),
            api_calls=counted,
        )
        try:
            rules = [self._rule] if self._rule_region in regions else self._decorated(account_id, counted)
            if len(rules) > 1:
                return known._replace(problem=self._ambiguous(rules))
            if not rules:
                return known
            return known._replace(rule=rules[0], results=self._results(account_id, rules[0], counted))
        except FAILURES as error:
            return known._replace(problem=explain(error))

    def user_names(self, account_id: str) -> Names:
        """The names of users, as far as AWS Config records users there; what fails comes back as a value."""
        listed = self._pages(
            "list_aggregate_discovered_resources",
            "ResourceIdentifiers",
            ResourceType=USER_TYPE,
            Filters={"AccountId": account_id},
        )
        try:
            return Names({user["ResourceId"]: user["ResourceName"] for user in listed if user.get("ResourceName")})
        except FAILURES as error:
            return Names({}, explain(error))

    def _pages(
        self, operation: str, member: str, counted: dict[str, int] | None = None, **arguments: Any
    ) -> Iterator[dict[str, Any]]:
        """The entries of every page."""
        paginator = self._client.get_paginator(operation)
        called = self._client.meta.method_to_api_mapping[operation]
        for page in paginator.paginate(ConfigurationAggregatorName=self.name, **arguments):
            if counted is not None:
                counted[called] = counted.get(called, 0) + 1
            yield from page[member]

    def _collected(self, aggregator: Mapping[str, Any]) -> frozenset[str]:
        """The accounts that an aggregator names, none for that of an organization; raises Unreadable.

        It has either a list of accounts or an organization (PutConfigurationAggregator).
        """
        accounts = aggregator.get("AccountAggregationSources", [])
        organization = aggregator.get("OrganizationAggregationSource")
        chosen = [*accounts, *([organization] if organization else [])]
        if not any(
            source.get("AllAwsRegions") or self._rule_region in source.get("AwsRegions", ()) for source in chosen
        ):
            raise Unreadable(
                f"the aggregator {self.name} in {self.region} does not collect from {self._rule_region}, where"
                " deploy.region puts the rule: add that region to the aggregator, or name another aggregator"
            )
        return frozenset(account for source in accounts for account in source["AccountIds"])

    def _statuses(self, listed: Iterator[Mapping[str, Any]]) -> tuple[dict[str, Source], Source | None]:
        """The sources in the rule's region by account, and the organization, if it is one; a failure goes first."""
        accounts: dict[str, Source] = {}
        organization: Source | None = None
        for status in listed:
            if status.get("AwsRegion", self._rule_region) != self._rule_region:
                continue
            error = ": ".join(status[part] for part in ("LastErrorCode", "LastErrorMessage") if status.get(part))
            source = Source(status.get("LastUpdateStatus", FAILED), _utc(status.get("LastUpdateTime")), error or None)
            if status.get("SourceType") == "ORGANIZATION":
                organization = _worse(organization, source)
            else:
                accounts[status["SourceId"]] = _worse(accounts.get(status["SourceId"]), source)
        return accounts, organization

    def _regions_by_account(self) -> dict[str, set[str]]:
        """Where the rule has results, by its own name."""
        regions: dict[str, set[str]] = {}
        filters = {"ConfigRuleName": self._rule}
        rows = self._pages(
            "describe_aggregate_compliance_by_config_rules", "AggregateComplianceByConfigRules", Filters=filters
        )
        for row in rows:
            if row["ConfigRuleName"] == self._rule:
                regions.setdefault(row["AccountId"], set()).add(row["AwsRegion"])
        return regions

    def _decorated(self, account_id: str, counted: dict[str, int]) -> list[str]:
        """The names of rules there that AWS Config made from one of ours."""
        patterns = [re.compile(pattern.format(name=re.escape(self._rule))) for pattern in DECORATED]
        rows = self._pages(
            "describe_aggregate_compliance_by_config_rules",
            "AggregateComplianceByConfigRules",
            counted,
            Filters={"AccountId": account_id, "AwsRegion": self._rule_region},
        )
        names = {row["ConfigRuleName"] for row in rows}
        if self._rule in names:
            return [self._rule]
        return sorted(name for name in names if any(pattern.fullmatch(name) for pattern in patterns))

    def _results(self, account_id: str, rule: str, counted: dict[str, int]) -> tuple[Result, ...]:
        """The newest result of each user, unless it was taken back; pages may shift while they are read."""
        newest: dict[str, Result] = {}
        evaluations = self._pages(
            "get_aggregate_compliance_details_by_config_rule",
            "AggregateEvaluationResults",
            counted,
            ConfigRuleName=rule,
            AccountId=account_id,
            AwsRegion=self._rule_region,
            PaginationConfig={"PageSize": RESULTS_A_PAGE},
        )
        for result in filter(None, map(_result, evaluations)):
            before = newest.get(result.user_id)
            if before is None or _moments(before) <= _moments(result):
                newest[result.user_id] = result
        return tuple(result for _id, result in sorted(newest.items()) if result.compliance != WITHDRAWN)

    def _ambiguous(self, rules: list[str]) -> str:
        return (
            f"several rules there are called after {self._rule} ({', '.join(rules)}), so it is open which one counts:"
            " keep one of them, or deploy the rule under its own name"
        )

    def _explain(self, error: Exception) -> str:
        if hasattr(error, "response") and listing.error_code(error) == "NoSuchConfigurationAggregatorException":
            return (
                f"there is no aggregator {self.name} in {self.region}: {self._there_are()}; an aggregator is looked for"
                " in the region of the session (AWS_DEFAULT_REGION, or the profile's)"
            )
        return f"the aggregator {self.name} in {self.region} could not be read: {explain(error)}"

    def _there_are(self) -> str:
        pages: Callable[[], Any] = self._client.get_paginator("describe_configuration_aggregators").paginate
        try:
            names = sorted(
                aggregator["ConfigurationAggregatorName"]
                for page in pages()
                for aggregator in page["ConfigurationAggregators"]
            )
        except FAILURES as error:
            return f"which ones there are could not be read ({explain(error)})"
        return f"this account has {', '.join(names)} there" if names else "this account has none there"


def _worse(before: Source | None, source: Source) -> Source:
    return before if before is not None and before.status == FAILED else source


def _result(evaluation: Mapping[str, Any]) -> Result | None:
    """What a rule said, or that it took it back; None for what is not about a user as it is."""
    subject = evaluation["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
    detective = subject.get("EvaluationMode", "DETECTIVE") == "DETECTIVE"
    if subject["ResourceType"] != USER_TYPE or not detective:
        return None
    return Result(
        subject["ResourceId"],
        evaluation["ComplianceType"],
        evaluation.get("Annotation"),
        _utc(evaluation.get("ConfigRuleInvokedTime") or evaluation.get("ResultRecordedTime")),
        _utc(evaluation.get("ResultRecordedTime")),
    )


def _moments(result: Result) -> tuple[datetime, datetime]:
    never = datetime.min.replace(tzinfo=UTC)
    return result.invoked_at or never, result.recorded_at or never


def _utc(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC) if moment else None
