"""What keyage writes: a file or a standard stream that says in our words why it cannot be written."""

import errno
import io
import os
import select
import sys
from typing import Any

from checker.errors import CannotWrite, ReaderLeft, printable


class Written(io.FileIO):
    """An open file, under the name that messages have for it.

    Its first failure raises CannotWrite, at a pipe without a reader ReaderLeft; what is still buffered then is lost in
    silence. Neither is an OSError: click and rich have an exit code of their own for a BrokenPipeError.
    """

    def __init__(self, file: int, name: str, *, closefd: bool = True, tolerant: bool = False) -> None:
        super().__init__(file, "w", closefd=closefd)
        self._told = name
        self._lost = False  # whether it failed
        self._tolerant = tolerant

    def write(self, data: Any) -> int:
        while not self._lost:
            try:
                written = super().write(data)
            except OSError as error:
                self._fail(error)
            else:
                if written is not None:
                    return written
                select.select([], [self], [])  # another program made it non-blocking: wait until it takes more
        return memoryview(data).nbytes

    def close(self) -> None:
        """Close it; some file systems find out only now that there is no room."""
        try:
            super().close()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        self._lost = True
        if self._tolerant:
            return
        if isinstance(error, BrokenPipeError):
            raise ReaderLeft(f"cannot write {printable(self._told)}: its reader has left") from None
        why = "it is closed" if error.errno == errno.EBADF else error.strerror
        raise CannotWrite(f"cannot write {printable(self._told)}: {why}") from None

    def text(self, encoding: str = "utf-8", *, line_buffering: bool = False) -> io.TextIOWrapper:
        """For text, with `\\n` for ends of lines; what the encoding lacks is written as an escape sequence."""
        return io.TextIOWrapper(
            io.BufferedWriter(self),
            encoding=encoding,
            errors="backslashreplace",
            newline="\n",
            line_buffering=line_buffering,
        )


def take_standard_streams() -> None:
    """Let standard output raise CannotWrite or ReaderLeft, and whatever cannot be said on standard error be lost.

    Streams that somebody put in place of Python's own are left alone.
    """
    if sys.stdout is sys.__stdout__:
        sys.stdout = _taken(sys.stdout, 1, "standard output")
    if sys.stderr is sys.__stderr__:
        sys.stderr = _taken(sys.stderr, 2, "standard error", tolerant=True)


def _taken(stream: Any, number: int, name: str, *, tolerant: bool = False) -> io.TextIOWrapper:
    if stream is None:  # closed; what is opened next must not get its number
        number, encoding, at_once = os.open(os.devnull, os.O_RDONLY), "utf-8", False
    else:
        encoding, at_once = stream.encoding, stream.line_buffering
    return Written(number, name, closefd=False, tolerant=tolerant).text(encoding, line_buffering=at_once)
