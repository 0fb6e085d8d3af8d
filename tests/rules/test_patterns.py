"""Wildcards: `*` is any run of characters, `?` exactly one, everything else is itself."""

from functools import cache
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.decision import matches, selectors

LETTERS = "ab/.*?"
patterns = st.text(LETTERS, max_size=8)
texts = st.text("ab/.", max_size=8)


@cache
def naive(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return naive(pattern[1:], text) or (bool(text) and naive(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and naive(pattern[1:], text[1:])


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("", "a"),
        ("a", ""),
        ("a", "A"),
        ("a", "aa"),
        ("a", "ba"),
        ("a", "ab"),
        ("a.c", "abc"),
        ("[ab]", "a"),
        ("a+", "aa"),
        ("(a|b)", "a"),
        ("^a$", "a"),
        (r"\*", "*"),
        ("?", ""),
        ("?", "ab"),
        ("??", "a"),
        ("a?", "a"),
        ("a*b", "abc"),
        ("*a", "ab"),
        ("a*", "ba"),
        ("a*b*a", "aba "),
        ("svc-*", "SVC-x"),
        ("svc-*", " svc-x"),
        ("svc-*", "svc"),
        ("é", "e\u0301"),
    ],
)
def test_no_match(pattern: str, text: str) -> None:
    assert matches(pattern, text) is False


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("", ""),
        ("a", "a"),
        ("*", ""),
        ("*", "anything at all"),
        ("**", ""),
        ("?*", "a"),
        ("*?", "a"),
        ("?", "/"),
        ("?", "\n"),
        ("?", "\U0001f511"),
        ("*", "two\nlines"),
        ("/service/*", "/service/eu/west/"),
        ("/*/x/", "/a/b/x/"),
        ("a*b", "ab"),
        ("a*b", "a/b/b"),
        ("a*b*a", "abba"),
        ("*aab", "aaaab"),
        ("[ab]", "[ab]"),
        ("a.b+c@d", "a.b+c@d"),
        (r"\d", r"\d"),
    ],
)
def test_match(pattern: str, text: str) -> None:
    assert matches(pattern, text) is True


@given(patterns, texts)
def test_one_pattern_matches_as_its_definition_says(pattern: str, text: str) -> None:
    assert matches(pattern, text) is naive(pattern, text)


@given(st.lists(patterns, max_size=6), st.lists(texts, max_size=6))
def test_a_set_matches_as_its_patterns_do_one_by_one(several: list[str], subjects: list[str]) -> None:
    pattern_set = selectors.PatternSet([(pattern, 1 << number) for number, pattern in enumerate(several)])
    actual = [pattern_set.match(text) for text in subjects]
    assert actual == [sum(naive(p, text) << number for number, p in enumerate(several)) for text in subjects]


@given(st.lists(st.tuples(patterns, st.integers(0, 15)), max_size=6), texts)
def test_the_masks_of_all_that_match_are_joined(pairs: list[tuple[str, int]], text: str) -> None:
    expected = 0
    for pattern, mask in pairs:
        expected |= mask if naive(pattern, text) else 0
    assert selectors.PatternSet(pairs).match(text) == expected


@given(texts)
def test_a_text_without_wildcards_matches_itself_alone(text: str) -> None:
    assert [matches(text, other) for other in (text, text + "a", "a" + text)] == [True, False, False]


def test_no_patterns_match_nothing() -> None:
    assert selectors.PatternSet([]).match("") == 0


def test_a_pattern_does_not_run_on_into_the_next() -> None:
    pattern_set = selectors.PatternSet([("a", 1), ("b", 2), ("*c", 4)])
    assert [pattern_set.match(text) for text in ("a", "b", "ab", "abc", "c")] == [1, 2, 0, 4, 4]


@pytest.mark.parametrize("pattern", ["a*" * 200 + "b", "*a" * 200 + "b", "?*" * 200 + "b", "*" * 400 + "b"])
def test_hostile_patterns_finish(pattern: str) -> None:
    assert matches(pattern, "a" * 20_000) is False


def test_hostile_patterns_finish_together() -> None:
    pattern_set = selectors.PatternSet([("a*" * length + "b", 1 << length) for length in range(1, 100)])
    text = "a" * 2_000
    assert (pattern_set.match(text), pattern_set.match(text + "b")) == (0, 2**100 - 2)


@pytest.mark.parametrize("limit", [0, 1000, 5000, 20000])
def test_answers_stay_right_when_the_memory_for_steps_overflows(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("checker.rules.selectors"), "REMEMBERED", limit)
    several = ["a*b", "?b*", "*/a", "ab", "*.?a"]
    subjects = ["ab", "a.b", "b/a", "ab", "bb/.a", "", "a" * 30 + "b", "b.ba", "ab"]
    pattern_set = selectors.PatternSet([(pattern, 1 << number) for number, pattern in enumerate(several)])
    actual = [pattern_set.match(text) for text in subjects]
    assert actual == [sum(naive(p, text) << number for number, p in enumerate(several)) for text in subjects]
