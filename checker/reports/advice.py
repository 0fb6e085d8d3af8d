"""How to resolve a non-compliant key by hand, in the order that keeps services alive."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from checker.decision import AccessKey
from checker.evaluate import NON_COMPLIANT, NOT_APPLICABLE, Finding
from checker.reports.advice_terraform import by_terraform
from checker.reports.second_key import (
    NO_USE,
    SecondKey,
    key_option,
    last_use,
    nobody_used,
    order_to_be_seen,
    second_key,
    use_to_be_seen,
    used,
    user_option,
)
from checker.spoken import coming, gone

ALIGNED = re.compile(r"\S {2,}\S")  # a step with what is to be typed


def resolve(finding: Finding, now: datetime, keys: Sequence[AccessKey] = ()) -> list[str]:
    """The steps for one key, a line each, with the commands for its user and id.

    `keys` are all keys of the user, where there are two. Of a key that Terraform manages, with Terraform: what is
    changed behind its back is drift.
    """
    other = second_key(finding, keys)
    if finding.terraform_address is not None:
        steps = by_terraform(finding, finding.terraform_address, other)
    elif nobody_used(finding):
        steps = _unused(finding, other)
    elif other is not None and other.used_last:
        steps = _moved(finding, other)
    else:
        steps = _in_use(finding, other)
    title = f"How to resolve {finding.access_key_id or 'the key'} of {finding.user} in {finding.account}:"
    return [title, *steps, f"   {time_left(finding, now)}"]


def whole_sentences(lines: Iterable[str]) -> list[str]:
    """The lines, those put together that are one sentence, so that they can be wrapped anew."""
    sentences: list[str] = []
    for line in lines:
        if (
            sentences
            and not sentences[-1].endswith((".", ":"))
            and not ALIGNED.search(sentences[-1])
            and not ALIGNED.search(line)
        ):
            sentences[-1] += f" {line.strip()}"
        else:
            sentences.append(line)
    return sentences


def _unused(finding: Finding, other: SecondKey | None) -> list[str]:
    """Making a key inactive can be undone; a new key for nobody is one more to rotate."""
    user, key = user_option(finding), key_option(finding.access_key_id)
    lines = [
        NO_USE,
        f"   1. See that it is not used:      aws iam get-access-key-last-used {key}",
        f"   2. Make the key inactive:        aws iam update-access-key {user} {key} --status Inactive",
        "   3. Wait until what runs seldom has run, such as a monthly job. If something broke, the same command with",
        "      --status Active brings the key back.",
        f"   4. Delete the key:               aws iam delete-access-key {user} {key}",
        f"   5. See that it is gone:          aws iam list-access-keys {user}",
        "   Only if it was used after all, or something broke:",
    ]
    if other is not None and other.used_last:
        move = f"     move what needs this key to {other.name}, the user's other key, which {other.use};"
        return [*lines, move, "     then begin again with step 2."]
    if other is not None:
        lines += [
            f"     The user already has two keys, as many as IAM allows. The other is {other.name}, which {other.use}:",
            "     delete the one that nothing needs. Then, if the key that is left is this one:",
        ]
    return [
        *lines,
        f"     Create a new key:              aws iam create-access-key {user}",
        "     Update what needs the old key, and begin again with step 2.",
    ]


def _moved(finding: Finding, other: SecondKey) -> list[str]:
    """The second key is the new one, as far as anybody can see."""
    return [
        f"   The user has a second key, {other.name}, and that one was used last: it {other.use},",
        f"   this one on {last_use(finding)}. So there is a new key already.",
        f"   1. Update every application that still uses this key to {other.name}, and see that each works with it.",
        *_away(finding, 2, "this"),
    ]


def _in_use(finding: Finding, other: SecondKey | None) -> list[str]:
    """The order follows "Update access keys" in the IAM user guide."""
    user, lines = user_option(finding), use_to_be_seen(finding)
    if other is not None:
        key, doubts = key_option(other.id), _may_be_the_new_one(other)
        lines += [
            f"   ! The user already has two keys, as many as IAM allows. {used(finding, other)};",
            f"     {other.name} {other.use}.",
            *order_to_be_seen(other),
            *doubts,
            "     Else make room by removing it first:" if doubts else "     Make room by removing that one first:",
            f"     Make it inactive:              aws iam update-access-key {user} {key} --status Inactive",
            f"     If nothing broke, delete it:   aws iam delete-access-key {user} {key}",
        ]
    return [
        *lines,
        f"   1. Create the new key:           aws iam create-access-key {user}",
        "   2. Update every application that uses the old key, and see that each works with the new one.",
        *_away(finding, 3, "the old"),
    ]


def _may_be_the_new_one(other: SecondKey) -> list[str]:
    doubts = []
    if other.waiting:
        doubts.append("     It is younger: if it was made to take over, go on with step 2.")
    if not other.order_known:
        doubts.append(f"     If {other.name} was used last, there is a new key already: go on with step 2.")
    return doubts


def _away(finding: Finding, first: int, which: str) -> list[str]:
    """The steps with which a key goes, numbered from `first`."""
    user, key = user_option(finding), key_option(finding.access_key_id)
    return [
        f"   {first}. {f'Make {which} key inactive:':<29} aws iam update-access-key {user} {key} --status Inactive",
        f"   {first + 1}. See that all still works. If not, the same command with --status Active brings the key back.",
        f"   {first + 2}. {f'Delete {which} key:':<29} aws iam delete-access-key {user} {key}",
        f"   {first + 3}. See that it is gone:          aws iam list-access-keys {user}",
    ]


def time_left(finding: Finding, now: datetime) -> str:
    """How long the user has, or has had."""
    if finding.due_date is None:
        if finding.verdict == NOT_APPLICABLE:
            return "No date is due: the key is not active."
        known = "none" if finding.verdict == NON_COMPLIANT else "not known"
        return f"Time left: {known}; which rule applies, and so the day on which the key is due, is not known."
    day = f"{finding.due_date:%Y-%m-%d %H:%M} UTC"
    if finding.due_date < now:
        return f"Time left: none, the key was due on {day}, {gone(finding.due_date, now)}."
    return f"Time left: the key is due {coming(finding.due_date, now)}, on {day}."
