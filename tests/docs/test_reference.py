"""The reference is complete: every key, exit code, member and format has its place in it."""

import json
import re
from typing import Any

import pytest

from checker import errors
from checker.generate.rendering import render
from checker.policy import inventory, loader
from checker.policy.yaml.check import schema
from tests.docs.blocks import DOCS, TOP
from tests.reports.test_reports import rendered

pytestmark = pytest.mark.sources

REFERENCE = DOCS / "reference"


def rows(page: str) -> list[list[str]]:
    """The names in code in the first cell of each row of a page's tables."""
    text = (REFERENCE / page).read_text("utf-8")
    cells = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)
    return [re.findall(r"`([^`]+)`", cell) for cell in cells]


def names(page: str) -> set[str]:
    return {name for row in rows(page) for name in row}


def properties(node: Any) -> set[str]:
    """The name of every key that a schema knows, at any depth."""
    if isinstance(node, list):
        return {name for each in node for name in properties(each)}
    if not isinstance(node, dict):
        return set()
    found = {name for each in node.values() for name in properties(each)}
    inner = node.get("properties")
    return found | set(inner) if isinstance(inner, dict) and node.get("type") else found


def test_the_language_page_has_every_key_of_the_policy() -> None:
    selecting = {"name", "path", "ou", "tags", "group"}  # in the table of selectors, second column
    text = (REFERENCE / "language.md").read_text("utf-8")
    assert properties(schema("policy")) - names("language.md") == selecting
    assert [name for name in sorted(selecting) if f"`{name}" not in text] == []


def test_the_files_page_has_every_key_of_the_inventory() -> None:
    assert properties(schema("inventory")) - {"version", "accounts"} <= names("files.md")


def test_the_files_page_has_every_member_and_every_folder_of_what_render_writes() -> None:
    sample = TOP / "tests" / "docs" / "sample"
    rendered = render(loader.load(sample / "policies.yaml"), inventory.load(sample / "accounts.yaml")).files
    manifest = json.loads(rendered["manifest.json"])
    assert set(manifest) <= names("files.md")
    told = [path for path in names("files.md") if "/" in path or path in ("manifest.json", "policy.json")]
    assert [path for path in sorted(rendered) if not path.startswith(tuple(told))] == []
    assert [path for path in sorted(told) if not any(each.startswith(path) for each in rendered)] == []


def test_the_exit_codes_are_those_of_the_code() -> None:
    text = (REFERENCE / "exit-codes.md").read_text("utf-8")
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]
    assert codes == sorted(value for name, value in vars(errors).items() if name.endswith("_EXIT"))


def test_the_json_page_has_every_member_in_its_order() -> None:
    assert [row[0] for row in rows("json-output.md") if row] == list(json.loads(rendered("json", show_all=True)))
