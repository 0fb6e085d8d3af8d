"""docs/reference/commands.md is what `--help` says; `make golden` writes it anew."""

from collections.abc import Iterator

import click
import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.cli import keyage
from tests.docs.blocks import DOCS

pytestmark = pytest.mark.sources

HEAD = """\
# Commands

This page is written by `make golden` from what `keyage --help` prints. Every option can be set in the environment, by
the variable in brackets; what is typed wins. The [exit codes](exit-codes.md), the [formats](formats.md) and
[signing in](signing-in.md) have pages of their own.

Data goes to standard output, progress and messages to standard error. Without a terminal there is no colour, no
progress bar, and nothing is cut. `--color auto` heeds `NO_COLOR`.

"""


def help_of(command: click.Command, name: str, parent: click.Context | None = None) -> tuple[str, click.Context]:
    """What `name --help` prints where the terminal is wide."""
    context = command.make_context(name, [], parent, resilient_parsing=True, terminal_width=100)
    return command.get_help(context), context


def verbs(group: click.Group, name: str, context: click.Context) -> Iterator[tuple[str, click.Command, str]]:
    """Every verb below a group with what its `--help` prints, a group before its own."""
    for each, command in sorted(group.commands.items()):
        text, own = help_of(command, each, context)
        yield f"{name} {each}", command, text
        if isinstance(command, click.Group):
            yield from verbs(command, f"{name} {each}", own)


def page() -> str:
    text, context = help_of(keyage, "keyage")
    told = [("keyage", text), *((name, said) for name, _command, said in verbs(keyage, "keyage", context))]
    return HEAD + "\n".join(f"## {name}\n\n```text\n{said}\n```\n" for name, said in told)


def all_verbs() -> dict[str, click.Command]:
    return {name: command for name, command, _said in verbs(keyage, "keyage", help_of(keyage, "keyage")[1])}


@pytest.mark.golden
def test_the_page_is_what_help_says(file_regression: FileRegressionFixture) -> None:
    file_regression.check(page(), fullpath=DOCS / "reference" / "commands.md", encoding="utf-8")


def test_every_verb_has_a_section() -> None:
    headings = [line.removeprefix("## ") for line in page().splitlines() if line.startswith("## keyage ")]
    assert headings == list(all_verbs())
    assert [name for name in keyage.commands if f"keyage {name}" not in headings] == []


def test_every_option_has_its_variable() -> None:
    options = [
        (verb, option)
        for verb, command in all_verbs().items()
        for option in command.params
        if isinstance(option, click.Option)
    ]
    wanted = {verb: {_variable(option) for of, option in options if of == verb} for verb in all_verbs()}
    assert {verb: {option.envvar for of, option in options if of == verb} for verb in all_verbs()} == wanted


def _variable(option: click.Option) -> str:
    long = next(name for name in option.opts if name.startswith("--"))
    return "KEYAGE_" + long.removeprefix("--").replace("-", "_").upper()
