"""Durations as they are typed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.remediate.durations import LONGEST, duration, duration_text


@pytest.mark.parametrize("text", ["", "15", "m", "1.5h", "-1s", "1 d", "1w", "15m ", "1h30m", "٣d", "4000d", "9" * 40])
def test_what_is_no_duration_is_told(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"is no duration: write a whole number and s, m, h or d|longer than ten years"
    ):
        duration(text)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("0s", timedelta(0)),
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("4h", timedelta(hours=4)),
        ("1d", timedelta(days=1)),
    ],
)
def test_a_whole_number_and_a_unit(text: str, span: timedelta) -> None:
    assert (duration(text), duration_text(span)) == (span, text)


@given(st.integers(0, round(LONGEST.total_seconds()) // 86400 * 86400))
def test_what_is_written_is_read_as_it_was(seconds: int) -> None:
    span = timedelta(seconds=seconds)
    assert duration(duration_text(span)) == span
