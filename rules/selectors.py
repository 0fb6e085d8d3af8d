"""Which selectors of a policy match an account or a user: IAM wildcards, many at once, in three values.

Pure: no clock, no I/O, nothing but the standard library. An attribute that is None is not known; a selector that asks
for it may match.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

# {(attribute, tag key or None): [patterns]}; every entry must match, of several groups any one.
Clause = Mapping[tuple[str, str | None], Sequence[str]]

# What one pattern set may remember of the texts it has seen, in bits: 64 MiB.
REMEMBERED = 1 << 29
GROUPS = "groups"  # the attribute that a selector calls `group`
USER_DETAILS = ("tags", GROUPS)  # which a user may be without, and which ListUsers does not tell
A_STEP = 1 << 10  # about what one remembered step takes beside its state


class _State(dict[str, "_State"]):
    """The places a text can have reached in all patterns at once; maps a character to the next state."""

    __slots__ = ("matched", "owner", "reached")

    def __init__(self, owner: "PatternSet", reached: int) -> None:
        self.owner = owner
        self.reached = reached
        self.matched = owner.accepted(reached)

    def __missing__(self, character: str) -> "_State":
        following = self.owner.step(self.reached, character)
        self[character] = following
        return following


class PatternSet:
    """Matches many IAM wildcard patterns against a text in one pass.

    `*` is any run of characters, also empty; `?` is exactly one; the whole text must match and case
    matters. The positions in all patterns are the bits of one integer, so a character costs one step
    whatever the number of patterns, and at worst text length times pattern length bits are touched.
    """

    def __init__(self, patterns: Iterable[tuple[str, int]]) -> None:
        """Takes pairs of a pattern and the integer mask that stands for it."""
        self._start = self._repeat = self._any = self._final = position = 0
        self._literal: dict[str, int] = {}
        self._masks: dict[int, int] = {}
        merged: dict[str, int] = {}
        for pattern, mask in patterns:
            merged[pattern] = merged.get(pattern, 0) | mask
        for pattern, mask in merged.items():
            self._start |= 1 << position
            for character in pattern:
                bit = 1 << position
                if character == "*":
                    self._repeat |= bit
                    continue
                if character == "?":
                    self._any |= bit
                else:
                    self._literal[character] = self._literal.get(character, 0) | bit
                position += 1
            self._final |= 1 << position
            self._masks[position] = mask
            position += 1
        self._forget()

    def _forget(self) -> None:
        self._spent = 0
        self._states: dict[int, _State] = {}
        self.first = self._state(self._start)

    def _state(self, reached: int) -> _State:
        if reached not in self._states:
            self._spent += 2 * reached.bit_length()
            self._states[reached] = _State(self, reached)
        return self._states[reached]

    def step(self, reached: int, character: str) -> _State:
        self._spent += A_STEP
        if self._spent > REMEMBERED:
            self._forget()
        advancing = reached & (self._literal.get(character, 0) | self._any)
        return self._state((advancing << 1) | (reached & self._repeat))

    def accepted(self, reached: int) -> int:
        mask = 0
        for position in bits(reached & self._final):
            mask |= self._masks[position]
        return mask

    def match(self, text: str) -> int:
        """The masks of all patterns that match the whole text, joined by `or`."""
        state = self.first
        for character in text:
            state = state[character]
        return state.matched

    def match_any(self, texts: Iterable[str]) -> int:
        """The masks of all patterns that match one of the texts."""
        mask = 0
        for text in texts:
            mask |= self.match(text)
        return mask


def as_list(value: str | list[str]) -> list[str]:
    """One text or several, as several."""
    return value if isinstance(value, list) else [value]


def _clause(mapping: Mapping[str, Any]) -> Clause:
    """A selector that is a mapping."""
    clause: dict[tuple[str, str | None], Sequence[str]] = {}
    for attribute, value in mapping.items():
        if attribute == "tags":
            for key, patterns in value.items():
                clause["tags", key] = as_list(patterns)
        elif attribute == "group":
            clause[GROUPS, None] = as_list(value)
        else:
            clause[attribute, None] = as_list(value)
    return clause


def account_clauses(selector: Any) -> list[Clause]:
    """An `accounts` selector as clauses of which any may match; 12 digits are an id, else a name."""
    if selector is None:
        return [{}]
    if isinstance(selector, dict):
        return [_clause(selector)]
    ids = [text for text in as_list(selector) if is_account_id(text)]
    names = [text for text in as_list(selector) if not is_account_id(text)]
    return [{(key, None): texts} for key, texts in (("id", ids), ("name", names)) if texts]


def user_clauses(selector: Any) -> list[Clause]:
    """A `users` selector as clauses of which any may match; the string form is a pattern on the name."""
    if selector is None:
        return [{}]
    return [_clause(selector if isinstance(selector, dict) else {"name": selector})]


def is_account_id(text: str) -> bool:
    """Whether this is the id of an account, 12 digits, and no name of one."""
    return len(text) == 12 and text.isascii() and text.isdigit()


class SelectorSet:
    """Matches many selectors against one account or user at once."""

    def __init__(self, selectors: Sequence[Sequence[Clause]]) -> None:
        """Takes, for each selector, its clauses; selector i is bit i of the masks that match returns."""
        self._everything = 0
        self._selector_of: list[int] = []
        by_attribute: dict[tuple[str, str | None], list[tuple[str, int]]] = {}
        for number, clauses in enumerate(selectors):
            for clause in clauses:
                bit = 1 << len(self._selector_of)
                self._selector_of.append(number)
                self._everything |= bit
                for attribute, patterns in clause.items():
                    by_attribute.setdefault(attribute, []).extend((text, bit) for text in patterns)
        self._one_clause_each = self._selector_of == list(range(len(selectors)))
        self._attributes: list[tuple[str, str | None, int, PatternSet]] = []
        for (name, key), asked in by_attribute.items():
            unasked = self._everything & ~sum({bit for _text, bit in asked})
            self._attributes.append((name, key, unasked, PatternSet(asked)))

    def match(self, subject: object) -> tuple[int, int]:
        """Two masks: the selectors that match for certain, and those that may match."""
        possible = self._everything
        known = -1
        for name, key, unasked, patterns in self._attributes:
            value = getattr(subject, name)
            if value is None:
                known &= unasked
                continue
            state = patterns.first
            if key is not None:
                value = value.get(key)
                if value is None:
                    possible &= unasked
                    continue
            if name == GROUPS:
                possible &= unasked | patterns.match_any(value)
                continue
            for character in value:
                state = state[character]
            possible &= unasked | state.matched
        if not self._one_clause_each:
            return self._joined(possible & known), self._joined(possible)
        return possible & known, possible

    def _joined(self, clauses: int) -> int:
        return sum({1 << self._selector_of[number] for number in bits(clauses)})


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first."""
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1
