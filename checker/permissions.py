"""Every AWS call that keyage may make, and what needs it: one catalogue for the guard, the policies and the templates.

Actions, resources: the service authorization reference of each service.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Call(NamedTuple):
    """An API operation and what it is for; `verbs` are those whose IAM policy must allow it."""

    service: str
    operation: str
    purpose: str
    verbs: frozenset[str]
    resource: str = "*"  # what IAM lets a policy name
    condition: str = ""  # which of CONDITIONS narrows it


READERS = frozenset({"check", "snapshot", "organization", "plan"})
KEYS = READERS | {"init"}
PLAN = frozenset({"plan"})
DRIFT = frozenset({"drift"})
ORGANIZATION = frozenset({"organization", "inventory"})
AGGREGATE = frozenset({"aggregate"})
USERS = "arn:*:iam::*:user/*"
ROLES = "arn:*:iam::*:role/*"
FUNCTIONS = "arn:*:lambda:*:*:function:*"
AGGREGATORS = "arn:*:config:*:*:config-aggregator/*"
REMEDIATING = frozenset({"remediate", "remediate-organization"})
REMEDIATE_ROLE = "keyage-remediate"  # the role that `remediate apply` assumes, where no other is named
AUDIT_ROLE = "keyage-audit"  # the role that `check --organization` assumes, where no other is named
# The other roles that `render` makes: which assumes that one, which a pipeline assumes, and which its pull requests do.
CALLER_ROLE = "keyage-organization"
PIPELINE_ROLE = "keyage-pipeline"
PULL_REQUEST_ROLE = "keyage-pull-request"
CALLS = (
    Call("sts", "GetCallerIdentity", "which account this is; needs no permission", frozenset()),
    Call("sts", "AssumeRole", "an account's own role", frozenset({"organization"}), f"arn:*:iam::*:role/{AUDIT_ROLE}"),
    Call(
        "sts",
        "AssumeRole",
        "an account's role that may change keys",
        frozenset({"remediate-organization"}),
        f"arn:*:iam::*:role/{REMEDIATE_ROLE}",
    ),
    Call("organizations", "ListAccounts", "the accounts and their names", ORGANIZATION),
    Call("organizations", "ListRoots", "OUs", ORGANIZATION),
    Call("organizations", "ListOrganizationalUnitsForParent", "OUs", ORGANIZATION),
    Call("organizations", "ListAccountsForParent", "which OU an account is in", ORGANIZATION),
    Call("organizations", "ListParents", "which OU an account was moved to meanwhile", ORGANIZATION),
    Call("organizations", "ListTagsForResource", "the tags of accounts", ORGANIZATION),
    Call("iam", "GenerateCredentialReport", "who has keys, in one report", KEYS),
    Call("iam", "GetCredentialReport", "who has keys, in one report", KEYS),
    Call("iam", "ListUsers", "the users, their ids and when they were created", KEYS),
    Call(
        "iam",
        "GetAccountAuthorizationDetails",
        "the users with their tags and groups, for policies that select by them",
        READERS,
    ),
    Call("iam", "ListAccountAliases", "the account's name, where the inventory has none", READERS | DRIFT),
    Call("iam", "ListAccessKeys", "key ids and CreateDate, of users with keys", KEYS | REMEDIATING, USERS),
    Call("iam", "ListUserTags", "tags, where GetAccountAuthorizationDetails is denied", READERS, USERS),
    Call(
        "iam",
        "ListGroupsForUser",
        "groups, where GetAccountAuthorizationDetails is denied",
        READERS | REMEDIATING,
        USERS,
    ),
    Call(
        "iam",
        "GetAccessKeyLastUsed",
        "whether a key is in use, where it would be changed",
        PLAN | REMEDIATING,
        USERS,
    ),
    Call("iam", "GetUser", "who has the name, and which marks, before a key is changed", REMEDIATING, USERS),
    Call("config", "DescribeConfigRules", "the deployed rule", DRIFT),
    Call(
        "config",
        "DescribeRemediationConfigurations",
        "the deployed remediation",
        DRIFT,
        "arn:*:config:*:*:remediation-configuration/*",
    ),
    Call("config", "DescribeConfigurationAggregators", "the aggregator and its regions", AGGREGATE),
    Call(
        "config",
        "DescribeConfigurationAggregatorSourcesStatus",
        "how each account was collected",
        AGGREGATE,
        AGGREGATORS,
    ),
    Call("config", "DescribeAggregateComplianceByConfigRules", "where the rule has results", AGGREGATE, AGGREGATORS),
    Call("config", "GetAggregateComplianceDetailsByConfigRule", "the result of each user", AGGREGATE, AGGREGATORS),
    Call("config", "ListAggregateDiscoveredResources", "the names of users", AGGREGATE, AGGREGATORS),
    Call("config", "DescribeConfigurationRecorders", "whether there is a recorder", DRIFT),
    Call("config", "DescribeConfigurationRecorderStatus", "whether it records", DRIFT),
    Call("lambda", "ListFunctions", "which functions are keyage's", DRIFT),
    Call("lambda", "GetFunction", "the deployed code", DRIFT, FUNCTIONS),
    Call("lambda", "GetFunctionEventInvokeConfig", "how often a function is tried again", DRIFT, FUNCTIONS),
    Call("lambda", "GetPolicy", "whether AWS Config may invoke it", DRIFT, FUNCTIONS),
    Call("ssm", "ListDocuments", "which documents are keyage's", DRIFT),
    Call("ssm", "GetDocument", "the deployed document", DRIFT, "arn:*:ssm:*:*:document/*"),
    Call("scheduler", "ListSchedules", "which schedules are keyage's", DRIFT),
    Call("scheduler", "GetSchedule", "the deployed deletion", DRIFT, "arn:*:scheduler:*:*:schedule/*/*"),
    Call("iam", "GetRole", "who may assume a deployed role", DRIFT, ROLES),
    Call("iam", "ListRolePolicies", "what a deployed role may do", DRIFT, ROLES),
    Call("iam", "GetRolePolicy", "what a deployed role may do", DRIFT, ROLES),
    Call("iam", "ListAttachedRolePolicies", "what a deployed role may do", DRIFT, ROLES),
)
# By the end of the Sid. aws:TagKeys has the tags of a request; without any a ForAllValues is true, hence the Null.
CONDITIONS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "Marks": {
        "ForAllValues:StringLike": {"aws:TagKeys": "keyage:inactive-since:*"},
        "Null": {"aws:TagKeys": "false"},
    }
}
# What changes something; the session of `check` takes none of them.
CHANGES = (
    Call("iam", "UpdateAccessKey", "deactivate a key, and switch it on again", REMEDIATING, USERS),
    Call("iam", "DeleteAccessKey", "delete a key that was inactive for long enough", REMEDIATING, USERS),
    Call("iam", "TagUser", "since when a key is inactive", REMEDIATING, USERS, "Marks"),
    Call("iam", "UntagUser", "take that away again", REMEDIATING, USERS, "Marks"),
)

WRITE_LOG = ["logs:CreateLogStream", "logs:PutLogEvents"]
# What is deployed may call, by piece and by the Sid of the statement that allows it; the templates say on what.
DEPLOYED: Mapping[str, Mapping[str, Sequence[str]]] = {
    "evaluation": {
        "WhatHasNoResource": [
            "config:PutEvaluations",
            "iam:GenerateCredentialReport",
            "iam:GetAccountAuthorizationDetails",
            "iam:GetCredentialReport",
            "iam:ListUsers",
        ],
        "ReadAccessKeys": ["iam:ListAccessKeys", "iam:ListGroupsForUser", "iam:ListUserTags"],
        "ReadWhatWasReported": ["config:GetComplianceDetailsByConfigRule"],
        "WriteLog": WRITE_LOG,
    },
    "deactivation": {
        "WhatHasNoResource": ["config:ListDiscoveredResources", "iam:ListUsers"],
        "ReadAndDeactivate": [
            "iam:GetAccessKeyLastUsed",
            "iam:GetUser",
            "iam:ListAccessKeys",
            "iam:ListGroupsForUser",
            "iam:UpdateAccessKey",
        ],
        "RememberSinceWhenAKeyIsInactive": ["iam:TagUser", "iam:UntagUser"],
        "WriteLog": WRITE_LOG,
    },
    "deletion": {
        "WhatHasNoResource": ["iam:ListUsers"],
        "ReadAndDelete": [
            "iam:DeleteAccessKey",
            "iam:GetAccessKeyLastUsed",
            "iam:GetUser",
            "iam:ListAccessKeys",
            "iam:ListGroupsForUser",
        ],
        "RememberSinceWhenAKeyIsInactive": ["iam:TagUser", "iam:UntagUser"],
        "WriteLog": WRITE_LOG,
    },
    "automation": {"InvokeTheFunctions": ["lambda:InvokeFunction"]},
    "schedule": {"InvokeTheFunction": ["lambda:InvokeFunction"]},
    "pipeline": {"AssumeTheRoleOfTheOrganization": ["sts:AssumeRole"]},
}

# What botocore's own credential providers call on behalf of the profile: signing in, not reading.
SIGN_IN = frozenset(
    {
        ("sts", "AssumeRole"),
        ("sts", "AssumeRoleWithSAML"),
        ("sts", "AssumeRoleWithWebIdentity"),
        ("sso", "GetRoleCredentials"),
        ("sso-oidc", "CreateToken"),
        ("signin", "CreateOAuth2Token"),
    }
)
VERBS = sorted({verb for call in (*CALLS, *CHANGES) for verb in call.verbs})
ALLOWED = frozenset((call.service, call.operation) for call in CALLS) | SIGN_IN


def actions(verb: str) -> dict[str, list[str]]:
    """What a verb may call, by the Sid of the statement that allows it; the templates say on what."""
    return {statement["Sid"]: statement["Action"] for statement in policy_document(verb)["Statement"]}


def policy_document(verb: str) -> dict[str, Any]:
    """The least-privilege IAM policy for a verb that asks AWS."""
    return {"Version": "2012-10-17", "Statement": [*_statements(CALLS, verb), *_statements(CHANGES, verb)]}


def _statements(catalogue: Sequence[Call], verb: str) -> list[dict[str, Any]]:
    wanted = [call for call in catalogue if verb in call.verbs]
    kinds = {(call.resource, call.condition) for call in wanted}
    does = "Changes" if catalogue is CHANGES else "Reads"
    return [
        _statement([call for call in wanted if (call.resource, call.condition) == kind], does)
        for kind in sorted(kinds, key=lambda kind: (kind[0] != "*", kind))
    ]


def _statement(calls: list[Call], does: str) -> dict[str, Any]:
    """For calls of one resource and condition."""
    resource, condition = calls[0].resource, calls[0].condition
    actions = sorted(f"{call.service}:{call.operation}" for call in calls)
    what = (
        "TheAccount"
        if resource == "*"
        else condition or {USERS: "Users", ROLES: "Roles"}.get(resource, calls[0].service.capitalize())
    )
    statement = {"Sid": f"Keyage{does}{what}", "Effect": "Allow", "Action": actions, "Resource": resource}
    return statement | ({"Condition": CONDITIONS[condition]} if condition else {})
