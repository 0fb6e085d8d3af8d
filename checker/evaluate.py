"""What was read, a policy and an instant → findings. Pure: no clock, no I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import ClassVar

import msgspec

from checker.decision import (
    AccessKey,
    Account,
    AccountPolicy,
    Clause,
    Decision,
    Exemption,
    Policy,
    Rule,
    User,
    decision,
    selectors,
)
from checker.spoken import plural

COMPLIANT = decision.COMPLIANT
NON_COMPLIANT = decision.NON_COMPLIANT
EXEMPT = decision.EXEMPT
NOT_APPLICABLE = decision.NOT_APPLICABLE
UNDECIDED = decision.UNDECIDED
EVALUATED, PARTIAL, UNREADABLE = "evaluated", "partial", "unreadable"  # what became of an account
NOTHING = timedelta(0)
SKEW = timedelta(minutes=5)  # by which the clocks of two machines may differ without a word
NAMED = 3  # users, in a sentence
YEARS = range(2, 9980)  # in which every time is one in UTC too, and so is its due date
NO_SUCH_TIME = "a time of its keys is at an end of the calendar, which IAM never says: save its state again"
NO_ADDRESSES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class UserUnread:
    """A user of whose access keys nothing is known, in an account that a source could read."""

    name: str
    id: str | None
    arn: str | None
    reason: str  # with what to do about it


@dataclass(frozen=True)
class AccountRead:
    """An account that a source could read, but for the users in `unread`."""

    account: Account
    users: Sequence[User]
    notes: Sequence[str] = ()  # for the person who reads the report
    api_calls: Mapping[str, int] = field(default_factory=dict)
    unread: Sequence[UserUnread] = ()  # one who is among the users too has keys there of which all is known


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
    """One judged key. Times are UTC, ages and limits are days; None is what is not known."""

    account: str
    user: str
    user_id: str | None
    arn: str | None
    access_key_id: str | None
    status: str
    create_date: datetime
    age_days: int
    last_used: datetime | None
    max_access_key_age: int | None
    rule: str | None  # None: several may decide, the verdict is the same by each
    exemption: str | None
    verdict: str
    due_date: datetime | None  # when the key passes or passed its limit; None also for a key that is not active
    terraform_address: str | None = None
    last_used_known: bool = True  # False: nobody told, so that no last use is not to be read as no use


@dataclass(frozen=True)
class Undecided:
    """An active key on which the policy leaves the verdict open, because something is not known."""

    finding: Finding  # with the verdict UNDECIDED
    depends_on: Sequence[str]  # ids of the rules or exemptions between which the verdict differs
    missing: str  # what is not known, and how to have it read


class Counts(msgspec.Struct):
    """How many of what: of one account, or added up."""

    users: int = 0
    keys: int = 0
    compliant: int = 0
    non_compliant: int = 0
    exempt: int = 0
    not_applicable: int = 0
    undecided: int = 0  # keys, beside those that were judged
    unread: int = 0  # users, among all
    keyless: int = 0  # users of whom no key was read: they have none, or live IAM has none that can be too old

    def add(self, other: "Counts") -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(frozen=True)
class AccountResult:
    """The verdicts on one account; `findings` holds those that were asked for, in their fixed order."""

    id: str | None
    name: str | None
    reason: str | None  # why nothing, or not everything, is known of it; None: it was evaluated
    counts: Counts
    findings: Sequence[Finding]
    notes: Sequence[str]
    api_calls: Mapping[str, int]
    two_keys: Mapping[str, Sequence[AccessKey]] = field(default_factory=dict)  # by name, of users with an overdue key
    undecided: Sequence[Undecided] = ()  # in a fixed order
    unread: Sequence[UserUnread] = ()  # by name
    ahead: int = 0  # keys that were created after the instant of the verdicts

    FOUND: ClassVar = "non-compliant"  # what is counted for who looks on

    @property
    def found(self) -> int:
        return self.counts.non_compliant

    @property
    def status(self) -> str:
        """EVALUATED, PARTIAL where some keys are undecided or some users unread, or UNREADABLE."""
        if self.reason is None:
            return EVALUATED
        return PARTIAL if self.undecided or self.unread else UNREADABLE


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
        return AccountResult(reading.id, reading.name, reading.reason, Counts(), (), (), reading.api_calls)
    account = reading.account
    judged = _Judged(account, policy.for_account(account), now, addresses)
    soon = None if show_all else now + warn
    for user in reading.users:
        judged.judge(user, soon)
    return judged.result(reading)


class _Judged:
    """What comes of judging one account, user after user."""

    def __init__(self, account: Account, policy: AccountPolicy, now: datetime, addresses: Mapping[str, str]) -> None:
        self._account, self._policy, self._now, self._addresses = account, policy, now, addresses
        self._tally = dict.fromkeys((COMPLIANT, NON_COMPLIANT, EXEMPT, NOT_APPLICABLE), 0)
        self._findings: list[Finding] = []
        self._undecided: list[Undecided] = []
        self._two_keys: dict[str, Sequence[AccessKey]] = {}
        self._ahead, self._latest = 0, now + SKEW

    def judge(self, user: User, soon: datetime | None) -> None:
        """Judge every key of a user; findings are those that need attention by `soon`, all without it."""
        decide, tally = decision.decide, self._tally
        for key in user.keys:
            judgement = decide(self._policy, user, key, self._now)
            self._ahead += key.created > self._latest
            out_of_time = key.created.year not in YEARS and judgement.verdict != NOT_APPLICABLE
            if out_of_time or judgement.verdict == UNDECIDED:
                self._leave_open(user, key, judgement, NO_SUCH_TIME if out_of_time else None)
                continue
            tally[judgement.verdict] += 1
            if soon is None or needs_attention(judgement.verdict, _due(key, judgement), soon):
                self._findings.append(self._finding(user, key, judgement))
            if judgement.verdict == NON_COMPLIANT and len(user.keys) > 1:
                self._two_keys[user.name] = user.keys

    def _leave_open(self, user: User, key: AccessKey, judgement: Decision, missing: str | None) -> None:
        entries = judgement.doubts or judgement.rules
        missing = missing or _missing(self._account, user, judgement.doubts)
        finding = self._finding(user, key, judgement, verdict=UNDECIDED)
        self._undecided.append(Undecided(finding, tuple(entry.id for entry in entries), missing))

    def _finding(self, user: User, key: AccessKey, judgement: Decision, verdict: str | None = None) -> Finding:
        due, limit = _due(key, judgement), judgement.limit
        return Finding(
            account=self._account.id,
            user=user.name,
            user_id=user.id,
            arn=user.arn,
            access_key_id=key.id,
            status=key.status,
            create_date=utc(key.created),
            age_days=max(0, (self._now - key.created).days),
            last_used=utc(key.last_used) if key.last_used else None,
            max_access_key_age=limit.days if limit else None,
            rule=judgement.rule.id if judgement.rule else None,
            exemption=judgement.exemption.id if judgement.exemption else None,
            verdict=verdict or judgement.verdict,
            due_date=utc(due) if due and judgement.verdict != NOT_APPLICABLE else None,
            terraform_address=self._addresses.get(key.id or ""),
            last_used_known=key.use_known or key.last_used is not None,
        )

    def result(self, reading: AccountRead) -> AccountResult:
        """The result, its parts in their fixed order."""
        account = self._account
        self._findings.sort(key=in_order)
        self._undecided.sort(key=lambda undecided: in_order(undecided.finding))
        unread = sorted(reading.unread, key=lambda user: (user.name, user.id or ""))
        return AccountResult(
            account.id,
            account.name,
            "; ".join([*why_unread(unread), *_why_undecided(self._undecided)]) or None,
            self._counts(reading),
            self._findings,
            reading.notes,
            reading.api_calls,
            self._two_keys,
            self._undecided,
            unread,
            self._ahead,
        )

    def _counts(self, reading: AccountRead) -> Counts:
        tally = self._tally
        in_part = {user.name for user in reading.users} if reading.unread else set()
        return Counts(
            len(reading.users) + sum(user.name not in in_part for user in reading.unread),
            sum(tally.values()),
            tally[COMPLIANT],
            tally[NON_COMPLIANT],
            tally[EXEMPT],
            tally[NOT_APPLICABLE],
            len(self._undecided),
            len(reading.unread),
            sum(not user.keys for user in reading.users),
        )


def needs_attention(verdict: str, due: datetime | None, soon: datetime) -> bool:
    """Whether a key is overdue, exempt or known to be past its limit by the instant `soon`."""
    return due is not None and due < soon if verdict == COMPLIANT else verdict != NOT_APPLICABLE


def _due(key: AccessKey, judgement: Decision) -> datetime | None:
    limit = judgement.limit
    return None if limit is None or key.created.year not in YEARS else key.created + limit


def utc(moment: datetime) -> datetime:
    """The same instant with the offset of UTC; as it is where that would be no time of the calendar."""
    return moment.astimezone(UTC) if moment.year in YEARS else moment


def in_order(finding: Finding) -> tuple[str, datetime, str]:
    """By what the findings of an account are sorted."""
    return finding.user, finding.create_date, finding.access_key_id or ""


def why_unread(unread: Sequence[UserUnread]) -> Iterator[str]:
    """Nothing, or how many users could not be read and why; the first few by name, the result has all."""
    if unread:
        whys = [f"{user.name}: {user.reason}" for user in unread[:NAMED]]
        more = [f"and {len(unread) - NAMED} more"] if len(unread) > NAMED else []
        yield f"the keys of {plural(len(unread), 'user')} could not be read: {'; '.join([*whys, *more])}"


def _why_undecided(undecided: Sequence[Undecided]) -> Iterator[str]:
    """How many keys are open, and for each thing that is not known what depends on it and what to do."""
    if undecided:
        depending: dict[str, set[str]] = {}
        for key in undecided:
            depending.setdefault(key.missing, set()).update(key.depends_on)
        whys = [f"{missing} (wanted by {', '.join(sorted(ids))})" for missing, ids in depending.items()]
        users = len({key.finding.user for key in undecided})
        be = "is" if len(undecided) == 1 else "are"
        yield f"{plural(len(undecided), 'key')} of {plural(users, 'user')} {be} undecided: {'; '.join(whys)}"


def _missing(account: Account, user: User, doubts: Sequence[Rule | Exemption]) -> str:
    """What is not known, and how to have it read."""
    of_account = unknown_attributes(account, [clause for entry in doubts for clause in entry.accounts])
    if of_account:
        return f"the account's {_are_not_known(of_account)}: add the account to the inventory (accounts.yaml)"
    of_user = unknown_attributes(user, [clause for entry in doubts for clause in entry.users])
    if set(selectors.USER_DETAILS) & set(of_user):
        allow = "allow iam:GetAccountAuthorizationDetails, or take the snapshot with --user-tags"
        return f"the user's {_are_not_known(of_user)}: {allow}"
    if of_user:
        return f"the user's {_are_not_known(of_user)}: read live IAM, or a snapshot"
    return "the access key id is not known: a credential report has none, read live IAM or a snapshot"


def _are_not_known(attributes: Sequence[str]) -> str:
    be = "are" if len(attributes) > 1 or attributes[0] in selectors.USER_DETAILS else "is"
    return f"{' and '.join(attributes)} {be} not known"


def unknown_attributes(subject: Account | User, clauses: Sequence[Clause]) -> list[str]:
    """The attributes that the clauses ask for and that are not known of the account or user."""
    asked = sorted({attribute for clause in clauses for attribute, _key in clause})
    return [attribute for attribute in asked if getattr(subject, attribute) is None]
