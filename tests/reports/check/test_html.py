"""The HTML report as text: one file, its own policy on content, hostile names as text."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings

from checker.evaluate import AccountResult, Counts
from checker.reports.check.html_figures import MOST_ACCOUNTS, Figures
from tests.reports.many import FINDING, ODD, overdue, report, result
from tests.reports.test_reports import RUN, rendered
from tests.support.fixtures import NOW, ago


class Page(HTMLParser):
    """Every element with its attributes, and the text of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.open = False
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open = tag in ("script", "style")
        if self.open:
            self.inside.append("")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 -- the parser's signature
        self.open = False

    def handle_data(self, data: str) -> None:
        if self.open:
            self.inside[-1] += data
        self.texts.append(data)

    def data(self) -> list[list[Any]]:
        rows: list[list[Any]] = json.loads(self.inside[1])
        return rows


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_a_report_without_keys_has_no_figures() -> None:
    page = Page(report("html", RUN._replace(skipped=()), result()))
    assert (page.data(), [tag for tag, _attributes in page.elements if tag == "figure"]) == ([], [])


def test_two_runs_give_the_same_bytes() -> None:
    assert rendered("html", show_all=True) == rendered("html", show_all=True)


def test_only_the_style_and_the_script_of_the_page_may_run() -> None:
    page = Page(rendered("html", show_all=True))
    policies = [one["content"] for tag, one in page.elements if one.get("http-equiv") == "Content-Security-Policy"]
    style, _data, _advice, script = page.inside
    sources = f"style-src {digest(style)}; script-src {digest(script)}"
    assert policies == [f"default-src 'none'; {sources}; base-uri 'none'; form-action 'none'"]


def test_nothing_is_loaded_and_nothing_is_inline() -> None:
    page = Page(rendered("html", show_all=True))
    for tag, attributes in page.elements:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "image", "use")
        assert {"src", "style", "srcset", "xlink:href", "action"} & set(attributes) == set()
        assert [name for name in attributes if name.startswith("on")] == []
    assert sum(tag == "style" for tag, _attributes in page.elements) == 1


def test_every_key_is_in_the_data_the_worst_first() -> None:
    rows = Page(rendered("html", show_all=True)).data()
    assert [row[0] for row in rows] == ["NON_COMPLIANT"] * 4 + ["EXEMPT"] + ["COMPLIANT"] * 4 + ["NOT_APPLICABLE"]
    assert rows[0][1:9] == [
        *("111122223333 prod-payments", "svc-old", "AKIA0000000000000006"),
        *(500, 30, "2025-08-10", "prod-service-users", ""),
    ]


def test_every_non_compliant_key_has_its_advice() -> None:
    page = Page(rendered("html", show_all=True))
    advice = json.loads(page.inside[2])
    assert list(advice) == ["0", "1", "2", "3"]
    assert advice["0"].startswith("How to resolve AKIA0000000000000006 of svc-old in 111122223333:\n")


def test_unreadable_and_skipped_accounts_are_told_before_scripts_run() -> None:
    text = " ".join("".join(Page(rendered("html")).texts).split())
    assert "Nothing is known about 1 account 999900001111 dev-web: ListUsers was denied: allow it (stand-in)" in text
    assert "Skipped: 999900002222 old-team: SUSPENDED" in text


@given(user=ODD, reason=ODD)
@settings(max_examples=50)
def test_hostile_text_stays_text(user: str, reason: str) -> None:
    odd = msgspec.structs.replace(FINDING, user=user)
    page = Page(report("html", RUN, result(odd), result(reason=reason, account=user)))
    plain = Page(report("html", RUN, result(FINDING), result(reason="denied")))
    assert [tag for tag, _attributes in page.elements] == [tag for tag, _attributes in plain.elements]
    assert len(page.data()) == 1


def test_no_more_keys_than_a_browser_likes_and_the_rest_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checker.reports.check.html.MOST_KEYS", 10)
    text = report("html", RUN, result(*map(overdue, range(25))))
    assert [row[3] for row in Page(text).data()] == [f"AKIA{number:016d}" for number in range(24, 14, -1)]
    assert "15 keys are left out of this table" in text


def rows_of(figures: Figures, title: str) -> list[list[str | int]]:
    return [list(row) for figure in figures.figures() if figure.title == title for row in figure.rows]


@pytest.mark.parametrize(
    ("age", "bucket"),
    [
        (0, "≤ 25"),
        (22.5, "≤ 25"),
        (22.51, "≤ 50"),
        (90, "≤ 100"),
        (90.01, "≤ 150"),
        (270, "≤ 300"),
        (271, "> 300"),
    ],
)
def test_a_key_is_counted_by_its_share_of_the_limit(age: float, bucket: str) -> None:
    figures = Figures(NOW)
    figures.account(result(msgspec.structs.replace(FINDING, create_date=ago(age), due_date=ago(age - 90))))
    assert [row[0] for row in rows_of(figures, "Ages against limits") if any(row[1:])] == [bucket]


def test_keys_of_which_no_limit_is_known_are_told_beside_the_ages() -> None:
    unknown = msgspec.structs.replace(FINDING, rule=None, max_access_key_age=None, due_date=None, verdict="EXEMPT")
    captions = []
    for findings in ([FINDING], [FINDING, unknown], [FINDING, unknown, unknown]):
        figures = Figures(NOW)
        figures.account(result(*findings))
        captions.append(figures.figures()[0].caption.partition("too old.")[2])
    assert captions == ["", " Left out: 1 key whose limit is not known.", " Left out: 2 keys whose limit is not known."]


def test_no_figure_of_all_keys_is_drawn_of_some() -> None:
    figures = Figures(NOW)
    figures.account(replace(result(FINDING), counts=Counts(2, 2, compliant=1, non_compliant=1)))
    assert [figure.title for figure in figures.figures()] == ["Accounts"]


def test_notes_tell_their_account_once() -> None:
    noted = replace(result(FINDING), notes=["111122223333: ListUsers was denied"])
    text = "".join(Page(report("html", RUN, noted)).texts)
    assert (text.count("111122223333: ListUsers"), text.count("111122223333: 111122223333")) == (1, 0)


def test_keys_that_are_not_active_are_in_no_figure() -> None:
    figures = Figures(NOW)
    off = msgspec.structs.replace(FINDING, verdict="NOT_APPLICABLE", due_date=None)
    figures.account(AccountResult("111122223333", None, None, Counts(1, 1, not_applicable=1), [off], (), {}))
    assert figures.figures() == []


@pytest.mark.parametrize(("days", "week"), [(0, 0), (6.9, 0), (7, 1), (55.9, 7), (56, None), (-1, None)])
def test_a_key_falls_due_in_its_week(days: float, week: int | None) -> None:
    figures = Figures(NOW)
    figures.account(result(msgspec.structs.replace(FINDING, verdict="COMPLIANT", due_date=ago(-days))))
    found = [number for number, row in enumerate(rows_of(figures, "Falls due")) if row[1]]
    assert found == ([] if week is None or days < 0 else [week])


def test_the_worst_accounts_are_shown_and_the_rest_is_summed() -> None:
    figures = Figures(NOW)
    for number in range(100):
        figures.account(result(*map(overdue, range(number)), account=f"{number:012d}"))
    rows = rows_of(figures, "Accounts")
    assert [row[0] for row in rows] == [
        *(f"{number:012d}" for number in range(99, 99 - MOST_ACCOUNTS, -1)),
        "79 other accounts",
    ]
    assert rows[-1][1:] == [0, 0, sum(range(80))]
    assert re.fullmatch(r"\d+ other accounts", str(rows[-1][0]))
