"""`--format FMT[=FILE]`: what is written where."""

import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from checker.commands.files import whole_file
from checker.errors import UsageError
from checker.reports.interface import FORMATS, show_all_by_default


class Output(NamedTuple):
    """One --format of `check`: where it goes, and whether it wants every key or what needs attention."""

    name: str
    file: Path | None
    show_all: bool


def parse_formats(formats: Sequence[str], show: str | None) -> list[Output]:
    """The outputs of `check`; raises UsageError."""
    return [
        Output(name, file, show == "all" if show else show_all_by_default(name))
        for name, file in parse_outputs(formats, FORMATS)
    ]


def parse_outputs(formats: Sequence[str], known: Collection[str]) -> list[tuple[str, Path | None]]:
    """`FMT` or `FMT=FILE` each, as the name and the file; raises UsageError."""
    outputs: list[tuple[str, Path | None]] = []
    for text in formats:
        name, _, file = text.partition("=")
        if name not in known:
            raise UsageError(f"--format {text}: unknown format; there are {', '.join(known)}")
        outputs.append((name, Path(file) if file else None))
    if sum(file is None for _name, file in outputs) > 1:
        raise UsageError("--format: two formats for standard output; give all but one a file, as in json=keys.json")
    return outputs


def write_outputs(outputs: Sequence[tuple[str, Path | None]], write: Callable[[str, TextIO], None]) -> None:
    """Has every output written, to its file or to standard output; raises UsageError."""
    for name, file in outputs:
        if file is None:
            write(name, sys.stdout)
        else:
            with whole_file(file) as stream:
                write(name, stream)
