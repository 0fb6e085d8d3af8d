"""Of the texts that exist, the one that was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.policy.nearest import SHORTLIST, Known

MANY = [f"team-{number:04}-{stage}" for number in range(2_000) for stage in ("dev", "prod")]
NAMES = ["prod-payments", "dev-web", "Sandbox"]


@pytest.mark.parametrize("text", ["", "*", "x", "nobody-*", "zzz"])
def test_what_is_not_alike_is_not_suggested(text: str) -> None:
    assert Known(NAMES).closest(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prod-payment", "prod-payments"),
        ("PROD-PAYMENTS", "prod-payments"),
        ("sandbox", "Sandbox"),
        ("prd-*", "prod-payments"),
        ("*-wbe", "dev-web"),
        ("dev?wep", "dev-web"),
    ],
)
def test_the_nearest_is_found(text: str, expected: str) -> None:
    assert Known(NAMES).closest(text) == expected


def test_the_nearest_is_found_among_many() -> None:
    assert Known(MANY).closest("team-1234-prdo") == "team-1234-prod"


@pytest.mark.parametrize(
    ("texts", "said"), [([], ""), (["b", "a", "b"], "a, b"), (["e", "d", "c", "b", "a"], "a, b, c and 2 more")]
)
def test_what_exists_is_said_in_short(texts: list[str], said: str) -> None:
    assert Known(texts).said() == said


@given(st.lists(st.text("abc-", min_size=1), max_size=3 * SHORTLIST), st.text("abc-*?"))
def test_a_suggestion_exists(texts: list[str], text: str) -> None:
    assert Known(texts).closest(text) in [None, *texts]


@given(st.lists(st.text("abc-", min_size=1), min_size=1, max_size=3 * SHORTLIST))
def test_what_exists_is_its_own_nearest(texts: list[str]) -> None:
    known = Known(texts)
    assert [known.closest(text) for text in known.texts] == known.texts
