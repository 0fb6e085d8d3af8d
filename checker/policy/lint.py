"""Warnings about a policy that is valid: what can never apply, what has run out, what looks mistyped."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain

from checker.decision import Account, Exemption, Rule, selectors
from checker.errors import Problem
from checker.policy import selection
from checker.policy.candidates import candidates
from checker.policy.coverage import covers
from checker.policy.deploy_settings import REGIONS
from checker.policy.loader import PolicyFile
from checker.policy.nearest import Known, meant
from checker.spoken import coming

NULLS = ("null", "Null", "NULL", "~")  # YAML 1.2, Core Schema
EXPIRES_SOON = timedelta(days=14)
LONGEST_EXEMPTION = timedelta(days=366)
# IAM API Reference, AccessKey: 16 to 128 characters. IAM User Guide, "IAM identifiers": AKIA is what begins an access
# key of a user; ASIA, of temporary credentials, ends with their session and is never listed.
KEY_ID = re.compile(r"AKIA[0-9A-Z_]{12,124}")


def lint(policy: PolicyFile, now: datetime, inventory: Mapping[str, Account] | None) -> list[Problem]:
    """Every warning; `inventory` has the accounts by id, None without one."""
    rules = policy.policy.rules[:-1]
    exemptions = policy.policy.exemptions
    problems = chain(
        _covered(policy, "rules", rules),
        _covered(policy, "exemptions", exemptions),
        _dates(policy, exemptions, now),
        _accounts(policy, inventory),
        _nulls(policy),
        _colons(policy),
        _key_ids(policy),
        _region(policy),
    )
    return sorted(problems)


def _covered(policy: PolicyFile, kind: str, entries: Sequence[Rule | Exemption]) -> Iterator[Problem]:
    for number, (entry, earlier_ones) in enumerate(zip(entries, candidates(entries), strict=True)):
        for earlier in earlier_ones:
            if _covers(entries[earlier], entry):
                other = entries[earlier].id
                line = policy.written[other].line
                message = f"{entry.id}: can never apply, because {other} in line {line} covers it completely"
                yield policy.document.problem((kind, number), message)
                break


def _covers(earlier: Rule | Exemption, later: Rule | Exemption) -> bool:
    return (
        _keys_and_dates_cover(earlier, later)
        and covers(earlier.accounts, later.accounts, users=False)
        and covers(earlier.users, later.users, users=True)
    )


def _keys_and_dates_cover(earlier: Rule | Exemption, later: Rule | Exemption) -> bool:
    ends = getattr(earlier, "expires", None), getattr(later, "expires", None)
    if ends[0] is None or ends[1] is None:
        return True
    keys = getattr(earlier, "keys", None), getattr(later, "keys", None)
    return bool(ends[0] >= ends[1] and (keys[0] is None or (keys[1] is not None and keys[1] <= keys[0])))


def _dates(policy: PolicyFile, exemptions: Sequence[Exemption], now: datetime) -> Iterator[Problem]:
    for number, exemption in enumerate(exemptions):
        left = exemption.expires - now
        day = f"{exemption.expires:%Y-%m-%d}"
        if left <= timedelta(0):
            message = f"expired on {day}: remove it or have it approved again"
        elif left <= EXPIRES_SOON:
            message = f"expires on {day}, {coming(exemption.expires, now)}"
        elif left > LONGEST_EXEMPTION:
            message = f"lasts until {day}, more than 366 days from now: shorten it"
        else:
            continue
        place = ("exemptions", number, "expires")
        yield policy.document.problem(place, f"{exemption.id}: {message}")


def _accounts(policy: PolicyFile, inventory: Mapping[str, Account] | None) -> list[Problem]:
    """The selectors that select no account, a warning for each part; without an inventory what only looks so."""
    if inventory is None:
        return selection.odd_forms(policy, {})
    problems = [*selection.unmatched(policy, inventory), *selection.unlisted(policy, inventory)]
    places = {problem[:3] for problem in problems}
    return problems + [problem for problem in selection.odd_forms(policy, inventory) if problem[:3] not in places]


def _nulls(policy: PolicyFile) -> Iterator[Problem]:
    """A selector is the text that is written, so that YAML's nothing selects what is named so, and hardly anything."""
    for kind in ("rules", "exemptions"):
        for number, entry in enumerate(policy.content.get(kind, ())):
            for selecting in ("accounts", "users"):
                if (text := entry.get(selecting)) in NULLS:
                    message = f"{text}: selects only what has this name: leave {selecting} out to match all"
                    yield policy.document.problem((kind, number, selecting), message)


def _colons(policy: PolicyFile) -> Iterator[Problem]:
    """A colon is legal in a pattern, as in the unquoted text 1:30:00, but in no name of an IAM user or group."""
    selecting: dict[str, Sequence[Rule | Exemption]] = {
        "rules": policy.policy.rules[:-1],
        "exemptions": policy.policy.exemptions,
    }
    for kind, listed in selecting.items():
        for number, entry in enumerate(listed):
            for attribute, what in (("name", "user"), (selectors.GROUPS, "group")):
                for text in entry.users[0].get((attribute, None), ()):
                    if ":" in text:
                        message = f"{text}: no IAM {what} name has a colon, so this matches nobody"
                        yield policy.document.problem((kind, number, "users"), message)


def _key_ids(policy: PolicyFile) -> Iterator[Problem]:
    """Keys that no user can have, as an id that is cut off, so that the exemption does not apply to what was meant."""
    for number, entry in enumerate(policy.content.get("exemptions", ())):
        for place, text in enumerate(selectors.as_list(entry.get("keys", []))):
            if KEY_ID.fullmatch(text):
                continue
            form = "a user's access key id is AKIA and 12 to 124 upper-case letters and digits"
            hint = f": {meant(text.upper())}" if KEY_ID.fullmatch(text.upper()) else ""
            message = f"{text}: {form}, so this exempts no key{hint}"
            yield policy.document.problem(("exemptions", number, "keys", place), message)


def _region(policy: PolicyFile) -> Iterator[Problem]:
    """Only a warning: AWS may have opened the region after this release."""
    region = policy.deploy.region
    if region not in REGIONS:
        close = Known(REGIONS).closest(region)
        hint = f": {meant(close)}" if close else ""
        yield policy.document.problem(("deploy", "region"), f"{region}: no region of AWS that this release knows{hint}")
