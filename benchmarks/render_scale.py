"""How long rendering takes, and how large it gets, for 10,000 accounts, 50 rules and 100 exemptions."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measure import judge, parser, table

sys.path.append(str(Path(__file__).resolve().parents[1]))  # for the organization that the tests try the limits with

from checker.decision import Account
from checker.generate import cloudformation
from checker.generate.archive import zipped
from checker.generate.deployment import Deployment, deployment
from checker.policy import loader
from tests.support.large_organization import organization

TARGET = 5.0  # seconds for everything
KIB, MIB = 1024, 1024 * 1024
MAX_DOCUMENT, MAX_INLINE = 64 * KIB, 4 * MIB  # an Automation document; the zip of Code.ZipFile


def main() -> int:
    options = parser(__doc__)
    for name, number in (("accounts", 10_000), ("rules", 50), ("exemptions", 100), ("seed", 0)):
        options.add_argument(f"--{name}", type=int, default=number)
    options.add_argument("--runs", type=int, default=3, help="measured runs, of which the best counts")
    arguments = options.parse_args()
    made = organization(arguments.accounts, arguments.rules, arguments.exemptions, arguments.seed)
    runs = [_timed(made.policy, made.inventory) for _number in range(arguments.runs)]
    seconds, deployed = min(runs, key=lambda run: sum(run[0].values()))
    total = sum(seconds.values())
    table(("step", "seconds"), [(step, f"{taken:.2f}") for step, taken in (seconds | {"all": total}).items()])
    print(f"\ntarget {TARGET:.0f} s: {judge(total, TARGET)}\n")
    sizes = _sizes(deployed)
    table(("file", "bytes", "at most", "kept"), [(name, size, most, judge(size, most)) for name, size, most in sizes])
    return 0 if total <= TARGET else 1


def _timed(text: bytes, inventory: dict[str, Account]) -> tuple[dict[str, float], Deployment]:
    """The seconds of each step."""
    seconds: dict[str, float] = {}

    def step(name: str, call: Callable[..., Any], *arguments: Any) -> Any:
        started = time.perf_counter()
        result = call(*arguments)
        seconds[name] = time.perf_counter() - started
        return result

    policy = step("read policies.yaml", loader.parse, text, "policies.yaml")
    deployed: Deployment = step("resolve account selectors", deployment, policy, inventory)
    step("index.py", lambda: deployed.code)
    step("CloudFormation template", cloudformation.template, deployed)
    step("conformance pack", cloudformation.conformance_pack, deployed)
    return seconds, deployed


def _sizes(deployed: Deployment) -> list[tuple[str, int, int]]:
    code = (deployed.code or "").encode()
    return [
        ("CloudFormation template", len(cloudformation.template(deployed).encode()), cloudformation.MAX_TEMPLATE),
        ("Automation document", len((deployed.runbook or "").encode()), MAX_DOCUMENT),
        ("zip of index.py", len(zipped("index.py", code)), MAX_INLINE),
        (
            "conformance pack",
            len(cloudformation.conformance_pack(deployed).encode()),
            cloudformation.MAX_CONFORMANCE_PACK,
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
