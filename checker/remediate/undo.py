"""Take back what a journal says was done: switch keys on again, and take marks away. What was deleted stays deleted."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from checker.decision import User, remediation_steps
from checker.errors import SignInFailed
from checker.remediate.apply import INTERRUPTED, explained
from checker.remediate.journal import BEGIN, DONE, FAILED, LEFT, UNDONE, EventName, Journal, Line, State, Told
from checker.remediate.plan_file import OfKey
from checker.remediate.refusals import Refusals
from checker.remediate.standing import NO_END, OPEN, TAKES_BACK, Outcome, Standing, by_key
from checker.sources.aws.changing_session import Changes
from checker.sources.aws.failures import FAILURES
from checker.sources.aws.reader import changes

DELETED = "gone: it was deleted, and nothing brings it back"
UNCLEAR = "whether it was deleted is not known, because the run ended then: apply the plan again to be told"


class ToUndo(NamedTuple):
    """A change of a key that a journal tells of, and what the journal has about the key."""

    key: OfKey
    step: str
    standing: Standing

    @property
    def event(self) -> str:
        """What became of taking it back; OPEN where that was not begun, or not ended."""
        if self.step not in TAKES_BACK:
            return LEFT
        if self.step in self.standing.undone:
            return UNDONE
        taking = self.standing.line(TAKES_BACK[self.step])
        return OPEN if taking is None or taking.event == BEGIN else taking.event

    @property
    def marks(self) -> set[str | None]:
        """What the key may have for a mark if nobody has changed it since; several where a run was killed."""
        own = self.standing.begun(self.step) or self.standing.line(self.step)
        marks = {own.after.mark if own and own.after else None}
        following = changes.FOLLOWED_BY.get(self.step, "")
        mark, announced = self.standing.line(following), self.standing.begun(following)
        if mark is None or announced is None or announced.after is None:
            return marks
        if self.standing.doubted(following):
            return marks | {announced.after.mark}
        return {announced.after.mark} if mark.event == DONE else marks

    @property
    def why(self) -> str:
        """What the journal says of that."""
        if self.step not in TAKES_BACK:
            line = self.standing.line(self.step)
            return DELETED if line and line.event == DONE else UNCLEAR
        undone = self.standing.line(self.step)
        taking = self.standing.line(TAKES_BACK[self.step])
        line = undone if undone and undone.event == UNDONE else taking
        return line.why if line else ""


def to_undo(lines: Sequence[Line]) -> list[ToUndo]:
    """The changes that can be taken back, and the keys that are gone, newest first."""
    latest = {line.key: number for number, line in enumerate(lines) if line.step not in TAKES_BACK.values()}
    found = []
    for key, told in by_key(lines).items():
        standing = Standing(told)
        made = [step for step in (*TAKES_BACK, remediation_steps.DELETE) if _was_made(standing, step)]
        if made:  # a mark that came with the deactivation goes with it
            found.append(ToUndo(key, made[0], standing))
    return sorted(found, key=lambda each: -latest.get(each.key, 0))


def _was_made(standing: Standing, step: str) -> bool:
    line = standing.line(step)
    return line is not None and (line.event in (DONE, UNDONE) or standing.doubted(step) is not None)


def may_change(items: Sequence[ToUndo]) -> Changes:
    """The calls that taking these back needs, each with the keys that it is for."""
    back = [item for item in items if item.step in TAKES_BACK]
    activated = {item.key.key_id for item in back if item.step == remediation_steps.DEACTIVATE}
    return Changes({"UpdateAccessKey": activated, "UntagUser": {item.key.key_id for item in back}}, "Active")


def outcomes(items: Sequence[ToUndo], not_begun: dict[str, str]) -> list[Outcome]:
    """What became of each; `not_begun`: by account, why not all was begun there."""
    return [_outcome(item, not_begun.get(item.key.account, "")) for item in items]


def _outcome(item: ToUndo, not_begun: str) -> Outcome:
    if item.event != OPEN:
        return Outcome(item.key, item.step, item.event, item.why)
    if item.standing.line(TAKES_BACK[item.step]) is not None:
        return Outcome(item.key, item.step, BEGIN, NO_END)
    return Outcome(item.key, item.step, OPEN, not_begun)


class Undoing(NamedTuple):
    """Where a run writes what it does, and how it tells the time."""

    journal: Journal
    now: Callable[[], datetime]  # in UTC
    wait: Callable[[float], None]  # seconds
    stopped: Callable[[], bool]  # whether nothing further is to be begun


def undo_account(iam: Any, undoing: Undoing, items: Sequence[ToUndo]) -> str | None:
    """Take these back, one after the other, in the account of the client.

    Gives why no further one was begun, None if all were. Raises CannotWrite if the journal cannot be written.
    """
    refusals = Refusals(iam)
    for item in items:
        if undoing.stopped():
            return INTERRUPTED
        stops = _Back(iam, refusals, undoing, item).do()
        if stops is not None:
            return stops
    return None


class _Back:
    """Takes one change back, if the key still is as the change left it."""

    def __init__(self, iam: Any, refusals: Refusals, undoing: Undoing, item: ToUndo) -> None:
        self._iam, self._refusals, self._undoing, self._item = iam, refusals, undoing, item
        self._untouched: State | None = None  # the key while a change was announced and none was made
        self._key, self._taking = item.key, TAKES_BACK[item.step]

    def do(self) -> str | None:
        """Gives the failure after which nothing else of the account is begun; None where that can go on."""
        try:
            self._do()
        except (*FAILURES, changes.NotAsExpected) as error:
            failed = changes.failure(error, User(self._key.user), self._key.key_id, explained)
            as_it_was = self._untouched if self._refusals.surely_not_made else None
            event: EventName = LEFT if failed.event == changes.LEFT else FAILED
            self._write(Told(event, self._taking, failed.why, as_it_was, as_it_was))
            stops = failed.event == changes.FAILED and isinstance(error, ClientError | BotoCoreError | SignInFailed)
            return failed.why if stops else None
        return None

    def _do(self) -> None:
        found = changes.user_as_is(self._iam, self._key.user)
        if found is None or found.id != self._key.user_id:
            self._write(Told(LEFT, self._taking, "the user is gone, or has another name now"))
            return
        now = State(*changes.state_of(found, self._key.key_id))
        begun = self._item.standing.doubted(self._taking)
        why_left = self._why_left(now, begun)
        if why_left is not None:
            self._write(Told(LEFT, self._taking, why_left))
            return
        activates = self._item.step == remediation_steps.DEACTIVATE
        wanted = State("Active" if activates else now.status, None)
        if now != wanted:
            self._write(Told(BEGIN, self._taking, f"{self._item.step} is taken back", now, wanted))
            self._untouched = now
        request_id = self._change(found, now, wanted)
        before = begun.before if begun and now == wanted else now
        self._write(Told(UNDONE, self._item.step, f"{self._item.step} was taken back", before, wanted, request_id))

    def _why_left(self, now: State, begun: Line | None) -> str | None:
        """Why the key is not touched; None where it is as the change left it, or as a killed run of `undo` did."""
        if now.status is None:
            return "the key is gone"
        activates = self._item.step == remediation_steps.DEACTIVATE
        if activates and now.status != "Inactive" and begun is None:
            return f"{now.status} already"
        marks = self._item.marks
        if begun is not None and (now.status != "Inactive" or not activates):
            marks = marks | {None}
        if now.mark in marks:
            return None
        return f"it has another mark now: {now.mark}" if now.mark else "its mark is gone: somebody has changed it since"

    def _change(self, found: User, now: State, wanted: State) -> str | None:
        """Gives the id of the last request, None if there was none."""
        name, key_id, answer = self._key.user, self._key.key_id, None
        if now.status != wanted.status:
            answer = self._iam.update_access_key(UserName=name, AccessKeyId=key_id, Status="Active")
            self._untouched = None
            keys = [key._replace(status="Active") if key.id == key_id else key for key in found.keys]
            changes.await_keys(self._iam, self._undoing.wait, found._replace(keys=keys))
        if now.mark is not None:
            answer = self._iam.untag_user(UserName=name, TagKeys=[f"{remediation_steps.MARK_TAG}{key_id}"])
        return answer and changes.request_id(answer)

    def _write(self, told: Told) -> None:
        journal = self._undoing.journal
        journal.tell(self._undoing.now(), journal.lines[0].plan, self._key, told)
