"""How to resolve a key that Terraform manages, with Terraform."""

import re
import shlex

from checker.evaluate import Finding
from checker.reports.second_key import (
    NO_USE,
    SecondKey,
    key_option,
    last_use,
    nobody_used,
    order_to_be_seen,
    use_to_be_seen,
    used,
    user_option,
)

NEW_ALREADY = "there is a new key already: move everything to it, and do not replace this one"
DEPOSED = re.compile(r" \(deposed object \w+\)\Z")  # ends an address, as in Terraform's plans


def by_terraform(finding: Finding, address: str, other: SecondKey | None) -> list[str]:
    """The steps for a key at that address of a Terraform state; `other` is the user's second key."""
    if DEPOSED.search(address):
        return _destroy_deposed(finding, address)
    lines = [
        f"   Terraform manages this key, as {address}.",
        "   Run the terraform commands in the working directory of that state; anything done without it is drift.",
    ]
    if other is not None and other.used_last:
        return [*lines, *_moved(finding, other)]
    if not nobody_used(finding):
        return [*lines, *use_to_be_seen(finding), *_room(finding, other), *_replace(finding, address, 1)]
    return [
        *lines,
        NO_USE,
        f"   1. See that it is not used:      aws iam get-access-key-last-used {key_option(finding.access_key_id)}",
        '   2. Set status = "Inactive" at the resource, and apply; "Active" brings the key back.',
        "   3. Wait until what runs seldom has run, such as a monthly job. If nothing broke, take the resource out of",
        "      the configuration, and apply.",
        "   Only if it was used after all, or something broke: make it active again, and replace it.",
        *_room(finding, other),
        *_replace(finding, address, 4),
    ]


def _moved(finding: Finding, other: SecondKey) -> list[str]:
    this = f", this one on {last_use(finding)}" if finding.last_used else "; no use of this one is on record"
    return [
        f"   The user has a second key, {other.name}, and that one was used last: it {other.use}{this}.",
        "   So there is a new key already.",
        f"   1. Move everything that still uses this key to {other.name}, and see that it works.",
        '   2. Set status = "Inactive" at the resource, and apply. See that all still works; "Active" brings it back.',
        "   3. Take the resource out of the configuration, and apply.",
        f"   4. See that it is gone:          aws iam list-access-keys {user_option(finding)}",
    ]


def _room(finding: Finding, other: SecondKey | None) -> list[str]:
    """Before a key is created: IAM allows two."""
    if other is None:
        return [
            "   ! IAM allows two keys, and for a moment there are the old one and the new one: see that the user has",
            f"     no other (aws iam list-access-keys {user_option(finding)}).",
        ]
    this = used(finding, other)
    return [
        "   ! The user already has two keys, as many as IAM allows, so the new one cannot be created first.",
        f"     {this}; {other.name} {other.use}.",
        *order_to_be_seen(other),
        *([] if other.order_known else [f"     If {other.name} was used last, {NEW_ALREADY}."]),
        "     If nothing needs that one, remove it first: take it out of the configuration and apply if Terraform",
        "     manages it, else use aws iam delete-access-key.",
    ]


def _replace(finding: Finding, address: str, first: int) -> list[str]:
    """The order follows "create_before_destroy" and "-replace" in the Terraform documentation.

    By default Terraform destroys an object before it creates the one that replaces it. With
    create_before_destroy it creates the new key, updates what depends on it, then destroys the old key.
    """
    replace = f"-replace={shlex.quote(address)}"
    return [
        f"   {first}. See that the resource says:   lifecycle {{ create_before_destroy = true }}",
        "      Without it Terraform destroys the old key before there is a new one.",
        f"   {first + 1}. See that everything that uses the key gets it from Terraform, in the same apply: that",
        "      ends by destroying the old key. If anything gets it later or by hand, do not replace it: add a second",
        '      aws_iam_access_key, apply, move everything to the new key, set status = "Inactive" at the old one,',
        "      apply, see that all still works, then take it out of the configuration and apply. That leaves a",
        "      way back until the end.",
        f"   {first + 2}. Look at the plan:             terraform plan {replace}",
        "      It must say +/- at this key (-/+ would destroy first), and otherwise change only what gets the new key.",
        f"   {first + 3}. Replace the key:              terraform apply {replace}",
        "      There is no way back: what the old key was for must work with the new one from now on.",
        f"   {first + 4}. See that it is gone:          aws iam list-access-keys {user_option(finding)}",
    ]


def _destroy_deposed(finding: Finding, address: str) -> list[str]:
    """Terraform plans to destroy deposed objects in every plan; -replace would replace the current key instead."""
    return [
        f"   Terraform manages this key, as {address}:",
        "   it has replaced the key, but not destroyed it. Any apply with that state tries again.",
        f"   1. See that nothing uses it:     aws iam get-access-key-last-used {key_option(finding.access_key_id)}",
        "   2. In the working directory of that state, look at the plan:   terraform plan",
        "      It must destroy the deposed object, and change nothing else that you do not expect.",
        "   3. Destroy the key:              terraform apply",
        f"   4. See that it is gone:          aws iam list-access-keys {user_option(finding)}",
    ]
