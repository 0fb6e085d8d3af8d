"""What a journal says of the steps of a plan: which are done, which are left, and of which nobody knows. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from checker.decision import remediation_steps as steps
from checker.remediate.journal import BEGIN, DONE, FAILED, LEFT, UNDONE, Line, State
from checker.remediate.plan_file import OfKey, PlanFile
from checker.sources.aws.reader import changes

# What takes a step back, as lines of `undo` name it; no steps of a plan.
ACTIVATE, WITHDRAW = "activate", "withdraw-mark"
TAKES_BACK = {steps.DEACTIVATE: ACTIVATE, steps.MARK: WITHDRAW}
OPEN = "open"  # not begun, or to be done again
WAITING = frozenset({OPEN, BEGIN, FAILED})  # what a run has still to do; BEGIN: it has not come to its end
NO_END = "begun, and the journal does not say how it ended"


class Standing:
    """What stands of one key."""

    def __init__(self, lines: Iterable[Line]) -> None:
        """`lines` are those of a journal that are about the key, in their order."""
        self._latest: dict[str, Line] = {}
        self._begun: dict[str, Line] = {}
        self._doubted: dict[str, Line] = {}
        self.undone: set[str] = set()  # the steps that were taken back
        self.taken_back = False  # whether somebody has begun to undo something
        for line in lines:
            self._latest[line.step] = line
            if line.event == BEGIN:
                self._begun[line.step] = self._doubted[line.step] = line
            elif line.event != FAILED or _surely_not_made(line):
                self._doubted.pop(line.step, None)
            if line.event == UNDONE:
                self.undone.add(line.step)
            self.taken_back = self.taken_back or line.event == UNDONE or line.step in TAKES_BACK.values()

    def begun(self, step: str) -> Line | None:
        """The line that announced a step, the latest; None if none did."""
        return self._begun.get(step)

    def line(self, step: str) -> Line | None:
        """The latest line about a step."""
        return self._latest.get(step)

    def event(self, step: str) -> str:
        """What became of a step of a plan, with what belongs to it."""
        own = self.event_alone(step)
        following = changes.FOLLOWED_BY.get(step)
        if own != DONE or following is None:
            return own
        after = self.event_alone(following)
        return DONE if after in (DONE, LEFT) else after

    def event_alone(self, step: str) -> str:
        """What became of a step, whatever belongs to it."""
        line = self._latest.get(step)
        if self.taken_back:
            return UNDONE
        return OPEN if line is None or line.event == BEGIN else line.event

    def why(self, step: str) -> str:
        """What the journal says of it."""
        own, following = self._latest.get(step), self._latest.get(changes.FOLLOWED_BY.get(step, ""))
        taking = self._latest.get(TAKES_BACK.get(step, ""))
        if taking and own and own.event != UNDONE:
            return taking.why
        if own and own.event == DONE and following and following.event != DONE:
            return f"done, but {following.step} after it: {following.why}"
        return own.why if own else ""

    def unfinished(self, step: str) -> str | None:
        """How far a step has come that is begun and not at its end; None for all others."""
        own, following = self._latest.get(step), changes.FOLLOWED_BY.get(step)
        if own is None or self.taken_back:
            return None
        if own.event == BEGIN:
            return NO_END
        if own.event == DONE and following is not None and self.event_alone(following) == OPEN:
            return f"done, but not surely the {following} that belongs to it"
        return None

    def doubted(self, step: str) -> Line | None:
        """The line that announced a call, if nobody knows whether it was made: what AWS refused was not."""
        return self._doubted.get(step)


def _surely_not_made(line: Line) -> bool:
    """Whether a failure says that the key is as it was before."""
    return line.before is not None and line.before == line.after


def by_key(lines: Sequence[Line]) -> dict[OfKey, list[Line]]:
    """The lines about each key, in their order."""
    found: dict[OfKey, list[Line]] = {}
    for line in lines:
        found.setdefault(line.key, []).append(line)
    return found


class Outcome(NamedTuple):
    """What became of a step of a plan; `event` is OPEN where it was not begun, BEGIN where it is not at its end."""

    key: OfKey
    step: str
    event: str
    why: str


def outcomes(plan: PlanFile, lines: Sequence[Line], not_begun: Mapping[str, str]) -> list[Outcome]:
    """What became of every step, in the order of the plan; `not_begun`: by account, why not all was begun there."""
    told, found = by_key(lines), []
    for key, planned in plan.steps.items():
        standing = Standing(told.get(key, ()))
        for step in planned:
            event, unfinished = standing.event(step.step), standing.unfinished(step.step)
            if unfinished is not None:
                found.append(Outcome(key, step.step, BEGIN, unfinished))
                continue
            why = not_begun.get(key.account, "") if event == OPEN else standing.why(step.step)
            found.append(Outcome(key, step.step, event, why))
    return found


class Settled(NamedTuple):
    """What is to be done about a step of which nobody knows whether it was done: its event, or OPEN to do it again."""

    event: str
    why: str


FOUND_DONE = "the run ended before it could say so: found done"


def settle(step: str, begun: Line | None, now: State) -> Settled:
    """Compare a key with what a line announced; without a line, with what is to follow a change that was made."""
    if step == steps.DEACTIVATE:
        return Settled(DONE, FOUND_DONE) if now.status == "Inactive" else Settled(OPEN, "")
    if step == steps.DELETE:
        return Settled(DONE, FOUND_DONE) if now.status is None else Settled(OPEN, "")
    if step == steps.UNMARK:
        if now.mark is not None:
            return Settled(OPEN, "")
        return Settled(DONE, FOUND_DONE) if begun else Settled(LEFT, "there is no mark any more")
    if now.mark is not None:
        ours = begun is not None and begun.after is not None and begun.after.mark == now.mark
        return Settled(DONE, FOUND_DONE) if ours else Settled(LEFT, f"marked already, with {now.mark}")
    if now.status != "Inactive":
        return Settled(LEFT, "the key is active again" if now.status else "the key is gone")
    return Settled(OPEN, "")
