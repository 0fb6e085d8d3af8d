"""While a secret is held: nothing is logged, no core is left, and no message quotes an answer."""

import logging
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from checker.errors import RotationFailed, UsageError
from checker.remediate.rotate.secrecy import in_confidence

HIDDEN = "wJalrXUtnFEMI"


def test_everything_is_as_before_afterwards(caplog: pytest.LogCaptureFixture) -> None:
    limit = resource.getrlimit(resource.RLIMIT_CORE)
    with caplog.at_level(logging.DEBUG), in_confidence():
        logging.getLogger("botocore.parsers").critical("an answer")
        assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
    assert caplog.messages == []
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("botocore.parsers").debug("another")
    assert caplog.messages == ["another"]
    assert resource.getrlimit(resource.RLIMIT_CORE) == limit


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (ResponseParserError(f"Unable to parse response: <SecretAccessKey>{HIDDEN}"), "half an answer came"),
        (
            ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "CreateAccessKey"),
            "CreateAccessKey was denied: allow what `keyage permissions rotate` prints (no)",
        ),
    ],
)
def test_what_the_client_raises_is_told_in_our_words(raised: Exception, told: str) -> None:
    with pytest.raises(RotationFailed) as failed, in_confidence():
        raise raised
    assert told in str(failed.value)
    assert HIDDEN not in str(failed.value)
    assert failed.value.__suppress_context__


def test_what_a_parameter_held_is_not_told() -> None:
    with pytest.raises(RotationFailed) as failed, in_confidence():
        raise ParamValidationError(report=f"Invalid type for parameter SecretString, value: {HIDDEN}")
    assert HIDDEN not in str(failed.value)


def test_a_refusal_stays_what_it_is() -> None:
    with pytest.raises(UsageError, match="two words"), in_confidence():
        raise UsageError("two words")


def test_a_crash_leaves_no_core(tmp_path: Path) -> None:
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
    code = f"from checker.remediate.rotate.secrecy import in_confidence\nwith in_confidence():\n    {crash}\n"
    limits = "import resource; hard = resource.getrlimit(resource.RLIMIT_CORE)[1]; "
    raised = f"{limits}resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))\n"
    done = subprocess.run([sys.executable, "-c", raised + code], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, list(tmp_path.iterdir())) == (-11, [])
