"""`keyage test`: what policies.test.yaml expects of the policy."""

from functools import partial
from pathlib import Path
from typing import NamedTuple, TextIO

from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT, UsageError
from checker.policy import policy_tests
from checker.reports.formats import writer
from checker.reports.test.text import PolicyTestRun
from checker.shell.common import Common
from checker.shell.loading import Checked, in_repository, named_files, other_ending, read_files
from checker.shell.outputs import parse_outputs, write_outputs
from checker.shell.same_file import outputs_of, refuse_same


class Options(NamedTuple):
    common: Common
    file: Path | None = None
    formats: tuple[str, ...] = ("text",)
    require_coverage: bool = False
    color: bool = False


EXAMPLE = "tests: [{name: everybody, user: {name: somebody}, expect: {maxAccessKeyAge: 90}}]"


def run(options: Options) -> int:
    """Run every test and write the outputs; raises KeyageError."""
    outputs = parse_outputs(options.formats, "test")
    policy, _inventory = named_files(options.common)
    path = options.file or tests_beside(policy)
    refuse_same(outputs_of(outputs), [*read_files(options.common), (f"the tests {path}", path)])
    loaded = Checked(options.common).accepted()
    if options.file is None and not path.exists():
        other = other_ending(path)
        if other:
            raise UsageError(f"no {path}, but {other.name}: rename it, or name it with --tests")
        raise UsageError(f"no {path}: write there what must stay true of the policy, such as {EXAMPLE}")
    tests = policy_tests.load(path, loaded.inventory)
    outcomes = policy_tests.run(loaded.policy, tests.tests, loaded.now)
    tested = PolicyTestRun(
        policy=loaded.policy,
        policy_path=in_repository(loaded.policy.file),
        tests=tests,
        tests_path=in_repository(tests.file),
        outcomes=outcomes,
        unreached=policy_tests.unreached(loaded.policy, outcomes),
    )
    write_outputs(outputs, partial(_write, tested, color=options.color))
    failed = tested.failed or (options.require_coverage and tested.unreached)
    return FINDINGS_EXIT if failed else COMPLIANT_EXIT


def tests_beside(policy: Path) -> Path:
    """policies.test.yaml beside policies.yaml."""
    return policy.with_name(f"{policy.stem}.test{policy.suffix}")


def _write(tested: PolicyTestRun, name: str, out: TextIO, *, color: bool) -> None:
    writer("test", name)(tested, out, color=color and name == "text")
