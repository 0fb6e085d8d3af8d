"""A plan: what is to be done with which access key, and what is left alone and why. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

import msgspec

from checker.decision import AccessKey, Account, User, remediation_steps
from checker.evaluate import UNDECIDED, AccountRead, AccountUnreadable, Reading, why_unread
from checker.policy.loader import PolicyFile
from checker.remediate.asking import remediation
from checker.spoken import plural

LASTS = timedelta(days=1)  # after which a plan is too old to be applied
STAGES = {**remediation_steps.STAGES, "all": remediation_steps.CHANGES}


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
    account: Account | None = None  # what is known of it, where it could be read

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
    open_keys: Counter[str] = Counter()
    for user in sorted(reading.users, key=lambda user: (user.name, user.id or "")):
        keys = sorted(map(_as_judged, user.keys), key=lambda key: (key.created, key.id or ""))
        found = remediation_steps.steps_for(decides, user, keys)
        open_keys["verdict"] += sum(step.verdict == UNDECIDED for step in found)
        open_keys["use"] += _open_uses(decides, user, keys)
        open_keys["mark"] += _open_marks(user, keys, found)
        for step in found:
            planned = _planned(reading, user, keys, step)
            if step.step in STAGES[stage]:
                steps.append(planned)
            elif step.step in remediation_steps.CHANGES:
                kept.append(msgspec.structs.replace(planned, why=f"left to the stage {_stage_of(step.step)}"))
            else:
                kept.append(planned)
    reasons = [*why_unread(reading.unread), *_why_open(open_keys)]
    return AccountPlan(
        reading.account.id, reading.account.name, "; ".join(reasons) or None, steps, kept, reading.account
    )


def _stage_of(step: str) -> str:
    return next(stage for stage, steps in remediation_steps.STAGES.items() if step in steps)


def _as_judged(key: AccessKey) -> AccessKey:
    """A key of saved state has these attributes, but is of another type."""
    return AccessKey(key.id, key.status, key.created, key.last_used, key.use_known)


def _open_uses(decides: remediation_steps.Remediation, user: User, keys: Sequence[AccessKey]) -> int:
    """How many keys are held because nobody told whether they are in use."""
    unknown = {key.id for key in keys if not key.use_known}
    return len(unknown & remediation_steps.waits_for_use(decides, user, keys)) if unknown else 0


def _open_marks(user: User, keys: Sequence[AccessKey], steps: Sequence[remediation_steps.Step]) -> int:
    """How many keys are held because nobody told since when they are inactive."""
    inactive = {key.id for key in keys if key.status == "Inactive"} if user.tags is None else set()
    return sum(step.step == remediation_steps.HOLD and step.key_id in inactive for step in steps)


def _why_open(keys: Counter[str]) -> Iterator[str]:
    """What kept keys from being planned, and what to do."""
    if keys["verdict"]:
        yield f"{plural(keys['verdict'], 'key')} undecided: why they are kept says between which rules"
    if keys["use"]:
        allow = "allow iam:GetAccessKeyLastUsed, or plan from live IAM"
        yield f"the last use of {plural(keys['use'], 'key')} is not known: {allow}"
    if keys["mark"]:
        allow = "allow iam:GetAccountAuthorizationDetails, or take the snapshot with --user-tags"
        yield f"the tags that tell since when {plural(keys['mark'], 'key')} is inactive are not known: {allow}"


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
