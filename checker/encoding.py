"""The text of files as people have them: with a byte order mark, or in UTF-16, as Windows PowerShell's `>` writes it.

Everything below reads UTF-8; this is the one place that knows other encodings.
"""

import codecs
import re
from pathlib import Path
from typing import NamedTuple

from checker.errors import Unreadable, UsageError
from checker.file_bytes import read_whole

MARK = codecs.BOM_UTF8
# By byte order mark, or by the zero bytes of the first two characters: no text begins with a NUL, and every format
# that is read begins with ASCII (RFC 4627, section 3). UTF-32 comes first: its mark begins like that of UTF-16.
ENCODINGS = {
    "UTF-32": re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff"),
    "UTF-32-LE": re.compile(rb"[^\0]\0\0\0"),
    "UTF-32-BE": re.compile(rb"\0\0\0[^\0]"),
    "UTF-16": re.compile(rb"\xff\xfe|\xfe\xff"),
    "UTF-16-LE": re.compile(rb"[^\0]\0[^\0]\0"),
    "UTF-16-BE": re.compile(rb"\0[^\0]\0[^\0]"),
}
REMEDY = "save the file as UTF-8"
EMPTY = "the file is empty: save it again"
CUT_OFF = "the file is cut off: save it again"


class FileText(NamedTuple):
    """What a file has, and its path for messages."""

    data: bytes
    path: Path


def encoding_of(data: bytes) -> str | None:
    """The encoding that the bytes are certainly in, by its name in Python, if that is not UTF-8."""
    return next((name for name, start in ENCODINGS.items() if start.match(data)), None)


def read_utf8(path: Path) -> bytes:
    """The bytes of a saved file, in UTF-8 without a byte order mark if they are text.

    Raises UsageError for a file that cannot be opened, Unreadable for one that is empty or broken.
    """
    try:
        data = read_whole(path)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    if not data.removeprefix(MARK).strip():
        raise Unreadable(f"{path}: {EMPTY}")
    found = encoding_of(data)
    if found is None:
        return data.removeprefix(MARK)
    try:
        return data.decode(found).removeprefix("\ufeff").encode()
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(found, "replace").count("\n") + 1
        raise Unreadable(f"{path}:{line}: the file is {found} and broken or cut off there: {REMEDY}") from None


def require_utf8(data: bytes, path: Path) -> None:
    """Raises Unreadable, with the line, for bytes that are not UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"{path}:{line}: {not_utf8(data, error)}") from None


def not_utf8(data: bytes, error: UnicodeDecodeError) -> str:
    """What is wrong with bytes that could not be decoded, and what to do."""
    return f"byte 0x{data[error.start]:02x} is not UTF-8: {REMEDY}"
