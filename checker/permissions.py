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
DRIFT = frozenset({"drift", "organization-drift"})
CALLERS = frozenset({"organization", "organization-drift"})  # who assumes a role in every account
ORGANIZATION = CALLERS | {"inventory"}
AGGREGATE = frozenset({"aggregate"})
USERS = "arn:*:iam::*:user/*"
ROLES = "arn:*:iam::*:role/*"
FUNCTIONS = "arn:*:lambda:*:*:function:*"
AGGREGATORS = "arn:*:config:*:*:config-aggregator/*"
# What the roles that `render` makes are for: one account, an organization, and the checks of a pull request.
READ_ACCOUNT = ("check", "drift", "plan")
READ_ORGANIZATION = ("organization", "organization-drift", "plan")
READ_IN_PULL_REQUEST = ("check",)
REMEDIATING = frozenset({"remediate", "remediate-organization"})
REMEDIATE_ROLE = "keyage-remediate"  # the role that changes keys in another account, where no other is named
AUDIT_ROLE = "keyage-audit"  # the role that is assumed to read an account, where no other is named
STACK_SET = "keyage"  # its name in terraform/organization
# The other roles that `render` makes: which assumes that one, which a pipeline assumes, and which its pull requests do.
CALLER_ROLE = "keyage-organization"
PIPELINE_ROLE = "keyage-pipeline"
PULL_REQUEST_ROLE = "keyage-pull-request"
CALLS = (
    Call("sts", "GetCallerIdentity", "which account this is; needs no permission", frozenset()),
    Call("sts", "AssumeRole", "an account's own role", CALLERS, f"arn:*:iam::*:role/{AUDIT_ROLE}"),
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
        "cloudformation",
        "ListStackInstances",
        "what the StackSet could not bring up to date",
        frozenset({"organization-drift"}),
        f"arn:*:cloudformation:*:*:stackset/{STACK_SET}:*",
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

# What `rotate` may call, which changes one user and one store and reads secrets: the guard of the other verbs has none
# of it. The resources that IAM lets a policy name: service authorization reference of IAM, Secrets Manager, Systems
# Manager.
ROTATE = frozenset({"rotate"})
SECRETS = "arn:*:secretsmanager:*:*:secret:*"
PARAMETERS = "arn:*:ssm:*:*:parameter/*"
MANAGED_POLICIES = "arn:*:iam::*:policy/*"
ROTATION = (
    Call("sts", "GetCallerIdentity", "which account this is, and whether a key works", frozenset()),
    Call("iam", "ListAccountAliases", "the account's name, for policies that select by it", ROTATE),
    Call("iam", "GetUser", "the user, with tags", ROTATE, USERS),
    Call("iam", "ListGroupsForUser", "the user's groups", ROTATE, USERS),
    Call("iam", "ListAccessKeys", "the user's keys", ROTATE, USERS),
    Call("iam", "GetAccessKeyLastUsed", "whether a key is in use", ROTATE, USERS),
    Call("iam", "ListUserPolicies", "whether it is a user of SES SMTP", ROTATE, USERS),
    Call("iam", "GetUserPolicy", "whether it is a user of SES SMTP", ROTATE, USERS),
    Call("iam", "ListAttachedUserPolicies", "whether it is a user of SES SMTP", ROTATE, USERS),
    Call("iam", "GetPolicy", "whether it is a user of SES SMTP", ROTATE, MANAGED_POLICIES),
    Call("iam", "GetPolicyVersion", "whether it is a user of SES SMTP", ROTATE, MANAGED_POLICIES),
    Call("iam", "CreateAccessKey", "the new key", ROTATE, USERS),
    Call("iam", "UpdateAccessKey", "the old key inactive, or active again", ROTATE, USERS),
    Call("iam", "DeleteAccessKey", "a new key whose secret was lost", ROTATE, USERS),
    Call("iam", "TagUser", "how far the rotation is; since when the old key is inactive", ROTATE, USERS),
    Call("iam", "UntagUser", "the end of these", ROTATE, USERS),
    Call("secretsmanager", "DescribeSecret", "the versions of the secret", ROTATE, SECRETS),
    Call("secretsmanager", "GetSecretValue", "which key a version holds; the key that is proved", ROTATE, SECRETS),
    Call("secretsmanager", "CreateSecret", "the secret, where there is none of the name", ROTATE, SECRETS),
    Call("secretsmanager", "PutSecretValue", "the new key", ROTATE, SECRETS),
    Call("secretsmanager", "UpdateSecretVersionStage", "which version is current", ROTATE, SECRETS),
    Call("ssm", "DescribeParameters", "how the parameter is encrypted", ROTATE),
    Call("ssm", "GetParameter", "which key a version holds; the key that is proved", ROTATE, PARAMETERS),
    Call("ssm", "PutParameter", "the new key", ROTATE, PARAMETERS),
    Call("ssm", "LabelParameterVersion", "which version is current", ROTATE, PARAMETERS),
)

WRITE_LOG = ["logs:CreateLogStream", "logs:PutLogEvents"]
# What sends to the dead-letter queue, and what it needs of the customer key that encrypts it (Amazon SQS Developer
# Guide, "Key management": producers).
KEEP_WHAT_FAILED = {"KeepWhatFailed": ["sqs:SendMessage"], "EncryptWhatFailed": ["kms:Decrypt", "kms:GenerateDataKey"]}
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
        **KEEP_WHAT_FAILED,
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
        **KEEP_WHAT_FAILED,
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
        **KEEP_WHAT_FAILED,
    },
    "automation": {"InvokeTheFunctions": ["lambda:InvokeFunction"]},
    "pipeline": {"AssumeTheRoleOfTheOrganization": ["sts:AssumeRole"]},
    "schedule": {
        "InvokeTheFunction": ["lambda:InvokeFunction"],
        **KEEP_WHAT_FAILED,
        "DecryptTheInput": ["kms:Decrypt"],  # EventBridge Scheduler User Guide, "Encryption at rest"
    },
    # For topics of another account; those of the same account allow EventBridge themselves (EventBridge User Guide,
    # "Sending events to an AWS service in another account").
    "notices": {"TellTheTopics": ["sns:Publish"], "EncryptForTheTopics": ["kms:Decrypt", "kms:GenerateDataKey"]},
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
CATALOGUES = {"Reads": CALLS, "Changes": CHANGES, "Rotates": ROTATION}
VERBS = sorted({verb for catalogue in CATALOGUES.values() for call in catalogue for verb in call.verbs})
ALLOWED = frozenset((call.service, call.operation) for call in CALLS) | SIGN_IN
ALLOWED_TO_ROTATE = frozenset((call.service, call.operation) for call in ROTATION) | SIGN_IN


def statements(*verbs: str) -> list[dict[str, Any]]:
    """What the verbs may call, as the statements of one IAM policy."""
    return [each for does, catalogue in CATALOGUES.items() for each in _statements(does, catalogue, verbs)]


def policy_document(verb: str) -> dict[str, Any]:
    """The least-privilege IAM policy for a verb that asks AWS."""
    return {"Version": "2012-10-17", "Statement": statements(verb)}


def _statements(does: str, catalogue: Sequence[Call], verbs: Sequence[str]) -> list[dict[str, Any]]:
    wanted = [call for call in catalogue if call.verbs.intersection(verbs)]
    kinds = {(call.resource, call.condition) for call in wanted}
    return [
        _statement([call for call in wanted if (call.resource, call.condition) == kind], does)
        for kind in sorted(kinds, key=lambda kind: (kind[0] != "*", kind))
    ]


NAMES = {USERS: "Users", ROLES: "Roles", MANAGED_POLICIES: "Policies"}  # in the Sid of a statement


def _statement(calls: list[Call], does: str) -> dict[str, Any]:
    """For calls of one resource and condition."""
    resource, condition = calls[0].resource, calls[0].condition
    actions = sorted(f"{call.service}:{call.operation}" for call in calls)
    what = "TheAccount" if resource == "*" else condition or NAMES.get(resource, calls[0].service.capitalize())
    statement = {"Sid": f"Keyage{does}{what}", "Effect": "Allow", "Action": actions, "Resource": resource}
    return statement | ({"Condition": CONDITIONS[condition]} if condition else {})
