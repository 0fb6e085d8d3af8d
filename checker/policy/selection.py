"""Which account selectors select no account of the inventory, part by part, with the nearest that exists.

A part is one id or pattern: the text, an item of a list, a value in a mapping. It selects what the selector
would select if this were the only item or value in its place.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any, NamedTuple

from checker.decision import Account, Clause, selectors
from checker.errors import Problem
from checker.policy.loader import PolicyFile, entries
from checker.policy.nearest import Known, meant
from checker.policy.yaml import forms
from checker.policy.yaml.parse import Steps
from checker.policy.yaml.write import scalar

INVENTORY_FIRST = "no account is in the inventory, so this selects none: write it with `keyage inventory`"
ID, NAME, OU = ("id", None), ("name", None), ("ou", None)
ALMOST = 0.9  # how like an id must be to be meant: one digit is wrong, missing, or too much
CERTAINLY, PERHAPS = 0, 1  # how an account may match


class Part(NamedTuple):
    selector: Steps  # where the whole selector stands in the file
    place: Steps
    attribute: tuple[str, str | None]  # and the key of a tag
    pattern: str
    clause: Clause  # what an account must be like for the part to select it

    @property
    def names_id(self) -> bool:
        return self.attribute == ID


def parts(policy: PolicyFile) -> Iterator[Part]:
    """Every part of every account selector, in the order of the file."""
    for kind, number in entries(policy.content):
        selector = policy.content[kind][number].get("accounts")
        place: Steps = (kind, number, "accounts")
        if isinstance(selector, dict):
            listed: Sequence[Any] = policy.policy.rules if kind == "rules" else policy.policy.exemptions
            [whole] = listed[number].accounts
            for attribute, where, pattern in _mapped(selector):
                yield Part(place, place + where, attribute, pattern, {**whole, attribute: [pattern]})
        elif selector is not None:
            for where, text in _texts(selector):
                attribute = ID if selectors.is_account_id(text) else NAME
                yield Part(place, place + where, attribute, text, {attribute: [text]})


def unlisted_ids(policy: PolicyFile, inventory: Mapping[str, Account]) -> list[str]:
    """The account ids that selectors name and the inventory does not list, sorted."""
    return sorted({part.pattern for part in parts(policy) if part.names_id} - set(inventory))


def unmatched(policy: PolicyFile, inventory: Mapping[str, Account]) -> list[Problem]:
    """Every part that certainly selects no account.

    An id that is not listed is some account of which no more is known, so a part that it may be selected by is
    not among them; but with no account listed at all, nothing but ids selects any.
    """
    every = list(parts(policy))
    if not inventory:
        return [_problem(policy, part, f"{part.pattern}: {INVENTORY_FIRST}") for part in every if not part.names_id]
    missed = _missed([part.clause for part in every], inventory, PERHAPS)
    unmatched_parts = [part for number, part in enumerate(every) if missed >> number & 1]
    unmatched_parts = [part for part in unmatched_parts if inventory.keys() >= set(part.clause.get(ID, ()))]
    alone = _missed([{part.attribute: [part.pattern]} for part in unmatched_parts], inventory, PERHAPS)
    unlike = {part.place for number, part in enumerate(unmatched_parts) if alone >> number & 1}
    sizes = Counter(part.selector for part in every)
    known = Existing(inventory)
    problems = []
    for selector, group in groupby(unmatched_parts, key=lambda part: part.selector):
        missing = list(group)
        if any(part.place in unlike for part in missing):
            problems += [known.problem(policy, part) for part in missing if part.place in unlike]
        elif len(missing) == sizes[selector]:
            problems.append(policy.document.problem(selector, "no account in the inventory matches all of these"))
        else:
            problems += [_problem(policy, part, f"{part.pattern}: {_never_together(part)}") for part in missing]
    return list(dict.fromkeys(problems))


def odd_forms(policy: PolicyFile, inventory: Mapping[str, Account]) -> list[Problem]:
    """The parts that look like an id in another form or like the id of an OU, and certainly select no account."""
    # Who writes `name:` means a name, however much it looks like an id.
    asked = [part for part in parts(policy) if part.attribute in (NAME, OU) and part.place[3:4] != ("name",)]
    hinted = [(part, forms.account_hint(part.pattern)) for part in asked]
    odd = [(part, hint) for part, hint in hinted if hint]
    missed = _missed([part.clause for part, _hint in odd], inventory, CERTAINLY)
    return [_problem(policy, part, hint) for number, (part, hint) in enumerate(odd) if missed >> number & 1]


def unlisted(policy: PolicyFile, inventory: Mapping[str, Account]) -> Iterator[Problem]:
    """A problem for every account id that the inventory does not list, with the nearest that it lists."""
    known = Known(inventory)
    for part in parts(policy):
        if part.names_id and part.pattern not in inventory:
            close = known.closest(part.pattern, ALMOST)
            suggestion = f": {meant(scalar(close))}" if close else ""
            yield _problem(policy, part, f"the account {part.pattern} is not in the inventory{suggestion}")


class Existing:
    """The names, OUs and tags that the accounts of an inventory have, for suggestions."""

    def __init__(self, inventory: Mapping[str, Account]) -> None:
        self._inventory = inventory

    def problem(self, policy: PolicyFile, part: Part) -> Problem:
        """What to say of a part that by itself is like nothing in the inventory, and where."""
        attribute, key = part.attribute
        if key is not None and key not in self.tags:
            message = f"{key}: no account in the inventory has this tag{_nearest(self.tag_keys, key)}"
            return policy.document.problem((*part.selector, "tags", key), message, at_key=True)
        return _problem(policy, part, self._tag(key, part.pattern) if key else self._said(attribute, part.pattern))

    def _said(self, attribute: str, pattern: str) -> str:
        odd = forms.account_hint(pattern)
        if odd:
            close = self.ids.closest(pattern, ALMOST) if pattern.isdigit() else None
            return f"{odd}; {meant(scalar(close))}" if close else odd
        known, what = {"name": (self.names, "has this name"), "ou": (self.ous, "is in this OU")}[attribute]
        better = self._other_key(attribute, pattern)
        return f"{pattern}: no account in the inventory {what}{_nearest(known, pattern, better)}"

    def _tag(self, key: str, pattern: str) -> str:
        suggestion = _nearest(self.tags[key], pattern)
        return f"{pattern}: no account in the inventory has this value of the tag {key}{suggestion}"

    def _other_key(self, attribute: str, pattern: str) -> str | None:
        """A selector by another key, or a whole OU, that selects accounts."""
        if pattern in self._inventory:
            return f"{{id: {scalar(pattern)}}}"
        whole = self._whole_ous.get(pattern.strip("/").removesuffix("/*").lower())
        return whole if attribute == "ou" or whole is None else f"{{ou: {scalar(whole)}}}"

    @cached_property
    def ids(self) -> Known:
        return Known(self._inventory)

    @cached_property
    def names(self) -> Known:
        return Known(account.name for account in self._inventory.values() if account.name)

    @cached_property
    def ous(self) -> Known:
        return Known(account.ou for account in self._inventory.values() if account.ou)

    @cached_property
    def _whole_ous(self) -> dict[str, str]:
        """By every part of an OU in small letters the OU from its root, or a pattern where accounts are only below."""
        whole_by_part: dict[str, str] = {}
        split = [ou.split("/") for ou in self.ous.texts]
        for below in (False, True):
            for names in split:
                for end in range(1, len(names)) if below else [len(names)]:
                    whole = "/".join(names[:end]) + ("/*" if below else "")
                    for start in range(end):
                        whole_by_part.setdefault("/".join(names[start:end]).lower(), whole)
        return whole_by_part

    @cached_property
    def tags(self) -> dict[str, Known]:
        values: dict[str, set[str]] = {}
        for account in self._inventory.values():
            for key, value in (account.tags or {}).items():
                values.setdefault(key, set()).add(value)
        return {key: Known(texts) for key, texts in values.items()}

    @cached_property
    def tag_keys(self) -> Known:
        return Known(self.tags)


def _nearest(known: Known, text: str, better: str | None = None) -> str:
    close = better or known.closest(text)
    if close:
        return f": {meant(close)}"
    return f"; there are: {known.said()}" if known.texts else ""


def _never_together(part: Part) -> str:
    others = [
        attribute if key is None else f"tag {key}"
        for attribute, key in part.clause
        if (attribute, key) != part.attribute
    ]
    return f"no account in the inventory matches this and the {' and '.join(others)} beside it"


def _problem(policy: PolicyFile, part: Part, message: str) -> Problem:
    return policy.document.problem(part.place, message)


def _missed(clauses: Sequence[Clause], inventory: Mapping[str, Account], how: int) -> int:
    """A bit for every clause that no account matches, certainly or not even perhaps."""
    matcher = selectors.SelectorSet([[clause] for clause in clauses])
    matched = 0
    for account in inventory.values():
        matched |= matcher.match(account)[how]
    return ((1 << len(clauses)) - 1) & ~matched


def _mapped(selector: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str | None], Steps, str]]:
    """The patterns in a mapping, with the attribute that each is for and where it stands in the mapping."""
    for attribute, value in selector.items():
        if attribute == "tags":
            patterns = [
                (key, ("tags", key, *step), text) for key, texts in value.items() for step, text in _texts(texts)
            ]
            yield from (((attribute, key), where, text) for key, where, text in patterns)
        else:
            yield from (((attribute, None), (attribute, *step), text) for step, text in _texts(value))


def _texts(value: str | Sequence[str]) -> Iterator[tuple[Steps, str]]:
    if isinstance(value, str):
        yield (), value
    else:
        yield from (((number,), text) for number, text in enumerate(value))
