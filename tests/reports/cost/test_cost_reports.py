"""What each format of `keyage render --cost` writes of the same estimate."""

import io
import json
from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.generate.cost import Fleet, estimate
from checker.reports.formats import names, writer
from tests.generate.terraform_cli import deployed
from tests.generate.test_cost import CUSTOM, DELETES, MANAGED

GOLDEN = Path(__file__).parents[2] / "golden" / "cost"
SUFFIX = {"table": "txt", "json": "json"}


def written(name: str, policy: str, fleet: Fleet) -> str:
    out = io.StringIO()
    writer("render", name)(estimate(deployed(policy), fleet), out)
    return out.getvalue()


def test_the_table_names_the_rule_that_is_rendered_and_prices_the_other() -> None:
    lines = written("table", MANAGED, Fleet(1, 1)).splitlines()
    assert lines[:2] == [
        "managed rule, TwentyFour_Hours; prices of us-east-1",
        "1 account of 1 user each, 1 of them non-compliant",
    ]
    assert lines[-1].startswith("with keyage's own rule ")


@pytest.mark.golden
@pytest.mark.parametrize("name", names("render"))
def test_formats(name: str, file_regression: FileRegressionFixture) -> None:
    text = written(name, CUSTOM + DELETES, Fleet(300, 40, 2))
    file_regression.check(text, fullpath=GOLDEN / f"cost.{SUFFIX[name]}", encoding="utf-8")


def test_the_sum_in_json_is_that_of_its_lines() -> None:
    made = json.loads(written("json", CUSTOM + DELETES, Fleet(300)))
    assert made["dollars"] == pytest.approx(sum(line["dollars"] for line in made["lines"]))
