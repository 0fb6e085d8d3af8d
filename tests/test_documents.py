"""README and the shipped policy are true: their YAML is valid and their tables match the code."""

import json
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import click
import pytest

from checker import cli, errors
from checker.policy import inventory, lint, loader
from checker.reports.formats import AGGREGATE, FORMATS, names
from tests.reports.test_reports import rendered
from tests.support.processes import keyage

TOP = Path(__file__).parent.parent
README = TOP / "README.md"


def blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), re.MULTILINE | re.DOTALL)
    return found


def test_the_shipped_policy_is_valid_without_warnings() -> None:
    policy = loader.load(TOP / "policies.yaml")
    assert lint.lint(policy, datetime(2026, 11, 23, tzinfo=UTC), None) == []


@pytest.mark.sources
def test_the_yaml_of_the_readme_is_valid(tmp_path: Path) -> None:
    policy, accounts = blocks("yaml")
    assert loader.parse(policy.encode(), "README.md").policy.rules[0].id == "prod-service-users"
    (tmp_path / "accounts.yaml").write_text(accounts)
    assert list(inventory.load(tmp_path / "accounts.yaml")) == ["111122223333"]


@pytest.mark.sources
def test_the_json_of_the_readme_has_the_members_of_the_real_one() -> None:
    shown, real = json.loads(blocks("json")[0]), json.loads(rendered("json", show_all=True))
    assert list(shown) == list(real)
    for member in ("policy", "source", "summary"):
        assert list(shown[member]) == list(real[member])
    for member in ("accounts", "keys"):
        assert list(shown[member][0]) == list(real[member][0])


def section(title: str) -> str:
    """A section of the README."""
    return README.read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.sources
def test_the_readme_and_the_help_list_every_format() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", section("Formats"), re.MULTILINE)
    assert rows == [(each.name, each.purpose) for each in FORMATS["check"]]
    for verb in FORMATS.keys() - {AGGREGATE}:
        parameters = [each for command in _commands(verb) for each in command.params]
        listed = next(each for each in parameters if each.name == "formats")
        told = str(getattr(listed, "help", "")).partition(";")[0].replace(" or ", ", ").split(", ")
        assert (told, listed.default) == (names(verb), names(verb)[:1])


def _commands(verb: str) -> list[click.Command]:
    """The command that goes by these words, and those above it."""
    found: list[click.Command] = [cli.keyage]
    for word in verb.split():
        found.append(cast("click.Group", found[-1]).commands[word])
    return found


@pytest.mark.sources
def test_the_readme_lists_every_verb_and_exit_code() -> None:
    text = README.read_text()
    verbs = re.findall(r"^\| `([\w-]+(?: [a-z]+)?)[ `]", section("Verbs"), re.MULTILINE)
    inner = {name: each.commands for name, each in cli.keyage.commands.items() if isinstance(each, click.Group)}
    below = [f"{name} {own}" for name, commands in inner.items() for own in commands]
    assert sorted(verbs) == sorted([*(cli.keyage.commands.keys() - inner.keys()), *below])
    codes = [int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)]
    assert codes == sorted(value for name, value in vars(errors).items() if name.endswith("_EXIT"))


@pytest.mark.sources
def test_the_commands_of_the_readme_parse(tmp_path: Path) -> None:
    lines = re.findall(r"^keyage (.*?)(?:  +#.*)?$", README.read_text(), re.MULTILINE)
    assert len(lines) == 14
    for line in lines:
        done = keyage(tmp_path, *shlex.split(line), "--help")
        assert (done.returncode, done.stderr) == (0, "")
