"""A Markdown text of limited length, cut by whole rows."""

from collections.abc import Iterator
from typing import NamedTuple, TextIO

# What GitHub takes: 65,536 characters of a comment, 1 MiB of a job summary.
COMMENT, SUMMARY = 65_000, 1_000_000  # bytes, which are never fewer than characters; a little is left to others
RESERVE = 300  # bytes for a section's sentence on what is missing
SECTIONS = 10


class Section(NamedTuple):
    """A heading and rows; `total` may be more than there are rows."""

    title: str
    total: int
    rows: Iterator[str]
    head: str = ""  # what stands above the rows
    most: float = 1.0  # the share of the room that it may take
    rest: str = "`keyage check --format csv` lists them all."  # where to find rows that are left out


class Page:
    """Writes sections as long as there is room, and says what is missing; `tail` is always written."""

    def __init__(self, out: TextIO, limit: int, tail: str) -> None:
        self._out = out
        self._tail = f"\n{tail}"
        self._room = limit - len(self._tail.encode()) - RESERVE * SECTIONS

    def write(self, text: str) -> None:
        """Writes it in any case: for texts that are known to be short."""
        self._out.write(text)
        self._room -= len(text.encode())

    def section(self, section: Section) -> None:
        """Writes nothing for no rows."""
        if not section.total:
            return
        head = f"\n### {section.title}\n\n{section.head}"
        rows, room = [], self._room * section.most - len(head.encode())
        for row in section.rows:
            room -= len(row.encode())
            if room < 0:
                break
            rows.append(row)
        if rows:
            self.write(head + "".join(rows))
        if left := section.total - len(rows):
            what = f"{left} more" if rows else f"{section.title}: {left}"
            self._out.write(f"\n{what} left out, because there is no room here. {section.rest}\n")

    def end(self) -> None:
        self._out.write(self._tail)
