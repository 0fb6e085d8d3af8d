"""What the other of a user's two keys means for the one that is to go."""

import shlex
from collections.abc import Sequence
from typing import NamedTuple

from checker.decision import AccessKey
from checker.evaluate import Finding

ACTIVE = "Active"
NO_USE = "   No use of this key is on record: make it inactive first, and a new key only if something breaks."

NOT_ACTIVE_NOT_KNOWN = "is not active, and its last use is not known"


class SecondKey(NamedTuple):
    """The user's other key. IAM allows two, so with both there is no room for a new one."""

    id: str | None
    name: str  # for a sentence
    use: str  # such as `was last used on 2026-11-23 09:36 UTC`
    active: bool
    waiting: bool  # active, younger and without a record of use: perhaps the new key already
    used_last: bool  # active, and used after the key that is to go; the younger of two used in the same second
    use_known: bool
    order_known: bool  # whether it is certain which of the two was used last, of an active one


def second_key(finding: Finding, keys: Sequence[AccessKey]) -> SecondKey | None:
    """The other of `keys`, which are all of the user's; None where there is no other."""
    mine = (finding.access_key_id, finding.create_date)
    others = [key for key in keys if (key.id, key.created) != mine] if len(keys) > 1 else []
    if not others:
        return None
    other = others[0]
    both_known = finding.last_used_known and other.use_known
    later = other.last_used is not None and (
        finding.last_used is None or (other.last_used, other.created) > (finding.last_used, finding.create_date)
    )
    active = other.status == ACTIVE
    return SecondKey(
        id=other.id,
        name=other.id or f"the key created on {other.created:%Y-%m-%d}",
        use=_use(other),
        active=active,
        waiting=active and other.last_used is None and other.created > finding.create_date,
        used_last=active and both_known and later,
        use_known=other.use_known,
        order_known=both_known or not active,
    )


def last_use(finding: Finding) -> str:
    """Such as `2026-11-23 09:36 UTC`, of a key that was used."""
    return f"{finding.last_used:%Y-%m-%d %H:%M} UTC"


def used(finding: Finding, other: SecondKey) -> str:
    """A sentence on the key that is to go, beside a second one that is not known to be the one used last."""
    if finding.last_used is None:
        return "No use of this one is on record" if finding.last_used_known else "The last use of this one is not known"
    last = "used last," if other.active and other.order_known else "last used"
    return f"This one was {last} on {last_use(finding)}"


def nobody_used(finding: Finding) -> bool:
    """Whether it is known that there is no record of use; a key of which that is not known is taken for one in use."""
    return finding.last_used is None and finding.last_used_known


def use_to_be_seen(finding: Finding) -> list[str]:
    """Lines for a key of which the last use is not known."""
    if finding.last_used_known:
        return []
    return [
        "   The last use of this key is not known: it may be in use.",
        f"   See when it was used:            aws iam get-access-key-last-used {key_option(finding.access_key_id)}",
    ]


def order_to_be_seen(other: SecondKey) -> list[str]:
    """Lines for a second key where it is not known which of the two was used last."""
    if other.order_known or other.use_known:
        return []
    return [f"     See when that one was used:    aws iam get-access-key-last-used {key_option(other.id)}"]


def _use(key: AccessKey) -> str:
    status = "" if key.status == ACTIVE else "is not active and "
    if key.last_used is None and not key.use_known:
        return "may be in use (its last use is not known)" if key.status == ACTIVE else NOT_ACTIVE_NOT_KNOWN
    if key.last_used is None:
        return f"{status}has no record of use"
    return f"{status}was last used on {key.last_used:%Y-%m-%d %H:%M} UTC"


def user_option(finding: Finding) -> str:
    """The option of the AWS CLI, quoted for a shell."""
    return f"--user-name {shlex.quote(finding.user)}"


def key_option(key_id: str | None) -> str:
    """The option of the AWS CLI, quoted for a shell; a placeholder where the id is not known."""
    return f"--access-key-id {shlex.quote(key_id or 'ACCESS_KEY_ID')}"
