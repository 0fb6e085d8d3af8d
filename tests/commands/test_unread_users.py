"""Of an account in which one user cannot be read: what may be kept of it, and what may be proposed from it."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from moto import mock_aws
from pytest_regressions.file_regression import FileRegressionFixture

from checker.commands import snapshot
from checker.embedded import aws
from checker.errors import Unreadable
from tests.fakes.faulty_proxy import Plan, Request, faulty_proxy
from tests.fakes.served_organization import credentials
from tests.fakes.stand_ins import of_users, refuse
from tests.support.fixtures import ACCOUNT, Emulated, ago
from tests.support.processes import NOW, keyage

GOLDEN = Path(__file__).parents[1] / "golden" / "init"


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


@dataclass
class HiddenIsDenied(Plan):
    """Nobody may list the keys of the user `hidden`."""

    def draw(self, request: Request) -> tuple[str | None, Random]:
        return "report denied" if request.fields.get("UserName") == "hidden" else None, Random(0)  # noqa: S311 -- unused


@pytest.mark.golden
def test_a_proposed_policy_says_in_itself_that_it_counts_a_part(
    tmp_path: Path, file_regression: FileRegressionFixture
) -> None:
    with mock_aws(), faulty_proxy() as proxy:
        for name, path, age in (("hidden", "/", 400), ("seen", "/", 200), ("other", "/service/", 20)):
            aws.add_user(ACCOUNT, name, ago(800), path=path)
            aws.add_key(ACCOUNT, name, ago(age))
        proxy.plans["x"] = HiddenIsDenied(ACCOUNT)
        done = keyage(tmp_path, "init", "--from-account", "--quiet", "--now", NOW, **credentials(proxy.url))
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("error: the keys of 1 user could not be read: hidden: ListAccessKeys was denied")
    text = (tmp_path / "policies.yaml").read_text()
    file_regression.check(text, fullpath=GOLDEN / "init-partial.yaml", encoding="utf-8")
    assert keyage(tmp_path, "validate", "--strict").returncode == 0
