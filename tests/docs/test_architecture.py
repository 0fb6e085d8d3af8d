"""docs/explanation/architecture.md is true: `make golden` draws its diagram from the imports, what it names exists."""

import re

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from tests.docs.blocks import DOCS, TOP
from tests.docs.import_graph import SHIPPED, UPWARD, drawn, floors, imports

pytestmark = pytest.mark.sources

PAGE = DOCS / "explanation" / "architecture.md"
DIAGRAM = re.compile(r"(?<=^```text\n)floor .*?(?=^```$)", re.MULTILINE | re.DOTALL)
FOLDERS = ("checker/", "rules/", "templates/", "docs/")


@pytest.mark.golden
def test_the_diagram_is_drawn_from_the_imports(file_regression: FileRegressionFixture) -> None:
    page, count = DIAGRAM.subn(drawn(floors(), imports()), PAGE.read_text("utf-8"))
    assert count == 1
    file_regression.check(page, fullpath=PAGE, encoding="utf-8")


def test_no_import_goes_up() -> None:
    assert UPWARD not in drawn(floors(), imports())


def test_an_import_that_goes_up_is_drawn_as_such() -> None:
    assert drawn([["cli"], ["policy"], ["rules"]], {"cli": {"policy"}, "policy": {"rules"}, "rules": {"cli"}}) == (
        "floor             1  2  3\n    2   1 cli     ─  ●  ·\n    1   2 policy     ─  ●\n    0   3 rules   ▲     ─\n"
    )


def test_siblings_share_a_floor() -> None:
    assert drawn([["sources", "generate"]], {"sources": {"sources"}}) == (
        "floor               1  2\n    0   1 sources   ─  ·\n        2 generate     ─\n"
    )


def test_the_floors_are_told_in_their_order() -> None:
    table = PAGE.read_text("utf-8").partition("## The floors")[2].partition("\n### ")[0]
    cells = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    told = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert told == [name for row in floors() for name in row]


def test_every_file_that_is_named_exists() -> None:
    named = re.findall(r"`([\w./-]+)`", PAGE.read_text("utf-8"))
    paths = [name for name in named if name.startswith(FOLDERS)]
    assert [path for path in paths if not (TOP / path).exists()] == []
    assert len(paths) > len(FOLDERS)


def test_everything_that_is_shipped_is_below_every_floor() -> None:
    assert floors()[-1] == [SHIPPED]
    assert imports()[SHIPPED] <= {SHIPPED}
