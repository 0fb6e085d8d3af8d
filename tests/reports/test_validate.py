"""What each format of `keyage validate` writes of the same problems."""

import io
from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.errors import Problem
from checker.policy import loader
from checker.reports.formats import names, writer
from checker.reports.validate.run import Located, ValidationRun
from tests.support.processes import POLICY

GOLDEN = Path(__file__).parents[1] / "golden" / "validate"
PROBLEM = Problem("infra/policies.yaml", 2, 11, "maxAccesKeyAge: did you mean maxAccessKeyAge?")
PROBLEMS = [
    Located("error", PROBLEM),
    Located("error", PROBLEM._replace(line=7)),
    Located("warning", Problem("infra/policies.yaml", 9, 1, "x, 100%::: expired")),
]


def written(name: str, run: ValidationRun) -> str:
    out = io.StringIO()
    writer("validate", name)(run, out)
    return out.getvalue()


@pytest.mark.parametrize("name", [name for name in names("validate") if name != "text"])
def test_the_formats_for_programs_say_nothing_of_a_valid_policy(name: str) -> None:
    policy = loader.parse(POLICY.encode(), "policies.yaml")
    assert written(name, ValidationRun(policy, 0, [])) == written(name, ValidationRun(None, 0, []))


def test_the_text_says_nothing_where_there_are_errors() -> None:
    assert written("text", ValidationRun(None, 0, PROBLEMS)) == ""


@pytest.mark.golden
@pytest.mark.parametrize(
    ("golden", "name"), [("github.txt", "github"), ("gitlab.json", "gitlab"), ("sarif.sarif", "sarif")]
)
def test_problems_as_in_the_golden_file(golden: str, name: str, file_regression: FileRegressionFixture) -> None:
    text = written(name, ValidationRun(None, 0, PROBLEMS))
    file_regression.check(text, fullpath=GOLDEN / golden, encoding="utf-8")


@pytest.mark.golden
def test_a_valid_policy_as_in_the_golden_file(file_regression: FileRegressionFixture) -> None:
    policy = loader.parse(POLICY.encode(), "policies.yaml")
    text = written("text", ValidationRun(policy, 3, PROBLEMS[2:]))
    file_regression.check(text, fullpath=GOLDEN / "validate.txt", encoding="utf-8")
