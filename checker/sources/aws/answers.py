"""What must be in an answer of AWS beside what the shipped code reads: half of one is asked for again."""

from collections.abc import Callable, Mapping
from datetime import datetime
from importlib import import_module
from typing import Any, Protocol, cast

import botocore.session

# By the names of the structures in botocore's models.
READ = {
    "GetCallerIdentityResponse": ("Account", "Arn"),
    "AssumeRoleResponse": ("Credentials",),
    "Credentials": ("AccessKeyId", "SecretAccessKey", "SessionToken"),
    "ListAccountAliasesResponse": ("AccountAliases",),
    "ListAccountsResponse": ("Accounts",),
    "ListAccountsForParentResponse": ("Accounts",),
    "Account": ("Id",),
    "ListRootsResponse": ("Roots",),
    "Root": ("Id",),
    "ListOrganizationalUnitsForParentResponse": ("OrganizationalUnits",),
    "OrganizationalUnit": ("Id",),
    "ListParentsResponse": ("Parents",),
    "Parent": ("Id",),
    "ListTagsForResourceResponse": ("Tags",),
    "DescribeConfigurationAggregatorsResponse": ("ConfigurationAggregators",),
    "ConfigurationAggregator": ("ConfigurationAggregatorName",),
    "AccountAggregationSource": ("AccountIds",),
    "DescribeConfigurationAggregatorSourcesStatusResponse": ("AggregatedSourceStatusList",),
    "AggregatedSourceStatus": ("SourceId",),
    "DescribeAggregateComplianceByConfigRulesResponse": ("AggregateComplianceByConfigRules",),
    "AggregateComplianceByConfigRule": ("ConfigRuleName", "AccountId", "AwsRegion"),
    "GetAggregateComplianceDetailsByConfigRuleResponse": ("AggregateEvaluationResults",),
    "AggregateEvaluationResult": ("EvaluationResultIdentifier", "ComplianceType"),
    "ListAggregateDiscoveredResourcesResponse": ("ResourceIdentifiers",),
    "AggregateResourceIdentifier": ("ResourceId",),
    "DescribeConfigRulesResponse": ("ConfigRules",),
    "DescribeRemediationConfigurationsResponse": ("RemediationConfigurations",),
    "RemediationConfiguration": ("TargetId",),
    "GetFunctionResponse": ("Configuration",),
    "GetDocumentResult": ("Content",),
    "GetScheduleOutput": ("Target",),
}


class _WholeAnswers(Protocol):
    """checker.rules.whole_answers"""

    def ask_again(
        self,
        session: botocore.session.Session,
        read: Mapping[str, tuple[str, ...]],
        *,
        timestamp_parser: Callable[[Any], datetime],
    ) -> None: ...


_shipped = cast("_WholeAnswers", import_module("checker.rules.whole_answers"))


def ask_again(session: botocore.session.Session, moment: Callable[[Any], datetime]) -> None:
    """Let every client of the session ask again for half an answer, as after a 500; `moment` reads its times.

    What stays half raises botocore's ResponseParserError, whatever was wrong with it.
    """
    _shipped.ask_again(session, READ, timestamp_parser=moment)
