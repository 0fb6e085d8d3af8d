"""What is deployed otherwise than the policy says."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from checker.errors import printable


class Difference(NamedTuple):
    """One thing that is there, and what the policy would deploy; `details`: what differs inside."""

    what: str
    deployed: str
    policy: str
    details: Sequence[str] = ()

    def __str__(self) -> str:
        return printable(f"{self.what}: deployed {self.deployed}, policy {self.policy}")


def differing(pairs: Mapping[str, tuple[object, object]]) -> Iterator[Difference]:
    """Of what is there and what the policy wants, by what it is: those that are not the same."""
    for what, (there, wanted) in pairs.items():
        if there != wanted:
            yield Difference(what, shown(there), shown(wanted))


def shown(value: object) -> str:
    """As text: JSON, but for a text itself and for what is not there."""
    return "nothing" if value is None else value if isinstance(value, str) else json.dumps(value)
