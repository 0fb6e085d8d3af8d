"""What `make mutants` is told stands for what there is; the mutants themselves are tried by hand."""

import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.sources

TOP = Path(__file__).parents[2]


@cache
def settings() -> dict[str, Any]:
    """Read when a test runs: the folder in which the wheel is tried has no such file."""
    return tomllib.loads((TOP / ".ci" / "mutants.toml").read_text())


def explained() -> list[tuple[str, str]]:
    return [(mutant, entry["why"]) for entry in settings()["explained"] for mutant in entry["mutants"]]


def without_operators(line: str) -> str:
    """What a mutant and the line that it was made of have in common: the words."""
    return " ".join(word for word in re.findall(r"[A-Za-z_]+", line.partition("#")[0]) if word not in ("is", "not"))


def test_modules_and_their_tests_exist() -> None:
    named = [
        *settings()["tests"],
        *(word for command in settings()["tests"].values() for word in shlex.split(command) if "/" in word),
    ]
    assert [name for name in named if not (TOP / name).is_file()] == []


def test_every_explained_mutant_is_made_of_a_line_that_exists() -> None:
    lines = {without_operators(line) for path in (TOP / "rules").glob("*.py") for line in path.read_text().splitlines()}
    assert [mutant for mutant, _why in explained() if without_operators(mutant) not in lines] == []


def test_a_mutant_is_explained_once_and_in_words() -> None:
    mutants = [mutant for mutant, _why in explained()]
    assert len(mutants) == len(set(mutants))
    assert [why for _mutant, why in explained() if len(why.split()) < 3] == []


def test_the_lock_names_hashes_and_no_index() -> None:
    text = (TOP / "requirements" / "mutants.txt").read_text()
    assert "cosmic-ray==" in text
    assert text.count("--hash=sha256:") >= text.count("==")
    assert [line for line in text.splitlines() if "://" in line or line.startswith(("-i", "--index", "--extra"))] == []
