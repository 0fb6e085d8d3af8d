"""Whether `keyage check` loses a verdict where IAM throttles, and how long it takes; the IAM of config_rule.py."""

import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from config_rule import LIMIT_VARIABLE, TIMES_IDEAL, figures_of
from emulator import Emulator
from live import compare
from measure import compiled_in, expect, judge, keyage, parser, run, table
from traps import policy_text, users


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--users", type=int, default=1_000, help="users whose keys must be listed")
    options.add_argument("--rate", type=float, default=20, help="requests a second that IAM answers")
    options.add_argument("--burst", type=float, default=20, help="requests that IAM answers at once after a quiet time")
    options.add_argument("--latency-ms", type=float, default=40, help="time that each call takes")
    options.add_argument("--concurrency", type=int, nargs="+", default=[16, 32, 64])
    arguments = options.parse_args()
    now = datetime.now(UTC).replace(microsecond=0)
    account = users(arguments.users, now)
    os.environ[LIMIT_VARIABLE] = json.dumps([arguments.rate, arguments.burst, 0, 0])
    rows, wrong_verdicts = [], 0
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder, "policies.yaml")
        policy.write_text(policy_text(now), "utf-8")
        command = [keyage(), "check", "--policy", str(policy), "--now", now.isoformat(), "--format", "json"]
        environment = compiled_in(Path(folder, "bytecode"))
        expect(run([keyage(), "--help"], environment), 0)  # compiles
        for concurrency in arguments.concurrency:
            with Emulator("config_rule", account, arguments.latency_ms / 1000) as emulator:
                output = Path(folder, "keys.json")
                with output.open("wb") as stream:
                    side_by_side = ["--concurrency", str(concurrency)]
                    measured = run([*command, *side_by_side], {**environment, **emulator.environment()}, stream)
                tally = figures_of(emulator.port)["tally"]
            expect(measured, 1)
            wrong = compare(json.loads(output.read_bytes()), account).total()
            ideal = tally["IAM answers"] / arguments.rate
            times = measured.seconds / ideal
            requests = (tally["IAM requests"], tally.get("throttled", 0))
            figures = (f"{ideal:.1f}", f"{measured.seconds:.1f}", f"{times:.2f}", judge(times, TIMES_IDEAL))
            rows.append((str(concurrency), *requests, *figures, wrong))
            wrong_verdicts += wrong
    table(("concurrency", "requests", "throttled", "ideal s", "wall s", "of the ideal", "", "wrong or lost"), rows)
    print(f"\ntarget: {TIMES_IDEAL} of the ideal, nothing wrong or lost")
    return 1 if wrong_verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
