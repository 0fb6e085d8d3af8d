"""A fake IAM of one user, for thousands of random runs: it can end the run that asks, before or after any call.

It imitates what `apply` and `undo` call, with answers in the form of boto3; keys and tags show every change at once.
"""

from collections import Counter
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError

from checker.decision import AccessKey

NAME, USER_ID = "u", "AIDAU"


class Killed(BaseException):
    """The run is no more; nothing of it may catch this."""


class NoSuchEntity(ClientError):
    def __init__(self, operation: str) -> None:
        super().__init__({"Error": {"Code": "NoSuchEntity", "Message": "fake"}}, operation)


class MortalIam:
    """An IAM client. `lives` is how many moments a run has left; None: for ever."""

    exceptions = SimpleNamespace(ClientError=ClientError, NoSuchEntityException=NoSuchEntity)
    meta = SimpleNamespace(
        events=SimpleNamespace(register_first=lambda _event, _handler: None)
    )  # there are no attempts

    def __init__(self, created: datetime) -> None:
        self.created = created
        self.keys: dict[str, AccessKey] = {}
        self.tags: dict[str, str] = {}
        self.lives: int | None = None
        self.calls: Counter[tuple[str, str]] = Counter()  # by operation and key, of what changes something

    def moment(self) -> None:
        """Ends the run if it has no moment left."""
        if self.lives is not None:
            self.lives -= 1
            if self.lives <= 0:
                raise Killed

    def _answer(self, result: dict[str, Any]) -> dict[str, Any]:
        self.moment()
        return result | {"ResponseMetadata": {"RequestId": "fake"}}

    def _known(self, operation: str, key_id: str) -> AccessKey:
        if key_id not in self.keys:
            raise NoSuchEntity(operation)
        return self.keys[key_id]

    def get_user(self, UserName: str) -> dict[str, Any]:  # noqa: N803 -- as AWS spells it
        self.moment()
        tags = [{"Key": key, "Value": value} for key, value in self.tags.items()]
        user = {
            "UserName": UserName,
            "Path": "/",
            "UserId": USER_ID,
            "Arn": f"arn:aws:iam::111122223333:user/{UserName}",
            "CreateDate": self.created - timedelta(days=1),
            "Tags": tags,
        }
        return self._answer({"User": user})

    def list_access_keys(self, UserName: str) -> dict[str, Any]:  # noqa: N803 -- likewise
        self.moment()
        keys = [
            {"UserName": UserName, "AccessKeyId": key.id, "Status": key.status, "CreateDate": key.created}
            for key in self.keys.values()
        ]
        return self._answer({"AccessKeyMetadata": keys, "IsTruncated": False})

    def get_access_key_last_used(self, AccessKeyId: str) -> dict[str, Any]:  # noqa: N803 -- likewise
        self.moment()
        used = self._known("GetAccessKeyLastUsed", AccessKeyId).last_used
        return self._answer({"AccessKeyLastUsed": {"LastUsedDate": used} if used else {}})

    def update_access_key(self, UserName: str, AccessKeyId: str, Status: str) -> dict[str, Any]:  # noqa: ARG002, N803
        self.moment()
        self.keys[AccessKeyId] = self._known("UpdateAccessKey", AccessKeyId)._replace(status=Status)
        self.calls[Status, AccessKeyId] += 1
        return self._answer({})

    def delete_access_key(self, UserName: str, AccessKeyId: str) -> dict[str, Any]:  # noqa: ARG002, N803
        self.moment()
        assert self._known("DeleteAccessKey", AccessKeyId).status == "Inactive"
        del self.keys[AccessKeyId]
        self.calls["Delete", AccessKeyId] += 1
        return self._answer({})

    def tag_user(self, UserName: str, Tags: list[dict[str, str]]) -> dict[str, Any]:  # noqa: ARG002, N803
        self.moment()
        self.tags |= {tag["Key"]: tag["Value"] for tag in Tags}
        self.calls["Tag", Tags[0]["Key"].rpartition(":")[2]] += 1
        return self._answer({})

    def untag_user(self, UserName: str, TagKeys: list[str]) -> dict[str, Any]:  # noqa: ARG002, N803
        self.moment()
        for key in TagKeys:
            self.tags.pop(key, None)
        self.calls["Untag", TagKeys[0].rpartition(":")[2]] += 1
        return self._answer({})
