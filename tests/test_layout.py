"""The packages that are listed are the folders that exist, and the floors and files keep their size."""

import ast
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from checker.cli import keyage
from tests.support.spread import TOGETHER

pytestmark = pytest.mark.sources

TOP = Path(__file__).parent.parent
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())


def package_of(folder: Path) -> str:
    """The package that a folder is: rules/ and templates/ are mapped below checker."""
    dotted = ".".join(folder.relative_to(TOP).parts)
    return dotted if dotted.startswith("checker") else f"checker.{dotted}"


def test_every_folder_with_code_is_a_listed_package() -> None:
    inits = [path.parent for top in ("checker", "rules", "templates") for path in (TOP / top).rglob("__init__.py")]
    assert sorted(map(package_of, inits)) == PROJECT["tool"]["setuptools"]["packages"]


def test_the_folder_of_the_commands_is_the_list_that_help_prints() -> None:
    files = {path.stem for path in (TOP / "checker" / "commands").glob("*.py")} - {"__init__"}
    assert sorted(name.replace("_", "-") for name in files) == sorted(keyage.commands)


def test_no_folder_holds_more_files_than_a_reader_can_survey() -> None:
    folders = {path.parent for top in ("checker", "rules") for path in (TOP / top).rglob("*.py")}
    folders.remove(TOP / "checker" / "commands")  # as many as there are verbs
    counts = {
        str(folder.relative_to(TOP)): len([path for path in folder.glob("*.py") if path.name != "__init__.py"])
        for folder in folders
    }
    assert {name: count for name, count in counts.items() if count > 15} == {}


def test_no_file_is_longer_than_fits_in_the_head() -> None:
    lengths = {
        str(path.relative_to(TOP)): len(path.read_text().splitlines())
        for top in ("checker", "rules")
        for path in (TOP / top).rglob("*.py")
    }
    assert {name: length for name, length in lengths.items() if length > 350} == {}


def test_what_is_shipped_to_aws_imports_only_what_is_there() -> None:
    """Python's standard library, boto3, and its siblings."""
    there = sys.stdlib_module_names | {"boto3", "botocore"}
    nodes = [node for path in (TOP / "rules").glob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    assert {name for name in imported if name.partition(".")[0] not in there} == set()


def test_the_editor_line_of_the_policy_names_the_schema_that_is_enforced() -> None:
    first = (TOP / "policies.yaml").read_text().splitlines()[0]
    named = TOP / first.partition("$schema=")[2]
    assert named.read_text() == files("checker.policy").joinpath("schemas", "policy.schema.json").read_text()


def test_the_lock_names_hashes_and_no_index() -> None:
    text = "".join((TOP / "requirements" / name).read_text() for name in ("dev.txt", "run.txt"))
    assert "--hash=sha256:" in text
    assert [line for line in text.splitlines() if "://" in line or line.startswith(("-i", "--index", "--extra"))] == []


def test_the_files_whose_tests_stay_together_exist() -> None:
    named = [name for files in TOGETHER for name in files]
    assert [name for name in named if not (TOP / name).is_file()] == []


def test_settings_are_read_from_a_policy_in_one_place() -> None:
    """By their names as written; whoever reads a block with `get` or `[]` puts a default of its own beside it."""
    names = {"automatic", "graceDays", "protectUsedWithinDays", "deleteAfterDays", "ruleName", "frequency"}
    found = {
        f"{path.relative_to(TOP)}: {name}"
        for top in ("checker", "rules")
        for path in (TOP / top).rglob("*.py")
        for name in _looked_up(ast.parse(path.read_text()))
        if name in names
    }
    assert found == set()


def _looked_up(tree: ast.AST) -> set[object]:
    """The texts by which something is looked up in a mapping."""
    nodes = list(ast.walk(tree))
    gets = [node.args[0] for node in nodes if isinstance(node, ast.Call) and node.args and _is_get(node.func)]
    parts = [*gets, *(node.slice for node in nodes if isinstance(node, ast.Subscript))]
    return {part.value for part in parts if isinstance(part, ast.Constant)}


def _is_get(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr == "get"
