"""A keyage that ends itself by SIGKILL, before or after the n-th thing that it sends to AWS or writes to a journal."""

import os
import signal
from typing import Any

from botocore.httpsession import URLLib3Session

from checker.remediate.journal import Journal
from tests.support.fork_server import PREPARED

KILLED_AT = "TESTS_KILLED_AT"
PATCHED: Any = (URLLib3Session, Journal)


class _Killer:
    def __init__(self, at: int) -> None:
        self._left = at

    def due(self) -> bool:
        """Whether it is this moment's turn."""
        self._left -= 1
        return self._left == 0

    def pass_or_die(self) -> None:
        if self.due():
            die()


def killed_at(number: int) -> dict[str, str]:
    """The environment of a process that ends at that moment, from 1."""
    return {PREPARED: __name__, KILLED_AT: str(number)}


def prepare() -> None:
    """Arm this process, as its environment says."""
    arm(int(os.environ[KILLED_AT]))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(at: int) -> None:
    """Each call is two moments, before it leaves and after its answer; each line three, the second in its middle."""
    killer = _Killer(at)
    send, write = PATCHED[0].send, PATCHED[1]._write  # noqa: SLF001 -- nothing public is between two writes

    def sent(session: Any, request: Any) -> Any:
        killer.pass_or_die()
        answer = send(session, request)
        killer.pass_or_die()
        return answer

    def written(journal: Any, data: bytes) -> None:
        killer.pass_or_die()
        if killer.due():
            write(journal, data[: len(data) // 2])
            die()
        write(journal, data)
        killer.pass_or_die()

    PATCHED[0].send, PATCHED[1]._write = sent, written  # noqa: SLF001 -- likewise
