"""An AWS endpoint on loopback, in a process of its own: counts calls by operation and delays each.

HTTP/1.1 with connections kept open, as AWS does, or the client's reconnecting would be measured. Delays
overlap; what answers the calls is another module, one call at a time.
"""

import asyncio
import multiprocessing
import os
import re
import time
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, NamedTuple, Protocol, Self
from urllib.parse import parse_qsl

HEAD = "HTTP/1.1 {status} -\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n"


class Call(NamedTuple):
    """One call; in another protocol than AWS's query protocol it has no fields, and a target or a path says which."""

    operation: str
    fields: dict[str, str]
    headers: dict[str, str]
    body: bytes
    method: str = "POST"
    path: str = "/"

    @property
    def service(self) -> str:
        """The service that the call was signed for, as in `Credential=KEY/DATE/REGION/SERVICE/aws4_request`."""
        signed = re.search(r"Credential=[^/]+/\d+/[^/]*/([^/]+)/", self.headers.get("Authorization", ""))
        return signed[1] if signed else ""


class Answer(NamedTuple):
    status: int
    body: bytes
    sent: int | None = None  # bytes of the body before the connection is reset; None: all, and it stays open


Answering = Callable[[Call], Answer]


class Module(Protocol):
    """What answers: fake_iam, moto_iam or fake_organization."""

    def answering(self, seed: Any) -> Answering:
        """Makes the account or accounts of a seed, such as a list of users, and returns what answers calls."""


class Emulator:
    """A context in which the endpoint runs."""

    def __init__(self, module: str, seed: Any, latency: float) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, module, seed, latency), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self.port: int = self._pipe.recv()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.join()

    def environment(self) -> dict[str, str]:
        """What makes boto3 call this endpoint, and nothing else."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def calls(self) -> Counter[str]:
        """The calls since the last look, by operation; connections are counted as `connections`."""
        self._pipe.send("calls")
        counted: Counter[str] = self._pipe.recv()
        return counted

    def busy(self) -> float:
        """The seconds since the last look in which the emulator made answers, one at a time, delays not counted."""
        self._pipe.send("busy")
        seconds: float = self._pipe.recv()
        return seconds


def _serve(pipe: Connection, module: str, seed: Any, latency: float) -> None:
    answering: Module = import_module(module)
    try:
        asyncio.run(_run(pipe, answering.answering(seed), latency))
    except (EOFError, KeyboardInterrupt):
        return


async def _run(pipe: Connection, answer: Answering, latency: float) -> None:
    calls: Counter[str] = Counter()
    busy = 0.0

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal busy
        calls["connections"] += 1
        try:
            while call := await _read(reader):
                calls[call.operation] += 1
                started = time.perf_counter()
                answered = answer(call)
                busy += time.perf_counter() - started
                await asyncio.sleep(latency)
                head = HEAD.format(status=answered.status, length=len(answered.body))
                if answered.sent is not None:
                    await _break_off(writer, head.encode() + answered.body[: answered.sent] if answered.sent else b"")
                    return
                writer.write(head.encode() + answered.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    loop = asyncio.get_running_loop()
    while True:
        if await loop.run_in_executor(None, pipe.recv) == "busy":
            pipe.send(busy)
            busy = 0.0
        else:
            pipe.send(calls)
            calls.clear()


async def _break_off(writer: asyncio.StreamWriter, sent: bytes) -> None:
    writer.write(sent)
    await writer.drain()
    writer.transport.abort()


async def _read(reader: asyncio.StreamReader) -> Call:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request, *others = head.splitlines()
    method, path, _version = request.split(" ")
    lines = [line.partition(":") for line in others if line]
    headers = {name.strip().title(): text.strip() for name, _colon, text in lines}
    body = await reader.readexactly(int(headers.get("Content-Length", "0")))
    fields = dict(parse_qsl(body.decode()))
    target = headers.get("X-Amz-Target", f"{method} {path}").rpartition(".")[2]
    return Call(fields.get("Action", target), fields, headers, body, method, path)
