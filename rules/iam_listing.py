"""List users, access keys and tags through an IAM client, every page, as the decision knows them.

Standard library only: the client is handed in. A failed call raises what the client raises.
"""

from datetime import timezone

from .access_keys_rotated import AccessKey, User

DENIED = {"AccessDenied", "AccessDeniedException"}


def users_of(iam):
    """Every user of the account, without keys and tags."""
    for page in iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1000}):
        for entry in page["Users"]:
            yield user_from(entry)


def tagged_users_of(iam):
    """Every user of the account with tags, without keys.

    GetAccountAuthorizationDetails gives up to 1,000 users a call with all their tags (IAM API Reference); policies,
    groups and roles are filtered out.
    """
    paginator = iam.get_paginator("get_account_authorization_details")
    for page in paginator.paginate(Filter=["User"], PaginationConfig={"PageSize": 1000}):
        for entry in page["UserDetailList"]:
            yield user_from(entry)._replace(tags=_tags(entry.get("Tags", ())))


def user_from(entry):
    """A user as ListUsers and GetUser describe one, without keys and tags."""
    return User(entry["UserName"], entry["Path"], None, entry["UserId"], entry["Arn"], _created(entry))


def keys_of(iam, name):
    """The access keys of a user, in the order of ListAccessKeys; when they were last used is not asked."""
    pages = _pages(iam, "list_access_keys", name)
    entries = [entry for page in pages for entry in page["AccessKeyMetadata"]]
    return [AccessKey(entry["AccessKeyId"], entry["Status"], _created(entry)) for entry in entries]


def tags_of(iam, name):
    """The tags of a user, as a mapping."""
    pages = _pages(iam, "list_user_tags", name)
    return _tags(tag for page in pages for tag in page["Tags"])


def _tags(entries):
    return {tag["Key"]: tag["Value"] for tag in entries}


def _pages(iam, operation, name):
    """Every page about a user; there is hardly ever a second, and making a paginator takes half as long as a call."""
    page = getattr(iam, operation)(UserName=name)
    return iam.get_paginator(operation).paginate(UserName=name) if page.get("IsTruncated") else [page]


def error_code(error):
    """The code in a ClientError, such as AccessDenied."""
    return error.response.get("Error", {}).get("Code", "")


def status_of(error):
    """The HTTP status of a ClientError; 0 if it has none."""
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _created(entry):
    """CreateDate in UTC: the client gives it in the machine's zone, where a day may have 23 hours."""
    return entry["CreateDate"].astimezone(timezone.utc)
