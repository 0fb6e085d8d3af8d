"""Bars in a page: their labels are text, their lengths are numbers."""

from xml.etree import ElementTree

from checker.reports.syntax.svg import horizontal_bars

NAME = "production-payments-eu-central-settlement-" * 3


def test_a_label_of_any_length_stands_as_text_above_its_bar() -> None:
    drawn = ElementTree.fromstring(horizontal_bars([NAME, "<b> & \N{SNOWMAN}"], {"good": [1, 0], "bad": [3, 2]}))  # noqa: S314
    assert [item[0].text for item in drawn] == [NAME, "<b> & \N{SNOWMAN}"]
    assert [item[2].text for item in drawn] == ["4", "2"]


def test_bars_share_one_scale_and_nothing_is_drawn_for_nothing() -> None:
    drawn = ElementTree.fromstring(horizontal_bars(["a", "b"], {"good": [1, 0], "bad": [3, 2]}))  # noqa: S314
    assert [item[1].get("viewBox") for item in drawn] == ["0 0 4 1", "0 0 4 1"]
    assert [[(bar.get("class"), bar.get("x"), bar.get("width")) for bar in item[1]] for item in drawn] == [
        [("color-0", "0", "1"), ("color-1", "1", "3")],
        [("color-1", "0", "2")],
    ]
