"""Why a selector matches an account or user, or does not: attribute by attribute."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from checker.decision import Account, Clause, User, matches, selectors

NAMES = {"ou": "OU", selectors.GROUPS: "group"}  # of attributes, for people


class Comparison(NamedTuple):
    """One attribute against the patterns that a selector wants."""

    attribute: str
    value: str | None  # None: missing or not known
    patterns: Sequence[str]
    matched: bool | None  # None: not known

    def __str__(self) -> str:
        wanted = " or ".join(self.patterns)
        if self.matched is None:
            return f"{self.attribute} is not known, wanted {wanted}"
        if self.value is None:
            return f"{self.attribute} is missing, wanted {wanted}"
        return f"{self.attribute} {self.value!r} {'matches' if self.matched else 'does not match'} {wanted}"


def telling_tests(
    accounts: Sequence[Clause], users: Sequence[Clause], account: Account, user: User
) -> list[Comparison]:
    """The telling tests of a rule: those that fail or are in doubt, else all."""
    tests = [*_telling(accounts, account, "account"), *_telling(users, user, "user")]
    failed = [test for test in tests if test.matched is False]
    return failed or [test for test in tests if test.matched is None] or tests


def _telling(clauses: Sequence[Clause], subject: Account | User, kind: str) -> list[Comparison]:
    """The tests of the first clause that matches; else of those that may; else of all."""
    tested = [list(_tests(clause, subject, kind)) for clause in clauses]
    for tests in tested:
        if all(test.matched for test in tests):
            return tests
    possible = [tests for tests in tested if all(test.matched is not False for test in tests)]
    return [test for tests in possible or tested for test in tests]


def _tests(clause: Clause, subject: Account | User, kind: str) -> Iterator[Comparison]:
    for (attribute, key), patterns in clause.items():
        value = getattr(subject, attribute)
        known = value is not None
        if key is not None and known:
            value = value.get(key)
        name = f"{kind} {NAMES.get(attribute, attribute)}" if key is None else f"{kind} tag {key}"
        values = [] if value is None else value if attribute == selectors.GROUPS else [value]
        matched = any(matches(pattern, text) for pattern in patterns for text in values) if known else None
        yield Comparison(name, ", ".join(values) if values else None, patterns, matched)
