"""An instant as a person writes it."""

from datetime import UTC, datetime

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC)


def instant(text: str) -> datetime:
    """An ISO 8601 instant, in UTC; without an offset it is UTC. Raises ValueError, also for a year nobody means."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f'"{text}" is not an ISO 8601 instant, such as 2026-11-23T12:00:00Z') from None
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not EARLIEST <= known <= LATEST:
        raise ValueError(f'"{text}" is not between {EARLIEST.year} and {LATEST.year}')
    return known.astimezone(UTC)
