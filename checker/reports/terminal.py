"""Tables as text: on a terminal, or where there is none."""

from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

UNLIMITED = 1_000_000  # columns: without a terminal nothing is cut or wrapped
ROOMY = 140  # columns in which an ordinary row fits on one line


def console(out: TextIO, *, color: bool, width: int | None) -> Console:
    """Prints exactly what it is given; `width` is None where there is no terminal."""
    return Console(
        file=out,
        width=width or UNLIMITED,
        force_terminal=color,
        no_color=not color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=width is None,
    )


def plain_table() -> Table:
    """A table with a line below its headings and nothing around it."""
    return Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
