"""Rotations killed again and again, with ways back between them: readers always get a key that works.

In this process, where a kill is an exception that nobody catches; tests/commands/test_rotate_killed.py kills processes.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any

from botocore.handlers import BUILTIN_HANDLERS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.rotated_account import STORES
from tests.support.rotating import AT_ONCE, Rotating

MOST_CALLS = 56
RUNS = st.tuples(st.sampled_from([(), (), ("--rollback",)]), st.integers(1, MOST_CALLS))


class Killed(BaseException):
    """The process ends here."""


@contextmanager
def killed_at(number: int) -> Iterator[None]:
    """Every client that is made while it lasts dies with the request of that number."""
    counter = count(1)

    def die(**_request: Any) -> None:
        if next(counter) == number:
            raise Killed

    entry = ("before-send", die)
    BUILTIN_HANDLERS.insert(0, entry)
    try:
        with suppress(Killed):
            yield
    finally:
        BUILTIN_HANDLERS.remove(entry)


@given(st.lists(RUNS, max_size=4), st.sampled_from(STORES), st.booleans())
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_readers_always_get_a_key_that_works(
    rotating: Rotating, runs: list[tuple[tuple[str, ...], int]], store: str, stored: bool
) -> None:
    rotating.account.begin(stored=store if stored else None)
    for arguments, number in runs:
        with killed_at(number):
            rotating(store, *AT_ONCE, *arguments)
        works = [key.access_key_id for key in rotating.account.keys if key.status == "Active"]
        readers = rotating.account.readers_get(store)
        assert readers in works or (readers is None and not stored)
        assert rotating.account.wrong == []
    done = rotating.to_its_end(store)
    assert (done.returncode, rotating.state()[0], rotating.account.wrong) == (0, ["Inactive", "Active"], [])
    assert rotating.account.readers_get(store) == rotating.account.keys[1].access_key_id
