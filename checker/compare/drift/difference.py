"""What is deployed otherwise than the policy says."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from checker.errors import printable

NOTHING = "nothing"


class Difference(NamedTuple):
    """One thing that is there, and what the policy would deploy; `details`: what differs inside."""

    what: str
    deployed: str
    policy: str
    details: Sequence[str] = ()

    def __str__(self) -> str:
        if self.deployed == NOTHING:
            return printable(f"{self.what}: not deployed; the policy wants {self.policy}")
        if self.policy == NOTHING:
            return printable(f"{self.what}: deployed {self.deployed}; the policy wants none")
        return printable(f"{self.what}: deployed {self.deployed}, policy {self.policy}")


def differing(pairs: Mapping[str, tuple[object, object]]) -> Iterator[Difference]:
    """Of what is there and what the policy wants, by what it is: those that are not the same."""
    for what, (there, wanted) in pairs.items():
        if there != wanted:
            yield Difference(what, shown(there), shown(wanted))


def shown(value: object) -> str:
    """As text: what is not there, a text itself, several things, or a number."""
    if value is None:
        return NOTHING
    if isinstance(value, list):
        return " and ".join(map(shown, value)) or NOTHING
    if isinstance(value, tuple):
        return " ".join(map(shown, value))
    return value if isinstance(value, str) else json.dumps(value)
