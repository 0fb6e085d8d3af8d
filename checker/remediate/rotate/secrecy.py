"""Keeping the secret of an access key in memory: out of logs, messages and cores."""

import ctypes
import logging
import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import ParamValidationError
from botocore.parsers import ResponseParserError

from checker.errors import RotationFailed
from checker.sources.aws.failures import FAILURES, explain

VERB = "rotate"  # whose permissions are wanted
SET_DUMPABLE, DUMPABLE, NOT_DUMPABLE = 4, 1, 0  # prctl(2): Linux hands cores to a program whatever the limit is


@dataclass(frozen=True, repr=False)
class Pair:
    """An access key with its secret, which nothing shows that shows the pair."""

    key_id: str
    secret: str

    def __repr__(self) -> str:
        return f"<the access key {self.key_id}>"


@contextmanager
def in_confidence() -> Iterator[None]:
    """While it lasts nothing is logged, for botocore logs requests and answers, and a crash leaves no core.

    Raises RotationFailed for what the client raises, with nothing in it of an answer that does not parse.
    """
    level = logging.root.manager.disable
    logging.disable(sys.maxsize)
    try:
        with _no_core():
            yield
    except ResponseParserError:
        raise RotationFailed("half an answer came, or something else than AWS answered: type this again") from None
    except ParamValidationError:  # which quotes what was asked
        raise RotationFailed("botocore does not accept what was to be stored: please report this") from None
    except FAILURES as error:
        raise RotationFailed(explain(error, VERB)) from None
    finally:
        logging.disable(level)


@contextmanager
def _no_core() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    _dumpable(NOT_DUMPABLE)
    try:
        yield
    finally:
        _dumpable(DUMPABLE)
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def _dumpable(value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(SET_DUMPABLE, value, 0, 0, 0)
