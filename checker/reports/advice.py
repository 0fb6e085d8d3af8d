"""How to resolve a non-compliant key by hand, in the order that keeps services alive."""

import re
import shlex
from datetime import datetime

from checker.evaluate import NON_COMPLIANT, NOT_APPLICABLE, Finding

DEPOSED = re.compile(r" \(deposed object \w+\)\Z")  # ends an address, as in Terraform's plans


def resolve(finding: Finding, now: datetime, *, two_keys: bool) -> list[str]:
    """The steps for one key, a line each, with the commands for its user and id.

    Of a key that Terraform manages, with Terraform: what is changed behind its back is drift.
    """
    address = finding.terraform_address
    if address is None:
        steps = _by_hand(finding, two_keys=two_keys)
    elif DEPOSED.search(address):
        steps = _destroy_deposed(finding, address)
    else:
        steps = _by_terraform(finding, address, two_keys=two_keys)
    title = f"How to resolve {finding.access_key_id or 'the key'} of {finding.user} in {finding.account}:"
    return [title, *steps, f"   {time_left(finding, now)}"]


def _by_hand(finding: Finding, *, two_keys: bool) -> list[str]:
    """The order follows "Update access keys" in the IAM user guide."""
    user, both = _user(finding), f"{_user(finding)} {_key(finding)}"
    lines = []
    if two_keys:
        lines += [
            "   ! The user already has two keys, as many as IAM allows: find out which one is unused",
            f"     (aws iam list-access-keys {user}) and delete that one first.",
        ]
    return [
        *lines,
        f"   1. Create the new key:           aws iam create-access-key {user}",
        "   2. Update every application that uses the old key, and see that each works with the new one.",
        f"   3. Make the old key inactive:    aws iam update-access-key {both} --status Inactive",
        "   4. Verify again. If something broke, the same command with --status Active brings the key back.",
        f"   5. Delete the old key:           aws iam delete-access-key {both}",
        f"   6. See that it is gone:          aws iam list-access-keys {user}",
    ]


def _by_terraform(finding: Finding, address: str, *, two_keys: bool) -> list[str]:
    """The order follows "create_before_destroy" and "-replace" in the Terraform documentation.

    By default Terraform destroys an object before it creates the one that replaces it. With
    create_before_destroy it creates the new key, updates what depends on it, then destroys the old key.
    """
    user, replace = _user(finding), f"-replace={shlex.quote(address)}"
    lines = [
        f"   Terraform manages this key, as {address}.",
        "   Run the terraform commands in the working directory of that state; anything done without it is drift.",
    ]
    if two_keys:
        lines += [
            "   ! The user already has two keys, as many as IAM allows, so the new one cannot be created first.",
            f"     Find out which one is unused (aws iam list-access-keys {user}, then for each",
            "     aws iam get-access-key-last-used --access-key-id ACCESS_KEY_ID) and remove that one first: take it",
            "     out of the configuration and apply if Terraform manages it, else use aws iam delete-access-key.",
            "     If it is this one, nothing else is to do.",
        ]
    else:
        lines += [
            "   ! IAM allows two keys, and for a moment there are the old one and the new one: see that the user has",
            f"     no other (aws iam list-access-keys {user}).",
        ]
    return [
        *lines,
        "   1. See that the resource says:   lifecycle { create_before_destroy = true }",
        "      Without it Terraform destroys the old key before there is a new one.",
        "   2. See that everything that uses the key gets it from Terraform, in the same apply: it ends by destroying",
        "      the old key. If anything gets it later or by hand, do not replace it: add a second aws_iam_access_key,",
        '      apply, move everything to the new key, set status = "Inactive" at the old one, apply, verify, then take',
        "      the old one out of the configuration and apply. That leaves a way back until the end.",
        f"   3. Look at the plan:             terraform plan {replace}",
        "      It must say +/- at this key (-/+ would destroy first), and otherwise change only what gets the new key.",
        f"   4. Replace the key:              terraform apply {replace}",
        "      There is no way back: what the old key was for must work with the new one from now on.",
        f"   5. Verify; the old key is gone:  aws iam list-access-keys {user}",
    ]


def _destroy_deposed(finding: Finding, address: str) -> list[str]:
    """Terraform plans to destroy deposed objects in every plan; -replace would replace the current key instead."""
    return [
        f"   Terraform manages this key, as {address}:",
        "   it has replaced the key, but not destroyed it. Any apply with that state tries again.",
        f"   1. See that nothing uses it:     aws iam get-access-key-last-used {_key(finding)}",
        "   2. In the working directory of that state, look at the plan:   terraform plan",
        "      It must destroy the deposed object, and change nothing else that you do not expect.",
        "   3. Destroy the key:              terraform apply",
        f"   4. See that it is gone:          aws iam list-access-keys {_user(finding)}",
    ]


def _user(finding: Finding) -> str:
    return f"--user-name {shlex.quote(finding.user)}"


def _key(finding: Finding) -> str:
    return f"--access-key-id {shlex.quote(finding.access_key_id or 'ACCESS_KEY_ID')}"


def time_left(finding: Finding, now: datetime) -> str:
    """How long the user has, or has had."""
    if finding.due_date is None:
        if finding.verdict == NOT_APPLICABLE:
            return "No date is due: the key is not active."
        gone = "none" if finding.verdict == NON_COMPLIANT else "not known"
        return f"Time left: {gone}; which rule applies, and so the day on which the key is due, is not known."
    day = f"{finding.due_date:%Y-%m-%d %H:%M} UTC"
    days = abs((finding.due_date - now).days)
    if finding.due_date < now:
        over = (now - finding.due_date).days
        return f"Time left: none, the key was due on {day}, {_days(over)} ago."
    return f"Time left: {_days(days)}, until {day}."


def _days(number: int) -> str:
    if number == 0:
        return "less than a day"
    return "1 day" if number == 1 else f"{number} days"
