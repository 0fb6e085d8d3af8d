"""What all processes of one run of the tests share: a folder, and a fork server for whichever of them needs one."""

import atexit
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from zlib import crc32

TOP = Path(__file__).parents[2]
NAMED = "PYTEST_KEYAGE_RUN"  # the variable that tells pytest's workers of the folder
OF_THIS_TREE = f"-{crc32(str(TOP).encode()):08x}"  # tests of another tree may be run by these


def _folder() -> Path:
    """The folder of whoever started this process for some of the tests; else one of its own, which goes with it."""
    given = Path(os.environ.get(NAMED, ""))
    if given.name.endswith(OF_THIS_TREE) and given.is_dir():
        return given
    made = Path(tempfile.mkdtemp(prefix="keyage-tests-", suffix=OF_THIS_TREE))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    os.mkfifo(made / "life")
    os.open(made / "life", os.O_RDWR)  # never closed, so that it ends with this process, however that ends
    os.environ[NAMED] = str(made)
    return made


_FOLDER = _folder()
SOCKET = _FOLDER / "fork-server"


_servers: list["subprocess.Popen[bytes]"] = []  # nobody waits for it here


def serve_forks(environment: Mapping[str, str]) -> None:
    """Begin the fork server with these variables, unless a process of this run has; it ends with the run."""
    if SOCKET.exists() or _servers:
        return
    command = [sys.executable, "-m", "tests.support.fork_server", str(SOCKET)]
    with (_FOLDER / "lock").open("w") as lock, (_FOLDER / "life").open("rb") as life:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not SOCKET.exists():
            server = subprocess.Popen(command, stdin=life, cwd=TOP, env=environment)
            _servers.append(server)
            while not SOCKET.exists() and server.poll() is None:
                time.sleep(0.01)
