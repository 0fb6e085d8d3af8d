"""Prowler's mute list → exemptions of keys that are too old. Pure but for `load`.

What Prowler mutes by a regular expression that may match anywhere in a name, an exemption says by a pattern on the
whole name: what cannot be said so is refused, because an exemption must not reach further than what was muted.
Source: Prowler 5, prowler/lib/mutelist/mutelist.py and the check iam_rotate_access_key_90_days.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from checker.decision import matches, selectors
from checker.errors import FileProblems, Problem
from checker.policy import loader
from checker.policy.yaml import check as yaml_check
from checker.policy.yaml import parse as yaml_text

CHECK = "iam_rotate_access_key_90_days"
# Prowler's resource is user-access-key-1 or user-access-key-2.
ANY_KEY = re.compile(r"-access-key-(?:\[12\]|\.?\*|\\d|\.)\$?\Z")
ONE_KEY = re.compile(r"-access-key-[12]\$?\Z")
NAME = re.compile(r"[\w+=,.@*-]+\Z", re.ASCII)  # an IAM user name, and wildcards
TAG = re.compile(r"\^?(?P<key>[\w .:/+@-]+)=(?P<value>[\w .:/+@*-]*)\$?\Z", re.ASCII)
EVERYONE = "*"


class Muted(NamedTuple):
    """What an exemption says; the person who imports it has to add who approved it and until when."""

    line: int  # in the mute list
    account: str | None  # None: every account
    users: Mapping[str, Any]  # selectors, as in policies.yaml
    description: str | None
    broad: str | None  # the pattern on checks, where it muted more than the age of keys


class Mutelist(NamedTuple):
    file: str
    muted: Sequence[Muted]
    left_out: Sequence[Problem]  # what cannot be said by an exemption, each with its reason


def load(path: Path) -> Mutelist:
    """What a mute list says about the age of keys; raises FileProblems with every problem, UsageError."""
    return parse(loader.read(path, "mute list"), str(path))


def parse(data: bytes, file: str) -> Mutelist:
    """What the bytes of a mute list say about the age of keys; raises FileProblems with every problem."""
    document = yaml_text.parse(data, file)
    content, problems = yaml_check.check(document, "mutelist")
    if problems:
        raise FileProblems(problems)
    muted, left_out = [], []
    for account, check, entry in _entries(content):
        place = ("Mutelist", "Accounts", account, "Checks", check)
        muted_or_why = _muted(account, check, entry, document.problem(place, "", at_key=True).line)
        if isinstance(muted_or_why, Muted):
            muted.append(muted_or_why)
        else:
            left_out.append(document.problem(place, f"{account} {check}: {muted_or_why}", at_key=True))
    return Mutelist(file, muted, left_out)


def _entries(content: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for account, muted in content["Mutelist"]["Accounts"].items():
        for check, entry in muted["Checks"].items():
            # Prowler looks for it anywhere in the check's name, `*` being any run of characters.
            if matches(f"*{check.replace('.*', '*').strip('^$')}*", CHECK):
                yield account, check, entry


def _muted(account: str, check: str, entry: Mapping[str, Any], line: int) -> Muted | str:
    """The exemption, or why there is none."""
    if account != EVERYONE and not selectors.is_account_id(account):
        return "an account is 12 digits, or * for all"
    if any((entry.get("Exceptions") or {}).values()):
        return "an exemption knows no exceptions: write one for each user whom it is for"
    if not any(_is_everything(region) for region in entry["Regions"] or ()):
        return "it is for some regions, and IAM has none"
    users = _users(entry)
    if isinstance(users, str):
        return users
    broad = check if check != CHECK else None
    description = (entry.get("Description") or "").strip() or None
    return Muted(line, None if account == EVERYONE else account, users, description, broad)


def _users(entry: Mapping[str, Any]) -> dict[str, Any] | str:
    """The selectors on users, or why there are none."""
    names: list[str] = []
    for text in entry["Resources"] or ():
        if ONE_KEY.search(text):
            return f"{text} is one of two keys: write an exemption with the id of that key under keys"
        pattern = _pattern(text)
        if pattern is None:
            return f"{text} is a regular expression that no pattern on user names can say: write the names"
        names.append(pattern)
    if not names:
        return "it names no resources, so it mutes nothing"
    tags: dict[str, Any] = {}
    for text in entry.get("Tags") or ():
        if _is_everything(text):
            continue
        tag = TAG.match(text)
        if tag is None or tag["key"] in tags:
            return f"the tag {text} is a regular expression that no pattern on tags can say"
        tags[tag["key"]] = tag["value"]
    selectors: dict[str, Any] = {"name": names[0] if len(names) == 1 else list(dict.fromkeys(names))}
    return selectors | ({"tags": tags} if tags else {})


def _pattern(text: str) -> str | None:
    """The pattern on user names; None if the text is more of a regular expression than that."""
    begun = text.removeprefix("^")
    name = ANY_KEY.sub("", begun).removesuffix("$")
    if not NAME.match(name.replace(r"\.", ".")):
        return None
    # Prowler makes `.*` of every `*`, so its `.*` is one character at least; at the end the key's number is one.
    if name == begun or name == ".*":
        name = re.sub(r"\.\*\Z", "*", name)
    return re.sub(r"\*+", "*", name.replace(".*", "?*").replace(r"\.", "."))


def _is_everything(text: str) -> bool:
    return text in ("*", ".*", "^.*$")
