"""Text on a terminal, or where there is none."""

import textwrap
from typing import TextIO

from rich.console import Console
from rich.text import Text

UNLIMITED = 1_000_000  # columns: without a terminal nothing is cut or wrapped


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


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Lines that end between words, all but the first after `indent`; a word longer than a line stays whole."""
    width = max(width, 1)
    return textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) or [""]


def print_text(console: Console, text: str, width: int | None, *, style: str = "") -> None:
    """Prints a text that is no table; on a terminal its lines end between words, and keep its indent."""
    indent = " " * (len(text) - len(text.lstrip()))
    for line in [text] if width is None or len(text) <= width else wrapped(text, width, indent and f"{indent}  "):
        if style:
            console.print(Text(line, style=style), soft_wrap=True)
        else:
            console.file.write(f"{line}\n")
