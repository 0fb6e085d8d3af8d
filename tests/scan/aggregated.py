"""Accounts whose AWS Config an aggregator collects, and the files of a policy for them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from checker.commands import check
from checker.scan.check_options import Options
from checker.shell.common import Common
from tests.fakes.aggregators import Collected, collected
from tests.support.fixtures import NOW, ago

PAYMENTS, SANDBOX, NEW = "111122223333", "222233334444", "333344445555"
EMPTY, GONE = "444455556666", "555566667777"
RULE, REGION = "access-keys-rotated", "us-east-1"
POLICY = """\
version: 1
default: {maxAccessKeyAge: 90}
rules:
  - {id: prod-service-users, accounts: prod-*, users: svc-*, maxAccessKeyAge: 30}
exemptions:
  - {id: legacy, users: sftp, reason: vendor, approvedBy: security@example.com, expires: 2027-01-31}
"""
ACCOUNTS = """\
version: 1
accounts:
  - {id: "111122223333", name: prod-payments, ou: Root, tags: {}}
  - {id: "222233334444", name: sandbox, ou: Root, tags: {}}
"""
LEDGER_SAID = "Older than 30 days (rule prod-service-users): AKIALEDGER 206 days"
MINUTE = timedelta(minutes=1)


class Organization:
    """Two listed accounts whose AWS Config judged everybody as the policy does, and the files of a policy."""

    def __init__(self, folder: Path, kept: Collected) -> None:
        self.folder, self.kept = folder, kept
        self.write("policies.yaml", POLICY)
        self.write("accounts.yaml", ACCOUNTS)
        client: Any = boto3.client("config", region_name=REGION)
        source = {"RoleArn": f"arn:aws:iam::{PAYMENTS}:role/aggregator", "AllAwsRegions": True}
        client.put_configuration_aggregator(ConfigurationAggregatorName="org", OrganizationAggregationSource=source)
        for account in (PAYMENTS, SANDBOX):
            kept.source(account, REGION)
        self.judged(PAYMENTS, "AIDAANN", "COMPLIANT")
        self.judged(SANDBOX, "AIDABOB", "COMPLIANT")

    def write(self, name: str, text: str) -> Path:
        (self.folder / name).write_text(text)
        return self.folder / name

    def judged(self, account: str, user_id: str, compliance: str, said: str | None = None, age: float = 0.25) -> None:
        self.kept.result((account, REGION, RULE), user_id, compliance, ago(age), said)

    def snapshot(self, accounts: dict[str, list[dict[str, Any]]], taken: str = "2026-11-23T11:00:00Z") -> Path:
        listed = [{"id": account, "users": users} for account, users in accounts.items()]
        text = json.dumps({"schemaVersion": 1, "takenAt": taken, "accounts": listed})
        return self.write("s.json", text)

    def check(self, name: str = "org", **options: Any) -> int:
        common = Common(policy=Path("policies.yaml"), now=NOW, quiet=options.pop("quiet", False))
        return check.run(Options(common, from_aggregator=name, **options))

    def json(self, **options: Any) -> tuple[int, Any]:
        code = self.check(formats=("json=out.json",), **options)
        return code, json.loads((self.folder / "out.json").read_text())


def a_user(name: str, *ages: float, created: float = 800) -> dict[str, Any]:
    keys = [{"id": f"AKIA{name.upper()}", "status": "Active", "created": f"{ago(age).isoformat()}"} for age in ages]
    return {"name": name, "id": f"AIDA{name.upper()}", "path": "/", "created": ago(created).isoformat(), "keys": keys}


@contextmanager
def aggregated(folder: Path) -> Iterator[Organization]:
    """The organization in an emulated AWS."""
    with collected() as kept:
        yield Organization(folder, kept)


def something_of_everything(organization: Organization) -> Path:
    """Every way in which AWS Config and the policy can agree, differ and not know."""
    kept = organization.kept
    more = {EMPTY: "empty", GONE: "gone-quiet"}
    listed = "".join(f'  - {{id: "{account}", name: {name}, ou: R, tags: {{}}}}\n' for account, name in more.items())
    organization.write("accounts.yaml", ACCOUNTS + listed)
    organization.judged(PAYMENTS, "AIDASVC-LEDGER", "NON_COMPLIANT", LEDGER_SAID)
    organization.judged(PAYMENTS, "AIDASFTP", "NON_COMPLIANT", "Older than 90 days")
    organization.judged(SANDBOX, "AIDATOGGLED", "COMPLIANT")
    organization.judged(SANDBOX, "AIDADELETED", "COMPLIANT")
    organization.judged(GONE, "AIDAQUIET", "COMPLIANT", age=9)
    organization.judged(GONE, "AIDALOUD", "NON_COMPLIANT", age=9)
    for account in more:
        kept.source(account, REGION)
    kept.user(GONE, "AIDALOUD", "svc-loud")
    kept.source(NEW, REGION, "FAILED", LastErrorCode="AccessDenied", LastUpdateTime=ago(4).timestamp())
    kept.result((NEW, REGION, f"OrgConfigRule-{RULE}-dbgzf8ba"), "AIDACID", "COMPLIANT", ago(0.5))
    return organization.snapshot(
        {
            PAYMENTS: [a_user("ann", 3), a_user("svc-ledger", 206), a_user("sftp", 500)],
            SANDBOX: [a_user("bob"), a_user("toggled", 120), a_user("young", 0.1, created=0.1)],
            EMPTY: [],
        }
    )


@pytest.fixture
def organization(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Organization]:
    request.getfixturevalue("emulated")
    monkeypatch.chdir(tmp_path)
    with aggregated(tmp_path) as made:
        yield made
