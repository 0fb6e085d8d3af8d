"""`keyage drift` as a process."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.policy import inventory
from tests.support.deployed_account import ACCOUNT, MANAGED, REGION, RULE, DeployedAccount, expected, served_aws
from tests.support.processes import NOW, here, keyage


@pytest.fixture
def account() -> Iterator[DeployedAccount]:
    with served_aws() as url:
        yield DeployedAccount(REGION, url)


@pytest.mark.parametrize(
    ("policy", "code", "said"),
    [
        (MANAGED, 0, "the managed rule access-keys-rotated: as the policy says\n"),
        (
            MANAGED.replace("45", "46"),
            1,
            "access-keys-rotated: 1 difference\n  maxAccessKeyAge: deployed 45, policy 46\n",
        ),
    ],
)
def test_the_command(account: DeployedAccount, tmp_path: Path, policy: str, code: int, said: str) -> None:
    account.deploy(expected(MANAGED))
    (tmp_path / "policies.yaml").write_text(policy)
    credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    done = keyage(tmp_path, "drift", "--now", NOW, AWS_ENDPOINT_URL=str(account.endpoint), **credentials)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith(f"account {ACCOUNT}, {REGION}, the managed rule")
    assert done.stdout.endswith(said)


def test_an_account_that_the_inventory_lacks_is_warned_about(account: DeployedAccount, tmp_path: Path) -> None:
    policy = MANAGED + "rules: [{id: mine, accounts: mine-*, maxAccessKeyAge: 3}]\n"
    listed = tmp_path / "accounts.yaml"
    listed.write_text("version: 1\naccounts: [{id: 444455556666, name: mine-too}]\n")
    (tmp_path / "policies.yaml").write_text(policy)
    account.deploy(expected(policy, inventory.load(listed)))
    credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    done = keyage(tmp_path, "drift", "--now", NOW, AWS_ENDPOINT_URL=str(account.endpoint), **credentials)
    assert done.returncode == 0
    assert f"account {ACCOUNT} is not in the inventory, which" in done.stderr
    assert "undecided whether the account is one of those of mine: run `keyage inventory`" in done.stderr


def test_the_command_compares_with_what_is_for_every_account(account: DeployedAccount, tmp_path: Path) -> None:
    rule = "rules: [{id: theirs, accounts: '444455556666', maxAccessKeyAge: 3}]\n"
    (tmp_path / "policies.yaml").write_text(MANAGED + rule)
    account.deploy(expected(MANAGED))
    credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    done = keyage(tmp_path, "drift", "--now", NOW, AWS_ENDPOINT_URL=str(account.endpoint), **credentials)
    assert done.returncode == 1
    assert done.stdout == (
        f"account {ACCOUNT}, {REGION}, keyage's rule {RULE}: 1 difference\n"
        "  rule owner: deployed AWS, policy CUSTOM_LAMBDA\n"
    )


def test_a_stack_set_is_for_an_organization(tmp_path: Path) -> None:
    done = here(tmp_path, "drift", "--stack-set", "x")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--stack-set is for --organization: add it, or leave this out" in done.stderr
