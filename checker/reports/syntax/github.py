"""GitHub's workflow commands that annotate a line of a file, not more than GitHub shows.

Source: docs.github.com, "Workflow commands for GitHub Actions"; a step shows ten annotations of each level.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from checker.errors import printable
from checker.reports.syntax.place import Place

MOST = 10  # of a level
LEVELS = ("error", "warning", "notice")


class Annotation(NamedTuple):
    level: str
    title: str
    text: str
    place: Place
    column: int = 1


def commands(annotations: Iterable[Annotation], totals: Mapping[str, int]) -> Iterator[str]:
    """A line each, in their order, ten of a level, then how many more there are; `totals` are by level."""
    listed = list(annotations)
    for level in LEVELS:
        shown = [annotation for annotation in listed if annotation.level == level][:MOST]
        yield from map(_command, shown)
        more = totals.get(level, 0) - len(shown)
        if more:
            noun = level if more == 1 else f"{level}s"
            yield f"{more} more {noun}: GitHub shows {MOST} of a level. Another --format lists them all."


def annotate(annotations: Sequence[Annotation]) -> Iterator[str]:
    """The lines of annotations that are all at hand."""
    yield from commands(annotations, Counter(annotation.level for annotation in annotations))


def _command(annotation: Annotation) -> str:
    fields = {
        "file": annotation.place.file,
        "line": str(annotation.place.line),
        "col": str(annotation.column),
        "title": annotation.title,
    }
    properties = ",".join(f"{name}={_property(value)}" for name, value in fields.items())
    return f"::{annotation.level} {properties}::{_data(annotation.text)}"


def _data(text: str) -> str:
    """A line break would end the command, and what follows could be another one."""
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
