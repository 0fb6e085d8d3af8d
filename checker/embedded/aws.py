"""An AWS inside this process: moto, with the parts of IAM's behaviour that it lacks. No network."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from unittest.mock import patch

import botocore.loaders
import botocore.session
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.iam.models import AccessKeyLastUsed, IAMBackend, iam_backends
from moto.iam.responses import IamResponse
from moto.sts.models import sts_backends

AUDIT_ROLE = "keyage-audit"
AWS_VARIABLES = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_IAM",
    "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    "AWS_ENDPOINT_URL_STS",
)


@contextmanager
def embedded_aws() -> Iterator[None]:
    """While it lasts every AWS call of this process is answered here, whatever the environment says."""
    environment = {name: value for name, value in os.environ.items() if name not in AWS_VARIABLES}
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_REGION": "us-east-1"}
    with patch.dict(os.environ, environment | nowhere, clear=True), parsed_once(), mock_aws(), standing_in_report():
        yield


@contextmanager
def parsed_once() -> Iterator[None]:
    """While it lasts all sessions share what was parsed of AWS's services, which saves each a fifth of a second."""
    with patch.object(botocore.session, "create_loader", _loader):
        yield


@lru_cache
def _loader(search_path: str | None = None) -> botocore.loaders.Loader:
    return botocore.loaders.create_loader(search_path)


@contextmanager
def standing_in_report(age: timedelta = timedelta()) -> Iterator[None]:
    """The credential report as AWS makes it, and so long ago when it is fetched.

    moto's are all of 2015 and take last-rotated dates from creation; AWS moves these on activation too.
    """
    plain, undated = IAMBackend.get_credential_report, IamResponse.get_credential_report

    def report(backend: Any) -> str:
        rows = plain(backend).splitlines()
        columns = rows[0].split(",")
        for number, user in enumerate(backend.users.values(), start=1):
            cells = rows[number].split(",")
            for slot, key in enumerate(user.access_keys[:2], start=1):
                activated = getattr(key, "activated", key.create_date)
                cells[columns.index(f"access_key_{slot}_last_rotated")] = f"{activated:%Y-%m-%dT%H:%M:%S}+00:00"
            rows[number] = ",".join(cells)
        return "\n".join(rows) + "\n"

    def dated(response: IamResponse) -> ActionResult:
        answered: ActionResult = undated(response)
        result: dict[str, Any] = answered.result  # type: ignore[assignment]
        result["GeneratedTime"] = f"{datetime.now(UTC) - age:%Y-%m-%dT%H:%M:%SZ}"
        return answered

    with (
        patch.object(IAMBackend, "get_credential_report", report),
        patch.object(IamResponse, "get_credential_report", dated),
    ):
        yield


def backend(account_id: str) -> Any:
    """moto's IAM of an account, to set what the API cannot: dates."""
    return iam_backends[account_id]["aws"]


def add_user(
    account_id: str,
    name: str,
    created: datetime,
    *,
    path: str = "/",
    tags: Mapping[str, str] | None = None,
    groups: Iterable[str] = (),
) -> Any:
    """A user who has existed since `created`; returns moto's user."""
    listed = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
    user = backend(account_id).create_user("us-east-1", name, path=path, tags=listed)
    user.create_date = created.replace(tzinfo=None)
    for group in groups:
        if group not in backend(account_id).groups:
            backend(account_id).create_group(group)
        backend(account_id).add_user_to_group(group, name)
    return user


def add_key(
    account_id: str,
    user_name: str,
    created: datetime,
    *,
    status: str = "Active",
    last_used: datetime | None = None,
    activated: datetime | None = None,
) -> Any:
    """A key that has existed since `created`; `activated` is when it was last switched on."""
    key = backend(account_id).create_access_key(user_name)
    key.create_date = created.replace(tzinfo=None)
    key.activated = (activated or created).replace(tzinfo=None)
    key.last_used = AccessKeyLastUsed(last_used.replace(tzinfo=None), "s3", "us-east-1") if last_used else None
    key.status = status
    return key


def use_key(account_id: str, user_name: str, moment: datetime) -> None:
    """The youngest key of the user is used at that moment."""
    key = backend(account_id).get_user(user_name).access_keys[-1]
    key.last_used = AccessKeyLastUsed(moment.replace(tzinfo=None), "s3", "us-east-1")


def credentials_for(account_id: str) -> dict[str, str]:
    """Credentials of the audit role of an account, as AssumeRole returns them but for when they end."""
    role = sts_backends[DEFAULT_ACCOUNT_ID]["aws"].assume_role(
        region_name="us-east-1",
        role_session_name="keyage",
        role_arn=f"arn:aws:iam::{account_id}:role/{AUDIT_ROLE}",
        policy="",
        duration=3600,
        external_id="",
    )
    values = (role.access_key_id, role.secret_access_key, role.session_token)
    return dict(zip(("AccessKeyId", "SecretAccessKey", "SessionToken"), values, strict=True))
