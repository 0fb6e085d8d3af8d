"""The code of a Lambda function that did not come whole is fetched again, and is never code that differs."""

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from checker.errors import Unreadable
from checker.sources import deployed


def zipped(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, "pass\n")
    return content.getvalue()


WHOLE = zipped("index.py")


@contextmanager
def store(*answers: tuple[int, bytes]) -> Iterator[str]:
    """A stand-in for where AWS Lambda keeps code: gives these answers in turn, the last one for ever."""
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/code.zip"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployed, "CODE_DELAYS", (0, 0))


def fetched(*answers: tuple[int, bytes]) -> str | None:
    with store(*answers) as location:
        return deployed._code(location)  # noqa: SLF001 -- the address is signed by AWS, so no client can name one


def test_code_without_the_file_is_none() -> None:
    assert fetched((200, zipped("other.py"))) is None


@pytest.mark.parametrize("spoilt", [(200, WHOLE[:40]), (200, b""), (500, b""), (503, b"<html>")])
def test_code_that_does_not_come_whole_is_fetched_again(spoilt: tuple[int, bytes]) -> None:
    assert fetched(spoilt, spoilt, (200, WHOLE)) == "pass\n"
    with pytest.raises(Unreadable, match=r"could not be fetched whole: .*; run again"):
        fetched(spoilt)


def test_code_that_is_refused_is_not_fetched_again() -> None:
    with pytest.raises(Unreadable, match="HTTP 403"):
        fetched((403, b""), (200, WHOLE))
