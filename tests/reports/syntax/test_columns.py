"""Columns: what fits a terminal, and what goes where there is no room."""

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.reports.syntax.columns import Column, print_columns
from checker.reports.syntax.terminal import console
from tests.reports.many import FINDING, report, result
from tests.reports.test_reports import RUN, rendered

COLUMNS = [
    Column("User"),
    Column("Name", goes=1),
    Column("Age", goes=2, right=True),
    Column("Why", goes=3, wraps=True),
]
ROW = {"User": "svc-ledger", "Name": "prod", "Age": "7 d", "Why": "it is a key that nobody has used since 2019"}
IDS = ["AKIA0000000000000006", "svc-old", "we=ird+na.me@x", "111122223333", "012345678901"]


def printed(width: int | None, *rows: dict[str, str]) -> tuple[list[str], list[str]]:
    """The lines, and the headings that were left out."""
    out = io.StringIO()
    left_out = print_columns(console(out, color=False, width=width), COLUMNS, rows or [ROW], width)
    return out.getvalue().splitlines(), left_out


def test_without_a_terminal_nothing_is_left_out_or_wrapped() -> None:
    lines, left_out = printed(None)
    assert (len(lines), left_out) == (3, [])
    assert lines[2] == "svc-ledger  prod  7 d  it is a key that nobody has used since 2019"


@pytest.mark.parametrize(
    ("width", "left_out"), [(80, []), (49, []), (46, ["Name"]), (38, ["Name", "Age"]), (30, ["Name", "Age", "Why"])]
)
def test_the_least_important_column_goes_first(width: int, left_out: list[str]) -> None:
    assert printed(width)[1] == left_out


def test_sentences_end_their_lines_between_words() -> None:
    lines, _left_out = printed(61)
    assert lines[2:] == ["svc-ledger  prod  7 d  it is a key that nobody has used since", "                       2019"]


def test_where_what_stays_does_not_fit_each_row_is_a_list() -> None:
    lines, left_out = printed(9, ROW, ROW | {"Name": ""})
    assert left_out == []
    assert [lines[0], lines[1], lines[2]] == ["User  svc-ledger", "Name  prod", "Age   7 d"]
    assert [line for line in lines if line.startswith("Name")] == ["Name  prod"]


def test_wide_characters_count_for_what_they_take() -> None:
    lines, _left_out = printed(None, ROW | {"User": "日本"}, ROW | {"User": "abcd"})
    assert [line.partition("prod")[0] for line in lines[2:]] == ["日本  ", "abcd  "]


@given(width=st.integers(10, 200), name=st.text("ab-", min_size=1, max_size=64))
def test_headings_take_one_line_and_no_line_is_wider_than_the_terminal(width: int, name: str) -> None:
    lines, _left_out = printed(width, ROW, ROW | {"User": name})
    is_list = not lines[1].startswith("─")
    assert is_list or max(map(len, lines)) <= width
    assert any(name in line for line in lines)


@pytest.mark.parametrize("width", range(40, 161, 8))
def test_no_id_is_broken_at_any_width(width: int) -> None:
    text = rendered("table", RUN._replace(width=width), show_all=True)
    assert [one for one in IDS if one not in text] == []


@pytest.mark.parametrize("width", [80, 100])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = rendered("table", RUN._replace(width=width, verbose=True), show_all=True).splitlines()
    assert [line for line in lines if len(line) > width and "  aws iam " not in line] == []


def test_the_longest_user_name_stays_whole_at_80_columns() -> None:
    odd = msgspec.structs.replace(FINDING, user="a-" * 32)
    assert f"User        {'a-' * 32}\n" in report("table", RUN._replace(width=80), result(odd))
