"""A fake of an account whose user's key is rotated: moto behind an address, and whoever reads the store uses the key.

Counts the user's working keys after every change: what is less than at first, or more than two, is kept in `wrong`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import msgspec
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import AccessKeyLastUsed, IAMBackend
from moto.secretsmanager.models import secretsmanager_backends
from moto.ssm.models import ssm_backends

from checker.embedded import aws
from checker.remediate.rotate.values import key_id_of
from tests.fakes.served_organization import credentials
from tests.support.moto_server import moto_server, reset

ACCOUNT, REGION, USER = DEFAULT_ACCOUNT_ID, "us-east-1", "svc-ledger"
SECRET, PARAMETER = "secretsmanager:prod/ledger", "ssm:/prod/ledger"
STORES = (SECRET, PARAMETER)
MOST = 2  # working keys
OLD_AGE = timedelta(days=200)


@dataclass
class RotatedAccount:
    """One user with one key at first; `adopts`: whoever reads a store uses the key from then on."""

    url: str
    adopts: bool = True
    uses: dict[str, datetime] = field(default_factory=dict)  # by key id
    asked: int = 0  # how often it was asked when a key was used
    wrong: list[str] = field(default_factory=list)
    least: int = 1  # working keys
    first: str | None = None  # the key that was there before
    secrets: set[str] = field(default_factory=set)  # of every key that there ever was

    @property
    def aws(self) -> dict[str, str]:
        return credentials(self.url)

    @property
    def iam(self) -> Any:
        return aws.backend(ACCOUNT)

    @property
    def user(self) -> Any:
        return self.iam.get_user(USER)

    @property
    def keys(self) -> list[Any]:
        return list(self.user.access_keys)

    @property
    def tags(self) -> dict[str, str]:
        return {tag["Key"]: tag["Value"] for tag in self.iam.list_user_tags(USER)}

    def begin(self, *, keys: int = 1, stored: str | None = None) -> list[str]:
        """Everything anew: the user, so many keys, and perhaps the first in a store; gives the ids."""
        reset(self.url)
        self.uses.clear()
        self.secrets.clear()
        self.least = 0
        aws.add_user(ACCOUNT, USER, datetime.now(UTC) - OLD_AGE)
        made = [
            aws.add_key(ACCOUNT, USER, datetime.now(UTC) - OLD_AGE + timedelta(days=number)) for number in range(keys)
        ]
        self.least = min(keys, 1)
        self.first = made[0].access_key_id if made else None
        self.wrong.clear()
        if stored:
            self.store(stored, made[0].access_key_id, made[0].secret_access_key)
        return [key.access_key_id for key in made]

    def store(self, place: str, key_id: str, secret: str) -> None:
        """An access key, as a person would have put it there."""
        self.put(place, msgspec.json.encode({"AccessKeyId": key_id, "SecretAccessKey": secret}).decode())

    def put(self, place: str, text: str, kind: str = "SecureString") -> None:
        """Whatever a person put there; `kind` of a parameter."""
        service, _, name = place.partition(":")
        if service == "ssm":
            parameters = ssm_backends[ACCOUNT][REGION]
            parameters.put_parameter(name, "", text, kind, "", "alias/aws/ssm", True, [], "text", None, None)
        else:
            secrets = secretsmanager_backends[ACCOUNT][REGION]
            secrets.create_secret(name, text, None, None, None, None, None, [], False)

    @property
    def secret(self) -> Any:
        return secretsmanager_backends[ACCOUNT][REGION].secrets[SECRET.partition(":")[2]]

    def texts(self, place: str) -> dict[str, Any]:
        """What a store holds, by label."""
        kind, _, name = place.partition(":")
        if kind == "ssm":
            versions = ssm_backends[ACCOUNT][REGION]._parameters.get(name, [])  # noqa: SLF001 -- nothing public tells labels
            shown = [(version.labels, version.response_object(True, REGION)["Value"]) for version in versions]
            found = {label: text for labels, text in shown for label in labels}
            return found | ({"latest": shown[-1][1]} if shown else {})
        secrets = secretsmanager_backends[ACCOUNT][REGION].secrets
        stages = secrets[name].versions if name in dict(secrets) else {}
        return {label: each["secret_string"] for each in stages.values() for label in each["version_stages"]}

    def held(self, place: str) -> dict[str, str]:
        """The id of the key that a store holds, by label."""
        return {label: key_id_of(text) or "" for label, text in sorted(self.texts(place).items())}

    def readers_get(self, place: str) -> str | None:
        held = self.held(place)
        return held.get("latest" if place.startswith("ssm") else "AWSCURRENT")

    def used(self, key_id: str) -> datetime | None:
        self.asked += 1
        got = {self.readers_get(place) for place in STORES}
        adopted = self.adopts and key_id in got and key_id != self.first
        return self.uses.get(key_id) or (datetime.now(UTC) + timedelta(minutes=5) if adopted else None)

    def waits_for_look(self) -> None:
        """Until somebody has asked once more when the last key was used: who then waits, waits for that."""
        asked = self.asked
        while self.asked < asked + len(self.keys):
            time.sleep(0.01)

    def look_at_keys(self, what: str) -> None:
        working = sum(key.status == "Active" for key in self.keys)
        if not self.least <= working <= MOST or len(self.keys) > MOST:
            self.wrong.append(f"{working} of {len(self.keys)} keys work after {what}")


@contextmanager
def rotated_account() -> Iterator[RotatedAccount]:
    """Its address is open while it lasts; call `begin` first."""
    with moto_server() as url:
        account = RotatedAccount(url)
        with _watched(account), _uses_of(account):
            yield account


@contextmanager
def _watched(account: RotatedAccount) -> Iterator[None]:
    changed = {
        name: _then_look(account, getattr(IAMBackend, name), name)
        for name in ("create_access_key", "update_access_key", "delete_access_key")
    }
    with patch.multiple(IAMBackend, **changed):
        yield


def _then_look(account: RotatedAccount, change: Any, name: str) -> Any:
    def changed(backend: IAMBackend, *given: Any, **named: Any) -> Any:
        answer = change(backend, *given, **named)
        if name == "create_access_key":
            account.secrets.add(answer.secret_access_key)
        account.look_at_keys(name)
        return answer

    return changed


@contextmanager
def _uses_of(account: RotatedAccount) -> Iterator[None]:
    plain = IAMBackend.get_access_key_last_used

    def told(backend: IAMBackend, access_key_id: str) -> dict[str, Any]:
        answer = plain(backend, access_key_id)
        used = account.used(access_key_id)
        last = used and AccessKeyLastUsed(used.replace(tzinfo=None), "s3", REGION)
        return {**answer, "last_used": last}

    with patch.object(IAMBackend, "get_access_key_last_used", told):
        yield
