"""Writing files whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os.path import lexists
from pathlib import Path
from typing import TextIO

from checker.errors import UsageError


@contextmanager
def whole_file(path: Path, *, private: bool = False) -> Iterator[TextIO]:
    """A text stream that becomes the file `path` when the block ends well; raises UsageError.

    A `private` file is for its owner alone, also where there was another of wider mode.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            yield stream
        Path(name).chmod(0o600 if private else 0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def refuse_existing(path: Path) -> None:
    """Raises UsageError where there is something already: for files that a person goes on writing."""
    if lexists(path):
        raise UsageError(f"{path} is there already and is never written over: name another with --output")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
