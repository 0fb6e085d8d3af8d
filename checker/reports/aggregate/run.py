"""What every format of `check --from-aggregator` gets beside the accounts."""

from datetime import datetime
from typing import NamedTuple


class ComparedSnapshot(NamedTuple):
    """What AWS Config was compared with."""

    file: str
    taken_at: datetime | None  # None: it does not tell


class Terminal(NamedTuple):
    """How a table may look."""

    color: bool = False
    width: int | None = None  # columns; None where there is no terminal


class AggregateRun(NamedTuple):
    """What one evaluation was about."""

    evaluated_at: datetime
    policy_file: str
    policy_sha256: str
    aggregator: str
    region: str  # where the aggregator is
    rule: str
    rule_region: str
    snapshot: ComparedSnapshot | None = None
    reason: str | None = None  # why there may be accounts that are not in the report
