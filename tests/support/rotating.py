"""`keyage rotate` against the fake account, in this process: what the tests of the verb share."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from checker.commands import rotate
from checker.remediate.rotate.run import Clock
from checker.remediate.rotate.states import IN_HAND
from tests.fakes.rotated_account import REGION, USER, RotatedAccount, rotated_account
from tests.fakes.stand_ins import Faults, faults
from tests.support.processes import POLICY, here

AT_ONCE = ("--wait", "0s", "--quiet-for", "0s", "--yes")


@pytest.fixture(scope="module")
def served_account() -> Iterator[RotatedAccount]:
    with rotated_account() as made:
        yield made


@pytest.fixture
def rotating(served_account: RotatedAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Rotating]":
    with faults() as planned:
        waited: list[float] = []
        made = Rotating(served_account, tmp_path, planned, waited)
        monkeypatch.setattr(rotate, "CLOCK", Clock(lambda: datetime.now(UTC) + made.later, waited.append))
        served_account.adopts = True
        (tmp_path / "policies.yaml").write_text(POLICY)
        yield made


class Rotating:
    """The account, what may go wrong, and the command."""

    def __init__(self, account: RotatedAccount, folder: Path, planned: Faults, waited: list[float]) -> None:
        self.account, self.folder, self.faults, self.waited = account, folder, planned, waited
        self.later = timedelta()  # by which the next run is later than this test

    def __call__(self, store: str, *arguments: str, user: str = USER, **extra: str) -> subprocess.CompletedProcess[str]:
        return here(self.folder, "rotate", user, "--to", store, *arguments, **self.account.aws | extra)

    def policy(self, text: str) -> None:
        (self.folder / "policies.yaml").write_text(text)

    def to_its_end(self, store: str) -> subprocess.CompletedProcess[str]:
        """The command once no other run can have the key in hand, and without a key that it told a person to delete."""
        self.later += IN_HAND
        return without_stranger(self.account, lambda: self(store, *AT_ONCE))

    @property
    def iam(self) -> Any:
        return boto3.client(
            "iam",
            endpoint_url=self.account.url,
            aws_access_key_id="x",
            aws_secret_access_key="x",
            region_name=REGION,
        )

    def state(self) -> tuple[list[str], dict[str, str]]:
        """The statuses of the keys, and what the user's tags say."""
        return [key.status for key in self.account.keys], self.account.tags


def without_stranger(
    account: RotatedAccount, run: Callable[[], subprocess.CompletedProcess[str]]
) -> subprocess.CompletedProcess[str]:
    """The run; if it is left to a person whether the second key is lost, the run after that was deleted."""
    done = run()
    if done.returncode == 2 and "was made while a rotation was under way" in done.stderr:
        account.iam.delete_access_key(account.keys[1].access_key_id, USER)
        return run()
    return done
