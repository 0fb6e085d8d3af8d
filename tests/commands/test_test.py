"""`keyage test` as a process: exit codes, formats, golden files."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from tests.support.processes import POLICY, here, keyage

TOP = Path(__file__).parents[2]
GOLDEN = TOP / "tests" / "golden" / "test"
RULES = (
    POLICY + "rules:\n  - {id: short, users: s-*, maxAccessKeyAge: 1}\n  - {id: long, users: l-*, maxAccessKeyAge: 9}\n"
)
TESTS = """\
tests:
  - name: everybody has ninety days
    user: {name: ann}
    expect: {maxAccessKeyAge: 90, rule: default}
  - name: "short, 100%% sure::"
    user: {name: s-1}
    expect: {maxAccessKeyAge: %d, rule: short}
"""


def folder(path: Path, limit: int = 1) -> Path:
    (path / "policies.yaml").write_text(RULES)
    (path / "policies.test.yaml").write_text(TESTS % limit)
    return path


@pytest.mark.sources
def test_the_shipped_policy_keeps_its_promises(tmp_path: Path) -> None:
    done = here(tmp_path, "test", "--policy", str(TOP / "policies.yaml"), "--require-coverage", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")


def test_tests_that_pass_are_0(tmp_path: Path) -> None:
    done = keyage(folder(tmp_path), "test")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == (
        "2 passed, 0 failed; 2 of 3 rules (default among them) and 0 of 0 exemptions reached"
    )


def test_required_coverage_that_is_missing_is_1(tmp_path: Path) -> None:
    done = keyage(folder(tmp_path), "test", "--require-coverage")
    assert done.returncode == 1
    assert "No test reaches:\n      long (policies.yaml:5)\n" in done.stdout


@pytest.mark.golden
@pytest.mark.parametrize(
    ("name", "format_name"), [("test.txt", "text"), ("test.xml", "junit"), ("test-github.txt", "github")]
)
def test_a_test_that_fails_is_1_in_every_format(
    name: str, format_name: str, tmp_path: Path, file_regression: FileRegressionFixture
) -> None:
    done = here(folder(tmp_path, limit=2), "test", "--format", format_name)
    assert (done.returncode, done.stderr) == (1, "")
    file_regression.check(done.stdout, fullpath=GOLDEN / name, encoding="utf-8")


def test_several_formats_at_once(tmp_path: Path) -> None:
    done = here(folder(tmp_path), "test", "--format", "text", "--format", "junit=out.xml")
    assert done.returncode == 0
    assert ElementTree.parse(tmp_path / "out.xml").getroot().get("tests") == "2"  # noqa: S314 -- our own text


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (
            None,
            [],
            (
                "error: no policies.test.yaml: write there what must stay true of the policy, such as"
                " tests: [{name: everybody, user: {name: somebody}, expect: {maxAccessKeyAge: 90}}]\n"
            ),
        ),
        (
            "tests: [{name: t, user: {name: a, path: /people}, expect: {rule: default}}]",
            [],
            (
                'error: policies.test.yaml:1:41: path: "/people": an IAM path begins and ends with /, such as'
                " /service/; did you mean /people/?\n"
            ),
        ),
        ("tests: 3", [], 'error: policies.test.yaml:1:8: tests: expected a list, found "3"\n'),
        ("tests: 3", ["--format", "xml"], "error: --format xml: unknown format; there are text, junit, github\n"),
    ],
)
def test_what_a_person_typed_wrong_is_2(text: str | None, arguments: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text(POLICY)
    if text:
        (tmp_path / "policies.test.yaml").write_text(text)
    done = here(tmp_path, "test", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_the_environment_names_the_tests_too(tmp_path: Path) -> None:
    done = keyage(folder(tmp_path), "test", KEYAGE_TESTS="none.yaml")
    message = "error: cannot read the policy tests none.yaml: No such file or directory\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)
