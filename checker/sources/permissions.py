"""Every AWS call that keyage may make, and which verb needs it: one catalogue for guard and policy.

Actions, resources: the service authorization reference for AWS Identity and Access Management.
"""

from typing import Any, NamedTuple


class Call(NamedTuple):
    """An API operation and what it is for; `verbs` are those whose IAM policy must allow it."""

    service: str
    operation: str
    purpose: str
    verbs: frozenset[str]
    on_users: bool = False  # IAM lets a policy name the users


READERS = frozenset({"check", "snapshot"})
CALLS = (
    Call("sts", "GetCallerIdentity", "which account this is; needs no permission", frozenset()),
    Call("iam", "GenerateCredentialReport", "who has keys, in one report", READERS),
    Call("iam", "GetCredentialReport", "who has keys, in one report", READERS),
    Call("iam", "ListUsers", "the users, their ids and when they were created", READERS),
    Call("iam", "ListAccountAliases", "the account's name, where the inventory has none", READERS),
    Call("iam", "ListAccessKeys", "key ids and CreateDate, of users with keys", READERS, on_users=True),
    Call("iam", "ListUserTags", "tags, for policies that select users by tag", READERS, on_users=True),
)

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
ALLOWED = frozenset((call.service, call.operation) for call in CALLS) | SIGN_IN


def policy_document(verb: str) -> dict[str, Any]:
    """The least-privilege IAM policy for a verb that reads live IAM."""
    wanted = [call for call in CALLS if verb in call.verbs]
    return {
        "Version": "2012-10-17",
        "Statement": [
            _statement("KeyageReadsTheAccount", [call for call in wanted if not call.on_users], "*"),
            _statement("KeyageReadsUsers", [call for call in wanted if call.on_users], "arn:*:iam::*:user/*"),
        ],
    }


def _statement(sid: str, calls: list[Call], resource: str) -> dict[str, Any]:
    actions = sorted(f"{call.service}:{call.operation}" for call in calls)
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}
