"""Carry out the steps of a plan in one account, each only if it still is what the policy wants, and resume that."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from checker.decision import User, remediation_steps
from checker.errors import SignInFailed
from checker.remediate.journal import BEGIN, DONE, FAILED, LEFT, EventName, Journal, Line, State, Told
from checker.remediate.plan import PlannedStep
from checker.remediate.plan_file import OfKey, PlanFile
from checker.remediate.refusals import Refusals
from checker.remediate.standing import OPEN, Standing, settle
from checker.sources.aws.changing_session import Changes
from checker.sources.aws.failures import FAILURES, explain
from checker.sources.aws.reader import changes

VERB = "remediate"  # of `keyage permissions`
OPERATIONS = {
    remediation_steps.DEACTIVATE: "UpdateAccessKey",
    remediation_steps.DELETE: "DeleteAccessKey",
    remediation_steps.MARK: "TagUser",
    remediation_steps.UNMARK: "UntagUser",
}
ENDS: Mapping[str, EventName] = {BEGIN: BEGIN, DONE: DONE, LEFT: LEFT, FAILED: FAILED}
INTERRUPTED = "it was interrupted: type the same command again"
NO_LONGER = "this is no longer to be done"


class Applying(NamedTuple):
    """What a run applies, what was done of it before, where it writes what it does, and how it tells the time."""

    plan: PlanFile
    told: Mapping[OfKey, Sequence[Line]]  # what the journal says of keys as the run begins
    journal: Journal
    now: Callable[[], datetime]  # in UTC
    wait: Callable[[float], None]  # seconds
    stopped: Callable[[], bool]  # whether no further step is to be begun


def may_change(plan: PlanFile) -> Changes:
    """The calls that the steps of a plan need, each with the keys that it is for."""
    keys: dict[str, set[str]] = {}
    for key, steps in plan.steps.items():
        for step in steps:
            for each in (step.step, changes.FOLLOWED_BY.get(step.step)):
                if each is not None:
                    keys.setdefault(OPERATIONS[each], set()).add(key.key_id)
    return Changes(keys)


def apply_account(
    iam: Any, applying: Applying, remediation: remediation_steps.Remediation, account_id: str
) -> str | None:
    """Do what is not done yet of the steps in the account of the client, one key after the other.

    First what a killed run left in the middle, last what failed before. Gives why no further step was begun there, None
    if all were. What AWS answers is in the journal and not raised. Raises CannotWrite if the journal cannot be written.
    """
    mine = {key: steps for key, steps in applying.plan.steps.items() if key.account == account_id}
    standings = {key: Standing(applying.told.get(key, ())) for key in mine}
    refusals = Refusals(iam)
    for key in sorted(mine, key=lambda key: _urgency(standings[key], mine[key])):
        open_steps = [step for step in mine[key] if standings[key].event(step.step) in (OPEN, FAILED)]
        if not open_steps:
            continue
        if applying.stopped():
            return INTERRUPTED
        work = _KeyWork(iam, refusals, applying, remediation, key)
        work.do(open_steps, standings[key])
        if work.stops is not None:
            return work.stops
    return None


def _urgency(standing: Standing, steps: Sequence[PlannedStep]) -> int:
    events = {standing.event(step.step) for step in steps}
    if FAILED in events:
        return 2
    return 0 if any(standing.line(step.step) for step in steps) else 1


class _KeyWork:
    """What is done with one key. Each step that is awaited gets an end in the journal, whatever happens."""

    def __init__(
        self,
        iam: Any,
        refusals: Refusals,
        applying: Applying,
        remediation: remediation_steps.Remediation,
        key: OfKey,
    ) -> None:
        self.stops: str | None = None  # the failure after which no other key of the account is begun
        self._applying, self._key, self._refusals = applying, key, refusals
        self._user = User(key.user, id=key.user_id)
        self._awaited: dict[str, None] = {}
        self._latest: changes.Event | None = None  # of those that are about no awaited step
        self._failed: str | None = None
        self._begun: dict[str, State | None] = {}  # the key before each change that was begun and has no end yet
        decides = remediation._replace(now=applying.now())
        self._changes = changes.KeyChanges(iam, applying.wait, decides, self._record, self._explain)

    def do(self, planned: Sequence[PlannedStep], standing: Standing) -> None:
        """Do the steps, as far as the journal does not say that they are done."""
        for step in planned:
            done = standing.event_alone(step.step) == DONE
            self._awaited[changes.FOLLOWED_BY[step.step] if done else step.step] = None
        try:
            self._do(planned, standing)
        except SignInFailed as error:
            self.stops = self._failed = str(error)
        for awaited in list(self._awaited):
            before = self._begun.get(awaited) if self._refusals.surely_not_made else None
            self._write(
                Told(FAILED if self._failed else LEFT, awaited, self._failed or self._why_left(), before, before)
            )

    def _do(self, planned: Sequence[PlannedStep], standing: Standing) -> None:
        begun = [step for step in planned if standing.event_alone(step.step) == DONE or standing.doubted(step.step)]
        fresh = {step.step for step in planned if step not in begun}
        if begun:
            found = self._changes.look(self._user, self._key.key_id)
            if found is None:
                return
            for step in begun:
                if not self._is_done(step.step, standing, found):
                    fresh.add(step.step)
                elif not self._finish(step, standing, found):
                    return
        if fresh:
            self._changes.carry_out(self._user, self._key.key_id, fresh)

    def _is_done(self, step: str, standing: Standing, found: User) -> bool:
        """Whether a step was done by an earlier run, which may not have come to say so."""
        if standing.event_alone(step) == DONE:
            return True
        settled = settle(step, standing.doubted(step), self._state(found))
        if settled.event == DONE:
            self._settle(step, settled.why, standing.doubted(step))
        return settled.event == DONE

    def _finish(self, step: PlannedStep, standing: Standing, found: User) -> bool:
        """Do what belongs to a change that was made; gives whether that did not fail."""
        following = changes.FOLLOWED_BY.get(step.step)
        if following is None:
            return True
        self._awaited[following] = None
        begun = standing.doubted(following)
        settled = settle(following, begun, self._state(found))
        if settled.event == DONE:
            self._settle(following, settled.why, begun)
        elif settled.event == LEFT:
            self._write(Told(LEFT, following, settled.why))
        else:
            because = f"because of {step.step}"
            return self._changes.finish(
                found, remediation_steps.Step(self._key.key_id, following, because, "", step.rule)
            )
        return True

    def _state(self, found: User) -> State:
        return State(*changes.state_of(found, self._key.key_id))

    def _settle(self, step: str, why: str, begun: Line | None) -> None:
        self._write(Told(DONE, step, why, begun.before if begun else None, begun.after if begun else None))

    def _record(self, event: changes.Event) -> None:
        if event.event == FAILED:
            self._failed = event.why
        if event.event == BEGIN or event.step in self._awaited or event.event == DONE or self._announced(event):
            before, after = event.before and State(*event.before), event.after and State(*event.after)
            if event.event == FAILED and after is None and self._refusals.surely_not_made:
                after = before  # the key is as it was; without one nobody knows
            if event.event == BEGIN:
                self._begun[event.step] = before
            self._write(Told(ENDS[event.event], event.step, event.why, before, after, event.request_id))
        else:
            self._latest = event

    @staticmethod
    def _announced(event: changes.Event) -> bool:
        """Whether it ends what a `begin` announced; the others are of a look and tell no state."""
        return event.before is not None

    def _write(self, told: Told) -> None:
        self._applying.journal.tell(self._applying.now(), self._applying.plan.sha256, self._key, told)
        if told.event != BEGIN:
            self._awaited.pop(told.step, None)
            self._begun.pop(told.step, None)

    def _why_left(self) -> str:
        if self._latest is None:
            return NO_LONGER
        return f"now {self._latest.step}: {self._latest.why}" if self._latest.step else self._latest.why

    def _explain(self, error: Exception) -> str:
        told = explained(error)
        if isinstance(error, BotoCoreError | ClientError):  # the next key would meet it too
            self.stops = told
        return told


def explained(error: Exception) -> str:
    """What failed on changing a key, and how to mend it."""
    return explain(error, VERB) if isinstance(error, FAILURES) else str(error)
