"""The one list of formats: what it names is there, and has a golden file; docs/reference/formats.md is made from it."""

from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.cli import keyage
from checker.cli_prepare import remediate
from checker.reports.formats import AGGREGATE, FORMATS, Format, find, for_people, names, writer

TOP = Path(__file__).parents[2]
REFERENCE = TOP / "docs" / "reference"
EVERY = [(verb, each.name) for verb, formats in FORMATS.items() for each in formats]
# By verb: the folder, and a golden file of each format.
GOLDEN = {
    "check": (
        "check",
        {
            "table": "table.txt",
            "json": "json-all.json",
            "csv": "csv.csv",
            "markdown": "markdown.md",
            "html": "html.html",
            "sarif": "sarif.sarif",
            "junit": "junit.xml",
            "github": "github.txt",
            "gitlab": "gitlab.json",
            "ocsf": "ocsf.jsonl",
            "asff": "asff.jsonl",
        },
    ),
    AGGREGATE: ("aggregate", {"table": "aggregate.txt", "json": "aggregate.json"}),
    "validate": (
        "validate",
        {"text": "validate.txt", "github": "github.txt", "gitlab": "gitlab.json", "sarif": "sarif.sarif"},
    ),
    "test": ("test", {"text": "test.txt", "junit": "test.xml", "github": "test-github.txt"}),
    "drift": ("drift", {"text": "drift.txt", "markdown": "drift.md", "json": "drift.json"}),
    "remediate plan": (
        "remediate",
        {"table": "plan.txt", "markdown": "plan.md", "html": "plan.html", "json": "plan.json"},
    ),
    "diff": ("diff", {"text": "diff.txt", "markdown": "diff.md", "json": "diff.json"}),
    "render": ("cost", {"table": "cost.txt", "json": "cost.json"}),
}
HEAD = """\
# Formats

This page is written by `make golden` from the list that `--format` reads. The first of a verb is what it writes if
nothing is said; `--format` is repeatable, all but one into a file, as in `--format table --format json=keys.json`.
"""


def page() -> str:
    parts = [HEAD]
    for verb, formats in FORMATS.items():
        rows = [f"| `{each.name}` | {each.purpose}{_schema(each)} |" for each in formats]
        parts.append("\n".join([f"## keyage {verb}", "", "| format | is for |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def _schema(described: Format) -> str:
    return f"; its [JSON Schema]({described.schema})" if described.schema else ""


def test_no_verb_has_a_name_twice() -> None:
    assert [verb for verb in FORMATS if len(set(names(verb))) < len(names(verb))] == []


@pytest.mark.parametrize(("verb", "name"), EVERY)
def test_every_format_has_its_writer(verb: str, name: str) -> None:
    assert callable(writer(verb, name))
    assert writer(verb, name).__module__ == f"checker.reports.{find(verb, name).writer.partition(':')[0]}"


def test_what_is_for_people_is_the_first_of_a_verb() -> None:
    assert [(verb, name) for verb, name in EVERY if for_people(name)] == [(verb, names(verb)[0]) for verb in FORMATS]


@pytest.mark.sources
def test_every_format_has_a_golden_file() -> None:
    assert {verb: list(files) for verb, (_folder, files) in GOLDEN.items()} == {verb: names(verb) for verb in FORMATS}
    paths = [TOP / "tests" / "golden" / folder / file for folder, files in GOLDEN.values() for file in files.values()]
    assert [str(path) for path in paths if not path.is_file()] == []


@pytest.mark.sources
def test_every_verb_that_takes_a_format_is_listed() -> None:
    verbs = {**keyage.commands, **{f"remediate {name}": verb for name, verb in remediate.commands.items()}}
    taking = [name for name, verb in verbs.items() if any(each.name == "formats" for each in verb.params)]
    assert sorted(taking) == sorted(FORMATS.keys() - {AGGREGATE})


@pytest.mark.sources
def test_the_schemas_of_what_is_printed_are_those_of_the_list() -> None:
    listed = [each.schema for formats in FORMATS.values() for each in formats if each.schema]
    assert sorted(listed) == sorted(path.name for path in REFERENCE.glob("*.schema.json"))


@pytest.mark.sources
@pytest.mark.golden
def test_the_page_is_the_list(file_regression: FileRegressionFixture) -> None:
    file_regression.check(page(), fullpath=REFERENCE / "formats.md", encoding="utf-8")
