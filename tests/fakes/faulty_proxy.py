"""A proxy that does harm, between the real client and moto: HTTP/1.1 over real sockets, connections kept open.

Every run has a plan: which faults its requests meet, and how likely. The access key id that signs a request
names the run, so runs never meet each other's faults; and what a request meets is drawn from the seed, the
request and how often it was made, whatever the order in which threads make them.
"""

import re
import socketserver
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from io import BufferedIOBase
from random import Random
from typing import NamedTuple
from urllib.parse import parse_qsl

from checker.embedded.aws import standing_in_report
from tests.fakes.faults import FAULTS, Answer, Exchange
from tests.support.moto_server import moto_server

NOT_READY = b"<State>STARTED</State>"  # of a report
SIGNER = re.compile(r"Credential=([^/]+)/")


class Request(NamedTuple):
    """One call of the AWS query protocol."""

    fields: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    @property
    def operation(self) -> str:
        return self.fields["Action"]

    @property
    def signer(self) -> str:
        found = SIGNER.search(self.headers["authorization"])
        assert found is not None
        return found[1]


@dataclass
class Plan:
    """What the requests of one run meet, and what they have met."""

    account_id: str
    faults: Mapping[str, float] = field(default_factory=dict)  # the probability of each, by its name in FAULTS
    seed: int = 0
    times: int | None = None  # the same request meets faults so many times at most; None: always again
    only: str | None = None  # the operation that meets faults; None: any
    changes: dict[str, Callable[[], object]] = field(default_factory=dict)  # before a user's keys are listed, by name
    injected: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    _made: Counter[bytes] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def draw(self, request: Request) -> tuple[str | None, Random]:
        """The fault for a request, or None, and where it takes its details from."""
        with self._lock:
            if request.operation == "ListAccessKeys" and request.fields["UserName"] in self.changes:
                self.changes.pop(request.fields["UserName"])()
            made = self._made[request.body]
            self._made[request.body] += 1
            self.requests[request.operation] += 1
            random = Random(f"{self.seed} {request.body!r} {made}")  # noqa: S311 -- repeatable, not secret
            name = self._fault(request.operation, made, random.random())
            if name is not None:
                self.injected[name] += 1
            return name, random

    def _fault(self, operation: str, made: int, number: float) -> str | None:
        if self.only not in (None, operation) or (self.times is not None and made >= self.times):
            return None
        for name, probability in self.faults.items():
            operations = FAULTS[name].operations
            if operations is None or operation in operations:
                number -= probability
                if number < 0:
                    return name
        return None


class Proxy(socketserver.ThreadingTCPServer):
    """Listens on loopback; `plans` are those of the runs, by the access key id that signs their requests."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, emulator: str) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.plans: dict[str, Plan] = {}
        self._emulator = emulator
        self._answers: defaultdict[str, dict[bytes, Answer]] = defaultdict(dict)  # by account and request
        self._lock = threading.Lock()

    def ask(self, account_id: str, request: Request) -> Answer:
        """What moto answers; asked once, as long as nothing changes in the account but that its report gets ready."""
        with self._lock:
            answers = self._answers[account_id]
            known = answers.get(request.body)
            if known is None or NOT_READY in known.body:
                known = answers[request.body] = self._forward(account_id, request)
            return known

    def forget(self, account_id: str) -> None:
        """Ask moto again, after a change in the account."""
        with self._lock:
            self._answers.pop(account_id, None)

    def _forward(self, account_id: str, request: Request) -> Answer:
        connection = HTTPConnection(self._emulator.removeprefix("http://"), timeout=60)
        try:
            wanted = ("authorization", "content-type", "x-amz-date")
            headers = {name: request.headers[name] for name in wanted} | {"x-moto-account-id": account_id}
            connection.request("POST", "/", request.body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.read())
        finally:
            connection.close()


class _Connection(socketserver.StreamRequestHandler):
    server: Proxy
    disable_nagle_algorithm = True

    def handle(self) -> None:
        try:
            while request := _read(self.rfile):
                if not self._answered(request):
                    return
        except OSError:  # the client went away, as it does when it has waited long enough
            return

    def _answered(self, request: Request) -> bool:
        plan = self.server.plans[request.signer]
        name, random = plan.draw(request)
        exchange = Exchange(self.connection, lambda: self.server.ask(plan.account_id, request), random)
        if name is None:
            exchange.send(exchange.ask())
        else:
            FAULTS[name].play(exchange)
        return not exchange.over


def _read(stream: BufferedIOBase) -> Request | None:
    """The next request on a connection; None at its end."""
    head: list[bytes] = []
    while (line := stream.readline()) not in (b"", b"\r\n"):
        head.append(line)
    if not line:
        return None
    fields = (text.decode("latin-1").partition(":") for text in head[1:])
    headers = {name.strip().lower(): value.strip() for name, _colon, value in fields}
    body = stream.read(int(headers["content-length"]))
    return Request(dict(parse_qsl(body.decode())), headers, body)


@contextmanager
def faulty_proxy() -> Iterator[Proxy]:
    """The proxy and moto behind it, each a server of this process; accounts are filled with checker.embedded.aws."""
    with moto_server() as url, standing_in_report(), Proxy(url) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
