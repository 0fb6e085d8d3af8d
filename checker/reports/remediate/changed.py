"""What `remediate apply` and `undo` did, at a terminal: what failed first, what was done last."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TextIO

from rich.text import Text

from checker.errors import printable
from checker.remediate.journal import BEGIN, DONE, FAILED, LEFT, UNDONE
from checker.remediate.standing import OPEN, Outcome
from checker.reports.syntax.columns import Column, print_columns, tell_left_out
from checker.reports.syntax.terminal import console, print_text
from checker.spoken import plural

# By what became of a step: the heading, how it is printed, and the word in the summary.
TOLD: Mapping[str, tuple[str, str, str]] = {
    FAILED: ("Failed", "bold red", "failed"),
    BEGIN: ("Not at its end", "bold magenta", "not at its end"),
    OPEN: ("Not begun", "bold magenta", "not begun"),
    LEFT: ("Left as it was", "yellow", "left"),
    UNDONE: ("Undone", "", "undone"),
    DONE: ("Done", "", "done"),
}


class ChangedRun(NamedTuple):
    outcomes: Sequence[Outcome]
    width: int | None = None  # columns of the terminal; None where there is none


def write(run: ChangedRun, out: TextIO, *, color: bool) -> None:
    """Nothing is left out."""
    screen = console(out, color=color, width=run.width)
    several = len({outcome.key.account for outcome in run.outcomes}) > 1
    left_out: list[str] = []
    for event, (title, style, _word) in TOLD.items():
        rows = [_cells(outcome) for outcome in run.outcomes if outcome.event == event]
        if rows:
            screen.print(Text(f"{title} ({len(rows)})", style=style))
            left_out += print_columns(screen, _columns(several), rows, run.width)
            screen.print()
    tell_left_out(screen, dict.fromkeys(left_out), run.width)
    print_text(screen, summary(run.outcomes), run.width, style="bold")


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many steps ended how."""
    counts = Counter(outcome.event for outcome in outcomes)
    parts = [f"{counts[event]} {word}" for event, (_title, _style, word) in reversed([*TOLD.items()]) if counts[event]]
    return f"{plural(len(outcomes), 'step')}: {', '.join(parts)}." if outcomes else "Nothing to do."


def _columns(several: bool) -> list[Column]:
    account = [Column("Account")] if several else []
    return [*account, Column("User"), Column("Access key"), Column("Step"), Column("Why", wraps=True)]


def _cells(outcome: Outcome) -> dict[str, str]:
    key = outcome.key
    cells = {
        "Account": key.account,
        "User": key.user,
        "Access key": key.key_id,
        "Step": outcome.step,
        "Why": outcome.why,
    }
    return {heading: printable(text) for heading, text in cells.items()}
