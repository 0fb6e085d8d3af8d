"""`--format FMT[=FILE]`: what is written where."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from io import TextIOWrapper
from pathlib import Path
from typing import NamedTuple, TextIO

from checker.errors import UsageError
from checker.reports.formats import find, for_people, names
from checker.shell.whole_file import whole_file


class Output(NamedTuple):
    """One --format of `check`: where it goes, and whether it wants every key or what needs attention."""

    name: str
    file: Path | None
    show_all: bool


def parse_formats(formats: Sequence[str], show: str | None) -> list[Output]:
    """The outputs of `check`; raises UsageError."""
    return [
        Output(name, file, show == "all" if show else find("check", name).lists_all)
        for name, file in parse_outputs(formats, "check")
    ]


def parse_outputs(formats: Sequence[str], verb: str) -> list[tuple[str, Path | None]]:
    """`FMT` or `FMT=FILE` each, which the verb can write, as the name and the file; raises UsageError."""
    outputs: list[tuple[str, Path | None]] = []
    for text in formats:
        name, _, file = text.partition("=")
        if name not in names(verb):
            raise UsageError(f"--format {text}: unknown format; there are {', '.join(names(verb))}")
        outputs.append((name, Path(file) if file else None))
    if sum(file is None for _name, file in outputs) > 1:
        raise UsageError("--format: two formats for standard output; give all but one a file, as in json=keys.json")
    files = Counter(os.path.realpath(file) for _name, file in outputs if file is not None)
    twice = [str(file) for _name, file in outputs if file is not None and files[os.path.realpath(file)] > 1]
    if twice:
        raise UsageError(f"--format: two formats for {min(twice)}; give each a file of its own")
    return outputs


def destination(name: str, file: Path | None, *, private: bool = False) -> AbstractContextManager[TextIO]:
    """Where a format goes: its file, else standard output; what is for a program is UTF-8. Raises CannotWrite."""
    if file is not None:
        return whole_file(file, private=private)
    if not for_people(name) and isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    return nullcontext(sys.stdout)


def write_outputs(outputs: Sequence[tuple[str, Path | None]], write: Callable[[str, TextIO], None]) -> None:
    """Has every output written, to its file or to standard output; raises CannotWrite."""
    for name, file in outputs:
        with destination(name, file) as stream:
            write(name, stream)
