"""The code of Lambda functions, by the signed address that AWS hands out."""

import io
import os
import threading
import time
import zipfile
import zlib
from collections import OrderedDict
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from checker.errors import Unreadable
from checker.sources.aws.session import READ_TIMEOUT

CODE_DELAYS = (0.1, 0.5, 2)  # seconds before a Lambda's code that did not come whole is fetched again
KEPT = 16  # codes: the functions of an account have the same, and so have most accounts


class _Failed(Exception):
    """The store of Lambda code failed; it may not the next time."""


BROKEN = (HTTPClientError, zipfile.BadZipFile, zlib.error, _Failed)


class Codes:
    """index.py by the digest of its zip, as Lambda tells it; safe to share between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str | None] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, function: dict[str, Any], ca_bundle: str | None) -> str | None:
        """index.py of what GetFunction answered; None without one. Raises Unreadable."""
        location, digest = function.get("Code", {}).get("Location"), function["Configuration"].get("CodeSha256")
        with self._lock:
            if digest in self._kept:
                return self._kept[digest]
        code = fetched(location, ca_bundle) if location else None
        if digest:
            with self._lock:
                self._kept[digest] = code
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
        return code


def fetched(location: str, ca_bundle: str | None = None) -> str | None:
    """index.py in the code at a signed address; None if the code has no such file. Raises Unreadable.

    No client of a service fetches it, so it is asked for again here, by the proxy and with the certificates that
    clients have.
    """
    verify: Any = ca_bundle or os.environ.get("REQUESTS_CA_BUNDLE") or True
    session = URLLib3Session(verify=verify, proxies=get_environ_proxies(location), timeout=READ_TIMEOUT)
    for delay in CODE_DELAYS:
        try:
            return _index(session, location)
        except BROKEN:
            time.sleep(delay)
    try:
        return _index(session, location)
    except BROKEN as error:
        raise Unreadable(f"the Lambda's code could not be fetched whole: {error}; run again") from None


def _index(session: URLLib3Session, location: str) -> str | None:
    answer = session.send(AWSRequest("GET", location).prepare())
    if answer.status_code >= 500:
        raise _Failed(f"HTTP {answer.status_code}")
    if answer.status_code != 200:
        raise Unreadable(f"the Lambda's code could not be fetched: HTTP {answer.status_code}; run again")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        if "index.py" not in archive.namelist():
            return None
        return archive.read("index.py").decode("utf-8", "replace")
