"""How long keyage takes over an organization of a thousand accounts, with how many calls, and whether it is right."""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emulator import Emulator
from fake_organization import Seed
from live import Run, compare
from measure import compiled_in, expect, judge, keyage, parser, run, table
from traps import policy_text

TIMES_IDEAL = 1.5  # of calls x latency / concurrency
MIB_TARGET = 300
CPU_SECONDS_TARGET = 40


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--accounts", type=int, default=1000)
    options.add_argument("--users", type=int, default=20, help="users in each account, all with keys to be looked at")
    options.add_argument("--denied", type=int, default=0, help="accounts whose role cannot be assumed")
    options.add_argument("--latency-ms", type=float, default=100, help="time that each call takes")
    options.add_argument("--concurrency", type=int, default=32)
    options.add_argument("--runs", type=int, default=2)
    options.add_argument("--state", action="store_true", help="with --state: the first run fills it, the others use it")
    arguments = options.parse_args()
    now = datetime.now(UTC).replace(microsecond=0)
    seed = Seed(arguments.accounts, arguments.users, now, arguments.denied)
    latency = arguments.latency_ms / 1000
    with tempfile.TemporaryDirectory() as folder, Emulator("fake_organization", seed, latency) as emulator:
        command = _command(Path(folder), now, arguments.concurrency, state=arguments.state)
        environment = {**compiled_in(Path(folder, "bytecode")), **emulator.environment()}
        expect(run([keyage(), "--help"], environment), 0)  # compiles
        runs = [_run(command, environment, emulator, seed) for _number in range(arguments.runs)]
    _print(runs, latency / arguments.concurrency)
    return 1 if any(measured_run.wrong.total() for measured_run in runs) else 0


def _command(folder: Path, now: datetime, concurrency: int, *, state: bool) -> Sequence[str]:
    policy = folder / "policies.yaml"
    policy.write_text(policy_text(now), "utf-8")
    command = [keyage(), "check", "--organization", "--policy", str(policy), "--now", now.isoformat()]
    command += ["--concurrency", str(concurrency), "--format", "json"]
    return [*command, "--state", str(folder / "state")] if state else command


def _run(command: Sequence[str], environment: Mapping[str, str], emulator: Emulator, seed: Seed) -> Run:
    with tempfile.TemporaryFile() as output:
        measured = expect(run(command, environment, output), 3 if seed.denied else 1)
        output.seek(0)
        report = json.load(output)
    calls = emulator.calls()
    del calls["connections"]
    return Run(measured, calls, _compared(report, seed))


def _compared(report: Mapping[str, Any], seed: Seed) -> Counter[str]:
    wrong: Counter[str] = Counter()
    unreadable = {account["id"] for account in report["accounts"] if account["status"] == "unreadable"}
    wrong["other"] += len(unreadable ^ seed.unreadable())
    wrong["other"] += len(report["accounts"]) != seed.accounts
    by_account: dict[str, list[Any]] = {}
    for key in report["keys"]:
        by_account.setdefault(key["account"], []).append(key)
    for account_id in set(seed.ids()) - seed.unreadable():
        wrong += compare({"keys": by_account.get(account_id, [])}, seed.users_of(account_id))
    return wrong


def _print(runs: Sequence[Run], seconds_a_call: float) -> None:
    table(("operation", *(f"run {number}" for number in range(1, len(runs) + 1))), _operations(runs))
    header = ("run", "calls", "wall s", "of the ideal", "", "CPU s", "", "peak MiB", "", "wrong")
    print()
    table(
        header, [_row(str(number), measured_run, seconds_a_call) for number, measured_run in enumerate(runs, start=1)]
    )
    print(f"\ntargets: {TIMES_IDEAL} of the ideal, {CPU_SECONDS_TARGET} s of CPU, {MIB_TARGET} MiB")


def _operations(runs: Sequence[Run]) -> list[Sequence[object]]:
    names = sorted({name for measured_run in runs for name in measured_run.calls})
    return [(name, *(measured_run.calls[name] for measured_run in runs)) for name in names]


def _row(name: str, measured_run: Run, seconds_a_call: float) -> Sequence[object]:
    measured, calls = measured_run.measured, measured_run.calls.total()
    ratio = measured.seconds / (calls * seconds_a_call)
    time = (f"{measured.seconds:.1f}", f"{ratio:.2f}", judge(ratio, TIMES_IDEAL))
    cpu = (f"{measured.cpu_seconds:.1f}", judge(measured.cpu_seconds, CPU_SECONDS_TARGET))
    memory = (round(measured.peak_mib), judge(measured.peak_mib, MIB_TARGET))
    return (name, calls, *time, *cpu, *memory, measured_run.wrong.total())


if __name__ == "__main__":
    sys.exit(main())
