"""A plan: what is to be done with which access key, and what is left alone and why. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from checker.decision import AccessKey, User, remediation_steps
from checker.evaluate import AccountRead, AccountUnreadable, Reading, why_unread
from checker.policy.loader import PolicyFile
from checker.remediate.asking import remediation
from checker.spoken import plural

LASTS = timedelta(days=1)  # after which a plan is too old to be applied
STAGES = {
    "deactivate": {remediation_steps.UNMARK, remediation_steps.DEACTIVATE},
    "delete": {remediation_steps.UNMARK, remediation_steps.MARK, remediation_steps.DELETE},
    "all": remediation_steps.CHANGES,
}


class Saw(msgspec.Struct, frozen=True, rename="camel"):
    """A key as it was when it was planned; all None of one that is gone, `mark` without one."""

    status: str | None
    create_date: datetime | None
    last_used: datetime | None
    mark: datetime | None


class Ahead(msgspec.Struct, frozen=True, rename="camel"):
    """What follows if nothing changes, never before `at`."""

    step: str
    at: datetime


class PlannedStep(msgspec.Struct, frozen=True, rename="camel"):
    account: str
    user: str
    user_id: str | None
    access_key_id: str | None
    step: str
    why: str
    rule: str | None
    saw: Saw
    next: Ahead | None


@dataclass(frozen=True)
class AccountPlan:
    """The steps of an account, and the keys that are kept; `reason`: why not everything is known of it."""

    id: str | None
    name: str | None
    reason: str | None
    steps: Sequence[PlannedStep]
    kept: Sequence[PlannedStep]

    FOUND: ClassVar = "to change"  # what is counted for who looks on

    @property
    def found(self) -> int:
        return len(self.steps)


def plan_account(policy: PolicyFile, now: datetime, stage: str, reading: Reading) -> AccountPlan:
    """What is to be done in an account, as far as it could be read."""
    if isinstance(reading, AccountUnreadable):
        return AccountPlan(reading.id, reading.name, reading.reason, (), ())
    decides = remediation(policy, reading.account, now)
    steps: list[PlannedStep] = []
    kept: list[PlannedStep] = []
    open_uses = 0
    for user in sorted(reading.users, key=lambda user: (user.name, user.id or "")):
        keys = sorted(map(_as_judged, user.keys), key=lambda key: (key.created, key.id or ""))
        if not keys and not remediation_steps.marks_of(user.tags or {}):
            continue
        waiting = remediation_steps.waits_for_use(decides, user, keys)
        open_uses += sum(not key.use_known for key in keys if key.id in waiting)
        for step in remediation_steps.steps_for(decides, user, keys):
            planned = _planned(reading, user, keys, step)
            (steps if step.step in STAGES[stage] else kept).append(planned)
    return AccountPlan(reading.account.id, reading.account.name, _reason(reading, open_uses), steps, kept)


def _as_judged(key: AccessKey) -> AccessKey:
    """A key of saved state has these attributes, but is of another type."""
    return AccessKey(key.id, key.status, key.created, key.last_used, key.use_known)


def _reason(reading: AccountRead, open_uses: int) -> str | None:
    allow = "allow iam:GetAccessKeyLastUsed, or plan from live IAM"
    uses = [f"the last use of {plural(open_uses, 'key')} is not known: {allow}"] if open_uses else []
    return "; ".join([*why_unread(reading.unread), *uses]) or None


def _planned(reading: AccountRead, user: User, keys: Sequence[AccessKey], step: remediation_steps.Step) -> PlannedStep:
    key = next((key for key in keys if key.id == step.key_id), None)
    mark = remediation_steps.marks_of(user.tags or {}).get(step.key_id or "")
    saw = Saw(key and key.status, key and key.created, key and key.last_used, mark)
    return PlannedStep(
        reading.account.id,
        user.name,
        user.id,
        step.key_id,
        step.step,
        step.why,
        step.rule,
        saw,
        step.next and Ahead(step.next.step, step.next.at),
    )
