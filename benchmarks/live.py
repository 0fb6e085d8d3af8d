"""How long keyage takes on a live account of a thousand users, with how many calls, and whether it is right."""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from emulator import Emulator
from measure import Measured, compiled_in, expect, judge, keyage, parser, run, table
from traps import FINE, IDLE, OVERDUE, User, policy_text, quiet_users, users

EMULATORS = {"light": "fake_iam", "moto": "moto_iam"}
SECONDS_TARGET = 5.0  # for a thousand users with keys at 40 ms a call
SECONDS_WITH_STATE_TARGET = 2.0  # for a thousand users of whom one in ten has an old key
HANDFUL = 5  # calls to start with, beside one for each user with keys
HANDFUL_WITH_TAGS = 10


class Run(NamedTuple):
    measured: Measured
    calls: Counter[str]
    wrong: Counter[str]


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--emulator", choices=EMULATORS, default="light", help="a fake that is fast, or moto")
    options.add_argument("--users", type=int, default=1000, help="users with keys that are old enough to matter")
    options.add_argument("--latency-ms", type=float, default=40, help="time that each call takes")
    options.add_argument("--concurrency", type=int, help="calls side by side; None: what keyage does by itself")
    options.add_argument("--runs", type=int, default=3, help="measured runs, after one that is not")
    options.add_argument("--state", action="store_true", help="measure the second run with --state, on a quiet account")
    options.add_argument("--tags", action="store_true", help="a rule asks for tags of users; with the light emulator")
    arguments = options.parse_args()
    now = datetime.now(UTC).replace(microsecond=0)
    account = quiet_users(arguments.users, now) if arguments.state else users(arguments.users, now)
    module = EMULATORS[arguments.emulator]
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder, "policies.yaml")
        policy.write_text(policy_text(now, by_tag=arguments.tags), "utf-8")
        command = _command(policy, now, arguments.concurrency)
        state = Path(folder, "state")
        command = [*command, "--state", str(state)] if arguments.state else command
        environment = compiled_in(Path(folder, "bytecode"))

        def once() -> Run:
            """On a new emulator, because AWS makes a credential report only when it is first asked for."""
            state.unlink(missing_ok=True)
            with Emulator(module, account, arguments.latency_ms / 1000) as emulator:
                first = _run(command, environment, emulator, account)
                return _run(command, environment, emulator, account) if arguments.state else first

        once()
        runs = [once() for _number in range(arguments.runs)]
    _print(runs, account, now, state=arguments.state, handful=HANDFUL_WITH_TAGS if arguments.tags else HANDFUL)
    return 1 if any(measured_run.wrong.total() for measured_run in runs) else 0


def _command(policy: Path, now: datetime, concurrency: int | None) -> Sequence[str]:
    command = [keyage(), "check", "--policy", str(policy), "--now", now.isoformat(), "--format", "json"]
    return command if concurrency is None else [*command, "--concurrency", str(concurrency)]


def _run(command: Sequence[str], environment: Mapping[str, str], emulator: Emulator, account: Iterable[User]) -> Run:
    with tempfile.TemporaryFile() as output:
        measured = expect(run(command, {**environment, **emulator.environment()}, output), 1)
        output.seek(0)
        report = json.load(output)
    return Run(measured, emulator.calls(), compare(report, account))


def compare(report: Mapping[str, Any], account: Iterable[User]) -> Counter[str]:
    """How many verdicts of a report are wrong, and how; a key that is not in it was not looked at."""
    given = {(key["user"], key["accessKeyId"]): key["verdict"] for key in report["keys"]}
    right = {(user.name, key.id): key.verdict for user in account for key in user.keys}
    wrong: Counter[str] = Counter()
    for key, verdict in right.items():
        given_verdict = given.pop(key, None)
        wrong["false positives"] += given_verdict == OVERDUE != verdict
        wrong["false negatives"] += verdict == OVERDUE != given_verdict
        left_out = given_verdict is None and verdict in (FINE, IDLE)
        wrong["other"] += given_verdict != verdict and OVERDUE not in (given_verdict, verdict) and not left_out
    wrong["other"] += len(given)
    return wrong


def _print(runs: Sequence[Run], account: Sequence[User], now: datetime, *, state: bool, handful: int) -> None:
    with_keys = sum(1 for user in account if user.keys)
    target = SECONDS_TARGET
    if state:
        with_keys = sum(1 for user in account if _has_an_old_key(user, now))
        target = SECONDS_WITH_STATE_TARGET
    keys = [key for user in account for key in user.keys]
    what = "an old key" if state else "keys"
    print(f"{len(account):,} users, {with_keys:,} with {what}; {len(keys):,} keys,", end=" ")
    print(f"{sum(key.verdict == OVERDUE for key in keys):,} overdue\n")
    last = runs[-1].calls
    rows = [(name, number) for name, number in sorted(last.items()) if name != "connections"]
    total = sum(number for _name, number in rows)
    table(("operation", "calls"), [*rows, ("all", total)])
    limit = with_keys + handful
    print(f"\nat most {limit:,} calls: {judge(total, limit)}; over {last['connections']} connections\n")
    header = ("run", "wall s", "CPU s", "peak MiB", "false positives", "false negatives", "otherwise wrong", "time")
    table(header, [_row(str(number), measured_run, target) for number, measured_run in enumerate(runs, start=1)])
    print(f"\ntarget: {target:.0f} s for a thousand users at 40 ms a call")


def _has_an_old_key(user: User, now: datetime) -> bool:
    """Older than the limit that applies, active or not; as the policy of the traps has it."""
    days = 30 if user.path.startswith("/service/") else 90
    return any(now - key.created > timedelta(days=days) for key in user.keys)


def _row(name: str, measured_run: Run, target: float) -> Sequence[object]:
    measured = measured_run.measured
    figures = (f"{measured.seconds:.2f}", f"{measured.cpu_seconds:.2f}", round(measured.peak_mib))
    wrong = (measured_run.wrong["false positives"], measured_run.wrong["false negatives"], measured_run.wrong["other"])
    return (name, *figures, *wrong, judge(measured.seconds, target))


if __name__ == "__main__":
    sys.exit(main())
