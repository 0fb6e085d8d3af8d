"""What a store holds of an access key: JSON with the id and the secret, and whatever else was there."""

from typing import Any

import msgspec

from checker.remediate.rotate.secrecy import Pair
from checker.remediate.rotate.smtp import smtp_password

KEY_ID, SECRET, SMTP = "AccessKeyId", "SecretAccessKey", "SmtpPassword"


def members_of(text: str | None) -> dict[str, Any] | None:
    """The members of a stored value; None if it holds no access key. Never raises, for an error would quote it."""
    try:
        members = msgspec.json.decode(text or "", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    whole = all(isinstance(members.get(name), str) and members[name] for name in (KEY_ID, SECRET))
    return members if whole else None


def pair_of(text: str | None) -> Pair | None:
    """The access key in a stored value; None if there is none."""
    members = members_of(text)
    return None if members is None else Pair(members[KEY_ID], members[SECRET])


def key_id_of(text: str | None) -> str | None:
    """The id of the access key in a stored value; None if there is none."""
    pair = pair_of(text)
    return None if pair is None else pair.key_id


def has_smtp_password(text: str | None) -> bool:
    """Whether a stored value has a password of SMTP."""
    return SMTP in (members_of(text) or {})


def value_of(pair: Pair, smtp_region: str | None, replaced: str | None) -> str:
    """What to store: the members of the value that is replaced, with the new key in it.

    With a region of SES the password of its SMTP interface too, which is another with every secret.
    """
    members = {**(members_of(replaced) or {}), KEY_ID: pair.key_id, SECRET: pair.secret}
    members.pop(SMTP, None)
    if smtp_region:
        members[SMTP] = smtp_password(pair.secret, smtp_region)
    return msgspec.json.encode(members).decode()
