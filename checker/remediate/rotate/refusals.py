"""What keeps a key from being rotated at all, whatever state it is in."""

from datetime import datetime, timedelta
from typing import Any

from checker.decision import AccessKey, AccountPolicy, User, decision
from checker.errors import Unreadable, UsageError
from checker.evaluate import UNDECIDED
from checker.remediate.rotate.smtp_user import why_smtp_user

ANCIENT = timedelta(days=3651)  # older than any limit
ROOT = ("root", "<root_account>", "<root>")


def refuse_by_policy(policy: AccountPolicy, user: User, key: AccessKey, now: datetime) -> None:
    """Raises UsageError for a key that is exempt now or once it is old, Unreadable for one of which that is open."""
    for judged in (key, key._replace(created=min(key.created, now - ANCIENT))):
        found = decision.decide(policy, user, judged, now)
        if found.exemption is not None:
            until = f"{found.exemption.expires:%Y-%m-%d}"
            why = (
                f"{key.id} of {user.name} is exempt by {found.exemption.id} until {until}, so something needs this key"
            )
            raise UsageError(f"{why}: end the exemption first")
        if found.verdict == UNDECIDED:
            between = ", ".join(doubt.id for doubt in found.doubts or found.rules)
            why = f"{key.id} of {user.name} is undecided between {between}, so it is not touched"
            raise Unreadable(f"{why}: `keyage explain {user.name}` says what is not known")


def refuse_own_key(user: User, key: AccessKey, own_key_id: str | None) -> None:
    """Raises UsageError for the key that signs keyage's own calls."""
    if key.id == own_key_id:
        why = f"{key.id} of {user.name} is the key that keyage itself uses now, so it would never be quiet"
        raise UsageError(f"{why}: use other credentials, such as those of a role")


def refuse_smtp_user(iam: Any, user: User, *, stored: bool) -> None:
    """Raises UsageError for a user of SES SMTP, for whom a key is not enough; `stored`: the store has a password."""
    why = "the store has its password" if stored else why_smtp_user(iam, user)
    if why is not None:
        what = f"{user.name} may send mail by SMTP, for {why}: that password is made from the secret access key"
        raise UsageError(f"{what}, so add --ses-smtp REGION, and the new one is stored beside the new key")


def no_such_user(name: str, account_id: str) -> UsageError:
    """The refusal of a name that no user has."""
    if name.lower() in ROOT:
        why = f"{account_id} has no IAM user {name}, and the keys of the root user are nobody else's to rotate"
        return UsageError(f"{why}: sign in as root, and delete them")
    return UsageError(f"{account_id} has no IAM user {name}: `aws iam list-users` says how they are called")
