"""A stand-in for the signed addresses at which AWS Lambda hands out code: moto names a bucket that is nowhere."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch

from moto.awslambda.models import LambdaFunction

from tests.support.moto_server import LOOKS_FOR_ITS_END


@contextmanager
def function_code() -> Iterator[None]:
    """While it lasts moto's GetFunction answers with an address on loopback that has the function's zip."""
    codes: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            code = codes.get(self.path)
            self.send_response(403 if code is None else 200)
            self.end_headers()
            self.wfile.write(code or b"")

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    plain: Any = LambdaFunction.get_code

    def located(function: Any) -> dict[str, Any]:
        path = f"/{function.account_id}/{function.function_name}.zip"
        codes[path] = function.code_bytes
        answer: dict[str, Any] = plain(function)
        answer["Code"] = {"Location": f"http://127.0.0.1:{server.server_port}{path}", "RepositoryType": "S3"}
        return answer

    thread = threading.Thread(target=server.serve_forever, args=[LOOKS_FOR_ITS_END], daemon=True)
    thread.start()
    try:
        with patch.object(LambdaFunction, "get_code", located):
            yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
