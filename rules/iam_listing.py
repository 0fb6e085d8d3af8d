"""List users, access keys, tags and groups through an IAM client, every page, as the decision knows them.

Standard library only: the client is handed in. A failed call raises what the client raises.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from .access_keys_rotated import AccessKey, User

DENIED = {"AccessDenied", "AccessDeniedException"}


class Untrustworthy(Exception):
    """AWS answered, but the answer cannot be relied on."""


def users_of(iam: Any) -> Iterator[User]:
    """Every user of the account, without keys, tags and groups."""
    for page in iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1000}):
        for entry in page["Users"]:
            yield user_from(entry)


def detailed_users_of(iam: Any) -> Iterator[User]:
    """Every user of the account with tags and groups, without keys.

    GetAccountAuthorizationDetails gives up to 1,000 users a call with all their tags and the names of their groups
    (IAM API Reference); what else it has to tell is filtered out.
    """
    paginator = iam.get_paginator("get_account_authorization_details")
    for page in paginator.paginate(Filter=["User"], PaginationConfig={"PageSize": 1000}):
        for entry in page["UserDetailList"]:
            yield tagged_user_from(entry)._replace(groups=entry.get("GroupList"))


def user_from(entry: Mapping[str, Any]) -> User:
    """A user as every operation describes one, without keys, tags and groups."""
    return User(entry["UserName"], entry["Path"], None, entry["UserId"], entry["Arn"], _created(entry))


def tagged_user_from(entry: Mapping[str, Any]) -> User:
    """A user with tags, as GetUser and GetAccountAuthorizationDetails describe one; ListUsers leaves them out."""
    return user_from(entry)._replace(tags=_tags(entry.get("Tags", ())))


def keys_of(iam: Any, name: str) -> list[AccessKey]:
    """The access keys of a user, in the order of ListAccessKeys; when they were last used is not asked.

    Raises Untrustworthy if the answer is about another user; IAM does not tell names apart by their case.
    """
    pages = _pages(iam, "list_access_keys", name)
    entries = [entry for page in pages for entry in page["AccessKeyMetadata"]]
    others = {entry.get("UserName", name) for entry in entries if entry.get("UserName", name).lower() != name.lower()}
    if others:
        raise Untrustworthy(f"ListAccessKeys answered with keys of {', '.join(sorted(others))} instead of {name}")
    return [AccessKey(entry["AccessKeyId"], entry["Status"], _created(entry)) for entry in entries]


def tags_of(iam: Any, name: str) -> dict[str, str]:
    """The tags of a user, as a mapping."""
    pages = _pages(iam, "list_user_tags", name)
    return _tags(tag for page in pages for tag in page["Tags"])


def groups_of(iam: Any, name: str) -> list[str]:
    """The names of the groups that a user is in."""
    pages = _pages(iam, "list_groups_for_user", name)
    return [group["GroupName"] for page in pages for group in page["Groups"]]


def _tags(entries: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in entries}


def _pages(iam: Any, operation: str, name: str) -> Iterable[Mapping[str, Any]]:
    """Every page about a user; there is hardly ever a second, and making a paginator takes half as long as a call."""
    page = getattr(iam, operation)(UserName=name)
    return iam.get_paginator(operation).paginate(UserName=name) if page.get("IsTruncated") else [page]


def error_code(error: Any) -> str:
    """The code in a ClientError, such as AccessDenied."""
    code: str = error.response.get("Error", {}).get("Code", "")
    return code


def status_of(error: Any) -> int:
    """The HTTP status of a ClientError; 0 if it has none."""
    status: int = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status


def _created(entry: Mapping[str, datetime]) -> datetime:
    """CreateDate in UTC: the client gives it in the machine's zone, where a day may have 23 hours."""
    return entry["CreateDate"].astimezone(timezone.utc)
