"""`keyage rotate` as a process: where a secret may show, and what Ctrl-C does."""

import os
import pty
import re
import signal
import subprocess
from pathlib import Path

import pytest

from checker.remediate.rotate.smtp import smtp_password
from tests.fakes.rotated_account import REGION, SECRET, STORES, USER, RotatedAccount
from tests.fakes.stand_ins import answer
from tests.support.killed_at_call import debugging
from tests.support.processes import KEYAGE, POLICY, STARTED_ANEW, environment, keyage
from tests.support.rotating import AT_ONCE, Rotating


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policies.yaml").write_text(POLICY)
    return tmp_path


@pytest.mark.parametrize("store", STORES)
def test_with_every_logger_speaking_no_secret_is_told(served_account: RotatedAccount, folder: Path, store: str) -> None:
    served_account.adopts = True
    served_account.begin(stored=store)
    told = ""
    for more in ((), ("--status",), ("--rollback",), ()):
        arguments = ["rotate", USER, "--to", store, *AT_ONCE, "--ses-smtp", REGION, *more]
        done = keyage(folder, *arguments, **served_account.aws, **debugging())
        assert done.returncode in (0, 1), done.stderr[-2000:]
        told += done.stdout + done.stderr
    assert "botocore" in told  # it did speak
    assert "ListAccessKeys" in told
    hidden = {*served_account.secrets, *(smtp_password(secret, REGION) for secret in served_account.secrets)}
    assert len(served_account.secrets) == 2
    assert [secret for secret in hidden if secret in told] == []
    assert [path.name for path in folder.rglob("*")] == ["policies.yaml"]


BROKEN = """<CreateAccessKeyResponse><CreateAccessKeyResult><AccessKey><UserName>svc-ledger</UserName>
<AccessKeyId>AKIAHALF</AccessKeyId><SecretAccessKey>wJalrXUtnFEMI</SecretAccessKey>"""


def test_an_answer_that_does_not_parse_is_not_quoted(rotating: Rotating) -> None:
    rotating.account.begin()
    for body in (
        BROKEN,
        BROKEN.replace("<UserName>svc-ledger</UserName>", "") + "</AccessKey>",
        f"wJalrXUtnFEMI {BROKEN}",
    ):
        rotating.faults.plan("CreateAccessKey", answer(body), 1)
        done = rotating(SECRET, *AT_ONCE)
        assert (done.returncode, "wJalrXUtnFEMI" in done.stdout + done.stderr) == (3, False)


def test_ctrl_c_tells_the_state_and_that_the_same_command_goes_on(served_account: RotatedAccount, folder: Path) -> None:
    served_account.begin()
    served_account.adopts = False
    process = subprocess.Popen(
        [*STARTED_ANEW, "rotate", USER, "--to", SECRET, "--wait", "1h", "--yes"],
        cwd=folder,
        env=environment(**served_account.aws),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    while "readers of" not in process.stderr.readline():
        assert process.poll() is None
    served_account.waits_for_look()
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    told = rf"the rotation of {USER} was (stored|proved): type the same command again, and it goes on from there"
    assert re.search(f"{told}\ninterrupted\n$", err)


@pytest.mark.parametrize(("said", "code", "keys"), [("n", 2, 1), ("", 2, 1), ("y", 1, 2)])
def test_a_terminal_is_asked_before_anything_is_changed(
    served_account: RotatedAccount, folder: Path, said: str, code: int, keys: int
) -> None:
    (old,) = served_account.begin()
    served_account.adopts = False
    ours, theirs = pty.openpty()
    os.write(ours, f"{said}\n".encode())
    done = subprocess.run(
        [*KEYAGE, "rotate", USER, "--to", SECRET, "--wait", "0s"],
        cwd=folder,
        env=environment(**served_account.aws),
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=60,
    )
    os.close(ours)
    os.close(theirs)
    assert (done.returncode, len(served_account.keys)) == (code, keys), done.stderr
    asked = [
        "This is going to be done:",
        f"  1. create a second access key beside {old}, and store it in {SECRET} in {REGION}",
        f"  2. see that the new key works, and let readers of {SECRET} in {REGION} get it",
        "  3. wait until the new key is used by something else than keyage",
        f"  4. make {old} inactive once it was not used for 1d",
    ]
    assert done.stderr.splitlines()[:5] == asked
    assert done.stderr.splitlines()[5] == "Go on? [y/N]"
    assert ("the answer was not yes: nothing was changed" in done.stderr) is (code == 2)
