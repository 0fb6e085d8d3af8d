"""The worst of many, in little memory."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from checker.evaluate import Finding

Item = TypeVar("Item")


class Worst(Generic[Item]):
    """Keeps the `most` first items by `order`, and counts all."""

    def __init__(self, most: int, order: Callable[[Item], Any]) -> None:
        self._most = most
        self._order = order
        self._kept: list[Item] = []
        self.total = 0

    def add(self, item: Item) -> None:
        self.total += 1
        self._kept.append(item)
        if len(self._kept) >= 2 * self._most:
            self._cut()

    def listed(self) -> list[Item]:
        """What is kept, in order."""
        self._cut()
        return self._kept

    @property
    def left_out(self) -> int:
        return max(0, self.total - self._most)

    def _cut(self) -> None:
        self._kept.sort(key=self._order)
        del self._kept[self._most :]


def by_due_date(finding: Finding) -> tuple[Any, ...]:
    """The longest overdue first; what is never due last."""
    judged = finding.due_date is not None
    when = finding.due_date or finding.create_date
    return not judged, when, finding.account, finding.user, finding.access_key_id or ""
