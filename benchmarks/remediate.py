"""How long planning, applying and undoing take over an organization, with how many calls, and whether it is right."""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from emulator import Emulator
from fake_remediation import Seed
from measure import Measured, compiled_in, expect, judge, keyage, parser, run, table
from traps import OVERDUE

POLICY = (
    "version: 1\ndefault: {{maxAccessKeyAge: 90}}\nremediation: {{action: deactivate, protectUsedWithinDays: {}}}\n"
)
CALLS_A_KEY, CALLS_A_KEY_IN_USE = 5, 6
TIMES_IDEAL = 1.5  # of calls x latency / concurrency
MIB_TARGET = 300
CHANGING = {"GetUser", "ListAccessKeys", "GetAccessKeyLastUsed", "UpdateAccessKey", "TagUser", "UntagUser"}


class Step(NamedTuple):
    """A command that was measured, and the calls that it made."""

    name: str
    measured: Measured
    calls: Counter[str]


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--accounts", type=int, default=1000)
    options.add_argument("--users", type=int, default=3, help="users in each account")
    options.add_argument("--latency-ms", type=float, default=100, help="time that each call takes")
    options.add_argument("--concurrency", type=int, default=32, help="accounts that are changed side by side")
    options.add_argument("--protect-days", type=int, default=0, help="protectUsedWithinDays of the policy")
    arguments = options.parse_args()
    seed = Seed(arguments.accounts, arguments.users, datetime.now(UTC).replace(microsecond=0))
    latency = arguments.latency_ms / 1000
    overdue = set(_overdue(seed))
    with tempfile.TemporaryDirectory() as place, Emulator("fake_remediation", seed, latency) as emulator:
        folder = Path(place)
        (folder / "policies.yaml").write_text(POLICY.format(arguments.protect_days), "utf-8")
        environment = {**compiled_in(folder / "bytecode"), **emulator.environment()}
        expect(run([keyage(), "--help"], environment), 0)  # compiles
        steps = _measured(folder, environment, emulator, arguments.concurrency, len(overdue))
        deactivated = _journalled(folder / "journal.jsonl", "done", "deactivate")
        undone = _journalled(folder / "journal.jsonl", "undone", "deactivate")
    wrong = len(overdue ^ deactivated) + len(overdue ^ undone)
    _print(steps, len(overdue), latency / arguments.concurrency, protects=arguments.protect_days > 0)
    print(f"\n{len(overdue)} keys to deactivate in {arguments.accounts} accounts, {wrong} wrong or lost")
    return 1 if wrong else 0


def _overdue(seed: Seed) -> Iterator[str]:
    for account_id in seed.ids():
        for user in seed.users_of(account_id):
            yield from (key.id for key in user.keys if key.active and key.verdict == OVERDUE)


def _measured(
    folder: Path, environment: Mapping[str, str], emulator: Emulator, concurrency: int, keys: int
) -> list[Step]:
    """Plan, apply, plan again, undo, and plan once more: after the second nothing is to be done, after the last all."""
    policy, side_by_side = ["--policy", f"{folder}/policies.yaml"], ["--concurrency", f"{concurrency}"]
    planning = ["plan", "--organization", *policy, *side_by_side, "--format", f"json={folder}/report.json"]
    plan, journal = f"{folder}/plan.json", f"{folder}/journal.jsonl"
    applying = ["apply", plan, "--journal", journal, "--yes", "--max-changes", f"{keys}", *policy, *side_by_side]
    commands: Sequence[tuple[str, list[str], int]] = (
        ("plan", [*planning, "-o", plan], 1),
        ("apply", applying, 0),
        ("apply again", applying, 0),
        ("plan again", planning, 0),
        ("undo", ["undo", journal, "--yes", *side_by_side], 0),
        ("plan after it", planning, 1),
    )
    steps = []
    for name, arguments, code in commands:
        measured = expect(run([keyage(), "remediate", *arguments], environment), code)
        calls = emulator.calls()
        del calls["connections"]
        steps.append(Step(name, measured, calls))
    return steps


def _journalled(journal: Path, event: str, step: str) -> set[str]:
    """The keys of which the journal says that."""
    lines = [json.loads(line) for line in journal.read_text("utf-8").splitlines()]
    keys = [line["accessKeyId"] for line in lines if (line["event"], line["step"]) == (event, step)]
    return set(keys) if len(keys) == len(set(keys)) else set()


def _print(steps: Sequence[Step], keys: int, seconds_a_call: float, *, protects: bool) -> None:
    limit = CALLS_A_KEY_IN_USE if protects else CALLS_A_KEY
    rows = []
    for step in steps:
        calls, measured = step.calls.total(), step.measured
        ratio = measured.seconds / (calls * seconds_a_call) if calls else 0.0
        each = sum(step.calls[name] for name in CHANGING) / keys
        bound = step.name in ("apply", "undo")
        of_keys = (f"{each:.2f}", judge(each, limit)) if bound else ("", "")
        time = (f"{measured.seconds:.1f}", f"{ratio:.2f}", judge(ratio, TIMES_IDEAL))
        memory = (round(measured.peak_mib), judge(measured.peak_mib, MIB_TARGET))
        rows.append((step.name, calls, *of_keys, *time, f"{measured.cpu_seconds:.1f}", *memory))
    header = ("command", "calls", "a key", "", "wall s", "of the ideal", "", "CPU s", "peak MiB", "")
    table(header, rows)
    print(f"\ntargets: {limit} calls a key, {TIMES_IDEAL} of the ideal, {MIB_TARGET} MiB")


if __name__ == "__main__":
    sys.exit(main())
