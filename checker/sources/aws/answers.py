"""What must be in an answer of AWS beside what the shipped code reads: half of one is asked for again."""

from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

import botocore.session

if TYPE_CHECKING:
    from rules import whole_answers
else:
    whole_answers = import_module("checker.rules.whole_answers")

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
    "DescribeConfigurationRecordersResponse": ("ConfigurationRecorders",),
    "DescribeConfigurationRecorderStatusResponse": ("ConfigurationRecordersStatus",),
    "ListStackInstancesOutput": ("Summaries",),
    "ListFunctionsResponse": ("Functions",),
    "GetPolicyResponse": ("Policy",),
    "FunctionEventInvokeConfig": ("FunctionArn",),
    "ListDocumentsResult": ("DocumentIdentifiers",),
    "ListSchedulesOutput": ("Schedules",),
    "GetRoleResponse": ("Role",),
    "GetRolePolicyResponse": ("PolicyDocument",),
    "ListRolePoliciesResponse": ("PolicyNames",),
    "ListAttachedRolePoliciesResponse": ("AttachedPolicies",),
    "CreateAccessKeyResponse": ("AccessKey",),
    "AccessKey": ("UserName", "AccessKeyId", "SecretAccessKey"),
    "ListUserPoliciesResponse": ("PolicyNames",),
    "GetUserPolicyResponse": ("PolicyDocument",),
    "ListAttachedUserPoliciesResponse": ("AttachedPolicies",),
    "AttachedPolicy": ("PolicyArn",),
    "GetPolicyVersionResponse": ("PolicyVersion",),
    "DescribeSecretResponse": ("Name",),
    "CreateSecretResponse": ("Name",),
    "UpdateSecretVersionStageResponse": ("Name",),
    "LabelParameterVersionResult": ("ParameterVersion",),
    "GetSecretValueResponse": ("VersionId",),
    "PutSecretValueResponse": ("VersionId",),
    "GetParameterResult": ("Parameter",),
    "Parameter": ("Type", "Value", "Version"),
    "PutParameterResult": ("Version",),
    "DescribeParametersResult": ("Parameters",),
}


def ask_again(session: botocore.session.Session, moment: Callable[[Any], datetime]) -> None:
    """Let every client of the session ask again for half an answer, as after a 500; `moment` reads its times.

    What stays half raises botocore's ResponseParserError, whatever was wrong with it.
    """
    whole_answers.ask_again(session, READ, timestamp_parser=moment)
