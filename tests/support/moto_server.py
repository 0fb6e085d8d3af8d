"""moto behind an address, for keyage as a process and for Terraform."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partialmethod
from unittest.mock import patch
from urllib.request import Request, urlopen

from moto.organizations.models import organizations_backends
from moto.server import ThreadedMotoServer
from werkzeug.serving import BaseWSGIServer

from checker.embedded.aws import standing_in_report

LOOKS_FOR_ITS_END = 0.05  # seconds; half a second is werkzeug's own, and each test would wait for it


@contextmanager
def moto_server() -> Iterator[str]:
    """The address of an emulator without anything in it: what moto keeps is shared by all of a process."""
    served = partialmethod(BaseWSGIServer.serve_forever, poll_interval=LOOKS_FOR_ITS_END)
    with patch.object(BaseWSGIServer, "serve_forever", served):
        yield from _served()


def _served() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        reset(url)
        with standing_in_report():
            yield url
    finally:
        reset(url)
        server.stop()


def reset(url: str) -> None:
    """Let the emulator forget everything."""
    urlopen(Request(f"{url}/moto-api/reset", method="POST")).close()  # noqa: S310 -- our own server
    organizations_backends.master_accounts.clear()  # the only thing that moto's reset does not forget
