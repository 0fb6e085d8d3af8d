"""The bytes of files that a person named: a file or a pipe, such as `<(command)` gives; never without end.

And the lock of a file, which is on its bytes, whatever they are.
"""

import errno
import fcntl
import os
import select
import stat
from pathlib import Path

MOST = 512 * 1024 * 1024  # bytes of a file that is in memory whole
CHUNK = 1024 * 1024


def read_whole(path: Path) -> bytes:
    """All of a file or a pipe; raises OSError, also for what is too long to be kept, or has no end."""
    if path.stat().st_size <= MOST and len(data := read_up_to(path, MOST)) <= MOST:
        return data
    raise OSError(errno.EFBIG, f"it is larger than {MOST >> 20} MiB")


def read_ordinary(path: Path) -> bytes:
    """All of an ordinary file, such as one that is written again later; raises OSError for anything else."""
    require_ordinary(path)
    return read_whole(path)


def read_up_to(path: Path, most: int) -> bytes:
    """All of a file or a pipe, or the first `most` + 1 bytes; raises OSError, also for a pipe that stays empty."""
    found = path.stat()
    if stat.S_ISFIFO(found.st_mode):
        return _piped(path, most)
    if not _is_ordinary(found):
        raise OSError(errno.EINVAL, "it is neither an ordinary file nor a pipe")
    with path.open("rb") as stream:
        return stream.read(most + 1 if found.st_size > most else -1)


def require_ordinary(path: Path) -> None:
    """Raises OSError for a pipe, a device and whatever else cannot be read twice."""
    if not _is_ordinary(path.stat()):
        raise OSError(errno.EINVAL, "it is no ordinary file")


def _is_ordinary(found: os.stat_result) -> bool:
    """Or a folder, which cannot be read either and says so itself."""
    return stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)


def _piped(path: Path, most: int) -> bytes:
    """What is written into a pipe; opened so that one without a writer is at its end, and not waited for."""
    data = bytearray()
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as stream:  # noqa: PTH123 -- no path
        while len(data) <= most:
            chunk = stream.read(min(CHUNK, most + 1 - len(data)))
            if chunk is None:  # somebody has it open and has not written yet
                select.select([stream], [], [])
            elif chunk:
                data += chunk
            else:
                break
    if not data:
        raise OSError(errno.ENODATA, "it is a pipe, and nothing was written into it")
    return bytes(data)


def locked(handle: int, kind: int) -> bool | None:
    """Lock an open file or folder until it is closed; False if another has, None where nothing can be locked."""
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
