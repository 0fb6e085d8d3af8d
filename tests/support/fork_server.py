"""A process that has imported keyage and forks one for every command: a real process, at a tenth of the start-up.

Run as a program with the path of its socket. Each connection brings one command: the arguments, the working folder,
the environment and limits, and every open file of whoever asks. A command ends when whoever asks is gone, and the
server when its standard input ends.
"""

import array
import fcntl
import gc
import os
import resource
import select
import signal
import socket
import sys
import tempfile
import threading
import time
from ast import literal_eval
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, NoReturn

import checker
from checker.generate import lint
from tests.support.forked_keyage import of_the_start

HIGH = 200  # files are moved out of each other's way above it
MOST = 1 << 20  # bytes read at once
MOST_FILES = 64
PREPARED = "TESTS_PREPARE"
# What verbs import late, so that no command has to do it again.
LATE = (
    "boto3.session",
    "botocore.session",
    "jinja2",
    "jsonschema_rs",
    "junitparser",
    "pygal",
    "rich.console",
    "rich.table",
)
STREAMS = sys.stdin.encoding, sys.stdin.errors, sys.stdout.encoding, sys.stdout.errors


def serve(path: Path) -> None:
    """Until standard input ends."""
    for name in (*LATE, *(module.name for module in walk_packages(checker.__path__, "checker."))):
        if not name.endswith("__main__"):
            import_module(name)
    lint.check({})  # which loads the rules of cfn-lint
    gc.freeze()  # the pages stay shared
    path.with_name(f"{path.name}.of-the-start").write_text(of_the_start(os.environ))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that serve one command
        while sys.stdin not in (ready := select.select([server, sys.stdin], [], [])[0]):
            assert server in ready
            connection, _address = server.accept()
            if os.fork() == 0:
                server.close()
                serve_one(connection)
            connection.close()


def serve_one(connection: socket.socket) -> NoReturn:
    """Start the command and answer with how it ended, as waitpid says it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, files = received(connection)
    pid = os.fork()
    if pid == 0:
        connection.close()
        become(request, files)
        run(request["arguments"])
    for file in files:
        os.close(file)
    delay = 0.002
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            connection.sendall(str(status).encode())
            os._exit(0)
        if select.select([connection], [], [], delay)[0]:
            os.kill(pid, signal.SIGKILL)
            os._exit(1)
        delay = min(0.05, delay * 1.5)


def received(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    files = array.array("i")
    data, ancillary, _flags, _address = connection.recvmsg(MOST, socket.CMSG_SPACE(MOST_FILES * files.itemsize))
    for _level, _kind, payload in ancillary:
        files.frombytes(payload[: len(payload) - len(payload) % files.itemsize])
    while not data.endswith(b"\n"):
        data += connection.recv(MOST)
    return literal_eval(data.decode()), list(files)


def become(request: dict[str, Any], files: list[int]) -> None:
    """Take over the files, by the numbers that they had, and what else a process has from whoever starts it."""
    moved = [fcntl.fcntl(file, fcntl.F_DUPFD, HIGH) for file in files]
    os.closerange(0, HIGH)
    for file, number in zip(moved, request["files"], strict=True):
        os.dup2(file, number)
        os.close(file)
    os.chdir(request["folder"])
    os.umask(request["umask"])
    for limit, values in request["limits"].items():
        resource.setrlimit(limit, values)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    tempfile.tempdir = None
    signal.signal(signal.SIGINT, signal.default_int_handler)
    encoding_in, errors_in, encoding_out, errors_out = STREAMS
    numbers = request["files"]
    streams = (
        open(0, encoding=encoding_in, errors=errors_in, closefd=False) if 0 in numbers else None,  # noqa: SIM115
        open(1, "w", encoding=encoding_out, errors=errors_out, closefd=False) if 1 in numbers else None,  # noqa: SIM115
        open(2, "w", 1, encoding=encoding_out, errors="backslashreplace", closefd=False) if 2 in numbers else None,  # noqa: SIM115
    )
    sys.stdin, sys.stdout, sys.stderr = streams
    sys.__dict__.update(zip(("__stdin__", "__stdout__", "__stderr__"), streams, strict=True))


def run(arguments: list[str]) -> NoReturn:
    """As an interpreter ends, but for the time that it takes to give back all that was imported."""
    from checker.cli import main

    if PREPARED in os.environ:  # a module of the tests that changes what the process does, such as when it is killed
        import_module(os.environ[PREPARED]).prepare()
    sys.argv = ["keyage", *arguments]
    code = main()
    for thread in set(threading.enumerate()) - {threading.current_thread()}:
        if not thread.daemon:
            thread.join()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        code = 120
    os._exit(code)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
