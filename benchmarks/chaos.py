"""Whether `keyage check` judges wrongly where many answers are throttled, a 500, a reset or cut short; fake_iam.py."""

import json
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import fake_iam
from emulator import Answer, Answering, Call, Emulator
from live import compare
from measure import compiled_in, expect, keyage, parser, run, table
from traps import policy_text, users

SIDE_BY_SIDE = 4  # runs; most of their time is waiting
EXACT_TARGET = 6 / 8
ERROR = b"<ErrorResponse><Error><Type>Sender</Type><Code>%b</Code><Message>chaos</Message></Error></ErrorResponse>"
KINDS = ("throttled", "500", "reset", "half and the end", "half of its own length", "empty")


class Outcome(NamedTuple):
    ended: str  # exact, in part, unreadable or wrong
    seconds: float


def answering(seed: Any) -> Answering:
    """What answers the calls of a run: the fake IAM, but for a share of the requests."""
    account, number, share = seed
    answer = fake_iam.answering(account)
    random = Random(number)  # noqa: S311 -- repeatable, not secret

    def answered(call: Call) -> Answer:
        return _spoilt(answer(call), random.choice(KINDS)) if random.random() < share else answer(call)

    return answered


def _spoilt(whole: Answer, kind: str) -> Answer:
    half = len(whole.body) // 2
    return {
        "throttled": Answer(400, ERROR % b"Throttling"),
        "500": Answer(500, ERROR % b"ServiceFailure"),
        "reset": whole._replace(sent=0),
        "half and the end": whole._replace(sent=half),
        "half of its own length": whole._replace(body=whole.body[:half]),
        "empty": whole._replace(body=b""),
    }[kind]


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--users", type=int, default=100, help="users whose keys must be listed")
    options.add_argument("--share", type=float, default=0.2, help="how many of the requests go wrong")
    options.add_argument("--seeds", type=int, default=40, help="runs, each with other requests that go wrong")
    options.add_argument("--first-seed", type=int, default=0)
    arguments = options.parse_args()
    now = datetime.now(UTC).replace(microsecond=0)
    account = users(arguments.users, now)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        policy = Path(folder, "policies.yaml")
        policy.write_text(policy_text(now), "utf-8")
        command = [keyage(), "check", "--policy", str(policy), "--now", now.isoformat(), "--format", "json", "--quiet"]
        environment = compiled_in(Path(folder, "bytecode"))
        expect(run([keyage(), "--help"], environment), 0)  # compiles
        seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
        outcomes = list(pool.map(partial(_outcome, command, environment, account, arguments.share), seeds))
    ends = Counter(outcome.ended for outcome in outcomes)
    times = sorted(outcome.seconds for outcome in outcomes)
    kinds = ("exact", "in part", "unreadable", "wrong")
    row = (str(len(seeds)), *(str(ends[kind]) for kind in kinds), f"{times[len(times) // 2]:.1f}")
    table(("seeds", *kinds, "median s", "worst s"), [(*row, f"{times[-1]:.1f}")])
    kept = ends["exact"] >= EXACT_TARGET * len(outcomes) and not ends["wrong"]
    print(f"\ntarget: exact in {EXACT_TARGET:.0%}, never wrong: {'ok' if kept else 'MISSED'}")
    return 0 if kept else 1


def _outcome(command: list[str], environment: dict[str, str], account: Any, share: float, seed: int) -> Outcome:
    with Emulator("chaos", (account, seed, share), 0.005) as emulator, tempfile.TemporaryFile() as output:
        measured = expect(run(command, {**environment, **emulator.environment()}, output), 1, 3)
        output.seek(0)
        report = json.load(output)
    status = report["accounts"][0]["status"]
    if status == "unreadable":
        return Outcome("wrong" if report["keys"] else status, measured.seconds)
    unread = {user["user"] for user in report["accounts"][0]["unreadUsers"]}
    wrong = compare(report, [user for user in account if user.name not in unread]).total()
    return Outcome("wrong" if wrong else "exact" if status == "evaluated" else "in part", measured.seconds)


if __name__ == "__main__":
    sys.exit(main())
