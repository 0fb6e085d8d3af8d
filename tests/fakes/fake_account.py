"""A fake of one account's IAM whose clock can be moved, for histories of weeks; moto keeps the machine's time.

It imitates the five calls that a reading makes, with the credential report's age: AWS makes a new one at
most every four hours (IAM user guide, "Getting credential reports"), and in it last-rotated dates move when
a key is switched on.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

REPORT_LASTS = timedelta(hours=4)
KEY_COLUMNS = ("active", "last_rotated", "last_used_date")
COLUMNS = ["user", "arn", "user_creation_time"]
COLUMNS += [f"access_key_{slot}_{name}" for slot in (1, 2) for name in KEY_COLUMNS]


class NoSuchEntity(ClientError):
    def __init__(self, operation: str) -> None:
        super().__init__({"Error": {"Code": "NoSuchEntity", "Message": "fake"}}, operation)


@dataclass
class FakeKey:
    id: str
    created: datetime
    activated: datetime
    status: str = "Active"


@dataclass
class FakeUser:
    id: str
    name: str
    created: datetime
    keys: list[FakeKey] = field(default_factory=list)

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::111122223333:user/{self.name}"


class FakeIam:
    """An IAM client of an account that lives by `now`."""

    exceptions = SimpleNamespace(ClientError=ClientError, NoSuchEntityException=NoSuchEntity)

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.users: list[FakeUser] = []
        self.calls: Counter[str] = Counter()
        self._report: dict[str, Any] | None = None

    def generate_credential_report(self) -> dict[str, str]:
        self.calls["GenerateCredentialReport"] += 1
        if self._report is None or self.now - self._report["GeneratedTime"] >= REPORT_LASTS:
            self._report = {"Content": self._csv(), "GeneratedTime": self.now}
        return {"State": "COMPLETE"}

    @property
    def report_made(self) -> datetime | None:
        return self._report["GeneratedTime"] if self._report else None

    def get_credential_report(self) -> dict[str, Any]:
        self.calls["GetCredentialReport"] += 1
        assert self._report is not None
        return self._report

    def _csv(self) -> bytes:
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerow(
            ["<root_account>", "arn:aws:iam::111122223333:root", _second(self.now), *(["false", "N/A", "N/A"] * 2)]
        )
        for user in self.users:
            cells = [
                cell
                for key in user.keys
                for cell in (str(key.status == "Active").lower(), _second(key.activated), "N/A")
            ]
            table.writerow([user.name, user.arn, _second(user.created), *(cells + ["false", "N/A", "N/A"] * 2)[:6]])
        return text.getvalue().encode()

    def get_paginator(self, method: str) -> SimpleNamespace:
        return SimpleNamespace(paginate={"list_users": self._list_users}[method])

    def _list_users(self, **_settings: Any) -> Iterator[dict[str, Any]]:
        self.calls["ListUsers"] += 1
        entries = [
            {"UserName": user.name, "Path": "/", "UserId": user.id, "Arn": user.arn, "CreateDate": user.created}
            for user in self.users
        ]
        yield {"Users": entries}

    def list_access_keys(self, UserName: str) -> dict[str, Any]:  # noqa: N803 -- as AWS spells it
        self.calls["ListAccessKeys"] += 1
        user = next((user for user in self.users if user.name == UserName), None)
        if user is None:
            raise NoSuchEntity("ListAccessKeys")
        entries = [{"AccessKeyId": key.id, "Status": key.status, "CreateDate": key.created} for key in user.keys]
        return {"AccessKeyMetadata": entries, "IsTruncated": False}


def _second(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()
