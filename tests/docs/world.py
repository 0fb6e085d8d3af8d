"""The AWS that the documentation talks to: an organization on loopback with keys of known ages at NOW."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.iam.models import IAMBackend
from moto.organizations import utils

from checker.embedded import aws
from tests.fakes.function_code import function_code
from tests.fakes.remediation_configurations import remediation_configurations
from tests.support.fixtures import ago
from tests.support.moto_server import moto_server

CALLER = "123456789012"  # moto's account of credentials that it does not know
ACCOUNTS = {"prod-payments": "111122223333", "dev-web": "444455556666"}
NAMES = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}


@contextmanager
def documented_aws() -> Iterator[str]:
    """Its address."""
    with ExitStack() as stack:
        stack.enter_context(mock_aws())
        stack.enter_context(patch("checker.commands.remediate.clock", lambda: ago(0)))
        for fake in (remediation_configurations(), function_code(), aws.standing_in_report(), _keys_made_at_now()):
            stack.enter_context(fake)
        url = stack.enter_context(moto_server())
        _organization()
        _recorder()
        _users()
        yield url


@contextmanager
def _keys_made_at_now() -> Iterator[None]:
    """A key that a page makes is made at NOW, as every command of the page runs then."""
    made = IAMBackend.create_access_key

    def create_access_key(self: Any, *arguments: Any, **named: Any) -> Any:
        key = made(self, *arguments, **named)
        key.create_date = ago(0).replace(tzinfo=None)
        return key

    with patch.object(IAMBackend, "create_access_key", create_access_key):
        yield


def _recorder() -> None:
    """AWS Config is switched on, and records everything, in the region of every page."""
    config = boto3.client("config", **NAMES)  # type: ignore[call-overload]
    group = {"allSupported": True, "includeGlobalResourceTypes": True}
    role = f"arn:aws:iam::{CALLER}:role/config"
    config.put_configuration_recorder(
        ConfigurationRecorder={"name": "default", "roleARN": role, "recordingGroup": group}
    )
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "config"})
    config.start_configuration_recorder(ConfigurationRecorderName="default")


def _organization() -> None:
    with patch.object(utils, "make_random_account_id", iter([CALLER, *ACCOUNTS.values()]).__next__):
        client = boto3.client("organizations", **NAMES)  # type: ignore[call-overload]
        client.create_organization(FeatureSet="ALL")
        root = client.list_roots()["Roots"][0]["Id"]
        unit = client.create_organizational_unit(ParentId=root, Name="Workloads")["OrganizationalUnit"]["Id"]
        for name, account in ACCOUNTS.items():
            client.create_account(AccountName=name, Email=f"{name}@example.com")
            client.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)


def _users() -> None:
    _key(CALLER, "alice", 20, used=1, path="/people/")
    _key(CALLER, "bob", 600, path="/people/", status="Inactive")
    _key(CALLER, "bob", 40, used=2)
    _key(CALLER, "svc-ledger", 206.5, used=0.1, path="/service/")
    _key(CALLER, "svc-mailer", 25, used=0.5, path="/service/")
    _key(CALLER, "svc-reports", 400, activated=1, path="/service/")
    _key(CALLER, "sftp-legacy", 1200, used=0.2)
    _key(ACCOUNTS["prod-payments"], "svc-invoices", 120, used=0.1, path="/service/")
    _key(ACCOUNTS["dev-web"], "carol", 12, used=3, path="/people/")


def _key(
    account: str,
    user: str,
    age: float,
    *,
    used: float | None = None,
    activated: float | None = None,
    status: str = "Active",
    path: str = "/",
) -> None:
    """A key with an id of its own that is the same each time, and its user if there is none of that name yet."""
    iam = aws.backend(account)
    if user not in {known.name for known in iam.users.values()}:
        aws.add_user(account, user, ago(age + 10), path=path)
    key = aws.add_key(
        account,
        user,
        ago(age),
        status=status,
        last_used=None if used is None else ago(used),
        activated=None if activated is None else ago(activated),
    )
    key_id = f"AKIA{user.replace('-', '').upper():E<12}{int(age):04}"
    iam.access_keys[key_id] = iam.access_keys.pop(key.access_key_id, key)
    key.access_key_id = key_id
