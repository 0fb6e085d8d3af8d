"""What is shipped to AWS is the source of rules/, byte for byte, in one file that runs by itself."""

import ast
import inspect
import sys
from collections import Counter
from importlib import import_module
from importlib.resources import files

import pytest
from hypothesis import given

from checker.decision import decision, selectors
from checker.embedded.hosts import loaded
from checker.generate import bundle
from tests.support.random_policies import Document, documents

DOCUMENT = {"version": 1, "default": {"maxAccessKeyAge": 90}, "rules": [], "exemptions": []}
MODULES = bundle.EVALUATION + bundle.REMEDIATION
# `validate` must not import boto3.
READ_BY_THE_CHECKER = (
    *("selectors", "access_keys_rotated", "resolved_policy", "remediation_settings"),
    *("iam_listing", "iam_report", "iam_rows", "iam_reader"),
)


def test_every_rule_module_is_shipped() -> None:
    shipped = set(MODULES)
    there = {path.name.removesuffix(".py") for path in files("checker.rules").iterdir() if path.name.endswith(".py")}
    assert shipped == there - {"__init__"}


@pytest.mark.parametrize("remediates", [False, True])
def test_the_decision_stands_byte_for_byte(remediates: bool) -> None:
    source = bundle.source(DOCUMENT, remediates=remediates)
    assert inspect.getsource(decision.decide) in source
    assert inspect.getsource(selectors.SelectorSet) in source


@pytest.mark.parametrize("remediates", [False, True])
def test_nothing_but_the_imports_of_siblings_is_dropped(remediates: bool) -> None:
    source = bundle.source(DOCUMENT, remediates=remediates)
    for name in bundle.EVALUATION + (bundle.REMEDIATION if remediates else ()):
        text = files("checker.rules").joinpath(f"{name}.py").read_text("utf-8")
        siblings = [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom) and node.level]
        imports = {number for node in siblings for number in range(node.lineno, (node.end_lineno or 0) + 1)}
        lines = [line for number, line in enumerate(text.splitlines(), start=1) if number not in imports]
        assert [line for line in lines if line not in source.splitlines()] == []
    assert "from ." not in source


def test_a_module_imports_only_what_stands_before_it() -> None:
    before: list[str] = []
    for name in MODULES:
        tree = ast.parse(files("checker.rules").joinpath(f"{name}.py").read_text("utf-8"))
        wanted = [node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.level]
        assert set(wanted) <= set(before)
        before.append(name)


@pytest.mark.parametrize("remediates", [False, True])
def test_no_name_is_defined_twice(remediates: bool) -> None:
    defined: Counter[str] = Counter()
    for node in ast.parse(bundle.source(DOCUMENT, remediates=remediates)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined[node.name] += 1
        elif isinstance(node, ast.Assign):
            defined.update(target.id for target in node.targets if isinstance(target, ast.Name))
    assert [name for name, times in defined.items() if times > 1] == []


def test_code_that_changes_keys_is_shipped_only_where_the_policy_remediates() -> None:
    found = {remediates: bundle.source(DOCUMENT, remediates=remediates) for remediates in (False, True)}
    changing = ("delete_access_key", "update_access_key", "def remediate(")
    assert [[word in found[remediates] for word in changing] for remediates in (False, True)] == [
        [False] * 3,
        [True] * 3,
    ]


@given(documents)
def test_the_policy_comes_out_of_the_code_as_it_went_in(document: Document) -> None:
    assert loaded(bundle.source(document, remediates=False), "index")["POLICY"] == document


def test_a_policy_that_nobody_would_read_is_compressed() -> None:
    sets = {"set1": [f"{number:012}" for number in range(10_000)]}
    source = bundle.source(DOCUMENT | {"accountSets": sets}, remediates=False)
    assert ("import bz2" in source, loaded(source, "index")["POLICY"]["accountSets"]) == (True, sets)


@given(documents)
def test_taking_code_apart_finds_the_policy_and_the_same_code_around_each(document: Document) -> None:
    found = bundle.taken_apart(bundle.source(document, remediates=True))
    plain = bundle.taken_apart(bundle.source(DOCUMENT, remediates=True))
    assert (found.policy, found.code) == (document, plain.code)


def test_code_with_a_compressed_policy_is_taken_apart_too() -> None:
    document = DOCUMENT | {"accountSets": {"set1": [f"{number:012}" for number in range(10_000)]}}
    found = bundle.taken_apart(bundle.source(document, remediates=False))
    assert (found.policy, found.code) == (document, bundle.taken_apart(bundle.source(DOCUMENT, remediates=False)).code)


@pytest.mark.parametrize(
    "policy",
    [
        "json.loads(r'''{''')",
        "json.loads(r'''[]''')",
        "json.loads()",
        "json.loads(f())",
        "json.loads(open('/etc/passwd').read())",
        "json.loads(bz2.decompress(base64.b64decode('eA==')))",
        "json.loads(bz2.decompress(base64.b64decode('x')))",
        "exit()",
        "{}",
        "(",
        "\0",
        "(" * 5000,
    ],
)
def test_code_that_somebody_wrote_has_no_policy_and_is_not_run(policy: str) -> None:
    text = f"x = 1\nPOLICY = {policy}\ny = 2\n"
    assert bundle.taken_apart(text).policy is None
    assert bundle.taken_apart("x = 1\n") == bundle.Taken(None, "x = 1")


def test_the_rules_need_nothing_but_the_standard_library_and_boto3() -> None:
    for name in MODULES:
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
