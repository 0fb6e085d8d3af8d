"""Whether one selector covers another: every account or user that this one matches, that one does too.

Exact for `*` and `?` patterns over the texts that AWS allows. Both pattern sets are walked side by side
over every distinguishable character; a text that one accepts and the other does not is a
counterexample. Walks past MAX_STATES are given up as "not covered", so no warning is ever wrong.
"""

import string
from collections.abc import Sequence
from typing import NamedTuple

from checker.decision import Clause, selectors

MAX_STATES = 20_000


class Domain(NamedTuple):
    """The texts that an attribute can have."""

    alphabet: str | None  # None: any character
    max_length: int
    shape: tuple[str, ...]  # patterns of which one must match


# Lengths and characters: the shapes userNameType, existingUserNameType, pathType, tagValueType of the
# IAM API, and AccountName, OrganizationalUnitName of the Organizations API.
NAMES = Domain(string.ascii_letters + string.digits + "_+=,.@-", 128, ("?*",))
PATHS = Domain("".join(map(chr, range(0x21, 0x7F))), 512, ("/", "/?*/"))
IDS = Domain(string.digits, 12, ("?" * 12,))
TEXTS = Domain(None, 1024, ("*",))
DOMAINS = {"name": NAMES, selectors.GROUPS: NAMES, "path": PATHS, "id": IDS}


def covers(wider: Sequence[Clause], narrower: Sequence[Clause], *, users: bool) -> bool:
    """Whether everything that matches a clause of `narrower` matches one of `wider`."""
    return all(any(_clause_covers(wide, clause, users) for wide in wider) for clause in narrower)


def _clause_covers(wider: Clause, narrower: Clause, users: bool) -> bool:
    for attribute, patterns in wider.items():
        domain = domain_of(attribute, users)
        # A tag may be missing, and a user in no group, so only a clause that asks for the same can be covered.
        may_lack = attribute[0] in selectors.USER_DETAILS
        if may_lack and attribute not in narrower:
            return False
        if not includes(patterns, narrower.get(attribute, ("*",)), domain):
            return False
    return True


def domain_of(attribute: tuple[str, str | None], users: bool) -> Domain:
    """The texts that an account's or user's attribute can have."""
    if attribute[0] == "name" and not users:
        return TEXTS._replace(max_length=128, shape=("?*",))
    return DOMAINS.get(attribute[0], TEXTS)


def includes(wider: Sequence[str], narrower: Sequence[str], domain: Domain) -> bool:
    """Whether every text of the domain that a pattern of `narrower` matches, one of `wider` matches."""
    if set(narrower) <= set(wider):
        return True
    inside = selectors.PatternSet([(pattern, 1) for pattern in narrower])
    covered, allowed = 1, 2
    outside = selectors.PatternSet(
        [*((pattern, covered) for pattern in wider), *((pattern, allowed) for pattern in domain.shape)]
    )
    alphabet = _alphabet([*wider, *narrower, *domain.shape], domain)
    seen = {(inside.first.reached, outside.first.reached)}
    front = [(inside.first, outside.first)]
    for _length in range(domain.max_length + 1):
        if any(inner.matched and outer.matched == allowed for inner, outer in front):
            return False
        following = []
        for inner, outer in front:
            for character in alphabet:
                pair = inner[character], outer[character]
                key = pair[0].reached, pair[1].reached
                if pair[0].reached and key not in seen:
                    seen.add(key)
                    following.append(pair)
        if len(seen) > MAX_STATES:
            return False
        front = following
        if not front:
            break
    return True


def _alphabet(patterns: Sequence[str], domain: Domain) -> list[str]:
    """The characters that the patterns tell apart, and one that stands for all others."""
    named = set("".join(patterns)) - {"*", "?"}
    if domain.alphabet is None:
        other = next(chr(code) for code in range(0x20, 0x110000) if chr(code) not in named)
        return [*sorted(named), other]
    other = next((character for character in domain.alphabet if character not in named), "")
    return [*sorted(named & set(domain.alphabet)), *other]
