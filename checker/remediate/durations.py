"""Spans of time as people type them: a whole number and s, m, h or d."""

import re
from datetime import timedelta

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
LONGEST = timedelta(days=3650)
_FORM = re.compile(r"(\d{1,9})([smhd])", re.ASCII)


def duration(text: str) -> timedelta:
    """A span such as 90s, 15m, 4h or 1d; raises ValueError with what would be right."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration: write a whole number and s, m, h or d, such as 15m")
    span = timedelta(**{UNITS[found[2]]: int(found[1])})
    if span > LONGEST:
        raise ValueError(f"{text!r} is longer than ten years: write at most {LONGEST.days}d")
    return span


def duration_text(span: timedelta) -> str:
    """The shortest way to write a span of whole seconds."""
    seconds = round(span.total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
