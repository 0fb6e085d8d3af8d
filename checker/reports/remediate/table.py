"""`remediate plan` at a terminal: what would be done first, then who waits for what, then how many are kept and why."""

from typing import TextIO

from rich.text import Text

from checker.errors import printable
from checker.reports.remediate.rows import cells, headings, summary, waiting, why_kept
from checker.reports.remediate.run import PlanRun
from checker.reports.syntax.columns import Column, print_columns, tell_left_out
from checker.reports.syntax.terminal import console, print_text
from checker.spoken import account_label, plural

COLUMNS = {"Why": Column("Why", wraps=True), "Rule": Column("Rule", goes=1), "Then": Column("Then", goes=2)}


def write(run: PlanRun, out: TextIO, *, color: bool) -> None:
    """Nothing is left out but keys that are kept, of which there is a line a reason."""
    screen = console(out, color=color, width=run.width)
    columns = [COLUMNS.get(heading) or Column(heading) for heading in headings(run)]
    left_out: list[str] = []
    for title, steps, style in (("To do", run.steps, "bold red"), ("Waiting", waiting(run), "yellow")):
        if steps:
            screen.print(Text(f"{title} ({len(steps)})", style=style))
            left_out += print_columns(screen, columns, [cells(step) for step in steps], run.width)
            screen.print()
    kept = why_kept(run)
    if kept:
        screen.print(Text(f"Kept ({kept.total()})", style="bold"))
        for why, number in kept.most_common():
            print_text(screen, printable(f"  {plural(number, 'key')}: {why}"), run.width)
        screen.print()
    for account in run.in_doubt:
        who = account_label(account.id, account.name)
        print_text(screen, printable(f"Not planned in full: {who}: {account.reason}"), run.width, style="bold magenta")
    tell_left_out(screen, dict.fromkeys(left_out), run.width)
    print_text(screen, summary(run), run.width, style="bold")
