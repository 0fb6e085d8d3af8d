"""What `check --from-aggregator` prints, against its golden files; `make golden` writes them anew."""

from pathlib import Path
from typing import Any

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.policy import loader
from tests.scan.aggregated import Organization, something_of_everything

GOLDEN = Path(__file__).parents[2] / "golden" / "aggregate"
CASES: dict[str, dict[str, Any]] = {
    "aggregate.txt": {},
    "aggregate-compared.txt": {"saved": True},
    "aggregate-all.txt": {"saved": True, "show": "all"},
    "aggregate-narrow.txt": {"saved": True, "width": 100},
    "aggregate-color.txt": {"color": True, "width": 160},
    "aggregate.json": {"formats": ("json",)},
    "aggregate-compared.json": {"saved": True, "formats": ("json",)},
    "aggregate-findings.json": {"saved": True, "show": "findings", "formats": ("json",)},
}


@pytest.mark.golden
@pytest.mark.parametrize("golden", CASES)
def test_rendered_as_in_the_golden_file(
    golden: str,
    organization: Organization,
    capsys: pytest.CaptureFixture[str],
    file_regression: FileRegressionFixture,
) -> None:
    something_of_everything(organization)
    options = CASES[golden] | ({"saved": Path("s.json")} if "saved" in CASES[golden] else {})
    assert organization.check(quiet=True, **options) == 3
    text = capsys.readouterr().out.replace(loader.load(organization.folder / "policies.yaml").sha256, "0" * 64)
    file_regression.check(text, fullpath=GOLDEN / golden, encoding="utf-8")
