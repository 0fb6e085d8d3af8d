"""`keyage drift --organization`: who runs which policy, who lags behind, who has none, who could not be read."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import boto3
import pytest
from moto.cloudformation.exceptions import StackSetNotFoundException
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.exceptions import AccessDeniedError
from moto.core.responses import ActionResult
from moto.organizations import utils
from moto.sts.responses import TokenResponse

from checker.commands import drift
from checker.commands.drift import Options
from checker.compare.drift.account import State
from checker.compare.drift.policy import digest
from checker.errors import UsageError
from checker.generate.deployment import Before, deployment
from checker.permissions import policy_document
from checker.policy.loader import parse
from checker.shell.common import Common
from checker.shell.staged import Staged
from checker.sources.aws.session import ReadOnlySession
from tests.support.deployed_account import ACCOUNT, CUSTOM, MANAGED, REGION, DeployedAccount, emulated_aws, expected
from tests.support.fixtures import NOW

IDS = {"prod-a": "111122223333", "prod-b": "222233334444", "dev": "333344445555"}
OLDER = CUSTOM.replace("maxAccessKeyAge: 30", "maxAccessKeyAge: 60")


class Emulated(NamedTuple):
    """An organization of four accounts, and the folder of a policy."""

    folder: Path
    accounts: dict[str, DeployedAccount]  # by name

    def drift(self, **settings: Any) -> int:
        common = Common(self.folder / "policies.yaml", now=NOW)
        return drift.run(Options(common, organization=True, **settings))

    def deploy(self, **policies: str) -> None:
        """Policies by the names of accounts, with _ for -."""
        for name, text in policies.items():
            self.accounts[name.replace("_", "-")].deploy(expected(text))


@pytest.fixture
def emulated_organization(tmp_path: Path) -> Iterator[Emulated]:
    (tmp_path / "policies.yaml").write_text(CUSTOM)
    with ExitStack() as stack:
        stack.enter_context(emulated_aws())
        ids = iter([ACCOUNT, *IDS.values()])
        stack.enter_context(patch.object(utils, "make_random_account_id", ids.__next__))
        client = boto3.client("organizations", region_name="us-east-1")
        client.create_organization(FeatureSet="ALL")
        accounts = {"master": DeployedAccount(REGION)}
        for name, account_id in IDS.items():
            client.create_account(AccountName=name, Email=f"{name}@example.com")
            accounts[name] = DeployedAccount(REGION, session=session_of(account_id), account_id=account_id)
        yield Emulated(tmp_path, accounts)


def session_of(account_id: str) -> boto3.Session:
    role = f"arn:aws:iam::{account_id}:role/test"
    given = boto3.client("sts", region_name=REGION).assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])


def found(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    return report


def states(report: dict[str, Any]) -> dict[str, str]:
    return {account["name"]: account["state"] for account in report["accounts"]}


def test_every_account_runs_the_policy(emulated_organization: Emulated, capsys: pytest.CaptureFixture[str]) -> None:
    emulated_organization.deploy(master=CUSTOM, prod_a=CUSTOM, prod_b=CUSTOM, dev=CUSTOM)
    assert emulated_organization.drift() == 0
    printed = capsys.readouterr()
    here = f"custom rule, policy {digest(expected(CUSTOM).document)[:12]}"
    assert printed.err == ""
    assert printed.out == (
        f"4 accounts, {REGION}, rule access-keys-rotated, this policy: {here}\n"
        "\n"
        "  as the policy says       4\n"
        "\n"
        "Policies in use\n"
        f"  {here} (this policy)       4\n"
        "\n"
    )


def test_who_lags_behind_who_has_none_and_what_differs(
    emulated_organization: Emulated, capsys: pytest.CaptureFixture[str]
) -> None:
    emulated_organization.deploy(master=CUSTOM, prod_a=CUSTOM, prod_b=OLDER)
    emulated_organization.accounts["prod-a"].scheduler.delete_schedule(Name="access-keys-rotated-deletion")
    assert emulated_organization.drift(formats=("json",)) == 1
    report = found(capsys)
    assert states(report) == {
        "master": State.CURRENT,
        "prod-a": State.CHANGED,
        "prod-b": State.OTHER_POLICY,
        "dev": State.NOTHING,
    }
    counts = {"current": 1, "changed": 1, "otherPolicy": 1, "taken": 0, "nothing": 1, "unreadable": 0}
    assert report["summary"] == {"accounts": 4, **counts}
    digests = [digest(expected(text).document) for text in (CUSTOM, OLDER)]
    assert [(each["sha256"], each["wanted"], each["accounts"]) for each in report["policies"]] == [
        (digests[0], True, [IDS["prod-a"], ACCOUNT]),
        (digests[1], False, [IDS["prod-b"]]),
    ]
    [behind] = [account for account in report["accounts"] if account["name"] == "prod-b"]
    assert [each["details"] for each in behind["differences"]] == [
        ["rule robots: maxAccessKeyAge: deployed 60, policy 30"]
    ]


def test_an_account_whose_role_cannot_be_assumed_hides_no_other(
    emulated_organization: Emulated, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulated_organization.deploy(master=CUSTOM, prod_a=CUSTOM, prod_b=OLDER)
    plain: Callable[[Any], Any] = TokenResponse.assume_role

    def assume_role(response: Any) -> Any:
        if IDS["dev"] in response._get_param("RoleArn"):  # noqa: SLF001 -- what moto's own methods call
            raise AccessDeniedError("me", "sts:AssumeRole")
        return plain(response)

    monkeypatch.setattr(TokenResponse, "assume_role", assume_role)
    assert emulated_organization.drift(formats=("json",)) == 3
    report = found(capsys)
    assert states(report) == {
        "master": State.CURRENT,
        "prod-a": State.CURRENT,
        "prod-b": State.OTHER_POLICY,
        "dev": State.UNREADABLE,
    }
    [dev] = [account for account in report["accounts"] if account["name"] == "dev"]
    assert f"arn:aws:iam::{IDS['dev']}:role/keyage-audit cannot be assumed" in dev["unread"][0]


def test_only_the_accounts_that_are_chosen_are_looked_at(
    emulated_organization: Emulated, capsys: pytest.CaptureFixture[str]
) -> None:
    emulated_organization.deploy(prod_a=CUSTOM, prod_b=CUSTOM)
    assert emulated_organization.drift(formats=("json",), account=("prod-*",)) == 0
    assert set(states(found(capsys))) == {"prod-a", "prod-b"}


def test_what_the_stack_set_says_is_told_of_each_account(
    emulated_organization: Emulated, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    emulated_organization.deploy(master=CUSTOM, prod_a=CUSTOM, prod_b=CUSTOM, dev=CUSTOM)
    failed = {"Status": "OUTDATED", "StatusReason": "No recorder", "StackInstanceStatus": {"DetailedStatus": "FAILED"}}
    stacks = [
        {"Account": IDS["prod-a"], "Region": REGION, "Status": "CURRENT"},
        {"Account": IDS["dev"], "Region": REGION, **failed},
    ]

    def list_stack_instances(response: Any) -> ActionResult:
        if response._get_param("CallAs") != "DELEGATED_ADMIN":  # noqa: SLF001 -- what moto's own methods call
            raise StackSetNotFoundException("keyage")
        return ActionResult({"Summaries": stacks})

    monkeypatch.setattr(CloudFormationResponse, "list_stack_instances", list_stack_instances)
    assert emulated_organization.drift(formats=("json",)) == 0
    notes = {account["name"]: account["notes"] for account in found(capsys)["accounts"]}
    said = "StackSet keyage is not up to date here: OUTDATED (FAILED): No recorder"
    assert notes == {"master": [], "prod-a": [], "prod-b": [], "dev": [said]}


def test_each_account_is_compared_with_the_policy_that_it_is_to_have_now(
    emulated_organization: Emulated, capsys: pytest.CaptureFixture[str]
) -> None:
    before = emulated_organization.folder / "before.yaml"
    before.write_text(OLDER)
    emulated_organization.deploy(prod_a=OLDER, prod_b=OLDER, master=CUSTOM)
    new, old = (parse(text.encode(), "policies.yaml") for text in (CUSTOM, OLDER))
    first = (IDS["prod-a"],)
    emulated_organization.accounts["dev"].deploy(deployment(new, {}, Before(old, first)))
    settings: dict[str, Any] = {"staged": Staged(str(before), first), "formats": ("json",)}
    assert emulated_organization.drift(**settings) == 1
    found = json.loads(capsys.readouterr().out)
    assert {account["name"]: account["state"] for account in found["accounts"]} == {
        "master": State.OTHER_POLICY,
        "prod-a": State.OTHER_POLICY,
        "prod-b": State.CHANGED,
        "dev": State.CURRENT,
    }
    assert {each["known"]: each["accounts"] for each in found["policies"]} == {
        "wanted": [IDS["dev"]],
        "before": [IDS["prod-a"], IDS["prod-b"]],
        "now": [ACCOUNT],
    }
    said = {account["name"]: [each["details"] for each in account["differences"]] for account in found["accounts"]}
    assert said == {
        "master": [
            [
                "it has the new policy already, and is not among the first accounts",
                "rule robots: maxAccessKeyAge: deployed 30, policy 60",
            ]
        ],
        "prod-a": [
            [
                "it still has the policy before, and is among the first accounts",
                "rule robots: maxAccessKeyAge: deployed 60, policy 30",
            ]
        ],
        "prod-b": [["the same rules for this account"]],
        "dev": [],
    }


def test_markdown_has_the_states_first(emulated_organization: Emulated, capsys: pytest.CaptureFixture[str]) -> None:
    emulated_organization.deploy(master=CUSTOM, prod_a=CUSTOM, prod_b=OLDER)
    assert emulated_organization.drift(formats=("markdown",)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("**2 of 4 accounts as the policy says**: <code>access-keys-rotated</code> in")
    assert lines[2:7] == [
        "| State | Accounts |",
        "| --- | ---: |",
        "| as the policy says | 2 |",
        "| another policy | 1 |",
        "| no rule | 1 |",
    ]


@pytest.mark.parametrize("option", [{"account": ("x",)}, {"role_name": "r"}, {"external_id": "xy"}])
def test_options_of_the_organization_alone_are_refused(tmp_path: Path, option: dict[str, Any]) -> None:
    (tmp_path / "policies.yaml").write_text(MANAGED)
    with pytest.raises(UsageError, match="is for --organization: add it, or leave this out"):
        drift.run(Options(Common(tmp_path / "policies.yaml"), **option))


def test_the_printed_permissions_of_the_caller_are_what_is_asked(
    emulated_organization: Emulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulated_organization.deploy(master=CUSTOM)
    made: list[ReadOnlySession] = []

    class Remembered(ReadOnlySession):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            made.append(self)

    monkeypatch.setattr(drift, "ReadOnlySession", Remembered)
    (emulated_organization.folder / "policies.yaml").write_text(CUSTOM)
    emulated_organization.drift()
    statements = policy_document("organization-drift")["Statement"]
    allowed = {action.partition(":")[2] for statement in statements for action in statement["Action"]}
    assert set(made[0].calls()) - {"GetCallerIdentity"} <= allowed
    assert {"ListAccounts", "AssumeRole", "ListStackInstances", "GetFunction"} <= set(made[0].calls())
