"""What people write where the language wants a selector: ids in other forms, ids of OUs, paths, ARNs."""

import re

from checker.decision import selectors
from checker.policy.nearest import meant
from checker.policy.yaml.write import scalar

# AWS Organizations API Reference, OrganizationalUnit: ou-, 4 to 32 characters of the root's id, 8 to 32 of its own.
OU_ID = re.compile(r"(?:^|/)(ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})(?=/|$)")
# AWS General Reference, ARN formats: arn:partition:service:region:account:resource.
ARN = re.compile(r"arn:[^:]*:(?P<service>[^:]*):[^:]*:(?P<account>[^:]*):(?P<resource>.*)", re.DOTALL)
GROUPED_ID = re.compile(r"\s*(?:\d{4}([-_. ])\d{4}\1\d{4}|\d{3}([-_. ])\d{3}\2\d{3}\2\d{3}|\d{12})\s*", re.ASCII)
MEANT = re.compile(r"/[\w/*.@+=-]{0,128}", re.ASCII)  # what a suggestion is made of: it needs no quotes
GROUPS = "groups are selected by their names, not by their paths"
OUS = "OUs are selected by their names, joined by /, such as {ou: Root/Workloads/Prod}"


def account_hint(text: str) -> str | None:
    """What is odd about a text that shall select accounts, and what may be meant; None if it is like any name."""
    ou = OU_ID.search(text)
    if ou:
        return f"{text}: {ou[1]} is the id of an OU: {OUS}" if ou[1] != text else f"{text}: the id of an OU: {OUS}"
    account_id = account_id_in(text)
    if ARN.fullmatch(text):
        return f"{text}: an ARN selects no account" + (f": {meant(scalar(account_id))}" if account_id else "")
    if account_id and account_id != text:
        return f"{text}: an account id is 12 digits with nothing between them: {meant(scalar(account_id))}"
    if text.isascii() and text.isdigit() and 10 <= len(text) <= 13 and not account_id:
        return f"{text} has {len(text)} digits, an account id 12: this is a pattern on account names"
    return None


def account_id_in(text: str) -> str | None:
    """The account id that a text holds in another form: in groups of digits, or as an ARN."""
    arn = ARN.fullmatch(text)
    if arn:
        # An account's own ARN ends with its id; the ARN of what is in an account has the id as its fifth part.
        account_id = arn["resource"].rpartition("/")[2] if arn["service"] == "organizations" else arn["account"]
        return account_id if selectors.is_account_id(account_id) else None
    return re.sub(r"\D", "", text) if GROUPED_ID.fullmatch(text) else None


def account_id_hint(text: str) -> str | None:
    """The account id that may be meant by a text that is none."""
    account_id = account_id_in(text)
    return meant(scalar(account_id)) if account_id else None


def user_hint(text: str) -> str | None:
    """The selector that may be meant by a text that no IAM user name can be: a path, or an ARN."""
    arn = ARN.fullmatch(text)
    if arn and arn["resource"].startswith("group/"):
        group = _group_in(text)
        return meant(f"{{group: {scalar(group)}}}") if group else None
    before, slash, name = (arn["resource"].removeprefix("user") if arn else text).rpartition("/")
    path = f"/{before.strip('/')}/" if before.strip("/") else "/"
    if (arn and not arn["resource"].startswith("user/")) or not slash or not MEANT.fullmatch(path + name):
        return None
    if arn and name and "*" not in name:
        return meant(f"{{name: {scalar(name)}}}")  # one in the account, whatever the path
    if not name.strip("*"):
        return meant(f"{{path: {path}{name}}}")
    if path == "/" and not arn:
        return meant(f"{{path: /{name}/}}")
    return meant(f"{{path: {path}, name: {scalar(name)}}}")


def group_hint(text: str) -> str | None:
    """What may be meant by a text that no IAM group name can be: the name in a path, or in an ARN."""
    group = _group_in(text)
    if group:
        return meant(scalar(group))
    return GROUPS if "/" in text and not ARN.fullmatch(text) and MEANT.fullmatch(f"/{text}") else None


def _group_in(text: str) -> str | None:
    """The name in a group's path or ARN, unless it is any."""
    arn = ARN.fullmatch(text)
    if arn and not arn["resource"].startswith("group/"):
        return None
    before, _slash, name = (arn["resource"].removeprefix("group") if arn else text).strip("/").rpartition("/")
    return name if name.strip("*") and MEANT.fullmatch(f"/{before}/{name}") else None


def path_hint(text: str) -> str | None:
    """The path that may be meant by a text that no IAM path can be."""
    arn = ARN.fullmatch(text)
    if arn and not arn["resource"].startswith("user/"):
        return None
    before, _slash, name = arn["resource"].removeprefix("user").rpartition("/") if arn else (text, "", "")
    inner = f"{before}/*".strip("/") if name == "*" else before.strip("/")  # what an ARN ends with is the name
    if not inner or not MEANT.fullmatch(f"/{inner}"):
        return None
    return meant(f"/{inner}" if inner.endswith("*") else f"/{inner}/")


def one_path_hint(text: str) -> str | None:
    """The path of one user that may be meant by a text that is none: not a pattern."""
    return None if "*" in text else path_hint(text)
