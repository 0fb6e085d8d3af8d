"""Where a report points to."""

from typing import NamedTuple


class Place(NamedTuple):
    """A line of the policy, its file relative to the root of the repository where there is one."""

    file: str
    line: int
