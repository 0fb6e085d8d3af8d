"""What was read, a policy and an instant → findings. Pure: no clock, no I/O."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import msgspec

from checker.rule import AccessKey, Account, Clause, Decision, Exemption, Policy, Rule, User, decision

COMPLIANT = decision.COMPLIANT
NON_COMPLIANT = decision.NON_COMPLIANT
EXEMPT = decision.EXEMPT
NOT_APPLICABLE = decision.NOT_APPLICABLE
NOTHING = timedelta(0)
NO_ADDRESSES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class AccountRead:
    """An account that a source could read."""

    account: Account
    users: Sequence[User]
    notes: Sequence[str] = ()  # for the person who reads the report
    api_calls: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class AccountUnreadable:
    """An account that could not be looked at, as a value: nothing may be concluded about it."""

    id: str | None  # None: not even known which account the credentials belong to
    name: str | None
    reason: str  # with what to do about it
    api_calls: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class AccountSkipped:
    """An account in which nobody can use a key: closed, about to be, or never opened."""

    id: str
    name: str | None
    state: str  # as AWS Organizations calls it


Reading = AccountRead | AccountUnreadable


class Finding(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One judged key. Times are UTC, ages and limits are days."""

    account: str
    user: str
    user_id: str | None
    arn: str | None
    access_key_id: str | None
    status: str
    create_date: datetime
    age_days: int
    last_used: datetime | None
    max_access_key_age: int
    rule: str
    exemption: str | None
    verdict: str
    due_date: datetime | None  # when the key passes or passed its limit; None for a key that is not judged
    terraform_address: str | None = None


class Counts(msgspec.Struct):
    """How many of what: of one account, or added up."""

    users: int = 0
    keys: int = 0
    compliant: int = 0
    non_compliant: int = 0
    exempt: int = 0
    not_applicable: int = 0

    def add(self, other: "Counts") -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class AccountResult:
    """The verdicts on one account; `findings` holds those that were asked for, in their fixed order."""

    id: str | None
    name: str | None
    reason: str | None  # why it is unreadable; None: it was evaluated
    counts: Counts
    findings: Sequence[Finding]
    notes: Sequence[str]
    api_calls: Mapping[str, int]
    two_keys: Collection[str] = ()  # users of findings who have as many keys as IAM allows


def evaluate(
    policy: Policy,
    reading: Reading,
    now: datetime,
    *,
    show_all: bool,
    warn: timedelta = NOTHING,
    addresses: Mapping[str, str] = NO_ADDRESSES,
) -> AccountResult:
    """Judge every key of one account.

    With `show_all` every judged key becomes a finding, else what needs attention: non-compliant and
    exempt keys, and those that pass their limit within `warn`. `addresses` tells where Terraform manages
    a key, by access key id.
    """
    if isinstance(reading, AccountUnreadable):
        return _unreadable(reading.id, reading.name, reading.reason, reading.api_calls)
    account = reading.account
    rules = policy.for_account(account)
    tally = dict.fromkeys((COMPLIANT, NON_COMPLIANT, EXEMPT, NOT_APPLICABLE), 0)
    findings, two_keys = [], set()
    soon = now + warn
    decide = decision.decide
    for user in reading.users:
        for key in user.keys:
            verdict = decide(rules, user, key, now)
            if verdict.verdict not in tally:
                reason = _doubt(account, user, verdict)
                return _unreadable(account.id, account.name, reason, reading.api_calls)
            tally[verdict.verdict] += 1
            if show_all or needs_attention(verdict.verdict, key.created + verdict.rule.limit, soon):
                address = addresses.get(key.id or "")
                findings.append(_finding(account, user, key, verdict, now, address))
                if len(user.keys) > 1:
                    two_keys.add(user.name)
    findings.sort(key=lambda one: (one.user, one.create_date, one.access_key_id or ""))
    counts = Counts(len(reading.users), sum(tally.values()), *tally.values())
    return AccountResult(account.id, account.name, None, counts, findings, reading.notes, reading.api_calls, two_keys)


def needs_attention(verdict: str, due: datetime, soon: datetime) -> bool:
    """Whether a key is overdue, exempt or past its limit by the instant `soon`."""
    return due < soon if verdict == COMPLIANT else verdict != NOT_APPLICABLE


def _unreadable(account_id: str | None, name: str | None, reason: str, api_calls: Mapping[str, int]) -> AccountResult:
    return AccountResult(account_id, name, reason, Counts(), (), (), api_calls)


def _finding(
    account: Account, user: User, key: AccessKey, verdict: Decision, now: datetime, address: str | None
) -> Finding:
    judged = verdict.verdict != NOT_APPLICABLE
    return Finding(
        account=account.id,
        user=user.name,
        user_id=user.id,
        arn=user.arn,
        access_key_id=key.id,
        status=key.status,
        create_date=key.created.astimezone(UTC),
        age_days=max(0, (now - key.created).days),
        last_used=key.last_used.astimezone(UTC) if key.last_used else None,
        max_access_key_age=verdict.rule.max_age,
        rule=verdict.rule.id,
        exemption=verdict.exemption.id if verdict.exemption else None,
        verdict=verdict.verdict,
        due_date=key.created.astimezone(UTC) + verdict.rule.limit if judged else None,
        terraform_address=address,
    )


def _doubt(account: Account, user: User, verdict: Decision) -> str:
    """Why a verdict cannot be given, and what to do about it."""
    entries = ", ".join(entry.id for entry in verdict.doubts)
    return f"the verdict on {user.name} depends on {entries}, but {_missing(account, user, verdict.doubts)}"


def _missing(account: Account, user: User, doubts: Sequence[Rule | Exemption]) -> str:
    of_account = unknown_attributes(account, [clause for entry in doubts for clause in entry.accounts])
    if of_account:
        return (
            f"the account's {' and '.join(of_account)} is not known: add the account to the inventory (accounts.yaml)"
        )
    of_user = unknown_attributes(user, [clause for entry in doubts for clause in entry.users])
    if of_user:
        return f"the user's {' and '.join(of_user)} is not known: read live IAM, or a snapshot taken with --user-tags"
    return "the access key id is not known: a credential report has none, read live IAM or a snapshot"


def unknown_attributes(subject: Account | User, clauses: Sequence[Clause]) -> list[str]:
    """The attributes that the clauses ask for and that are not known of the account or user."""
    asked = sorted({attribute for clause in clauses for attribute, _key in clause})
    return [attribute for attribute in asked if getattr(subject, attribute) is None]
