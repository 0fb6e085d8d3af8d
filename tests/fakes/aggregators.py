"""A stand-in for what moto's AWS Config lacks: what a configuration aggregator has collected.

The aggregators themselves are moto's. What they hold is put here by the tests; it is given out in pages as AWS
Config does: at most as many as it allows, an empty page in between if asked for, a token to the next.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from unittest.mock import patch

from moto.config.exceptions import (
    InvalidLimitException,
    InvalidNextTokenException,
    NoSuchConfigurationAggregatorException,
)
from moto.config.responses import ConfigResponse

USER_TYPE = "AWS::IAM::User"
MOST_CONTRIBUTORS = 25  # as far as AWS Config counts the resources that make a rule non-compliant
MEMBERS = {
    "describe_configuration_aggregator_sources_status": ("AggregatedSourceStatusList", 100, 100),
    "describe_aggregate_compliance_by_config_rules": ("AggregateComplianceByConfigRules", 1000, 1000),
    "get_aggregate_compliance_details_by_config_rule": ("AggregateEvaluationResults", 50, 100),
    "list_aggregate_discovered_resources": ("ResourceIdentifiers", 100, 100),
}  # what a page holds, how many of them unless told, and at most

Entry = dict[str, Any]


@dataclass
class Collected:
    """What the aggregators of the emulated AWS have collected; every aggregator has the same."""

    page: int = 1000  # entries at most, whatever larger number is asked for
    empty_pages: bool = False  # before each page there is an empty one
    statuses: list[Entry] = field(default_factory=list)
    rules: dict[tuple[str, str, str], list[Entry]] = field(default_factory=dict)  # by account, region and rule
    unjudged: list[tuple[str, str, str]] = field(default_factory=list)  # rules shown without a result
    users: list[Entry] = field(default_factory=list)

    def source(self, account: str, region: str, status: str = "SUCCEEDED", **others: Any) -> None:
        """A source, as it was last collected."""
        source = {"SourceId": account, "SourceType": "ACCOUNT", "AwsRegion": region, "LastUpdateStatus": status}
        self.statuses.append(source | others)

    def result(
        self,
        where: tuple[str, str, str],
        user_id: str,
        compliance: str,
        invoked: datetime,
        annotation: str | None = None,
        *,
        resource_type: str = USER_TYPE,
        mode: str = "DETECTIVE",
    ) -> None:
        """A result of the rule `where` (account, region, rule)."""
        account, region, rule = where
        qualifier = {
            "ConfigRuleName": rule,
            "ResourceType": resource_type,
            "ResourceId": user_id,
            "EvaluationMode": mode,
        }
        moment = invoked.timestamp()
        found = {
            "EvaluationResultIdentifier": {"EvaluationResultQualifier": qualifier, "OrderingTimestamp": moment},
            "ComplianceType": compliance,
            "ResultRecordedTime": moment + 60,
            "ConfigRuleInvokedTime": moment,
            "AccountId": account,
            "AwsRegion": region,
        }
        self.rules.setdefault(where, []).append(found | ({"Annotation": annotation} if annotation else {}))

    def user(self, account: str, user_id: str, name: str | None) -> None:
        """A user as AWS Config records one."""
        resource = {
            "SourceAccountId": account,
            "SourceRegion": "us-east-1",
            "ResourceId": user_id,
            "ResourceType": USER_TYPE,
        }
        self.users.append(resource | ({"ResourceName": name} if name else {}))


@contextmanager
def collected() -> Iterator[Collected]:
    """While it lasts moto's aggregators give out what the tests put; yields it."""
    kept = Collected()
    listings: dict[str, Callable[[Entry], list[Entry]]] = {
        "describe_configuration_aggregator_sources_status": lambda _asked: kept.statuses,
        "describe_aggregate_compliance_by_config_rules": lambda asked: _compliance(kept, asked.get("Filters", {})),
        "get_aggregate_compliance_details_by_config_rule": lambda asked: _details(kept, asked),
        "list_aggregate_discovered_resources": lambda asked: _users(kept, asked),
    }
    with ExitStack() as stack:
        for name, listing in listings.items():
            stack.enter_context(patch.object(ConfigResponse, name, _paged(kept, name, listing), create=True))
        yield kept


def _paged(kept: Collected, name: str, listing: Callable[[Entry], list[Entry]]) -> Callable[[Any], str]:
    member, usual, most = MEMBERS[name]

    def respond(call: Any) -> str:
        asked = json.loads(call.body)
        if asked["ConfigurationAggregatorName"] not in call.config_backend.config_aggregators:
            raise NoSuchConfigurationAggregatorException
        limit = asked.get("Limit") or usual
        if limit > most:
            raise InvalidLimitException(limit)
        page, token = _page(listing(asked), min(limit, kept.page), asked.get("NextToken"), empty=kept.empty_pages)
        return json.dumps({member: page} | ({"NextToken": token} if token else {}))

    return respond


def _page(entries: Sequence[Entry], size: int, token: str | None, *, empty: bool) -> tuple[Sequence[Entry], str | None]:
    """A page and the token of the next; tokens are `empty` or `full` and where the page starts."""
    kind, _, start = (token or f"{'empty' if empty else 'full'}-0").partition("-")
    if kind not in ("empty", "full") or not start.isdecimal():
        raise InvalidNextTokenException
    if kind == "empty":
        return [], f"full-{start}"
    end = int(start) + size
    following = f"{'empty' if empty else 'full'}-{end}" if end < len(entries) else None
    return entries[int(start) : end], following


def _compliance(kept: Collected, filters: Entry) -> list[Entry]:
    """Rules without a result are not displayed (DescribeAggregateComplianceByConfigRules)."""
    rows = [_row(where, kept.rules[where]) for where in kept.rules if _standing(kept.rules[where])]
    rows += [_row(where, []) for where in kept.unjudged]
    names = ("AccountId", "AwsRegion", "ConfigRuleName")
    return [row for row in rows if all(row[name] == filters.get(name, row[name]) for name in names)]


def _standing(results: list[Entry]) -> list[Entry]:
    return [one for one in results if one["ComplianceType"] != "NOT_APPLICABLE"]


def _row(where: tuple[str, str, str], results: list[Entry]) -> Entry:
    account, region, rule = where
    bad = sum(one["ComplianceType"] == "NON_COMPLIANT" for one in results)
    kind = "NON_COMPLIANT" if bad else "COMPLIANT" if results else "INSUFFICIENT_DATA"
    count = {"CappedCount": min(bad, MOST_CONTRIBUTORS), "CapExceeded": bad > MOST_CONTRIBUTORS}
    compliance: Entry = {"ComplianceType": kind} | ({"ComplianceContributorCount": count} if bad else {})
    return {"ConfigRuleName": rule, "Compliance": compliance, "AccountId": account, "AwsRegion": region}


def _details(kept: Collected, asked: Entry) -> list[Entry]:
    where = asked["AccountId"], asked["AwsRegion"], asked["ConfigRuleName"]
    results = kept.rules.get(where, [])
    return [one for one in results if one["ComplianceType"] == asked.get("ComplianceType", one["ComplianceType"])]


def _users(kept: Collected, asked: Entry) -> list[Entry]:
    account = asked.get("Filters", {}).get("AccountId")
    return [user for user in kept.users if account in (None, user["SourceAccountId"])]
