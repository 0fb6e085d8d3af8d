"""`remediate plan` at a terminal: what would be done first, then who waits for what, then how many are kept and why."""

from collections import Counter
from collections.abc import Sequence
from typing import TextIO

from rich.text import Text

from checker.decision import remediation_steps
from checker.errors import printable
from checker.remediate.plan import PlannedStep
from checker.reports.remediate.run import PlanRun
from checker.reports.syntax.columns import Column, print_columns, tell_left_out
from checker.reports.syntax.terminal import console, print_text
from checker.spoken import account_label, plural

WAITING = (remediation_steps.HOLD, remediation_steps.WAIT_GRACE, remediation_steps.WAIT_DELETE)
DONE = {  # what a plan would do, by step
    remediation_steps.DEACTIVATE: "deactivate",
    remediation_steps.DELETE: "delete for good",
    remediation_steps.MARK: "note since when it is inactive",
    remediation_steps.UNMARK: "take such a note away",
}


def write(run: PlanRun, out: TextIO, *, color: bool) -> None:
    """Nothing is left out but keys that are kept, of which there is a line a reason."""
    screen = console(out, color=color, width=run.width)
    several = len(run.accounts) > 1
    waiting = [step for step in run.kept if step.step in WAITING]
    left_out: list[str] = []
    for title, steps, style in (("To do", run.steps, "bold red"), ("Waiting", waiting, "yellow")):
        if steps:
            screen.print(Text(f"{title} ({len(steps)})", style=style))
            left_out += print_columns(screen, _columns(several), [_cells(step) for step in steps], run.width)
            screen.print()
    kept = Counter(step.why for step in run.kept if step.step not in WAITING)
    if kept:
        screen.print(Text(f"Kept ({kept.total()})", style="bold"))
        for why, number in kept.most_common():
            print_text(screen, printable(f"  {plural(number, 'key')}: {why}"), run.width)
        screen.print()
    for account in run.in_doubt:
        who = account_label(account.id, account.name)
        print_text(screen, printable(f"Not planned in full: {who}: {account.reason}"), run.width, style="bold magenta")
    tell_left_out(screen, dict.fromkeys(left_out), run.width)
    print_text(screen, _summary(run), run.width, style="bold")


def _columns(several: bool) -> list[Column]:
    return [
        *([Column("Account")] if several else []),
        *(Column("User"), Column("Access key"), Column("Step"), Column("Why", wraps=True)),
        *(Column("Rule", goes=1), Column("Then", goes=2)),
    ]


def _cells(step: PlannedStep) -> dict[str, str]:
    then = f"{step.next.step} from {step.next.at:%Y-%m-%d}" if step.next else ""
    cells = {
        "Account": step.account,
        "User": step.user,
        "Access key": step.access_key_id or "(not known)",
        "Step": step.step,
        "Why": step.why,
        "Rule": step.rule or "",
        "Then": then,
    }
    return {heading: printable(text) for heading, text in cells.items()}


def _summary(run: PlanRun) -> str:
    return f"{to_do([step.step for step in run.steps])}. Nothing was changed."


def to_do(steps: Sequence[str]) -> str:
    """How many steps there are, and of what kind."""
    counts = Counter(steps)
    parts = [f"{counts[step]} to {words}" for step, words in DONE.items() if counts[step]]
    return f"{plural(len(steps), 'step')}: {', '.join(parts)}" if steps else "Nothing to do"
