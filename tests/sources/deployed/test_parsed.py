"""A document of Systems Manager that somebody else wrote may say anything."""

import pytest

from checker.sources.deployed.account import parsed


@pytest.mark.parametrize("text", ["[" * 60_000, "a: [", "\t"])
def test_what_is_no_document_is_its_own_text(text: str) -> None:
    assert parsed(text) == text


def test_values_are_text_whatever_they_look_like() -> None:
    assert parsed("a: 2026-13-45\nb: [yes, 1]\n") == {"a": "2026-13-45", "b": ["yes", "1"]}


def test_the_layout_makes_no_difference() -> None:
    assert parsed("a: {b: 'c'}") == parsed('{"a": {"b": "c"}}')
