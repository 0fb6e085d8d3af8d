"""What a policy wants done with keys that are too old: its `remediation` blocks, with what they leave out.

Pure: no clock, no I/O, standard library only. Every default of a block is here and nowhere else.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple


class RemediationSettings(NamedTuple):
    """A block as it applies; days are whole days."""

    action: str = "none"  # or "deactivate", or "delete", which deactivates first
    automatic: bool = False  # whether AWS Config starts it by itself
    grace_days: int = 0  # past the limit, before a key is deactivated
    protect_used_within_days: int = 0  # a key that was used in them is left; 0 protects none
    delete_after_days: int | None = None  # that a key must have been seen inactive; never None with "delete"
    protect_last_key: bool = False  # whether the user's last active key is left


AS_WRITTEN = {
    "action": "action",
    "automatic": "automatic",
    "graceDays": "grace_days",
    "protectUsedWithinDays": "protect_used_within_days",
    "deleteAfterDays": "delete_after_days",
    "protectLastKey": "protect_last_key",
}


def remediation_settings(block: Mapping[str, Any] | None) -> RemediationSettings:
    """The settings of a block as it is written; `None`, for no block, asks for nothing.

    Raises KeyError for a key that is none, ValueError for a deletion that does not say when: neither is guessed.
    """
    settings = RemediationSettings(**{AS_WRITTEN[key]: value for key, value in (block or {}).items()})
    if settings.action == "delete" and settings.delete_after_days is None:
        raise ValueError("remediation: action delete without deleteAfterDays")
    return settings


def remediation_by_rule(document: Mapping[str, Any]) -> dict[str, RemediationSettings]:
    """The settings for keys that a rule decides on, by the rule's id; the policy's own are those of `default`.

    A rule that has no block of its own has the policy's.
    """
    common = remediation_settings(document.get("remediation"))
    own = {
        rule["id"]: remediation_settings(rule["remediation"]) if "remediation" in rule else common
        for rule in document.get("rules", ())
    }
    return {**own, "default": common}
