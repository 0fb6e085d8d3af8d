"""How long keyage takes to start: --help, --version, and validate on a policy of 200 rules."""

import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from fleet import NOW, policy_text
from measure import compiled_in, expect, judge, keyage, parser, run, table

HELP_TARGET = 0.1  # seconds
VALIDATE_TARGET = 0.15
UNWANTED = {"boto3", "botocore"}


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--runs", type=int, default=20, help="measured runs of each command")
    options.add_argument("--rules", type=int, default=200, help="rules of the policy that is validated")
    arguments = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder, "policies.yaml")
        policy.write_text(policy_text(arguments.rules), "utf-8")
        environment = compiled_in(Path(folder, "bytecode"))
        validate = [keyage(), "validate", "--policy", str(policy), "--now", NOW.isoformat()]
        commands: dict[str, tuple[Sequence[str], float | None]] = {
            "python -c pass (the floor)": ([sys.executable, "-c", "pass"], None),
            "keyage --help": ([keyage(), "--help"], HELP_TARGET),
            "keyage --version": ([keyage(), "--version"], HELP_TARGET),
            f"keyage validate ({arguments.rules} rules)": (validate, VALIDATE_TARGET),
        }
        rows = [_row(name, *command, environment, arguments.runs) for name, command in commands.items()]
        imported = imports(validate, environment)
    table(("command", "best s", "median s", "target s", "median"), rows)
    unwanted = sorted(imported & UNWANTED)
    print(f"\nvalidate imports {len(imported)} modules; of boto3 and botocore: {', '.join(unwanted) or 'none'}")
    return 1 if unwanted else 0


def _row(
    name: str, command: Sequence[str], target: float | None, environment: Mapping[str, str], runs: int
) -> Sequence[object]:
    expect(run(command, environment), 0)
    taken = [expect(run(command, environment), 0).seconds for _number in range(runs)]
    median = statistics.median(taken)
    kept = ("-", "-") if target is None else (f"{target:.2f}", judge(median, target))
    return (name, f"{min(taken):.3f}", f"{median:.3f}", *kept)


def imports(command: Sequence[str], environment: Mapping[str, str]) -> set[str]:
    """The modules that a keyage command imports, from Python's own record."""
    traced = subprocess.run(
        [sys.executable, "-X", "importtime", *command], env=environment, capture_output=True, text=True, check=True
    )
    return set(re.findall(r"^import time:.*\|\s*(\S+)$", traced.stderr, re.MULTILINE))


if __name__ == "__main__":
    sys.exit(main())
