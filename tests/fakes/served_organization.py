"""A small organization behind an address, for keyage as a process: moto as a server."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import boto3
import pytest

from tests.support.moto_server import moto_server

KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}


class Served(NamedTuple):
    """The accounts of the organization by name, and where to ask."""

    url: str
    ids: dict[str, str]

    def aws(self) -> dict[str, str]:
        return credentials(self.url)


def credentials(url: str) -> dict[str, str]:
    return {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with moto_server() as url:
        yield Served(url, _filled(url))


def _filled(url: str) -> dict[str, str]:
    """Make the organization; the ids of its accounts by name."""
    client: Any = boto3.client("organizations", endpoint_url=url, **KEYS)  # type: ignore[call-overload]
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    workloads = client.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]["Id"]
    ids = {}
    for name in ("prod-payments", "dev-web", "old-team"):
        made = client.create_account(AccountName=name, Email=f"{name}@example.com")
        ids[name] = made["CreateAccountStatus"]["AccountId"]
    client.move_account(AccountId=ids["prod-payments"], SourceParentId=root, DestinationParentId=workloads)
    client.close_account(AccountId=ids["old-team"])
    sts: Any = boto3.client("sts", endpoint_url=url, **KEYS)  # type: ignore[call-overload]
    for name in ("prod-payments", "dev-web"):
        role = f"arn:aws:iam::{ids[name]}:role/test"
        given = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        keys = (given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        iam = boto3.Session(*keys, "us-east-1").client("iam", endpoint_url=url)
        iam.create_user(UserName=f"svc-{name}")
        iam.create_access_key(UserName=f"svc-{name}")
        iam.close()
    for each in (client, sts):
        each.close()
    return ids
