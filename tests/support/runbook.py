"""The shipped remediation run with real clients against the emulated account."""

import json
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from checker.embedded import aws
from checker.permissions import DEPLOYED
from tests.support.fixtures import ACCOUNT, NOW, Emulated, ago

remediation: Any = import_module("checker.rules.remediation")
clients: Any = import_module("checker.rules.aws_clients")
Document = dict[str, Any]

JOURNAL_LINE = ["at", "event", "account", "user", "userId", "accessKeyId", "step", "before", "after", "why"]
JOURNAL_LINE += ["rule", "requestId"]
CHANGES = {"UpdateAccessKey", "DeleteAccessKey", "TagUser", "UntagUser"}


def allowed_calls(piece: str) -> set[str]:
    """What the role of a deployed piece allows, beside writing its log and what Lambda does with failed events."""
    actions = {action for actions in DEPLOYED[piece].values() for action in actions}
    return {action for action in actions if not action.startswith(("logs:", "sqs:", "kms:"))}


def document(action: str = "deactivate", **others: Any) -> Document:
    """Ninety days for everybody; keywords beside `rules` and `exemptions` are settings of the remediation."""
    entries = {name: others.pop(name, []) for name in ("rules", "exemptions")}
    return {"version": 1, "default": {"maxAccessKeyAge": 90}, "remediation": {"action": action} | others} | entries


class Runbook:
    """Runs the shipped step with real clients; Config is a real client whose answers are made up here."""

    def __init__(self, emulated: Emulated) -> None:
        self.emulated = emulated
        credentials = aws.credentials_for(ACCOUNT)
        session = boto3.Session(
            credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"], "us-east-1"
        )
        self._clients: dict[str, Any] = {}
        for service in ("iam", "config"):
            self._clients[service] = session.client(service, config=clients.SETTINGS)
        # moto's Config discovers no IAM users.
        before = "before-call.config-service.ListDiscoveredResources"
        self._clients["config"].meta.events.register(before, self._discovered)
        self.recorded: dict[str, str] | str | Exception | None = None
        self.waited: list[float] = []
        self._asked_of_config: set[str] = set()  # the stand-in answers before the request that others count
        self.wait: Callable[[float], None] = self.waited.append
        self.output: Any = None

    def _discovered(self, params: Any, **_others: Any) -> tuple[Any, dict[str, Any]]:
        asked = json.loads(params["body"])
        self._asked_of_config.add("config:ListDiscoveredResources")
        assert asked["resourceType"] == "AWS::IAM::User"
        if isinstance(self.recorded, Exception):
            raise self.recorded
        if isinstance(self.recorded, str):
            return SimpleNamespace(status_code=400), {"Error": {"Code": self.recorded, "Message": "stand-in"}}
        known = self.recorded
        if known is None:
            known = {user.id: user.name for user in self.emulated.iam.users.values()}
        found = [{"resourceId": key, "resourceName": known[key]} for key in asked["resourceIds"] if key in known]
        return SimpleNamespace(status_code=200), {"resourceIdentifiers": found}

    def run(self, policy: Document, user: Any = None, **others: Any) -> dict[str, list[str]]:
        """Run a stage for a user of moto's, an id or everybody; what was done by user, in the order reported."""
        asked = {"now": NOW, "stage": "deactivate", "trigger": "manual"} | others
        inputs = {"ResourceId": getattr(user, "id", user) or "", "Stage": asked["stage"], "Trigger": asked["trigger"]}
        self.emulated.faults.requests.clear()
        self.emulated.faults.asked.clear()
        self._asked_of_config.clear()
        timing = {"wait": self.wait} | ({"clock": others["clock"]} if "clock" in others else {})
        self.output = None
        try:
            output = remediation.run_remediation(
                inputs, policy, ACCOUNT, self._clients.__getitem__, asked["now"], **timing
            )
        except remediation.RemediationFailed as failed:
            output = json.loads(str(failed).partition(": ")[2])
            assert "failed" in [entry["event"] for entry in output["Keys"]]
        else:
            assert "failed" not in [entry["event"] for entry in output["Keys"]]
        self.output = output
        for entry in output["Keys"]:
            assert list(entry) == JOURNAL_LINE
        done: dict[str, list[str]] = {}
        for entry in output["Keys"]:
            word = remediation.SAID[entry["step"]] if entry["event"] == "done" else entry["event"]
            done.setdefault(entry["user"], []).append(word)
        return done

    @property
    def called(self) -> set[str]:
        """The actions that the last run needed, as IAM names them."""
        return {f"iam:{name}" for name in self.emulated.faults.requests} | self._asked_of_config

    @property
    def why(self) -> str:
        return " / ".join(entry["why"] for entry in self.output["Keys"])

    @property
    def changes(self) -> list[str]:
        return [operation for operation, _asked in self.emulated.faults.asked if operation in CHANGES]

    def key(self, user: str, age: float, used: float | None = None, **settings: Any) -> Any:
        """A key of moto's, used so many days ago."""
        return aws.add_key(ACCOUNT, user, ago(age), last_used=None if used is None else ago(used), **settings)

    def old(self, name: str = "u", age: float = 100, **settings: Any) -> tuple[Any, Any]:
        """A user and the user's key."""
        return self.emulated.user(name), self.key(name, age, **settings)

    def state(self) -> dict[str, Any]:
        """Everything that a run could change, of all users, by user id."""
        iam = self.emulated.iam
        state = {}
        for name, user in iam.users.items():
            keys = {key.access_key_id: [key.status, key.create_date, key.last_used] for key in user.access_keys}
            tags = {tag["Key"]: tag["Value"] for tag in iam.list_user_tags(name)}
            login = (user.password, user.password_reset_required, user.create_date)
            rest = (
                dict(user.policies),
                dict(user.managed_policies),
                dict(user.mfa_devices),
                list(user.ssh_public_keys),
            )
            state[user.id] = {"name": (name, user.path), "keys": keys, "tags": tags, "login": login, "rest": rest}
        return state


@pytest.fixture
def runbook(emulated: Emulated) -> Runbook:
    return Runbook(emulated)
