"""The code of a Lambda function that did not come whole is fetched again, and is never code that differs."""

import io
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from botocore.httpsession import URLLib3Session, where

from checker.errors import Unreadable
from checker.sources.aws.session import IN_AN_ANSWER, ReadOnlySession
from checker.sources.deployed import code
from checker.sources.deployed.code import fetched


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
    monkeypatch.setattr(code, "CODE_DELAYS", (0, 0))


def fetched_from(*answers: tuple[int, bytes]) -> str | None:
    with store(*answers) as location:
        return fetched(location)


def test_code_without_the_file_is_none() -> None:
    assert fetched_from((200, zipped("other.py"))) is None


@pytest.mark.parametrize("spoilt", [(200, WHOLE[:40]), (200, b""), (500, b""), (503, b"<html>")])
def test_code_that_does_not_come_whole_is_fetched_again(spoilt: tuple[int, bytes]) -> None:
    assert fetched_from(spoilt, spoilt, (200, WHOLE)) == "pass\n"
    with pytest.raises(Unreadable, match=r"could not be fetched whole: .*; run again"):
        fetched_from(spoilt)


def test_code_is_fetched_by_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with store((200, WHOLE)) as location:
        monkeypatch.setenv("http_proxy", location.removesuffix("/code.zip"))
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert fetched("http://code.invalid/code.zip") == "pass\n"


class Recorded(URLLib3Session):
    """botocore's session, which remembers the certificates that it was made with."""

    trusted: ClassVar[list[object]] = []

    def __init__(self, verify: object, **others: object) -> None:
        self.trusted.append(verify)
        super().__init__(verify=verify, **others)  # type: ignore[arg-type]


@pytest.mark.parametrize("variable", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_code_is_fetched_with_the_certificates_of_the_environment(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, certifi_file := where())
    monkeypatch.setattr(code, "URLLib3Session", Recorded)
    Recorded.trusted.clear()
    bundle = ReadOnlySession(credentials=dict.fromkeys(IN_AN_ANSWER, "testing")).ca_bundle
    with store((200, WHOLE)) as location:
        assert fetched(location, bundle) == "pass\n"
    assert Recorded.trusted == [certifi_file]


def test_code_that_is_refused_is_not_fetched_again() -> None:
    with pytest.raises(Unreadable, match="HTTP 403"):
        fetched_from((403, b""), (200, WHOLE))
