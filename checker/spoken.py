"""Numbers and days as people say them."""

from collections.abc import Sequence
from datetime import UTC, datetime


def plural(number: int, noun: str) -> str:
    """Such as `1 key` and `2 keys`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def enumeration(words: Sequence[str], last: str) -> str:
    """Such as `text, junit or github`, for two words or more and what joins the last of them."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def account_label(account_id: str | None, name: str | None, unknown: str = "account not known") -> str:
    """The id and the name, as far as they are known."""
    return " ".join(part for part in (account_id, name) if part) or unknown


def coming(moment: datetime, now: datetime) -> str:
    """In how many days of the calendar, in UTC: `today`, `tomorrow`, `in 2 days`."""
    days = _days_between(now, moment)
    return {0: "today", 1: "tomorrow"}.get(days) or f"in {plural(days, 'day')}"


def gone(moment: datetime, now: datetime) -> str:
    """How many days of the calendar ago, in UTC: `today`, `yesterday`, `2 days ago`."""
    days = _days_between(moment, now)
    return {0: "today", 1: "yesterday"}.get(days) or f"{plural(days, 'day')} ago"


def _days_between(first: datetime, last: datetime) -> int:
    """Never negative: clocks differ, and a moment just ahead is today."""
    return max(0, (last.astimezone(UTC).date() - first.astimezone(UTC).date()).days)
