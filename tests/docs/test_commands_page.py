"""docs/reference/commands.md is what `--help` says; `make golden` writes it anew."""

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


def page() -> str:
    text, context = help_of(keyage, "keyage")
    sections = [f"## keyage\n\n```text\n{text}\n```\n"]
    for name, command in sorted(keyage.commands.items()):
        text, inner = help_of(command, name, context)
        sections.append(f"## keyage {name}\n\n```text\n{text}\n```\n")
        for own, each in sorted(inner_commands(command).items()):
            sections.append(f"### keyage {name} {own}\n\n```text\n{help_of(each, own, inner)[0]}\n```\n")
    return HEAD + "\n".join(sections)


def inner_commands(command: click.Command) -> dict[str, click.Command]:
    """The verbs of a verb that has its own."""
    return dict(command.commands) if isinstance(command, click.Group) else {}


@pytest.mark.golden
def test_the_page_is_what_help_says(file_regression: FileRegressionFixture) -> None:
    file_regression.check(page(), fullpath=DOCS / "reference" / "commands.md", encoding="utf-8")


def test_every_verb_has_a_section() -> None:
    headings = [line.removeprefix("## keyage ") for line in page().splitlines() if line.startswith("## keyage ")]
    assert headings == sorted(keyage.commands)


def test_every_option_has_its_variable() -> None:
    commands = dict(keyage.commands) | {
        f"{name} {own}": each
        for name, command in keyage.commands.items()
        for own, each in inner_commands(command).items()
    }
    options = [
        (verb, option)
        for verb, command in commands.items()
        for option in command.params
        if isinstance(option, click.Option)
    ]
    wanted = {verb: {_variable(option) for of, option in options if of == verb} for verb in commands}
    assert {verb: {option.envvar for of, option in options if of == verb} for verb in commands} == wanted


def _variable(option: click.Option) -> str:
    long = next(name for name in option.opts if name.startswith("--"))
    return "KEYAGE_" + long.removeprefix("--").replace("-", "_").upper()
