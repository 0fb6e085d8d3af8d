"""Which earlier entries of a policy may cover a later one, found without comparing every pair.

One example of what an entry matches settles nearly every pair: an earlier one that does not match it covers nothing.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from checker.decision import Account, Clause, Exemption, Rule, SelectorSet, User, selectors

WILDCARDS = re.compile(r"[*?]+")
Attribute = tuple[str, tuple[str, str | None]]  # "accounts", "users" or "keys", and the attribute


class _Handle(NamedTuple):
    """A text that is in whatever a pattern matches, or is the whole of it."""

    place: Attribute
    whole: bool
    text: str


class _Choice(NamedTuple):
    """Handles of which one must be found for an entry to match, and how many entries have them."""

    cost: int
    handles: tuple[_Handle, ...]


KEYS: Attribute = ("keys", ("id", None))


def candidates(entries: Sequence[Rule | Exemption]) -> Iterator[Iterator[int]]:
    """For each entry the earlier ones that match an example of what it matches, first to last.

    Left out are also exemptions of access keys that do not name those of the later one.
    """
    index = _Index(entries)
    known = [_Known(entry) for entry in entries]
    for number, entry in enumerate(entries):
        example = known[number].example
        yield (earlier for earlier in index.found(entry, example) if known[earlier].matches(example))
        index.add(number, entry)


class _Known:
    """An entry with what is worked out of it once, if at all."""

    def __init__(self, entry: Rule | Exemption) -> None:
        self._entry = entry

    @cached_property
    def example(self) -> tuple[Account, User]:
        account = Account("0" * 12, "~", "~", {})._replace(**example_of(self._entry.accounts[0]))
        user = User("0", "/", {}, groups=())._replace(**example_of(self._entry.users[0]))
        return account, user

    @cached_property
    def _selectors(self) -> tuple[SelectorSet, SelectorSet]:
        return SelectorSet([self._entry.accounts]), SelectorSet([self._entry.users])

    def matches(self, example: tuple[Account, User]) -> bool:
        accounts, users = self._selectors
        account, user = example
        return bool(accounts.match(account)[0] and users.match(user)[0])


def example_of(clause: Clause) -> dict[str, Any]:
    """The attributes of an account or a user that the clause matches."""
    example: dict[str, Any] = {}
    tags: dict[str, str] = {}
    for (attribute, key), patterns in clause.items():
        text = patterns[0].replace("*", "").replace("?", "0") or ("0" if "*" in patterns[0] else "")
        if attribute == "path":
            text = patterns[0].replace("*", "/").replace("?", "/")
        if key is None:
            example[attribute] = (text,) if attribute == selectors.GROUPS else text
        else:
            tags[key] = text
    return example | ({"tags": tags} if tags else {})


class _Index:
    """Entries by the rarest handles that they have, so that few of them have to be looked at."""

    def __init__(self, entries: Sequence[Rule | Exemption]) -> None:
        self._shared = Counter(handle for entry in entries for handle in _handles(entry))
        self._all = len(entries)
        self._always: list[int] = []
        self._entries: dict[_Handle, list[int]] = defaultdict(list)
        self._lengths: dict[Attribute, set[int]] = defaultdict(set)

    def add(self, number: int, entry: Rule | Exemption) -> None:
        choice = _rarest(self._choices(entry))
        if not choice.handles:
            self._always.append(number)
        for handle in choice.handles:
            self._entries[handle].append(number)
            self._lengths[handle.place].update(() if handle.whole else {len(handle.text)})

    def found(self, entry: Rule | Exemption, example: tuple[Account, User]) -> list[int]:
        """The entries that may match, first to last."""
        numbers = set(self._always)
        for place, lengths in self._lengths.items():
            for text in _texts(place, entry, example):
                for handle in _within(place, text, lengths):
                    numbers.update(self._entries.get(handle, ()))
        return sorted(numbers)

    def _choices(self, entry: Rule | Exemption) -> Iterator[_Choice]:
        yield _Choice(self._all, ())
        keys = getattr(entry, "keys", None)
        if keys is not None:
            yield _joined([self._choice(_of_key(key)) for key in sorted(keys)])
        for side, clauses in (("accounts", entry.accounts), ("users", entry.users)):
            if all(clauses):
                yield _joined([_rarest(self._of_clause(side, clause)) for clause in clauses])

    def _of_clause(self, side: str, clause: Clause) -> Iterator[_Choice]:
        for attribute, patterns in clause.items():
            place = side, attribute
            yield _joined([_rarest(map(self._choice, _of_pattern(place, pattern))) for pattern in patterns])

    def _choice(self, handle: _Handle) -> _Choice:
        return _Choice(self._shared[handle], (handle,))


def _rarest(choices: Iterable[_Choice]) -> _Choice:
    return min(choices, key=lambda choice: choice.cost)


def _joined(choices: Sequence[_Choice]) -> _Choice:
    handles = tuple(handle for choice in choices for handle in choice.handles)
    return _Choice(sum(choice.cost for choice in choices), handles)


def _handles(entry: Rule | Exemption) -> Iterator[_Handle]:
    yield from map(_of_key, getattr(entry, "keys", None) or ())
    for side, clauses in (("accounts", entry.accounts), ("users", entry.users)):
        for clause in clauses:
            for attribute, patterns in clause.items():
                for pattern in patterns:
                    yield from _of_pattern((side, attribute), pattern)


def _of_key(key: str) -> _Handle:
    return _Handle(KEYS, True, key)


def _of_pattern(place: Attribute, pattern: str) -> list[_Handle]:
    parts = WILDCARDS.split(pattern)
    if len(parts) == 1:
        return [_Handle(place, True, pattern)]
    return [_Handle(place, False, part) for part in parts if part] or [_Handle(place, False, "")]


def _within(place: Attribute, text: str, lengths: Iterable[int]) -> Iterator[_Handle]:
    """The handles that the text may have, the parts of these lengths only."""
    yield _Handle(place, True, text)
    for length in lengths:
        for start in range(len(text) - length + 1):
            yield _Handle(place, False, text[start : start + length])


def _texts(place: Attribute, entry: Rule | Exemption, example: tuple[Account, User]) -> Sequence[str]:
    """What stands in that place; of the access keys one, because an exemption that covers another has all its keys."""
    side, (name, tag) = place
    if place == KEYS:
        return sorted(getattr(entry, "keys", None) or ())[:1]
    value: Any = getattr(example[0] if side == "accounts" else example[1], name)
    if tag is not None:
        value = value.get(tag)
    if value is None:
        return ()
    return [value] if isinstance(value, str) else list(value)
