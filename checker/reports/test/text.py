"""Outcomes of policy tests, as a test runner prints them."""

from collections.abc import Sequence
from typing import NamedTuple, TextIO

from rich.text import Text

from checker.errors import printable
from checker.policy.loader import PolicyFile
from checker.policy.policy_tests import Outcome, PolicyTests
from checker.reports.syntax.terminal import console
from checker.spoken import plural


class PolicyTestRun(NamedTuple):
    """What one run of policy tests was about, and what came of it."""

    policy: PolicyFile
    policy_path: str  # from the root of its repository
    tests: PolicyTests
    tests_path: str  # likewise
    outcomes: Sequence[Outcome]
    unreached: Sequence[str]  # ids of rules and exemptions that no test reaches

    @property
    def failed(self) -> int:
        return sum(bool(outcome.failures) for outcome in self.outcomes)

    def reached(self, kind: str) -> tuple[int, int]:
        """How many `rules`, the default among them, or `exemptions` are reached, of how many."""
        policy = self.policy.policy
        ids = [entry.id for entry in (policy.rules if kind == "rules" else policy.exemptions)]
        return sum(entry_id not in self.unreached for entry_id in ids), len(ids)


def write(run: PolicyTestRun, out: TextIO, *, color: bool = False) -> None:
    """A line for each test, its failures below it, then what no test reaches and the sums."""
    shown = console(out, color=color, width=None)
    for outcome in run.outcomes:
        word, style = ("FAIL", "bold red") if outcome.failures else ("pass", "green")
        line = Text.assemble((word, style), f"  {printable(outcome.test.name)}")
        shown.print(line)
        if outcome.failures:
            place = f"{run.tests.file}:{outcome.test.line}"
            shown.print(Text(printable(f"      {place}")))
        for failure in outcome.failures:
            shown.print(Text(printable(f"      {failure}"), style="red"))
    if run.unreached:
        shown.print(Text("\nNo test reaches:", style="yellow"))
        for entry_id in run.unreached:
            shown.print(Text(printable(f"      {entry_id} ({run.policy.file}:{run.policy.written[entry_id].line})")))
    shown.print(Text(f"\n{summary(run)}", style="bold red" if run.failed else "bold"))


def summary(run: PolicyTestRun) -> str:
    passed = len(run.outcomes) - run.failed
    (rules, of_rules), (exemptions, of_exemptions) = run.reached("rules"), run.reached("exemptions")
    return (
        f"{passed} passed, {run.failed} failed; {rules} of {plural(of_rules, 'rule')} (default among them) and "
        f"{exemptions} of {plural(of_exemptions, 'exemption')} reached"
    )
