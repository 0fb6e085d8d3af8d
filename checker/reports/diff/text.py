"""A policy change for a terminal: what loosens first."""

from typing import TextIO

from rich.text import Text

from checker.compare.effects import Effect
from checker.errors import printable
from checker.reports.diff.run import BECOME, DOUBTFUL, DiffRun, headline, limit_change, place, title
from checker.reports.syntax.terminal import console
from checker.reports.words import limit, rule
from checker.spoken import account_label, plural

MARKS = {
    Effect.LOOSENS: ("LOOSENS ", "bold red"),
    Effect.TIGHTENS: ("tightens", "green"),
    Effect.NEITHER: ("        ", ""),
}


def write(run: DiffRun, out: TextIO, *, color: bool) -> None:
    """The changes, then whom they hit."""
    shown = console(out, color=color, width=None)
    shown.print(Text(printable(headline(run)), style="bold"))
    if run.changes:
        shown.print()
    for change in run.changes:
        mark, style = MARKS[change.effect]
        shown.print(Text.assemble((mark, style), f"  {printable(f'{title(change)} ({place(change, run)})')}"))
        for detail in change.details:
            shown.print(Text(printable(f"            {detail}")))
    for account in run.unreadable:
        who = account_label(account.id, account.name)
        shown.print()
        shown.print(Text(printable(f"{DOUBTFUL[account.status]}: {who}: {account.reason}"), style="magenta"))
    if run.limits:
        shown.print(Text(f"\nUsers with another limit ({len(run.limits)})", style="bold"))
        for new_limit in run.limits:
            shown.print(Text(printable(f"  {new_limit.account} {new_limit.user}: {limit_change(new_limit)}")))
    for verdict, words in BECOME.items():
        changes = run.verdicts(verdict)
        if changes:
            shown.print(Text(f"\nKeys that {words} ({len(changes)})", style="bold"))
        for moved in changes:
            key = moved.finding
            by = f", exempt by {key.exemption}" if key.exemption else ""
            age = plural(key.age_days, "day")
            line = f"  {key.account} {key.user} {key.access_key_id or '(id not known)'}: {age} old"
            shown.print(Text(printable(f"{line}, limit {limit(key)} by {rule(key)}{by}")))
