"""What is shipped to AWS is the source of rules/, byte for byte, in one file that runs by itself."""

import ast
import inspect
import sys
from collections import Counter
from importlib import import_module
from importlib.resources import files

import pytest

from checker.decision import decision, selectors
from checker.generate import bundle

DOCUMENT = {"version": 1, "default": {"maxAccessKeyAge": 90}, "rules": [], "exemptions": []}
ENTRIES = list(bundle.MODULES)
# `validate` must not import boto3.
READ_BY_THE_CHECKER = ("selectors", "access_keys_rotated", "iam_listing", "iam_report", "iam_reader")


def test_every_rule_module_is_shipped() -> None:
    shipped = {name for modules in bundle.MODULES.values() for name in modules}
    there = {path.name.removesuffix(".py") for path in files("checker.rules").iterdir() if path.name.endswith(".py")}
    assert shipped == there - {"__init__"}


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_decision_stands_byte_for_byte(entry: str) -> None:
    source = bundle.source(entry, DOCUMENT)
    assert inspect.getsource(decision.decide) in source
    assert inspect.getsource(selectors.SelectorSet) in source


@pytest.mark.parametrize("entry", ENTRIES)
def test_nothing_but_the_imports_of_siblings_is_dropped(entry: str) -> None:
    source = bundle.source(entry, DOCUMENT)
    for name in bundle.MODULES[entry]:
        text = files("checker.rules").joinpath(f"{name}.py").read_text("utf-8")
        siblings = [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom) and node.level]
        imports = {number for node in siblings for number in range(node.lineno, (node.end_lineno or 0) + 1)}
        lines = [line for number, line in enumerate(text.splitlines(), start=1) if number not in imports]
        assert [line for line in lines if line not in source.splitlines()] == []
    assert "from ." not in source


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_module_imports_only_what_stands_before_it(entry: str) -> None:
    before: list[str] = []
    for name in bundle.MODULES[entry]:
        tree = ast.parse(files("checker.rules").joinpath(f"{name}.py").read_text("utf-8"))
        wanted = [node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.level]
        assert set(wanted) <= set(before)
        before.append(name)


@pytest.mark.parametrize("entry", ENTRIES)
def test_no_name_is_defined_twice(entry: str) -> None:
    defined: Counter[str] = Counter()
    for node in ast.parse(bundle.source(entry, DOCUMENT)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined[node.name] += 1
        elif isinstance(node, ast.Assign):
            defined.update(target.id for target in node.targets if isinstance(target, ast.Name))
    assert [name for name, times in defined.items() if times > 1] == []


@pytest.mark.parametrize("entry", ENTRIES)
def test_ssm_finds_no_variable_of_its_own_in_the_code(entry: str) -> None:
    source = bundle.source(entry, DOCUMENT)
    assert [number for number, line in enumerate(source.splitlines(), 1) if "{{" in line or "}}" in line] == []


def test_the_rules_need_nothing_but_the_standard_library_and_boto3() -> None:
    for name in {name for modules in bundle.MODULES.values() for name in modules}:
        module = import_module(f"checker.rules.{name}")
        imported = {
            (node.module or "").partition(".")[0]
            if isinstance(node, ast.ImportFrom)
            else node.names[0].name.partition(".")[0]
            for node in ast.parse(inspect.getsource(module)).body
            if (isinstance(node, ast.ImportFrom) and not node.level) or isinstance(node, ast.Import)
        }
        allowed = set() if name in READ_BY_THE_CHECKER else {"boto3", "botocore"}
        assert imported - allowed <= sys.stdlib_module_names
