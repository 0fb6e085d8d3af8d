"""What was read, two policies and an instant → whose limits and verdicts change. Pure: no clock, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from checker.decision import Policy
from checker.evaluate import (
    COMPLIANT,
    EXEMPT,
    NON_COMPLIANT,
    UNDECIDED,
    AccountResult,
    Finding,
    Reading,
    evaluate,
    in_order,
)


class LimitChange(msgspec.Struct, frozen=True, rename="camel"):
    """A user with keys whose limit is another; days."""

    account: str
    user: str
    before: int | None  # None: not known
    after: int | None
    rule_before: str | None
    rule_after: str | None


class VerdictChange(msgspec.Struct, frozen=True, rename="camel"):
    """A key with another verdict; the finding is that of the policy after."""

    before: str | None  # None: there was no policy
    finding: Finding

    @property
    def loosens(self) -> bool:
        """Whether a key that had to go need not go any more."""
        return self.before == NON_COMPLIANT and self.finding.verdict in (COMPLIANT, EXEMPT)


@dataclass(frozen=True)
class AccountChange:
    """What a policy change does in one account; `reason` is why that cannot be told, or not of every key."""

    id: str | None
    name: str | None
    status: str  # EVALUATED, PARTIAL or UNREADABLE
    reason: str | None
    keys: int
    limits: Sequence[LimitChange] = ()
    verdicts: Sequence[VerdictChange] = ()
    ahead: int = 0  # keys that were created after the instant of the verdicts


def compare(base: Policy | None, head: Policy, reading: Reading, now: datetime) -> AccountChange:
    """Judge every key of one account by both policies.

    Without one before, every user gets a limit: what changes is which keys are non-compliant or exempt.
    """
    if base is None:
        return _first(evaluate(head, reading, now, show_all=True))
    before, after = (evaluate(policy, reading, now, show_all=True) for policy in (base, head))
    pairs = [
        (old, new)
        for old, new in zip(_every_key(before), _every_key(after), strict=True)
        if UNDECIDED not in (old.verdict, new.verdict)
    ]
    limits = {
        old.user: LimitChange(new.account, new.user, old.max_access_key_age, new.max_access_key_age, old.rule, new.rule)
        for old, new in pairs
        if old.max_access_key_age != new.max_access_key_age
    }
    verdicts = [VerdictChange(old.verdict, new) for old, new in pairs if old.verdict != new.verdict]
    worse = after if after.reason is not None else before
    reason = _reason(before, after)
    return AccountChange(
        after.id, after.name, worse.status, reason, len(pairs), list(limits.values()), verdicts, after.ahead
    )


def _first(after: AccountResult) -> AccountChange:
    judged = [finding for finding in _every_key(after) if finding.verdict != UNDECIDED]
    verdicts = [VerdictChange(None, finding) for finding in judged if finding.verdict in (NON_COMPLIANT, EXEMPT)]
    return AccountChange(after.id, after.name, after.status, after.reason, len(judged), (), verdicts, after.ahead)


def _every_key(result: AccountResult) -> list[Finding]:
    return sorted([*result.findings, *(undecided.finding for undecided in result.undecided)], key=in_order)


def _reason(before: AccountResult, after: AccountResult) -> str | None:
    if after.reason is not None:
        return after.reason
    return before.reason and f"under the policy before, {before.reason}"
