"""A stand-in for an AWS that hangs: passes requests on to an emulator, and never answers some of them."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

from tests.support.moto_server import LOOKS_FOR_ITS_END


class Silent(NamedTuple):
    """Where it listens, and whether it has met a request that it does not answer."""

    url: str
    met: threading.Event


@contextmanager
def silent_server(emulator: str, mute: bytes) -> Iterator[Silent]:
    """Requests with `mute` in their body are answered when the test is over."""
    met, over = threading.Event(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if mute in body:
                met.set()
                over.wait()
                return
            there = http.client.HTTPConnection(emulator.removeprefix("http://"))
            there.request("POST", self.path, body, dict(self.headers))
            answer = there.getresponse()
            content = answer.read()
            there.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "text/xml"))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_said: object) -> None:
            """Nothing: the tests read what keyage says."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[LOOKS_FOR_ITS_END], daemon=True).start()
        yield Silent(f"http://127.0.0.1:{server.server_port}", met)
        over.set()
        server.shutdown()
