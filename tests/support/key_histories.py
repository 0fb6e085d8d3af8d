"""A user and access keys in a fake IAM, to which time, people and remediation happen. Days are whole numbers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from random import Random
from typing import Any

from hypothesis import strategies as st

from checker.decision import AccessKey, Policy, User, decision, remediation_by_rule
from checker.decision import remediation_steps as steps

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
Document = dict[str, Any]
History = list[tuple[str, Document]]


def day(number: int) -> datetime:
    return START + timedelta(days=number)


@dataclass
class FakeUser:
    """One user's keys and tags, as IAM has them."""

    keys: dict[str, AccessKey] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    now: int = 0
    before: dict[str, AccessKey] = field(default_factory=dict)  # the keys as the latest run found them
    created: int = 0

    def as_read(self) -> User:
        return User("u", "/", dict(self.tags), "AIDAU", groups=(), keys=tuple(self.keys.values()))

    def pass_days(self, number: int) -> None:
        self.now += number

    def of(self, place: int, event: Callable[[str], object]) -> None:
        """Let it happen to the key at that place, if there is one."""
        for key_id in list(self.keys)[place : place + 1]:
            event(key_id)

    def use(self, key_id: str) -> None:
        if self.keys[key_id].status == "Active":
            self.keys[key_id] = self.keys[key_id]._replace(last_used=day(self.now))

    def switch(self, key_id: str, status: str) -> None:
        self.keys[key_id] = self.keys[key_id]._replace(status=status)

    def create(self) -> None:
        if len(self.keys) < 2:
            key_id = f"K{self.created}"
            self.created += 1
            self.keys[key_id] = AccessKey(key_id, "Active", day(self.now))

    def carry_out(self, step: steps.Step) -> None:
        """The calls of a step, all of them."""
        for call in self.calls_of(step):
            call()

    def calls_of(self, step: steps.Step) -> list[Callable[[], object]]:
        key_id = str(step.key_id)
        tag = steps.MARK_TAG + key_id
        mark = partial(self.tags.__setitem__, tag, day(self.now).isoformat())
        unmark = partial(self.tags.pop, tag, None)
        calls: dict[str, list[Callable[[], object]]] = {
            steps.DEACTIVATE: [partial(self.switch, key_id, "Inactive"), mark],
            steps.MARK: [mark],
            steps.DELETE: [partial(self.keys.pop, key_id), unmark],
            steps.UNMARK: [unmark],
        }
        return calls.get(step.step, [])


def remediation_of(document: Document, now: int, *, asked_for: bool = True) -> steps.Remediation:
    policy = Policy(document).for_account(decision.Account("1" * 12))
    return steps.Remediation(policy, remediation_by_rule(document), day(now), asked_for)


def planned(document: Document, user: FakeUser, *, asked_for: bool = True) -> list[steps.Step]:
    found = user.as_read()
    return steps.steps_for(remediation_of(document, user.now, asked_for=asked_for), found, found.keys)


def changes(planned_steps: Iterable[steps.Step]) -> list[steps.Step]:
    return [step for step in planned_steps if step.step in steps.CHANGES]


def run(document: Document, user: FakeUser, *, asked_for: bool = True) -> list[steps.Step]:
    """A run that looks again before every step; gives what it did."""
    done = []
    for step in changes(planned(document, user, asked_for=asked_for)):
        if comes_again(step, planned(document, user, asked_for=asked_for)):
            user.carry_out(step)
            done.append(step)
    return done


def comes_again(step: steps.Step, again: Sequence[steps.Step]) -> bool:
    return any((step.key_id, step.step) == (each.key_id, each.step) for each in again)


def copy_of(user: FakeUser) -> FakeUser:
    return replace(user, keys=dict(user.keys), tags=dict(user.tags))


EVENTS = {
    "day": lambda user: user.pass_days(1),
    "week": lambda user: user.pass_days(7),
    "create": lambda user: user.create(),
    "use first": lambda user: user.of(0, user.use),
    "use second": lambda user: user.of(1, user.use),
    "on first": lambda user: user.of(0, lambda key_id: user.switch(key_id, "Active")),
    "on second": lambda user: user.of(1, lambda key_id: user.switch(key_id, "Active")),
    "off first": lambda user: user.of(0, lambda key_id: user.switch(key_id, "Inactive")),
    "delete first": lambda user: user.of(0, user.keys.pop),
}
RUNS = ["run", "manual", "cut"]  # automatic, asked for by a person, and one that is killed after its first call


def happened(user: FakeUser, event: str, policy: Document) -> list[steps.Step]:
    """Let it happen; gives the steps that were done."""
    user.before = dict(user.keys)
    if event == "cut":
        for step in changes(planned(policy, user))[:1]:
            user.calls_of(step)[0]()
            return [step]
        return []
    if event in RUNS:
        return run(policy, user, asked_for=event == "manual")
    EVENTS[event](user)
    return []


def until(history: History) -> FakeUser:
    user = FakeUser()
    for event, policy in history:
        happened(user, event, policy)
    return user


def a_policy(random: Random) -> Document:
    action = random.choice(["none", "deactivate", "delete", "delete", "delete"])
    choices: Document = {
        "automatic": random.random() < 0.5,
        "graceDays": random.randint(0, 3),
        "protectUsedWithinDays": random.randint(0, 4),
        "protectLastKey": random.random() < 0.5,
    }
    chosen = {name: value for name, value in choices.items() if random.random() < 0.4}
    exemption: Document = {"id": "e", "expires": f"2026-01-{random.randint(2, 28):02}"}
    keys = {"keys": [random.choice(["K0", "K1"])]} if random.random() < 0.5 else {}
    return {
        "default": {"maxAccessKeyAge": random.randint(1, 5)},
        "remediation": {"action": action, "deleteAfterDays": random.randint(1, 6)} | chosen,
        "exemptions": [exemption | keys] if random.random() < 0.3 else [],
    }


def a_history(seed: int) -> History:
    """What happened from the first key on, each under the policy of its time; the same for the same seed."""
    random = Random(seed)  # noqa: S311 -- no secret
    policies = [a_policy(random) for _ in range(random.choice([1, 1, 2]))]
    weights = {"day": 6, "week": 2, "manual": 8, "run": 4, "cut": 3, "create": 2}
    names = [*EVENTS, *RUNS]
    happening = random.choices(names, [weights.get(name, 1) for name in names], k=random.randint(5, 60))
    change = random.randint(0, len(happening))
    return [("create", policies[0])] + [
        (event, policies[0] if number < change else policies[-1]) for number, event in enumerate(happening)
    ]


seeds = st.integers(0, 2**64)  # a history without meaning gets no clearer by shrinking
histories = seeds.map(a_history)
MARKS: dict[str, str] = {}
