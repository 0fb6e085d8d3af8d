"""What a store holds of an access key: JSON with the id and the secret, and whatever else was there."""

import json
from typing import Any

import msgspec

from checker.remediate.rotate.secrecy import Pair
from checker.remediate.rotate.smtp import smtp_password

KEY_ID, SECRET, SMTP = "AccessKeyId", "SecretAccessKey", "SmtpPassword"
NO_KEY = "something that is no access key"


def members_of(text: str | None) -> dict[str, msgspec.Raw] | None:
    """The members of a stored value, each as it was written; None if it holds no access key that can be kept.

    Never raises, for an error would quote it.
    """
    return None if why_unfit(text) else _members(text)


def why_unfit(text: str | None) -> str:
    """Why a stored value is no access key to which a new one can be added, or nothing; it quotes nothing."""
    try:
        members = _members(text)
        if not all(_word(members.get(name)) for name in (KEY_ID, SECRET)):
            return NO_KEY
        once = len(members) == len(json.loads(text or "", object_pairs_hook=list, parse_int=str, parse_float=str))
    except RecursionError:
        return "JSON that is nested too deep"
    except (msgspec.DecodeError, ValueError):  # UnicodeEncodeError and JSONDecodeError are some
        return NO_KEY
    return "" if once else "JSON in which a member stands twice"


def _members(text: str | None) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(text or "", type=dict[str, msgspec.Raw])


def _word(member: msgspec.Raw | None) -> str | None:
    """A member that is text; None for any other."""
    try:
        return None if member is None else msgspec.json.decode(member, type=str)
    except msgspec.DecodeError:
        return None


def pair_of(text: str | None) -> Pair | None:
    """The access key in a stored value; None if there is none."""
    members = members_of(text)
    return None if members is None else Pair(_word(members[KEY_ID]) or "", _word(members[SECRET]) or "")


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
    members: dict[str, Any] = {**(members_of(replaced) or {}), KEY_ID: pair.key_id, SECRET: pair.secret}
    members.pop(SMTP, None)
    if smtp_region:
        members[SMTP] = smtp_password(pair.secret, smtp_region)
    return msgspec.json.encode(members).decode()
