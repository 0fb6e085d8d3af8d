"""What is deployed beside the AWS Config rule, as it can be recognized in an account and as it should be set up there.

A test holds the templates against it. Deployed things are recognized by their descriptions, because their names begin
as the person who deploys wants.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple


class Piece(NamedTuple):
    """A Lambda function."""

    does: str  # how its description begins
    handler: str
    timeout: int  # seconds


PIECES: Mapping[str, Piece] = {
    "evaluation": Piece("Judges the access keys of every IAM user", "index.handler", 900),
    "deactivation": Piece("Deactivates access keys", "index.remediate", 600),
    "deletion": Piece("Deletes access keys that were inactive for long enough", "index.remediate", 600),
}
REMEDIATING = ("deactivation", "deletion")
OF_A_RULE = re.compile(r"(?P<does>.*?),? for the AWS Config rule (?P<rule>[^\s.]+)")
# How the descriptions of rules begin, those that older releases wrote too.
RULES = ("Access keys are no older than ", "Access keys are at most ")
SCHEDULES = ("Deletes access keys that were inactive", "Starts the deletion of access keys that have been inactive")
ROLES = (
    "Lets the function ",
    "Lets the remediation of ",
    "Lets the Automation document ",
    "Lets EventBridge Scheduler ",
    "Lets EventBridge tell topics ",
    "Lets keyage ",
)


class Owned(NamedTuple):
    """What a description tells of a function of keyage."""

    piece: str
    rule: str  # the name of the rule that it is for


def owned(description: str | None) -> Owned | None:
    """The piece that a function is by its description; None for a function that is not keyage's."""
    match = OF_A_RULE.match(description or "")
    if match is None:
        return None
    return next((Owned(name, match["rule"]) for name, piece in PIECES.items() if piece.does == match["does"]), None)


def is_rule(description: str | None) -> bool:
    """Whether a rule of AWS Config with this description is keyage's."""
    return (description or "").startswith(RULES)


def is_schedule(description: str | None) -> bool:
    """Whether a schedule with this description is keyage's."""
    return (description or "").startswith(SCHEDULES)


def is_role(description: str | None) -> bool:
    """Whether an IAM role with this description is keyage's."""
    return (description or "").startswith(ROLES)
