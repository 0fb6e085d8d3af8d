"""What the other of a user's two keys means for the one that is to go."""

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from checker.decision import AccessKey
from checker.evaluate import Finding

ACTIVE = "Active"
NO_USE = "   No use of this key is on record: make it inactive first, and a new key only if something breaks."


class SecondKey(NamedTuple):
    """The user's other key. IAM allows two, so with both there is no room for a new one."""

    id: str | None
    name: str  # for a sentence
    use: str  # such as `was last used on 2026-11-23 09:36 UTC`
    active: bool
    waiting: bool  # active, younger and without a record of use: perhaps the new key already
    used_last: bool  # active, and used after the key that is to go; the younger of two used in the same second


def second_key(finding: Finding, keys: Sequence[AccessKey]) -> SecondKey | None:
    """The other of `keys`, which are all of the user's; None where there is no other."""
    mine = (finding.access_key_id, finding.create_date)
    others = [key for key in keys if (key.id, key.created) != mine] if len(keys) > 1 else []
    if not others:
        return None
    other = others[0]
    later = other.last_used is not None and (
        finding.last_used is None or (other.last_used, other.created) > (finding.last_used, finding.create_date)
    )
    name = other.id or f"the key created on {other.created:%Y-%m-%d}"
    active = other.status == ACTIVE
    waiting = active and other.last_used is None and other.created > finding.create_date
    return SecondKey(other.id, name, _use(other), active, waiting, active and later)


def last_use(finding: Finding) -> str:
    """Such as `2026-11-23 09:36 UTC`, of a key that was used."""
    return f"{finding.last_used:%Y-%m-%d %H:%M} UTC"


def used(finding: Finding, other: SecondKey) -> str:
    """A sentence on the key that is to go, beside a second one that was not used last."""
    if finding.last_used is None:
        return "No use of this one is on record"
    return f"This one was {'used last,' if other.active else 'last used'} on {last_use(finding)}"


def _use(key: AccessKey) -> str:
    status = "" if key.status == ACTIVE else "is not active and "
    if key.last_used is None:
        return f"{status}has no record of use"
    return f"{status}was last used on {key.last_used:%Y-%m-%d %H:%M} UTC"


def user_option(finding: Finding) -> str:
    """The option of the AWS CLI, quoted for a shell."""
    return f"--user-name {shlex.quote(finding.user)}"


def key_option(key_id: str | None) -> str:
    """The option of the AWS CLI, quoted for a shell; a placeholder where the id is not known."""
    return f"--access-key-id {shlex.quote(key_id or 'ACCESS_KEY_ID')}"
