"""`keyage` by way of the fork server whose socket is the first argument; without one it is started in its own right.

Runs once for every command that a test starts, so it imports little: no pathlib, json or signal.
"""

import _signal  # type: ignore[import-not-found]
import os
import resource
import sys
from _socket import AF_UNIX, SCM_RIGHTS, SOL_SOCKET, socket


def main(path: str, arguments: list[str]) -> None:
    """End as keyage ends. The environment that an interpreter heeds as it starts must be the server's."""
    connection = socket(AF_UNIX)
    try:
        with open(f"{path}.of-the-start") as own:  # noqa: PTH123
            if own.read() != of_the_start(os.environ):
                start(arguments)
        connection.connect(path)
    except OSError:
        start(arguments)
    files = sorted(open_files() - {connection.fileno()})
    data = f"{request(arguments, files)!a}\n".encode()
    numbers = b"".join(file.to_bytes(4, sys.byteorder) for file in files)
    sent = connection.sendmsg([data], [(SOL_SOCKET, SCM_RIGHTS, numbers)])
    while sent < len(data):
        sent += connection.send(data[sent:])
    for file in files:
        os.close(file)  # a reader of what keyage writes waits for the last who could write
    answer = connection.recv(100).decode()
    status = os.waitstatus_to_exitcode(int(answer or "1"))
    if status < 0:
        if -status != _signal.SIGKILL:  # which nobody can catch
            _signal.signal(-status, _signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(status)


def request(arguments: list[str], files: list[int]) -> dict[str, object]:
    """Everything that a process has from whoever starts it, in what Python's literals can say."""
    mask = os.umask(0)
    os.umask(mask)
    limits = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]
    return {
        "arguments": arguments,
        "files": files,
        "folder": os.getcwd(),  # noqa: PTH109
        "environment": dict(os.environ),
        "limits": {limit: resource.getrlimit(limit) for limit in limits},
        "umask": mask,
    }


def of_the_start(environment: "os._Environ[str]") -> str:
    """What an interpreter heeds when it starts, and never again."""
    return ascii(sorted(pair for pair in environment.items() if pair[0].startswith(("PYTHON", "LC_", "LANG"))))


def open_files() -> set[int]:
    found = set()
    for name in os.listdir("/dev/fd"):  # noqa: PTH208
        try:
            os.fstat(int(name))
        except OSError:  # of the listing itself
            continue
        found.add(int(name))
    return found


def start(arguments: list[str]) -> None:
    """A process of its own."""
    os.execv(sys.executable, [sys.executable, "-m", "checker", *arguments])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
