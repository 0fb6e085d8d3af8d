"""Columns of text: what fits a terminal, in one line a row, with no word broken.

Rich's own tables break words where there is no room, and take half a millisecond a row.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from checker.reports.syntax.terminal import print_text, wrapped

GAP = "  "
READABLE = 24  # cells: a column of sentences is not made narrower while others can go

Row = Mapping[str, str]


class Column(NamedTuple):
    """A column by its heading."""

    heading: str
    goes: int | None = None  # where there is no room the lowest number goes first; None stays
    right: bool = False
    wraps: bool = False  # sentences, which may take several lines


def print_columns(console: Console, columns: Sequence[Column], rows: Sequence[Row], width: int | None) -> list[str]:
    """Prints rows below their headings, and returns the headings that were left out.

    Where even what stays is wider than `width`, each row is printed as a list of its own, which leaves nothing out.
    """
    natural = {column: max(cell_len(text) for text in (column.heading, *_cells(column, rows))) for column in columns}
    least = {column: _least(column, rows, natural[column]) for column in columns}
    kept = list(columns)
    while width and _needed(kept, least) > width:
        going = [column for column in kept if column.goes is not None]
        if not going:
            console.file.writelines(f"{line}\n" for line in _listed(columns, rows, width))
            return []
        kept.remove(min(going, key=lambda column: column.goes or 0))
    widths = _shared(kept, natural, least, width)
    headings = _line([_padded(column, column.heading, widths[column]) for column in kept])
    console.print(Text(headings, style="bold"), soft_wrap=True)
    stroke = "-" if console.options.ascii_only else "─"
    console.file.write(stroke * (sum(widths.values()) + len(GAP) * (len(kept) - 1)) + "\n")
    console.file.writelines(f"{line}\n" for row in rows for line in _lines(kept, row, widths))
    return [column.heading for column in columns if column not in kept]


def tell_left_out(console: Console, headings: Iterable[str], width: int | None) -> None:
    """Says which columns are missing, if any."""
    if names := ", ".join(headings):
        print_text(console, f"Left out, because the terminal is narrow: {names}.", width, style="dim")
        console.print()


def _cells(column: Column, rows: Sequence[Row]) -> Iterator[str]:
    return (row[column.heading] for row in rows)


def _least(column: Column, rows: Sequence[Row], natural: int) -> int:
    if not column.wraps:
        return natural
    words = (word for text in (column.heading, *_cells(column, rows)) for word in text.split())
    return max(min(natural, READABLE), *map(cell_len, words))


def _needed(columns: Sequence[Column], least: Mapping[Column, int]) -> int:
    return sum(least[column] for column in columns) + len(GAP) * (len(columns) - 1)


def _shared(
    columns: Sequence[Column], natural: Mapping[Column, int], least: Mapping[Column, int], width: int | None
) -> dict[Column, int]:
    """The width of each column: what it needs, and of the rest as much as it can use."""
    rest = width - _needed(columns, least) if width else sum(natural.values())
    widths = {}
    for column in columns:
        widths[column] = min(natural[column], least[column] + rest)
        rest -= widths[column] - least[column]
    return widths


def _lines(columns: Sequence[Column], row: Row, widths: Mapping[Column, int]) -> Iterator[str]:
    cells = [
        (column, _wrapped(row[column.heading], widths[column]) if column.wraps else [row[column.heading]])
        for column in columns
    ]
    for number in range(max(len(lines) for _column, lines in cells)):
        texts = [(column, lines[number] if number < len(lines) else "") for column, lines in cells]
        yield _line([_padded(column, text, widths[column]) for column, text in texts])


def _wrapped(text: str, width: int) -> list[str]:
    if cell_len(text) <= width:
        return [text]
    return wrapped(text, width)


def _padded(column: Column, text: str, width: int) -> str:
    blank = " " * (width - cell_len(text))
    return blank + text if column.right else text + blank


def _line(cells: Sequence[str]) -> str:
    return GAP.join(cells).rstrip()


def _listed(columns: Sequence[Column], rows: Sequence[Row], width: int) -> Iterator[str]:
    """A line for each cell that says something, and an empty one between rows."""
    label = max(cell_len(column.heading) for column in columns)
    for number, row in enumerate(rows):
        if number:
            yield ""
        for column in columns:
            text = row[column.heading]
            lines = _wrapped(text, width - label - len(GAP)) if column.wraps else [text]
            for place, line in enumerate(lines if text else []):
                yield f"{'' if place else column.heading:<{label}}{GAP}{line}"
