"""`--format FMT[=FILE]`: what is written where."""

from pathlib import Path
from typing import NamedTuple

from checker.errors import UsageError
from checker.reports.interface import FORMATS, show_all_by_default


class Output(NamedTuple):
    """One --format: where it goes, and whether it wants every key or what needs attention."""

    name: str
    file: Path | None
    show_all: bool


def parse_formats(formats: tuple[str, ...], show: str | None) -> list[Output]:
    """`FMT` or `FMT=FILE` each; raises UsageError."""
    outputs = []
    for text in formats:
        name, _, file = text.partition("=")
        if name not in FORMATS:
            raise UsageError(f"--format {text}: unknown format; there are {', '.join(FORMATS)}")
        show_all = show == "all" if show else show_all_by_default(name)
        outputs.append(Output(name, Path(file) if file else None, show_all))
    if sum(output.file is None for output in outputs) > 1:
        raise UsageError("--format: two formats for standard output; give all but one a file, as in json=keys.json")
    return outputs
