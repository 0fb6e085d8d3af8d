"""Random histories of one user's access keys against a model of the remediation that shares nothing with the rule.

    python -m benchmarks.remediation_model --histories 20000

Before each run of a history, the steps of the planner are compared with those of the model, which is written from the
contract's table of steps and counts in whole days.
"""

import argparse
import time
from collections import Counter
from datetime import date
from random import Random
from typing import Any

from checker.decision import AccessKey
from tests.support.key_histories import RUNS, START, FakeUser, a_history, a_policy, happened, planned

MARK = "keyage:inactive-since:"
Steps = list[tuple[str, str]]  # a key and what is to be done with it


def modelled(policy: dict[str, Any], user: FakeUser, *, asked_for: bool) -> Steps:
    """What should happen to each key on this day; an end of a mark stands before the step of its key."""
    marks = {name.removeprefix(MARK): _day(value) for name, value in user.tags.items() if name.startswith(MARK)}
    found: Steps = []
    for key_id, key in user.keys.items():
        if key.status == "Active" and key_id in marks:
            found.append((key_id, "unmark"))
        found.append((key_id, _step(policy, user, key, marks.get(key_id), asked_for=asked_for)))
    return found + [(key_id, "unmark") for key_id in sorted(marks) if key_id not in user.keys]


def _step(policy: dict[str, Any], user: FakeUser, key: AccessKey, mark: int | None, *, asked_for: bool) -> str:
    rule = next((each for each in policy.get("rules", []) if each["users"] in ("u", "*")), policy["default"])
    said = rule.get("remediation", policy["remediation"])
    born, today = _number(key.created), user.now
    used = None if key.last_used is None else _number(key.last_used)
    overdue = today - born - rule["maxAccessKeyAge"]
    protected, wait = said.get("protectUsedWithinDays", 0), said.get("deleteAfterDays")
    in_use = bool(protected) and used is not None and today - used <= protected
    if overdue <= 0 or said["action"] == "none" or _exempt(policy, key, today):
        return "keep"
    if key.status == "Active":
        if overdue <= said.get("graceDays", 0):
            return "wait-grace"
        last = said.get("protectLastKey", False) and key.id == _youngest(user)
        return "hold" if in_use or last or not (asked_for or said.get("automatic", False)) else "deactivate"
    if said["action"] != "delete":
        return "keep"
    if mark is None or not born <= mark <= today or (used is not None and mark <= used and mark < today):
        return "mark"
    if today - mark < wait:
        return "wait-delete"
    return "hold" if in_use else "delete"


def _exempt(policy: dict[str, Any], key: AccessKey, today: int) -> bool:
    until = {each["id"]: (date.fromisoformat(each["expires"]) - START.date()).days for each in policy["exemptions"]}
    named = [each for each in policy["exemptions"] if key.id in each.get("keys", [key.id])]
    return any(today < until[each["id"]] for each in named)


def _youngest(user: FakeUser) -> str | None:
    active = [(key.created, str(key.id)) for key in user.keys.values() if key.status == "Active"]
    return max(active)[1] if active else None


def _number(moment: Any) -> int:
    return int((moment - START).days)


def _day(text: str) -> int:
    return (date.fromisoformat(text[:10]) - START.date()).days


def _with_rules(policy: dict[str, Any], random: Random) -> dict[str, Any]:
    """The policy with rules before its default, some of them for somebody else."""
    rules = []
    for number in range(random.choice([0, 0, 1, 2])):
        other = a_policy(random)
        rule = {"id": f"r{number}", "users": random.choice(["u", "*", "v"]), **other["default"]}
        rules.append(rule | ({"remediation": other["remediation"]} if random.random() < 0.5 else {}))
    return policy | {"rules": rules}


def compared(seed: int) -> Counter[str]:
    """How many steps of each kind were the same in a history; ends the program at a difference."""
    history, random, user = a_history(seed), Random(seed), FakeUser()  # noqa: S311 -- no secret
    richer = {id(policy): policy for _event, policy in history}
    richer = {number: _with_rules(policy, random) for number, policy in richer.items()}
    found: Counter[str] = Counter()
    for event, original in history:
        policy = richer[id(original)]
        if event in RUNS:
            asked_for = event != "run"
            wanted = modelled(policy, user, asked_for=asked_for)
            steps = [(str(step.key_id), step.step) for step in planned(policy, user, asked_for=asked_for)]
            if steps != wanted:
                raise SystemExit(f"seed {seed}, day {user.now}: planned {steps}, model {wanted}")
            found.update(step for _key, step in wanted)
        happened(user, event, policy)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started, found = time.perf_counter(), Counter[str]()
    for seed in range(options.seed, options.seed + options.histories):
        found += compared(seed)
    for step, count in sorted(found.items()):
        print(f"{count:>9}  {step}")
    print(f"{options.histories} histories, {found.total()} steps, 0 wrong, {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
