"""The rule's types, for the rest of the checker and for mypy.

`checker.rules` is the top-level folder `rules`, mapped by setuptools; a type checker cannot follow
that, so the modules are imported by name and described by protocols here, once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Protocol, cast

Clause = Mapping[tuple[str, str | None], Sequence[str]]


class AccessKey(Protocol):
    @property
    def id(self) -> str | None: ...
    @property
    def status(self) -> str: ...
    @property
    def created(self) -> datetime: ...
    @property
    def last_used(self) -> datetime | None: ...


class User(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str | None: ...
    @property
    def tags(self) -> dict[str, str] | None: ...
    @property
    def id(self) -> str | None: ...
    @property
    def arn(self) -> str | None: ...
    @property
    def created(self) -> datetime | None: ...
    @property
    def keys(self) -> Sequence[AccessKey]: ...


class Account(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str | None: ...
    @property
    def ou(self) -> str | None: ...
    @property
    def tags(self) -> dict[str, str] | None: ...


class Rule(Protocol):
    id: str
    max_age: int
    limit: timedelta
    accounts: Sequence[Clause]
    users: Sequence[Clause]


class Exemption(Protocol):
    id: str
    expires: datetime
    keys: frozenset[str] | None
    accounts: Sequence[Clause]
    users: Sequence[Clause]


class Decision(Protocol):
    verdict: str
    rules: Sequence[Rule]
    exemption: Exemption | None
    doubts: Sequence[Rule | Exemption]

    @property
    def rule(self) -> Rule | None: ...
    @property
    def limit(self) -> timedelta | None: ...


class AccountPolicy(Protocol):
    def rules_for(self, user: User) -> Sequence[Rule]: ...
    def exemption_for(
        self, user: User, key: AccessKey, now: datetime
    ) -> tuple[Exemption | None, Sequence[Exemption]]: ...
    def asked_of_users(self, now: datetime) -> set[str]: ...


class SelectorSet(Protocol):
    def match(self, subject: Account | User) -> tuple[int, int]: ...


class Policy(Protocol):
    rules: Sequence[Rule]
    exemptions: Sequence[Exemption]
    rule_accounts: SelectorSet
    rule_users: SelectorSet
    exemption_accounts: SelectorSet
    exemption_users: SelectorSet

    def for_account(self, account: Account) -> AccountPolicy: ...


DecidedUser = User
DecidedKey = AccessKey


class DecisionModule(Protocol):
    """checker.rules.access_keys_rotated"""

    COMPLIANT: str
    NON_COMPLIANT: str
    EXEMPT: str
    NOT_APPLICABLE: str
    UNDECIDED: str

    Policy: Callable[[Mapping[str, Any]], Policy]
    PatternSet: Callable[[Iterable[tuple[str, int]]], Any]
    SelectorSet: Callable[[Sequence[Sequence[Clause]]], Any]
    AccessKey: Callable[..., AccessKey]
    User: Callable[..., User]
    Account: Callable[..., Account]
    decide: Callable[[AccountPolicy, "DecidedUser", "DecidedKey", datetime], Decision]
    user_verdict: Callable[[Iterable[str]], str]
    is_account_id: Callable[[str], bool]
    account_clauses: Callable[[Any], Sequence[Clause]]
    user_clauses: Callable[[Any], Sequence[Clause]]


class RemediationSettings(Protocol):
    @property
    def action(self) -> str: ...
    @property
    def automatic(self) -> bool: ...
    @property
    def grace_days(self) -> int: ...
    @property
    def protect_used_within_days(self) -> int: ...
    @property
    def delete_after_days(self) -> int | None: ...


class RemediationModule(Protocol):
    """checker.rules.remediation_settings"""

    remediation_settings: Callable[[Mapping[str, Any] | None], RemediationSettings]
    remediation_by_rule: Callable[[Mapping[str, Any]], Mapping[str, RemediationSettings]]


decision = cast("DecisionModule", import_module("checker.rules.access_keys_rotated"))
_remediation = cast("RemediationModule", import_module("checker.rules.remediation_settings"))
remediation_settings, remediation_by_rule = _remediation.remediation_settings, _remediation.remediation_by_rule


def matches(pattern: str, text: str) -> bool:
    """Whether one IAM wildcard pattern matches the whole text."""
    return bool(decision.PatternSet([(pattern, 1)]).match(text))
