"""What is written must not replace what is read, nor anything else that is written."""

import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from checker.errors import UsageError

Named = Iterable[tuple[str, Path | None]]  # what a person calls each file, and its path
Identity = tuple[int, int] | str


def refuse_same(written: Named, read: Named) -> None:
    """Raises UsageError where a file that is written is one of the others, whatever it is called.

    Without a path, what is written goes to standard output. Nothing is replaced by writing into a device or a pipe.
    """
    others = {_identity(path): name for name, path in read if path is not None}
    for name, path in written:
        which = _of_standard_output() if path is None else _identity(path)
        if which is None:
            continue
        if which in others:
            raise UsageError(f"{name} would replace {others[which]}, the same file: name another file")
        others[which] = name


def outputs_of(outputs: Iterable[tuple[str, Path | None]]) -> list[tuple[str, Path | None]]:
    """What a person calls each output of `--format`."""
    return [(f"--format {name}={file}" if file else "standard output", file) for name, file in outputs]


def _identity(path: Path) -> Identity | None:
    """What two paths of one file have in common; None for what is no ordinary file."""
    try:
        found = path.stat()
    except OSError:
        return os.path.realpath(path)
    return _of_file(found)


def _of_standard_output() -> Identity | None:
    with suppress(OSError, ValueError):  # it is no file of the system where this is no process of its own
        return _of_file(os.fstat(sys.stdout.fileno()))
    return None


def _of_file(found: os.stat_result) -> Identity | None:
    return (found.st_dev, found.st_ino) if stat.S_ISREG(found.st_mode) else None
