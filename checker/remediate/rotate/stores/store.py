"""What every store of access keys can do."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from checker.remediate.rotate.secrecy import Pair
from checker.remediate.rotate.states import Stored


class Store(Protocol):
    """Where whoever uses the key reads it. Every call may raise what the client raises."""

    address: str  # with its region, as the tag of the user has it
    shows_at_once: bool  # what is put is what readers get, before it is promoted

    def look(self) -> Stored:
        """Which keys it holds; raises UsageError for a store that others look after."""

    def put(self, pair: Pair) -> None:
        """Hold a new key too; makes the store if it is not there."""

    def pair(self, key_id: str) -> Pair | None:
        """A key that it holds, by its id."""

    def promote(self, key_id: str) -> None:
        """Let readers get a key that it holds; what they got before is held too. Done already: changes nothing."""


class Making(NamedTuple):
    """What a store is made of."""

    client: Any
    name: str
    smtp_region: str | None = None
    say: Callable[[str], object] = lambda _message: None
    address: str = ""
