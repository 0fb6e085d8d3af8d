"""Markdown: the one number first, within GitHub's limits, and text of users stays text."""

import msgspec
import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from checker.reports.check.markdown import MARKER
from checker.reports.syntax.markdown_page import COMMENT, SUMMARY
from tests.reports.many import FINDING, ODD, overdue, report, result
from tests.reports.test_reports import RUN

MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")


@pytest.mark.parametrize(
    ("results", "first"),
    [
        ([result()], "**0 access keys are too old**."),
        ([result(overdue(1))], "**1 access key is too old**."),
        ([result(overdue(1)), result(overdue(2))], "**2 access keys are too old**, in 2 of 2 accounts."),
        ([result(reason="denied")], "**0 access keys are known to be too old**."),
    ],
)
def test_the_number_that_matters_comes_first(results: list[object], first: str) -> None:
    assert report("markdown", RUN, *results).splitlines()[0] == first  # type: ignore[arg-type]


@pytest.mark.parametrize(("verbose", "limit"), [(False, COMMENT), (True, SUMMARY)])
@pytest.mark.parametrize("name", ["svc-ledger", "ü" * 64, "|" * 64])
def test_many_keys_stay_within_the_limit_and_the_rest_is_told(verbose: bool, limit: int, name: str) -> None:
    keys = [msgspec.structs.replace(overdue(number), user=name) for number in range(20_000)]
    unread = [result(reason="denied " * 40, account=f"{number:012d}") for number in range(2_000)]
    text = report("markdown", RUN._replace(verbose=verbose), result(*keys), *unread)
    assert len(text.encode()) <= limit
    assert text.startswith("**20000 access keys are known to be too old**")
    assert text.count(" left out, because there is no room here.") >= 2
    assert text.endswith(MARKER)
    assert f"AKIA{19_999:016d}" in text


@given(user=ODD, reason=ODD)
def test_text_of_users_stays_text(user: str, reason: str) -> None:
    text = report("markdown", RUN, result(msgspec.structs.replace(FINDING, user=user)), result(reason=reason))
    plain = report("markdown", RUN, result(FINDING), result(reason="denied"))
    assert shape(text) == shape(plain)


def shape(text: str) -> list[str]:
    """Every element of the document, without what is written in it."""
    found = []
    for token in MARKDOWN.parse(text):
        found.append(token.type)
        for child in token.children or ():
            if child.type == "html_inline":
                found.append(child.content if child.content != "<!-- -->" else "text")
            else:
                found.append(child.type)
    return [one for one in found if one != "text"]
