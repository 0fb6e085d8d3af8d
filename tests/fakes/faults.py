"""What a proxy can do to an answer on its way, or instead of one: `FAULTS`, by name."""

import os
import re
import socket
import struct
import time
from base64 import b64decode, b64encode
from collections.abc import Callable
from random import Random
from typing import NamedTuple

PATIENCE = 5  # seconds until a client that ought to have given up is left alone
GAP = 0.004  # seconds between the pieces of an answer that dribbles in
CONTENT = re.compile(rb"(?<=<Content>)[^<]*(?=</Content>)")
REPORT = frozenset({"GenerateCredentialReport", "GetCredentialReport"})
CONTENTS = frozenset({"GetCredentialReport"})
DETAILS = frozenset({"GetAccountAuthorizationDetails"})
OF_ONE_USER = frozenset({"ListAccessKeys", "ListUserTags"})
ERROR = "<ErrorResponse><Error><Type>Sender</Type><Code>{}</Code><Message>the proxy's</Message></Error></ErrorResponse>"
BAD_GATEWAY = b"<html>\n<body><center>502 Bad Gateway</center><hr></body>\n</html>"
SIGN_IN_PAGE = b"<!DOCTYPE html><html><head><title>Wireless network</title></head><body>Sign in</body></html>"
OTHER_ANSWER = b"<ListPoliciesResponse><ListPoliciesResult><Policies/></ListPoliciesResult></ListPoliciesResponse>"
NOT_TEXT = bytes(range(256))


class Answer(NamedTuple):
    status: int
    body: bytes


class Exchange:
    """A request, and the connection on which it is answered, well or badly."""

    def __init__(self, connection: socket.socket, ask: Callable[[], Answer], random: Random) -> None:
        self._connection, self.ask, self.random = connection, ask, random
        self.over = False  # whether the connection is closed

    def send(self, answer: Answer, *extra: str, length: str | None = "Content-Length: {}", times: int = 1) -> None:
        self.write(message(answer, *extra, length=length) * times)

    def write(self, content: bytes) -> None:
        self._connection.sendall(content)

    def close(self) -> None:
        """The orderly end of a connection, however much of an answer has been sent."""
        self.over = True
        self._connection.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """An end with RST: tcp(7), SO_LINGER of no seconds."""
        self.over = True
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self._connection.detach())

    def outwait(self) -> None:
        """Say nothing until the client has gone."""
        self._connection.settimeout(PATIENCE)
        while self._connection.recv(4096):
            pass

    def within(self, content: bytes) -> int:
        """A place in the content, before its end."""
        return self.random.randrange(max(1, len(content)))


def message(answer: Answer, *extra: str, length: str | None = "Content-Length: {}") -> bytes:
    """The bytes of an HTTP answer."""
    lines = [f"HTTP/1.1 {answer.status} -", "Content-Type: text/xml", *extra]
    lines += [] if length is None else [length.format(len(answer.body))]
    return "\r\n".join([*lines, "", ""]).encode() + answer.body


Play = Callable[[Exchange], None]


class Fault(NamedTuple):
    play: Play
    waited_out: bool  # whether the client tries again by itself
    operations: frozenset[str] | None = None  # None: any


def _says(status: int, body: bytes, *extra: str) -> Play:
    return lambda exchange: exchange.send(Answer(status, body), *extra)


def _refuses(status: int, code: str) -> Play:
    return _says(status, ERROR.format(code).encode())


def _breaks_off(*, executed: bool, end: Callable[[Exchange], None], part: str = "") -> Play:
    """The connection ends in a part of the answer, `head` or `body`, or before both."""

    def play(exchange: Exchange) -> None:
        answer = exchange.ask() if executed or part else Answer(200, b"")
        head = len(message(answer)) - len(answer.body)
        sent = {"": 0, "head": exchange.random.randrange(1, head), "body": head + exchange.within(answer.body)}[part]
        exchange.write(message(answer)[:sent])
        end(exchange)

    return play


def _cuts(cut: Callable[[Exchange, bytes], bytes]) -> Play:
    """An answer of which a part is missing, and whose length says that it is whole."""

    def play(exchange: Exchange) -> None:
        answer = exchange.ask()
        exchange.send(answer._replace(body=cut(exchange, answer.body)))

    return play


def _somewhere(exchange: Exchange, content: bytes) -> bytes:
    return content[: exchange.within(content.rstrip())]


def _half(_exchange: Exchange, content: bytes) -> bytes:
    return content[: len(content) // 2]


def _half_and_the_end(exchange: Exchange) -> None:
    """Half of a body, with the length of the whole."""
    answer = exchange.ask()
    exchange.write(message(answer)[: -len(answer.body) // 2])
    exchange.close()


def _in_base64(exchange: Exchange, body: bytes) -> bytes:
    return CONTENT.sub(lambda found: _somewhere(exchange, found[0]), body)


def _in_report(exchange: Exchange, body: bytes) -> bytes:
    return CONTENT.sub(lambda found: b64encode(_somewhere(exchange, b64decode(found[0]))), body)


def _at_line_end(exchange: Exchange, body: bytes) -> bytes:
    def cut(found: re.Match[bytes]) -> bytes:
        lines = b64decode(found[0]).splitlines(keepends=True)
        return b64encode(b"".join(lines[: exchange.within(b"-" * len(lines))]))

    return CONTENT.sub(cut, body)


def _hollow(_exchange: Exchange, body: bytes) -> bytes:
    return re.sub(rb"(<(\w+Result)>).*(</\2>)", rb"\1\3", body, flags=re.DOTALL)


def _dribbles(exchange: Exchange) -> None:
    whole = message(exchange.ask())
    size = len(whole) // 10 + 1
    for start in range(0, len(whole), size):
        exchange.write(whole[start : start + size])
        time.sleep(GAP)


def _stalls(exchange: Exchange) -> None:
    answer = exchange.ask()
    exchange.write(message(answer)[: -len(answer.body) // 2])
    exchange.outwait()
    exchange.close()


def _too_late(exchange: Exchange) -> None:
    answer = exchange.ask()
    exchange.outwait()
    exchange.send(answer)


def _length(text: str | None) -> Play:
    return lambda exchange: exchange.send(exchange.ask(), length=text)


def _short_length(exchange: Exchange) -> None:
    answer = exchange.ask()
    exchange.send(answer, length=f"Content-Length: {exchange.within(answer.body)}")


def _cut_chunks(exchange: Exchange) -> None:
    answer = exchange.ask()
    part = answer.body[: exchange.within(answer.body)]
    exchange.send(Answer(answer.status, b"%x\r\n%b" % (len(answer.body), part)), length="Transfer-Encoding: chunked")
    exchange.close()


FAULTS: dict[str, Fault] = {
    "throttled": Fault(_refuses(400, "Throttling"), True),
    "too many requests": Fault(_refuses(429, "TooManyRequestsException"), True),
    "429 without a body": Fault(_says(429, b""), True),
    "500": Fault(_refuses(500, "ServiceFailure"), True),
    "502 with a web page": Fault(_says(502, BAD_GATEWAY), True),
    "503": Fault(_says(503, b""), True),
    "503 with Retry-After": Fault(_says(503, b"", "Retry-After: 1"), True),
    "504": Fault(_refuses(504, "GatewayTimeout"), True),
    "ExpiredToken": Fault(_refuses(403, "ExpiredToken"), False),
    "RequestExpired": Fault(_refuses(400, "RequestExpired"), False),
    "InvalidClientTokenId": Fault(_refuses(403, "InvalidClientTokenId"), False),
    "report denied": Fault(_refuses(403, "AccessDenied"), True, REPORT),
    "details denied": Fault(_refuses(403, "AccessDenied"), True, DETAILS),
    "no such user": Fault(_refuses(404, "NoSuchEntity"), True, OF_ONE_USER),
    "closed before the answer": Fault(_breaks_off(executed=False, end=Exchange.close), True),
    "reset before the answer": Fault(_breaks_off(executed=False, end=Exchange.reset), True),
    "reset when executed": Fault(_breaks_off(executed=True, end=Exchange.reset), True),
    "reset in the head": Fault(_breaks_off(executed=True, end=Exchange.reset, part="head"), True),
    "reset in the body": Fault(_breaks_off(executed=True, end=Exchange.reset, part="body"), True),
    "closed in the body": Fault(_breaks_off(executed=True, end=Exchange.close, part="body"), True),
    "chunks break off": Fault(_cut_chunks, True),
    "XML breaks off": Fault(_cuts(_somewhere), True),
    "half a body": Fault(_cuts(_half), True),
    "half a body and the end": Fault(_half_and_the_end, True),
    "error breaks off": Fault(_says(400, ERROR.format("Throttling").encode()[:50]), True),
    "error without a body": Fault(_says(400, b""), True),
    "base64 breaks off": Fault(_cuts(_in_base64), True, CONTENTS),
    "report breaks off": Fault(_cuts(_in_report), True, CONTENTS),
    "report lacks users": Fault(_cuts(_at_line_end), True, CONTENTS),
    "dribbles": Fault(_dribbles, True),
    "stalls": Fault(_stalls, True),
    "too late": Fault(_too_late, True),
    "empty answer": Fault(_says(200, b""), True),
    "answer of another operation": Fault(_says(200, OTHER_ANSWER), True),
    "answer without a result": Fault(_cuts(_hollow), True),
    "web page": Fault(_says(200, SIGN_IN_PAGE), False),
    "JSON": Fault(_says(200, b'{"message": "hello"}'), True),
    "not text": Fault(_says(200, NOT_TEXT), True),
    "answer twice": Fault(lambda exchange: exchange.send(exchange.ask(), times=2), True),
    "length too small": Fault(_short_length, True),
    "length is no number": Fault(_length("Content-Length: many"), True),
    "length is missing": Fault(_length(None), True),
}
