"""CSV: the same values as JSON, and nothing a spreadsheet would calculate."""

import csv
import io
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.reports.check.csv import COLUMNS, DANGEROUS, GUARDED, harmless
from tests.reports.many import FINDING, report, result
from tests.reports.test_reports import RUN, rendered

PLAIN = st.text(st.characters(codec="utf-8"), max_size=30)
TRICKY = st.text(st.sampled_from("=+-@\t\r\n;,|\"' aZ1\x00\uff1d\ufeff"), max_size=12)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("text", ["", "ann", "svc-ledger", "a=b", "a@b", "1-2", "x + y", "'quoted'"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("ann;=1", "ann;'=1"),
        ("a,=1", "a,'=1"),
        ('a"=1', "a\"'=1"),
        ("\uff1d1", "'\uff1d1"),
        (" =1", "' =1"),
    ],
)
def test_what_a_spreadsheet_would_calculate_is_guarded(text: str, guarded: str) -> None:
    assert harmless(text) == guarded


@given(TRICKY | PLAIN)
def test_the_guard_can_be_taken_away(text: str) -> None:
    assert GUARDED.sub(r"\1", harmless(text)) == text or GUARDED.search(text)
    assert not DANGEROUS.search(harmless(text).replace("'", "a"))


@given(user=TRICKY | PLAIN, separator=st.sampled_from(",;\t|"))
def test_no_cell_begins_a_formula_whatever_the_separator(user: str, separator: str) -> None:
    text = report("csv", RUN, result(msgspec.structs.replace(FINDING, user=user)))
    for cells in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
        assert not [cell for cell in cells if cell[:1] and cell[0] in "=+-@\t\uff1d"]


def test_the_rows_are_the_keys_of_the_json() -> None:
    keys = json.loads(rendered("json", show_all=True))["keys"]
    found = [row for row in rows(rendered("csv", show_all=True)) if not row["reason"]]
    assert [{name: row[name] for name in key} for key, row in zip(keys, found, strict=True)] == [
        {
            name: "" if value is None else value if isinstance(value, str) else json.dumps(value)
            for name, value in key.items()
        }
        for key in keys
    ]


def test_unreadable_and_skipped_accounts_are_rows_too() -> None:
    last = rows(rendered("csv", show_all=True))[-2:]
    assert [(row["account"], row["verdict"], row["reason"]) for row in last] == [
        ("999900001111", "UNREADABLE", "ListUsers was denied: allow it (stand-in)"),
        ("999900002222", "SKIPPED", "SUSPENDED"),
    ]
    assert list(last[0]) == COLUMNS
