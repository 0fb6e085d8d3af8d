"""Writing files whole or not at all."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os.path import lexists
from pathlib import Path
from typing import TextIO

from checker.errors import CannotWrite, UsageError
from checker.file_bytes import locked
from checker.shell.written import Written


@contextmanager
def whole_file(path: Path, *, private: bool = False) -> Iterator[TextIO]:
    """A text stream that becomes the file `path` when the block ends well; raises CannotWrite.

    A link stays, and what it names is written. What is no ordinary file, such as a pipe, is written as it is.
    A `private` file is for its owner alone, also where there was another of wider mode.
    """
    with _told(path):
        target = None if _is_special(path) else Path(os.path.realpath(path))
        handle, name = _own_file(target) if target else (os.open(path, os.O_WRONLY), None)
    try:
        with Written(handle, str(path)).text() as stream:
            yield stream
            stream.flush()
            if target and name:
                with _told(path):
                    os.fsync(handle)  # some file systems find out only now that there is no room
                    name.chmod(0o600 if private else 0o666 & ~_umask())
                    name.replace(target)
    except BaseException:
        if name:
            name.unlink(missing_ok=True)
        raise


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise CannotWrite(f"cannot write {path}: make the folder {path.parent} first") from None
    except OSError as error:
        raise CannotWrite(f"cannot write {path}: {error.strerror}") from None


def _is_special(path: Path) -> bool:
    """Whether it is there and no ordinary file; raises OSError for a folder."""
    if path.is_dir():
        raise IsADirectoryError(0, "it is a folder")
    return path.exists() and not path.is_file()


def _own_file(target: Path) -> tuple[int, Path]:
    """A new file beside the target, locked for as long as it is open; removes those that killed runs left."""
    prefix = f".keyage-{target.name[:100]}."
    _clear(target.parent, prefix)
    while True:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=prefix)
        locked(handle, fcntl.LOCK_SH)
        if os.fstat(handle).st_nlink:  # else another run removed it before it was locked
            return handle, Path(name)
        os.close(handle)


def _clear(folder: Path, prefix: str) -> None:
    """Remove what killed runs left, as far as it can be: what is written now does not depend on it."""
    left: list[Path] = []
    with suppress(OSError):
        left = [each for each in folder.iterdir() if each.name.startswith(prefix) and each.is_file()]
    for each in left:
        with suppress(OSError), each.open("rb") as file:
            if locked(file.fileno(), fcntl.LOCK_EX):
                each.unlink()


def refuse_existing(path: Path) -> None:
    """Raises UsageError where there is something already: for files that a person goes on writing."""
    if lexists(path):
        raise UsageError(f"{path} is there already and is never written over: name another with --output")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
