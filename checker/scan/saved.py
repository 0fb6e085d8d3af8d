"""Saved state, opened with a look at its time: old state says nothing of keys made since."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from checker.evaluate import SKEW, utc
from checker.policy.inventory import Inventory
from checker.shell.common import say
from checker.sources.saved import kinds
from checker.spoken import plural

FRESH = timedelta(hours=24)
CORRECT = "correct the clock of this machine, or --now"


def open_saved(path: Path, inventory: Inventory, now: datetime, *, quiet: bool) -> kinds.Saved:
    """Open a file as `kinds.open_saved` does, and warn on standard error if its time does not fit to `now`."""
    saved = kinds.open_saved(path, inventory)
    if saved.taken_at is None:
        return saved
    taken_at = utc(saved.taken_at)
    say((f"warning: {path} {text}" for text in _doubts(taken_at, now)), quiet=quiet)
    return saved._replace(taken_at=taken_at)


def _doubts(taken_at: datetime, now: datetime) -> Iterator[str]:
    if taken_at > now + SKEW:
        yield (
            f"was saved on {minute(taken_at)}, which is after {minute(now)}, the instant of the verdicts: ages are"
            f" too low: {CORRECT}"
        )
    elif now - taken_at > FRESH:
        age = plural(days, "day") if (days := (now - taken_at).days) > 1 else "more than a day"
        yield f"is of {minute(taken_at)}, {age} old: keys made or changed since are not known: save it again"


def say_keys_ahead(keys: int, now: datetime, *, quiet: bool) -> None:
    """Warn of so many keys that were created after `now`, of which nobody can tell the age."""
    if keys:
        count = "was created" if keys == 1 else "were created"
        new = "counts as new" if keys == 1 else "count as new"
        when = f"{count} after {minute(now)}, the instant of the verdicts, and {new}"
        say([f"warning: {plural(keys, 'key')} {when}: {CORRECT}"], quiet=quiet)


def minute(moment: datetime) -> str:
    """Such as `2026-11-23 12:00 UTC`, of a time in UTC."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
