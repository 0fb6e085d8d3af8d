"""Laws of `apply` and `undo` over random users, policies, kills and changes that others make in between.

Against a fake that knows no faults but death; what AWS refuses is in test_apply.
"""

import copy
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from checker.decision import AccessKey, User, decision, remediation_steps
from checker.evaluate import AccountRead
from checker.policy import loader
from checker.remediate import plan_file, undo
from checker.remediate.apply import Applying, apply_account
from checker.remediate.asking import remediation
from checker.remediate.journal import Journal, Line
from checker.remediate.plan import plan_account
from checker.remediate.plan_file import PlanFile
from checker.remediate.standing import by_key, outcomes
from checker.reports.formats import PLAN, writer
from checker.reports.remediate.run import PlanRun
from tests.fakes.mortal_iam import NAME, USER_ID, Killed, MortalIam
from tests.support.fixtures import ACCOUNT, NOW, ago

ENDED = {"done", "left", "undone"}


class World:
    """A user, a policy and a plan, the same for the same seed."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.random = Random(seed)  # noqa: S311 -- no secret
        self.path = folder / "j.jsonl"
        self.iam = MortalIam(ago(400))
        action = self.random.choice(["deactivate", "delete", "delete"])
        wait = f", deleteAfterDays: {self.random.randint(1, 3)}" if action == "delete" else ""
        protected = f", protectUsedWithinDays: {self.random.randint(0, 3)}"
        text = f"version: 1\ndefault: {{maxAccessKeyAge: 5}}\nremediation: {{action: {action}{wait}{protected}}}\n"
        self.policy = loader.parse(text.encode(), "policies.yaml")
        for number in range(self.random.randint(1, 2)):
            self._key(f"AKIAXXXXXXXXXXX{number}")
        self.plan = self._planned()

    def _key(self, key_id: str) -> None:
        age, status = self.random.randint(1, 12), self.random.choice(["Active", "Active", "Inactive"])
        used = ago(self.random.randint(0, age)) if self.random.random() < 0.3 else None
        self.iam.keys[key_id] = AccessKey(key_id, status, ago(age), used)
        if self.random.random() < 0.4:
            since = ago(self.random.randint(0, age))
            self.iam.tags[f"{remediation_steps.MARK_TAG}{key_id}"] = remediation_steps.instant_text(since)

    def _planned(self) -> PlanFile:
        user = User(NAME, "/", dict(self.iam.tags), USER_ID, keys=list(self.iam.keys.values()))
        read = AccountRead(decision.Account(ACCOUNT), [user], (), {}, ())
        text = io.StringIO()
        accounts = [plan_account(self.policy, NOW, "all", read)]
        writer(PLAN, "json")(PlanRun(NOW, "policies.yaml", self.policy.sha256, accounts), text, color=False)
        return plan_file.parse(text.getvalue().encode(), Path("plan.json"))

    @property
    def state(self) -> tuple[dict[str, AccessKey], set[str]]:
        return dict(self.iam.keys), set(self.iam.tags)

    def other_changes(self) -> None:
        """What somebody else may do to a key."""
        key_id = self.random.choice(["AKIAXXXXXXXXXXX0", "AKIAXXXXXXXXXXX1"])
        if key_id not in self.iam.keys:
            return
        match self.random.randrange(5):
            case 0:
                self.iam.keys[key_id] = self.iam.keys[key_id]._replace(status="Active")
            case 1:
                self.iam.keys[key_id] = self.iam.keys[key_id]._replace(status="Inactive")
            case 2:
                del self.iam.keys[key_id]
            case 3:
                self.iam.keys[key_id] = self.iam.keys[key_id]._replace(last_used=NOW)
            case _:
                self.iam.tags.pop(f"{remediation_steps.MARK_TAG}{key_id}", None)

    @contextmanager
    def journal(self, lives: int | None) -> Iterator[Journal]:
        """The journal of a run that has so many moments to live."""
        with Journal.open(self.path) as journal:
            self.iam.lives = lives
            plain = journal._write  # noqa: SLF001 -- nothing public is between two writes

            def write(data: bytes) -> None:
                self.iam.moment()
                if self.iam.lives == 1:
                    plain(data[: len(data) // 2])
                    raise Killed
                plain(data)
                self.iam.moment()

            with patch.object(journal, "_write", write):
                yield journal
            self.iam.lives = None

    def apply(self, lives: int | None = None) -> set[str]:
        """A run; gives what became of the steps."""
        with self.journal(lives) as journal:
            now, told = NOW + timedelta(minutes=len(journal.lines)), by_key(journal.lines)
            applying = Applying(self.plan, told, journal, lambda: now, _never, lambda: False)
            decides = remediation(self.policy, decision.Account(ACCOUNT), now)
            assert apply_account(self.iam, applying, decides, ACCOUNT) is None
            return {outcome.event for outcome in outcomes(self.plan, journal.lines, {})}

    def undo(self, lives: int | None = None) -> set[str]:
        with self.journal(lives) as journal:
            undoing = undo.Undoing(journal, lambda: NOW, _never, lambda: False)
            waiting = [item for item in undo.to_undo(journal.lines) if item.event in ("open", "failed")]
            assert undo.undo_account(self.iam, undoing, waiting) is None
            return {item.event for item in undo.to_undo(journal.lines)}

    def lines(self) -> list[Line]:
        with Journal.open(self.path) as journal:
            return journal.lines


def _never(_seconds: float) -> None:
    raise AssertionError("the fake shows every change at once")


def killed_a_few_times(world: World, run: Any, *, others: bool) -> bool:
    """Runs that are killed, each at a moment of its own; gives whether somebody else changed something in between."""
    changed = False
    for _ in range(world.random.randint(0, 4)):
        with suppress(Killed):
            run(world.random.randint(1, 30))
        if others and world.random.random() < 0.3:
            world.other_changes()
            changed = True
    return changed


@contextmanager
def a_world(seed: int) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder, patch("os.fsync"):
        yield World(seed, Path(folder))


def undisturbed(seed: int) -> tuple[dict[str, AccessKey], set[str]]:
    with a_world(seed) as world:
        assert world.apply() <= {"done"}
        return world.state


@given(st.integers(0, 2**64))
@settings(max_examples=150)
def test_killed_and_typed_again_it_ends_as_one_run_would(seed: int) -> None:
    expected = undisturbed(seed)
    with a_world(seed) as world:
        killed_a_few_times(world, world.apply, others=False)
        assert world.apply() <= {"done"}
        assert world.state == expected
        assert all(times == 1 for times in world.iam.calls.values())
        calls = copy.copy(world.iam.calls)
        assert world.apply() <= {"done"}
        assert world.iam.calls == calls


@given(st.integers(0, 2**64))
@settings(max_examples=150)
def test_whatever_others_do_meanwhile_only_planned_keys_are_touched_and_every_step_ends(seed: int) -> None:
    with a_world(seed) as world:
        planned = {key.key_id: {step.step for step in steps} for key, steps in world.plan.steps.items()}
        killed_a_few_times(world, world.apply, others=True)
        assert world.apply() <= ENDED
        for operation, key_id in world.iam.calls:
            assert key_id in planned
            assert operation != "Inactive" or remediation_steps.DEACTIVATE in planned[key_id]
            assert operation != "Delete" or remediation_steps.DELETE in planned[key_id]
        done = [(line.access_key_id, line.step) for line in world.lines() if line.event == "done"]
        assert len(done) == len(set(done))
        calls, state = copy.copy(world.iam.calls), world.state
        world.apply()
        assert (world.iam.calls, world.state) == (calls, state)


@given(st.integers(0, 2**64))
@settings(max_examples=150)
def test_an_undo_switches_on_what_apply_switched_off_and_nothing_else(seed: int) -> None:
    with a_world(seed) as world:
        before = dict(world.iam.keys)
        killed_a_few_times(world, world.apply, others=False)
        if world.random.random() < 0.5:
            world.apply()
        killed_a_few_times(world, world.undo, others=False)
        assert world.undo() <= ENDED
        for key_id, key in before.items():
            deleted = key_id not in world.iam.keys
            assert deleted == (world.iam.calls["Delete", key_id] == 1)
            assert deleted or world.iam.keys[key_id].status == key.status
        calls, text = copy.copy(world.iam.calls), world.path.read_bytes()
        world.undo()
        assert (world.iam.calls, world.path.read_bytes()) == (calls, text)
        back = {line.access_key_id for line in world.lines() if line.event == "undone"}
        world.apply()
        assert {key_id for key_id in back if world.iam.calls["Inactive", key_id] > 1} == set()
        assert {key_id: world.iam.keys[key_id].status for key_id in back} == {
            key_id: before[key_id].status for key_id in back
        }


@given(st.integers(0, 2**64))
@settings(max_examples=150)
def test_an_undo_switches_nothing_on_that_others_changed_since(seed: int) -> None:
    with a_world(seed) as world:
        killed_a_few_times(world, world.apply, others=False)
        world.apply()
        changed = world.random.choice(sorted(world.iam.keys) or ["none"])
        tag = f"{remediation_steps.MARK_TAG}{changed}"
        if world.random.random() < 0.5:
            world.iam.tags[tag] = remediation_steps.instant_text(NOW + timedelta(days=1))
        else:
            world.iam.tags.pop(tag, None)
        off = {key_id for key_id, key in world.iam.keys.items() if key.status == "Inactive"}
        assert world.undo() <= ENDED
        assert world.iam.calls["Active", changed] == 0
        assert changed not in off or world.iam.keys[changed].status == "Inactive"
