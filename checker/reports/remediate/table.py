"""`remediate plan` at a terminal: what would be done first, then who waits for what, then how many are kept and why."""

from typing import TextIO

from rich.text import Text

from checker.errors import printable
from checker.reports.remediate.rows import cells, doubtful, headings, summary, waiting, why_kept
from checker.reports.remediate.run import PlanRun
from checker.reports.syntax.columns import Column, print_columns, tell_left_out
from checker.reports.syntax.terminal import console, print_text
from checker.spoken import account_label, plural

COLUMNS = {
    "Name": Column("Name", goes=3),
    "Age": Column("Age", goes=4, right=True),
    "Why": Column("Why", wraps=True),
    "Rule": Column("Rule", goes=1),
    "Then": Column("Then", goes=2),
}


def write(run: PlanRun, out: TextIO, *, color: bool) -> None:
    """Nothing is left out but keys that are kept, of which there is a line a reason."""
    screen = console(out, color=color, width=run.width)
    columns = [COLUMNS.get(heading) or Column(heading) for heading in headings(run)]
    left_out: list[str] = []
    for title, steps, style in (("To do", run.steps, "bold red"), ("Waiting", waiting(run), "yellow")):
        if steps:
            screen.print(Text(f"{title} ({len(steps)})", style=style))
            left_out += print_columns(screen, columns, cells(run, steps), run.width)
            screen.print()
    kept = why_kept(run)
    if kept:
        screen.print(Text(f"Kept ({kept.total()})", style="bold"))
        for why, number in kept.most_common():
            print_text(screen, printable(f"  {plural(number, 'key')}: {why}"), run.width)
        screen.print()
    for title, accounts in doubtful(run):
        screen.print(Text(f"{title} ({len(accounts)})", style="bold magenta"))
        for account in accounts:
            who = account_label(account.id, account.name)
            print_text(screen, printable(f"  {who}: {account.reason}"), run.width)
        screen.print()
    tell_left_out(screen, dict.fromkeys(left_out), run.width)
    print_text(screen, summary(run), run.width, style="bold")
