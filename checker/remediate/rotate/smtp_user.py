"""Whether a user sends mail through the SMTP interface of Amazon SES, whose password is made from the secret."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from checker.decision import User
from checker.sources.aws.reader import listing

# What the console of Amazon SES makes (developer guide, "Obtaining Amazon SES SMTP credentials").
NAME, GROUP = "ses-smtp-user.", "AWSSESSendingGroupDoNotRename"
ACTION = "ses:sendrawemail"


def why_smtp_user(iam: Any, user: User) -> str | None:
    """What tells that somebody may send mail with a password made from this user's secret; None: nothing does."""
    if user.name.startswith(NAME):
        return f"its name begins with {NAME}, as those that Amazon SES makes"
    if GROUP in (user.groups if user.groups is not None else listing.groups_of(iam, user.name)):
        return f"it is in the group {GROUP}, which Amazon SES makes"
    for name, document in _policies(iam, user.name):
        if _allows_to_send(document):
            return f"its policy {name} allows ses:SendRawEmail"
    return None


def _policies(iam: Any, name: str) -> Iterator[tuple[str, Any]]:
    for page in iam.get_paginator("list_user_policies").paginate(UserName=name):
        for policy in page["PolicyNames"]:
            yield policy, iam.get_user_policy(UserName=name, PolicyName=policy)["PolicyDocument"]
    for page in iam.get_paginator("list_attached_user_policies").paginate(UserName=name):
        for attached in page["AttachedPolicies"]:
            arn = attached["PolicyArn"]
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            answer = iam.get_policy_version(PolicyArn=arn, VersionId=version)
            yield attached["PolicyName"], answer["PolicyVersion"]["Document"]


def _allows_to_send(document: Any) -> bool:
    """Whether a statement allows the action by name: one that allows everything says nothing of mail."""
    statements = document.get("Statement", []) if isinstance(document, Mapping) else []
    return any(
        str(action).lower() == ACTION
        for statement in _several(statements)
        if isinstance(statement, Mapping) and statement.get("Effect") == "Allow"
        for action in _several(statement.get("Action", []))
    )


def _several(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
