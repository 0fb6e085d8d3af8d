"""What every benchmark does: run keyage as a process, take its time and memory, print a table."""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

MIB = 1024 * 1024


class Measured(NamedTuple):
    """One finished process."""

    exit_code: int
    seconds: float  # wall time
    cpu_seconds: float
    peak_mib: float  # resident memory; never below that of the benchmark itself, from which the process was forked


def parser(description: str | None) -> argparse.ArgumentParser:
    """An argument parser that shows defaults."""
    return argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)


def keyage() -> str:
    """The keyage command of the environment whose python runs the benchmark."""
    command = Path(sys.executable).with_name("keyage")
    if not command.is_file():
        sys.exit(f"no keyage beside {sys.executable}: install it there (pip install .), or use another python")
    return str(command)


def compiled_in(folder: Path) -> dict[str, str]:
    """An environment in which Python keeps its bytecode in the folder, whatever the caller's settings.

    The first run compiles, those that are measured then start as an installed command does.
    """
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "KEYAGE_"))}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment | {"PYTHONPYCACHEPREFIX": str(folder)}


def run(
    command: Sequence[str], environment: Mapping[str, str], output: int | IO[bytes] = subprocess.DEVNULL
) -> Measured:
    """Run a command to its end; what it says on standard error is shown."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=output, stdin=subprocess.DEVNULL)
    _pid, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    unit = 1 if sys.platform == "darwin" else 1024
    return Measured(process.returncode, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / MIB)


def expect(measured: Measured, *exit_codes: int) -> Measured:
    """The same, if the process ended as it should: a figure of a failed run is worth nothing."""
    if measured.exit_code not in exit_codes:
        sys.exit(f"keyage ended with {measured.exit_code}, expected {' or '.join(map(str, exit_codes))}")
    return measured


def judge(value: float, target: float) -> str:
    """Whether a value keeps its target, for the last column."""
    return "ok" if value <= target else "MISSED"


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print columns: the first to the left, all others to the right."""
    lines = [list(header), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        print("  ".join(cells).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def _text(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
