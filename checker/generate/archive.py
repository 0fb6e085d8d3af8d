"""A zip archive that is the same, byte for byte, wherever and whenever it is made."""

import io
from zipfile import ZIP_STORED, ZipFile, ZipInfo

OLDEST = (1980, 1, 1, 0, 0, 0)  # the first date that the format knows
UNIX = 3
READABLE = 0o100644 << 16  # a regular file that everybody may read, as Lambda must


def zipped(name: str, content: bytes) -> bytes:
    """An archive of one file. Stored, not deflated: what zlib makes differs between its versions."""
    entry = ZipInfo(name, OLDEST)
    entry.create_system = UNIX
    entry.external_attr = READABLE
    entry.compress_type = ZIP_STORED
    written = io.BytesIO()
    with ZipFile(written, "w") as archive:
        archive.writestr(entry, content)
    return written.getvalue()
