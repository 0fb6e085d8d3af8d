"""What every benchmark does: run keyage as a process, take its time and memory, print a table."""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

MIB = 1024 * 1024
PROCESSES = Path("/proc")
SAMPLE_SECONDS = 0.1


class Measured(NamedTuple):
    """One finished process."""

    exit_code: int
    seconds: float  # wall time
    cpu_seconds: float
    peak_mib: float  # resident memory of the process and its workers; never below the benchmark's own, its parent


def parser(description: str | None) -> argparse.ArgumentParser:
    """An argument parser that shows defaults; from here on being terminated removes temporary files too."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
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
    process = subprocess.Popen(
        command, env=environment, stdout=output, stdin=subprocess.DEVNULL, start_new_session=True
    )
    sampler = _Sampler(process.pid)
    sampler.start()
    try:
        _pid, status, usage = os.wait4(process.pid, 0)
    except BaseException:  # interrupted or terminated: keyage must not outlive its benchmark
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    finally:
        ended = time.perf_counter()
        sampler.done.set()
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)  # of the largest process alone
    cpu = usage.ru_utime + usage.ru_stime
    return Measured(process.returncode, ended - started, cpu, max(peak, sampler.peak) / MIB)


class _Sampler(threading.Thread):
    """Looks now and then at the memory of all processes of a session together, where /proc tells."""

    def __init__(self, session: int) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.peak = 0  # bytes; pages that processes share count for each
        self._session = session

    def run(self) -> None:
        while PROCESSES.is_dir() and not self.done.wait(SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(map(self._resident, PROCESSES.iterdir())))

    def _resident(self, process: Path) -> int:
        """The bytes of a process, 0 if it is none of the session's or has just ended; see proc_pid_stat(5)."""
        if not process.name.isdigit():
            return 0
        try:
            fields = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            return 0
        return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") if int(fields[3]) == self._session else 0


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
