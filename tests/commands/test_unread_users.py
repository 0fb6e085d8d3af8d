"""Of an account in which one user cannot be read: what may be kept of it, and what may be proposed from it."""

from pathlib import Path

import pytest

from checker.commands import init, snapshot
from checker.embedded import aws
from checker.errors import Unreadable
from tests.fakes.stand_ins import of_users, refuse
from tests.support.fixtures import ACCOUNT, Emulated


@pytest.fixture
def one_is_denied(emulated: Emulated, monkeypatch: pytest.MonkeyPatch) -> Emulated:
    for name in ("hidden", "seen"):
        emulated.user(name)
        emulated.key(name, 200)
    emulated.faults.plan("ListAccessKeys", of_users(refuse("AccessDenied"), "hidden"))
    credentials = aws.credentials_for(ACCOUNT)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", credentials["SessionToken"])
    return emulated


@pytest.mark.usefixtures("one_is_denied")
def test_no_snapshot_lacks_a_user(tmp_path: Path) -> None:
    with pytest.raises(
        Unreadable, match=rf"{ACCOUNT} could not be read whole: .* 1 user .*: hidden: ListAccessKeys was"
    ):
        snapshot.run(snapshot.Options(tmp_path / "iam.json"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("one_is_denied")
def test_a_proposed_policy_says_of_whom_nothing_is_known(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init.run(init.Options(tmp_path / "policies.yaml", from_account=True)) == 0
    assert "note: the keys of 1 user could not be read: hidden: ListAccessKeys was denied" in capsys.readouterr().err
