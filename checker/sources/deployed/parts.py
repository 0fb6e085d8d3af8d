"""What can be found of keyage in an account; a part that could not be read says why."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from botocore.exceptions import HTTPClientError

from checker.decision import Account
from checker.errors import Unreadable
from checker.sources.aws.failures import FAILURES, explain
from checker.sources.aws.reader import listing

T = TypeVar("T")
MISSING = {
    "InvalidDocument",
    "NoSuchConfigRuleException",
    "NoSuchEntity",
    "NoSuchRemediationConfigurationException",
    "ResourceNotFoundException",
}


class Unread(NamedTuple):
    """A part that could not be read: nothing may be concluded about it."""

    reason: str


class Sought(NamedTuple):
    """Where to look, and for what."""

    region: str
    rule: str  # the name of the rule
    functions: Mapping[str, str]  # the names of the functions that the policy wants, by piece
    names: Mapping[str, str]  # the names that `render` gives to all pieces


class Function(NamedTuple):
    """A Lambda function."""

    name: str
    handler: str | None = None
    code: str | None = None  # its index.py
    runtime: str | None = None
    timeout: int | None = None  # seconds
    role: str | None = None  # ARN
    retries: int | None = None  # of asynchronous calls; None: AWS Lambda's default
    reserved: int | None = None  # executions at the same time; None: as many as the account has
    services: frozenset[str] | None = None  # that may invoke it; None: not asked


class Role(NamedTuple):
    """An IAM role."""

    name: str
    allowed: frozenset[str]  # actions of its inline policies
    attached: Sequence[str] = ()  # ARNs of the policies attached to it
    services: frozenset[str] = frozenset()  # that may assume it


class Recorder(NamedTuple):
    """AWS Config's recorder in a region."""

    name: str
    recording: bool
    records_users: bool  # whether it is set to record AWS::IAM::User
    error: str | None = None  # why the last recording failed


class Stranger(NamedTuple):
    """What keyage deployed under another name, such as an older release or another policy."""

    kind: str  # Config rule, Lambda function, Automation document or schedule
    name: str
    acts: str | None = None  # what it does to keys by itself


class InTheWay(NamedTuple):
    """What somebody else made under a name that keyage needs."""

    kind: str
    name: str


@dataclass(frozen=True)
class Deployed:
    """The Config rule, what is behind it and around it; None for what is not there."""

    rule: Mapping[str, Any] | None
    owned: bool = True  # whether the rule is keyage's
    functions: Mapping[str, Function | Unread | None] = field(default_factory=dict)  # by piece
    remediation: Mapping[str, Any] | Unread | None = None
    document: Any = None  # the Automation document, parsed
    schedule: Mapping[str, Any] | Unread | None = None
    roles: Mapping[str, Role | Unread | None] = field(default_factory=dict)  # by what has them
    recorder: Recorder | Unread | None = None
    strangers: Sequence[Stranger] = ()
    in_the_way: Sequence[InTheWay] = ()
    unread: Sequence[str] = ()  # why lists of what else there is could not be read

    @property
    def reasons(self) -> list[str]:
        """Why parts could not be read, each once."""
        parts = [*self.functions.values(), self.remediation, self.document, self.schedule]
        parts += [*self.roles.values(), self.recorder]
        return list(dict.fromkeys([*(part.reason for part in parts if isinstance(part, Unread)), *self.unread]))


class DeployedIn(NamedTuple):
    """What was found in which account."""

    account: Account
    deployed: Deployed


def attempt(read: Callable[[], T]) -> T | Unread:
    """What was read, or why it could not be."""
    try:
        return read()
    except Unreadable as error:
        return Unread(str(error))
    except (*FAILURES, HTTPClientError) as error:
        return Unread(explain(error))


def found(call: Callable[..., Any], **arguments: Any) -> Any:
    """The answer, or None if AWS says that there is no such thing."""
    try:
        return call(**arguments)
    except FAILURES as error:
        if getattr(error, "response", None) and listing.error_code(error) in MISSING:
            return None
        raise


def every(client: Any, method: str, member: str, **arguments: Any) -> list[dict[str, Any]]:
    """The entries of all pages."""
    return [entry for page in client.get_paginator(method).paginate(**arguments) for entry in page[member]]
