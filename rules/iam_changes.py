"""Deactivate or delete an access key, with a look right before and one afterwards.

Standard library and boto3 only: the IAM client and the way to wait are handed in.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from .access_keys_rotated import AccessKey, User
from .iam_listing import Untrustworthy, error_code, groups_of, keys_of, tags_of, user_from

MEMORY = "keyage:inactive-since:"  # with a key id: the tag of a user that says since when it was seen inactive
READ_BACKS = (1, 2, 4, 8, None)  # seconds between looks at a change: IAM is eventually consistent
LEFT = "left"


class NotAsExpected(Exception):
    """AWS answered, but what it says is not what a change may rest on, or should have led to."""


Done = tuple[str, str]  # what was done with a key, and why
OF_AWS = (BotoCoreError, ClientError, ResponseParserError)
CAUGHT = (*OF_AWS, NotAsExpected, Untrustworthy)


class KeyChanges:
    """Changes access keys of which everything is still as it was judged."""

    def __init__(self, iam: Any, wait: Callable[[float], None], *, asks_for_groups: bool) -> None:
        self._iam, self._wait, self._asks_for_groups = iam, wait, asks_for_groups

    def user_named(self, name: str) -> User | None:
        """The user who has the name now."""
        try:
            return user_from(self._iam.get_user(UserName=name)["User"])
        except self._iam.exceptions.NoSuchEntityException:
            return None

    def judged_by(self, user: User) -> tuple[Mapping[str, str], Sequence[str] | None]:
        """The tags of the user, and the groups if the policy looks at any."""
        groups = groups_of(self._iam, user.name) if self._asks_for_groups else None
        return tags_of(self._iam, user.name), groups

    def _delete(self, user: User, key: AccessKey) -> None:
        try:
            self._iam.delete_access_key(UserName=user.name, AccessKeyId=key.id)
        except ClientError as error:
            # Of a user who is there: the client asked again after an answer that was cut off.
            if error_code(error) != "NoSuchEntity" or self.user_named(user.name) is None:
                raise

    def change(self, user: User, key: AccessKey, action: str, why: str) -> Done:
        """Deactivate or delete, if user and key are still as they were judged, and look that nothing else changed."""
        tags, groups = self.judged_by(user)
        current, before = self.user_named(user.name), self._listing(user)
        if current is None or current.arn != user.arn or current.id != user.id or before.get(key.id) != key:
            return LEFT, "user or key changed while they were looked at: the next run decides anew"
        if (_of_others(tags), groups) != (_of_others(user.tags or {}), user.groups):
            return LEFT, "the user's tags or groups changed while they were looked at: the next run decides anew"
        expected = {key_id: other for key_id, other in before.items() if key_id != key.id}
        if action == "deleted":
            self._delete(user, key)
        else:
            self._iam.update_access_key(UserName=user.name, AccessKeyId=key.id, Status="Inactive")
            expected[key.id] = key._replace(status="Inactive")
        self.afterwards(action, self._read_back, user, expected)
        return action, why

    def afterwards(self, action: str, step: Callable[..., object], *arguments: Any) -> None:
        """A failure after the change must not hide that the change was made."""
        try:
            step(*arguments)
        except CAUGHT as error:
            raise NotAsExpected(f"{action}, but then: {error}") from error

    def _read_back(self, user: User, expected: Mapping[str | None, AccessKey]) -> None:
        for delay in READ_BACKS:
            seen = self._listing(user)
            if seen == expected:
                return
            if delay is not None:
                self._wait(delay)
        listed = ", ".join(f"{key.id} {key.status}" for key in seen.values())
        raise NotAsExpected(f"ListAccessKeys says {listed or 'that there are no keys'}")

    def _listing(self, user: User) -> dict[str | None, AccessKey]:
        return {key.id: key for key in keys_of(self._iam, user.name)}


def _of_others(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that no run of this code sets."""
    return {tag: value for tag, value in tags.items() if not tag.startswith(MEMORY)}
