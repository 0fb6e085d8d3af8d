"""How to resolve a non-compliant key by hand, in the order that keeps services alive."""

import shlex
from datetime import datetime

from checker.evaluate import Finding


def resolve(finding: Finding, now: datetime, *, two_keys: bool) -> list[str]:
    """The steps for one key, a line each, with the commands for its user and id.

    The order follows "Update access keys" in the IAM user guide.
    """
    user = shlex.quote(finding.user)
    key = shlex.quote(finding.access_key_id) if finding.access_key_id else "ACCESS_KEY_ID"
    both = f"--user-name {user} --access-key-id {key}"
    lines = [f"How to resolve {finding.access_key_id or 'the key'} of {finding.user} in {finding.account}:"]
    if two_keys:
        lines += [
            "   ! The user already has two keys, as many as IAM allows: find out which one is unused",
            f"     (aws iam list-access-keys --user-name {user}) and delete that one first.",
        ]
    lines += [
        f"   1. Create the new key:           aws iam create-access-key --user-name {user}",
        "   2. Update every application that uses the old key, and see that each works with the new one.",
        f"   3. Make the old key inactive:    aws iam update-access-key {both} --status Inactive",
        "   4. Verify again. If something broke, the same command with --status Active brings the key back.",
        f"   5. Delete the old key:           aws iam delete-access-key {both}",
        f"   6. See that it is gone:          aws iam list-access-keys --user-name {user}",
    ]
    return [*lines, f"   {time_left(finding, now)}"]


def time_left(finding: Finding, now: datetime) -> str:
    """How long the user has, or has had."""
    if finding.due_date is None:
        return "No date is due: the key is not active."
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
