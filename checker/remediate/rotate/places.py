"""Which store is meant by `--to`."""

import hashlib
import re
from typing import NamedTuple

SECRETS_MANAGER, PARAMETER_STORE = "secretsmanager", "ssm"
# CreateSecret in the AWS Secrets Manager API Reference, PutParameter in that of AWS Systems Manager.
_FORMS = {
    SECRETS_MANAGER: re.compile(r"[\w/+=.@-]{1,512}", re.ASCII),
    PARAMETER_STORE: re.compile(r"(?!/?(?i:aws|ssm))(?:/[\w./-]{1,1000}|[\w.-]{1,1000})", re.ASCII),
}
REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}", re.ASCII)
CLIENTS = {SECRETS_MANAGER: "secretsmanager", PARAMETER_STORE: "ssm"}


class Place(NamedTuple):
    """A store as `--to` names it."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


def place(text: str) -> Place:
    """The store that a person means; raises ValueError with what would be right."""
    kind, colon, name = text.partition(":")
    if not colon or kind not in _FORMS:
        raise ValueError(f"{text!r} names no store: write secretsmanager:NAME or ssm:NAME")
    if not _FORMS[kind].fullmatch(name):
        raise ValueError(f"{name!r} cannot be the name of a {_THINGS[kind]}: no ARN and no blank, the name alone")
    return Place(kind, name)


def address(store: Place, region: str) -> str:
    """The store and its region, as a tag can have it: a long name ends in a digest of it.

    The value of a tag has at most 256 characters (IAM user guide, "Tags for AWS Identity and Access Management").
    """
    text = str(store)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - DIGITS]}{hashlib.sha256(text.encode()).hexdigest()[:DIGITS]}"
    return f"{text} in {region}"


LONGEST, DIGITS = 120, 16  # characters; beside it the ids of three keys, of 20 each, have room
_THINGS = {SECRETS_MANAGER: "secret", PARAMETER_STORE: "parameter"}
