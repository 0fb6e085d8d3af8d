"""What should happen to each access key of a user now, what comes next and when.

Pure: no clock, no I/O, standard library only. Whatever remediates (the function in AWS, the schedule, `keyage
remediate`, `keyage rotate`) does these steps and no others.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from .access_keys_rotated import COMPLIANT, UNDECIDED, AccessKey, AccountPolicy, Decision, User, days, decide
from .remediation_settings import RemediationSettings

KEEP = "keep"
WAIT_GRACE = "wait-grace"
HOLD = "hold"
DEACTIVATE = "deactivate"
MARK = "mark"
WAIT_DELETE = "wait-delete"
DELETE = "delete"
UNMARK = "unmark"
CHANGES = {DEACTIVATE, MARK, DELETE, UNMARK}  # the others do nothing

MARK_TAG = "keyage:inactive-since:"  # with a key id: the tag of a user that says since when the key was seen inactive


class Next(NamedTuple):
    """What follows if nothing changes: never before `at`."""

    step: str
    at: datetime


class Step(NamedTuple):
    key_id: str | None
    step: str
    why: str
    verdict: str  # on the key, or what it would be were the key active; "" of a key that is gone
    rule: str | None  # the id of the one that decides; None where several may, and of a key that is gone
    next: Next | None = None


class Remediation(NamedTuple):
    """What decides beside a user: the policy of the account, settings by the id of a rule, and the instant in UTC."""

    policy: AccountPolicy
    settings: Mapping[str, RemediationSettings]
    now: datetime
    asked_for: bool  # by a person: a remediation that is not automatic is done too
    why_open: str = ""  # ends what is said of an undecided key: why it may be open what is for the account


def steps_for(remediation: Remediation, user: User, keys: Sequence[AccessKey]) -> list[Step]:
    """A step for every key, in the order of the keys, and before it the end of a mark that is no longer true.

    `keys` are all that the user has. The marks are among the user's tags; without tags (None) no inactive key is
    touched. A last use that is not known protects as if the key had been used just now.
    """
    marks = None if user.tags is None else marks_of(user.tags)
    steps = []
    for key in keys:
        decision = decide(remediation.policy, user, key._replace(status="Active"), remediation.now)
        case = _Case(remediation, key, decision, decision.rule.id if decision.rule else None)
        if key.status == "Active" and key.id in (marks or ()):
            steps.append(case.step(UNMARK, "Active again"))
        steps.append(_step_for(case, marks, _youngest_active(keys)))
    gone = sorted((marks or {}).keys() - {key.id for key in keys})
    return steps + [Step(key_id, UNMARK, "this key no longer exists", "", None) for key_id in gone]


def waits_for_use(remediation: Remediation, user: User, keys: Sequence[AccessKey]) -> set[str | None]:
    """The ids of the keys that a step would change, were they not in use: so their last use is to be asked for.

    What is known of it may be hours old. A use that protects a key now still does so when it is asked for.
    """
    never, just_now = (
        _by_key(steps_for(remediation, user, [_used(key, last) for key in keys])) for last in (None, remediation.now)
    )
    as_known = _by_key(steps_for(remediation, user, [key if key.use_known else _used(key, None) for key in keys]))
    return {key_id for key_id, step in as_known.items() if step in CHANGES and never[key_id] != just_now[key_id]}


def marks_of(tags: Mapping[str, str]) -> dict[str, datetime | None]:
    """Since when a key was seen inactive, by its id; None where the tag does not say an instant."""
    return {tag.removeprefix(MARK_TAG): _instant(value) for tag, value in tags.items() if tag.startswith(MARK_TAG)}


class _Case(NamedTuple):
    """A key and what the policy says of it, were it active."""

    remediation: Remediation
    key: AccessKey
    decision: Decision
    rule: str | None

    @property
    def settings(self) -> RemediationSettings:
        return self.remediation.settings[self.decision.rules[0].id]

    @property
    def limit(self) -> int:
        return self.decision.rules[0].max_age

    @property
    def overdue(self) -> datetime:
        return self.key.created + timedelta(days=self.limit)

    @property
    def grace_ends(self) -> datetime:
        return self.overdue + timedelta(days=self.settings.grace_days)

    def step(self, step: str, why: str, following: str | None = None, at: datetime | None = None) -> Step:
        ahead = Next(following, at) if following and at else None
        return Step(self.key.id, step, why, self.decision.verdict, self.rule, ahead)


def _step_for(case: _Case, marks: Mapping[str, datetime | None] | None, youngest: AccessKey | None) -> Step:
    kept = _kept(case)
    if kept is not None:
        return kept
    if case.key.status == "Active":
        return _step_for_active(case, youngest)
    if case.key.status != "Inactive":
        return case.step(KEEP, f"{case.key.status}: only active and inactive keys are touched")
    if marks is None:
        return case.step(HOLD, "the tags of the user, which say since when it is inactive, are not known")
    return _step_for_inactive(case, marks.get(case.key.id or ""))


def _kept(case: _Case) -> Step | None:
    """The step of a key that the policy wants left as it is; None for others."""
    decision = case.decision
    if case.key.id is None:
        return case.step(KEEP, "its access key id is not known")
    if decision.verdict == COMPLIANT:
        return case.step(KEEP, f"not older than {_limits(decision)}", *_ahead(case, case.grace_ends))
    if decision.exemption is not None:
        ends = decision.exemption.expires
        why = f"exempt by {decision.exemption.id} until {ends:%Y-%m-%d}"
        return case.step(KEEP, why, *_ahead(case, max(ends, case.grace_ends)))
    if decision.rule is None or decision.verdict == UNDECIDED:
        between = ", ".join(doubt.id for doubt in decision.doubts or decision.rules)
        why = f"undecided between {between}: not touched{case.remediation.why_open}"
        return case.step(KEEP, why)._replace(verdict=UNDECIDED)  # also where only what is to be done is open
    if case.settings.action == "none":
        return case.step(KEEP, f"older than {days(case.limit)}, but the remediation is none")
    if case.key.status != "Active" and case.settings.action != "delete":
        return case.step(KEEP, f"{case.key.status} already, and the remediation is {case.settings.action}")
    return None


def _ahead(case: _Case, at: datetime) -> tuple[str | None, datetime | None]:
    """What comes for a key that is kept for now, if it is known which rule decides."""
    comes = case.decision.rule is not None and case.settings.action != "none" and case.key.status == "Active"
    return (DEACTIVATE, at) if comes else (None, None)


def _limits(decision: Decision) -> str:
    return " or ".join(days(limit) for limit in sorted({rule.max_age for rule in decision.rules}))


def _step_for_active(case: _Case, youngest: AccessKey | None) -> Step:
    settings, now, limit = case.settings, case.remediation.now, days(case.limit)
    if now <= case.grace_ends:
        why = f"older than {limit}, but not by more than the {days(settings.grace_days)} of grace"
        return case.step(WAIT_GRACE, why, DEACTIVATE, case.grace_ends)
    in_use = _held_by_use(case, DEACTIVATE)
    if in_use is not None:
        return in_use
    # Which key is the last is told by age alone: a limit, exemption or protection of the other key makes no difference.
    if settings.protect_last_key and case.key == youngest:
        return case.step(HOLD, f"older than {limit}, but the user's last active key (protectLastKey)")
    if not (settings.automatic or case.remediation.asked_for):
        return case.step(HOLD, f"older than {limit}, but the remediation is not automatic: a person is to start it")
    grace = f" and the {days(settings.grace_days)} of grace" if settings.grace_days else ""
    why = f"older than {limit}{grace}"
    if settings.action == "delete":
        return case.step(DEACTIVATE, why, DELETE, now + _wait(settings))
    return case.step(DEACTIVATE, why)


def _step_for_inactive(case: _Case, since: datetime | None) -> Step:
    settings, now, used = case.settings, case.remediation.now, case.key.last_used
    wait = _wait(settings)
    if since is None or since > now or since < case.key.created:
        return case.step(MARK, f"seen inactive now, to be deleted in {days(wait.days)}", DELETE, now + wait)
    if used is not None and since <= used and since < now:
        why = f"used at {instant_text(used)}, so it was active in between: to be deleted in {days(wait.days)}"
        return case.step(MARK, why, DELETE, now + wait)
    if now < since + wait:
        why = f"seen inactive since {instant_text(since)}, not yet for {days(wait.days)}"
        return case.step(WAIT_DELETE, why, DELETE, since + wait)
    if not case.key.use_known:
        return case.step(HOLD, "whether it was used since it was seen inactive is not known")
    return _held_by_use(case, DELETE) or case.step(
        DELETE, f"seen inactive since {instant_text(since)}, for {days(wait.days)} or more"
    )


def _held_by_use(case: _Case, following: str) -> Step | None:
    protected, used = case.settings.protect_used_within_days, case.key.last_used
    if not protected:
        return None
    if not case.key.use_known:
        return case.step(HOLD, f"whether it was used within {days(protected)} is not known")
    ends = used and used + timedelta(days=protected)
    if used and ends and case.remediation.now <= ends:
        return case.step(HOLD, f"protected: used at {instant_text(used)}, within {days(protected)}", following, ends)
    return None


def _youngest_active(keys: Sequence[AccessKey]) -> AccessKey | None:
    active = [key for key in keys if key.status == "Active"]
    return max(active, key=lambda key: (key.created, key.id or ""), default=None)


def _wait(settings: RemediationSettings) -> timedelta:
    """Between the mark and the deletion."""
    if settings.delete_after_days is None:
        raise ValueError("remediation: action delete without deleteAfterDays")
    return timedelta(days=settings.delete_after_days)


def _used(key: AccessKey, last: datetime | None) -> AccessKey:
    return key._replace(last_used=last, use_known=True)


def _by_key(steps: Sequence[Step]) -> dict[str | None, str]:
    """The step of each key; the end of a mark comes before it, or belongs to a key that is gone."""
    return {step.key_id: step.step for step in steps}


def instant_text(moment: datetime) -> str:
    """As a mark has it: UTC, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _instant(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
