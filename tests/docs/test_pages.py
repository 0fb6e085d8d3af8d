"""Every command block of the documentation runs, and prints what the page says."""

import os
import shlex
import shutil
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, ORGANIZATION, Block, blocks, commands, pages
from tests.docs.running import folder_for, matches, run
from tests.docs.world import documented_aws
from tests.generate.terraform_cli import UNREACHABLE

pytestmark = pytest.mark.sources

PAGES = pages()
RUN_HERE = [page for page in PAGES if page != ORGANIZATION]
ALL = [block for page in PAGES for block in blocks(page)]
COMMANDS = ("console", "shell")
LANGUAGES = {*COMMANDS, "yaml", "json", "text", "hcl"}
PROGRAMS = {"keyage", "aws", "terraform", "rm", "ls"}
# What cannot run here, by its place; the reason is in the page.
NOT_RUN = {
    "tutorial/from-zero.md": 1,  # installs keyage
    "how-to/install.md": 3,  # likewise
    "how-to/migrate-from-cloud-custodian.md": 1,  # a policy of Cloud Custodian
}


@pytest.mark.parametrize("page", RUN_HERE, ids=[page.relative_to(DOCS).as_posix() for page in RUN_HERE])
def test_the_commands_of_a_page_print_what_it_says(page: Path, tmp_path: Path) -> None:
    in_ci = os.environ.get("CI") == "true"
    lines = [command.line for block in blocks(page) if block.language in COMMANDS for command in commands(block)]
    if any(line.startswith("terraform ") for line in lines) and shutil.which("terraform") is None and not in_ci:
        pytest.skip("there is no terraform on the PATH")
    with documented_aws() as url:
        found = list(run(page, folder_for(page, tmp_path / "project"), url))
    if not in_ci and any(UNREACHABLE in each for each in found):
        pytest.skip("the AWS provider cannot be installed")
    assert found == []


def test_every_block_is_in_a_language_that_is_tested() -> None:
    assert [block.place for block in ALL if block.language not in LANGUAGES] == []


def test_what_is_not_run_is_listed_and_has_a_reason() -> None:
    skipped = [block for block in ALL if "not run" in block.said]
    assert [block.place for block in skipped if not block.said["not run"]] == []
    found = [block.page.relative_to(DOCS).as_posix() for block in skipped]
    assert {page: found.count(page) for page in found} == NOT_RUN


def test_every_command_that_runs_is_of_a_known_program() -> None:
    ran = [block for block in ALL if block.language in COMMANDS and "not run" not in block.said]
    assert {shlex.split(command.line)[0] for block in ran for command in commands(block)} <= PROGRAMS


def page_of(folder: Path, text: str) -> Path:
    page = folder / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text(text)
    return page


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("$ true\n", None),
        ("$ echo a; echo b\na\nb\n", None),
        ("$ echo a; echo b; echo c\na\n...\nc\n", None),
        ("$ echo a; echo b\na\n", "prints\na\nb\nwanted\na\n"),
        ("$ echo a\na\nb\n", "prints\na\nwanted\na\nb\n"),
        ("$ false\n", "wanted the exit code 0"),
        ("$ echo a >&2\nb\n", "prints\na\nwanted\nb\n"),
        ("$ keyage --version\nkeyage a\n", "wanted\nkeyage a\n"),
        ("$ keyage schema none\n", "exits with 2 and prints\nUsage: "),
        ("$ keyage schema none | cat\na\n", "exits with 0 and prints\nUsage: "),
    ],
)
def test_a_page_that_is_not_true_is_told(
    text: str, told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.docs.blocks.TOP", tmp_path)
    page = page_of(tmp_path, f"```console\n{text}```\n")
    found = list(run(page, folder_for(page, tmp_path / "project"), "http://127.0.0.1:1"))
    assert [told is not None and told in each for each in found] == ([] if told is None else [True])


def test_the_comments_before_a_block_are_about_it_alone(tmp_path: Path) -> None:
    first = "<!-- file: a.yaml -->\n<!-- wrong -->\n```yaml\na\n```\n\n```yaml\nb\n```\n\n"
    text = f"{first}<!-- exits: 3 -->\n\ntext\n\n```shell\nc\n```\n"
    found = blocks(page_of(tmp_path, text))
    assert [(block.text, block.said, block.line) for block in found] == [
        ("a\n", {"file": "a.yaml", "wrong": ""}, 3),
        ("b\n", {}, 7),
        ("c\n", {}, 15),
    ]


def test_output_before_the_first_command_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.docs.blocks.TOP", tmp_path)
    block = Block(tmp_path / "p.md", 1, "console", "out\n$ true\n", {})
    with pytest.raises(ValueError, match=r"p\.md:1: output before the first command"):
        commands(block)


def test_the_commands_of_a_shell_block_may_be_continued_and_commented() -> None:
    block = Block(Path(), 1, "shell", "# why\na \\\n  b\n\nc\n", {})
    assert [command.line for command in commands(block)] == ["a    b", "c"]


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n", "a\n", True),
        ("a  \nb\n", "a\nb  \n", True),
        ("...\n", "a\nb\n", True),
        ("a.c\n", "abc\n", False),
        ("a\n...\n", "b\n", False),
        ("a\n", "a\nb\n", False),
    ],
)
def test_what_matches(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed) is same
