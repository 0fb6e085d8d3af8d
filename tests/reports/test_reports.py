"""Every format against its golden file; `make golden` writes them anew."""

import io
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.evaluate import NO_ADDRESSES, AccountSkipped, evaluate
from checker.policy import loader
from checker.reports.run import Run, make
from tests.reports.readings import POLICY, readings
from tests.support.fixtures import NOW

GOLDEN = Path(__file__).parent.parent / "golden" / "check"
WARN = timedelta(days=14)
SKIPPED = (AccountSkipped("999900002222", "old-team", "SUSPENDED"),)
WRITTEN = loader.parse(POLICY.encode(), "policies.yaml").written
RUN = Run(NOW, "policies.yaml", "0" * 64, "live", exact=True, warn=WARN, written=WRITTEN, skipped=SKIPPED)


def rendered(
    name: str,
    run: Run = RUN,
    *,
    show_all: bool = False,
    one: bool = False,
    addresses: Mapping[str, str] = NO_ADDRESSES,
) -> str:
    policy = loader.parse(POLICY.encode(), "policies.yaml").policy
    out = io.StringIO()
    report = make(name, run, out)
    for reading in [readings()[1]] if one else readings():
        report.account(evaluate(policy, reading, NOW, show_all=show_all, warn=WARN, addresses=addresses))
    report.end()
    return out.getvalue()


CASES = {
    "table-one-account.txt": ("table", RUN._replace(width=80), False, True),
    "table.txt": ("table", RUN, False, False),
    "table-all.txt": ("table", RUN, True, False),
    "table-verbose.txt": ("table", RUN._replace(verbose=True), False, False),
    "table-narrow.txt": ("table", RUN._replace(width=80), False, False),
    "table-100.txt": ("table", RUN._replace(width=100), True, False),
    "table-40.txt": ("table", RUN._replace(width=40), False, False),
    "table-color.txt": ("table", RUN._replace(color=True), False, False),
    "table-less-exact.txt": ("table", RUN._replace(source="credential-report", exact=False), False, False),
    "json-one-account.json": ("json", RUN, True, True),
    "json-all.json": ("json", RUN, True, False),
    "json-findings.json": ("json", RUN, False, False),
    "csv.csv": ("csv", RUN, True, False),
    "markdown.md": ("markdown", RUN, False, False),
    "markdown-all.md": ("markdown", RUN._replace(verbose=True), True, False),
    "markdown-less-exact.md": ("markdown", RUN._replace(source="credential-report", exact=False), False, True),
    "html.html": ("html", RUN, True, False),
    "sarif.sarif": ("sarif", RUN, False, False),
    "sarif-all.sarif": ("sarif", RUN._replace(repository_path="infra/my policy.yaml"), True, False),
    "junit.xml": ("junit", RUN, True, False),
    "github.txt": ("github", RUN, False, False),
    "gitlab.json": ("gitlab", RUN, False, False),
    "ocsf.jsonl": ("ocsf", RUN, True, False),
    "asff.jsonl": ("asff", RUN, True, False),
    "json-less-exact.json": ("json", RUN._replace(source="credential-report", exact=False), False, False),
}


@pytest.mark.golden
@pytest.mark.parametrize("golden", CASES)
def test_rendered_as_in_the_golden_file(golden: str, file_regression: FileRegressionFixture) -> None:
    name, run, show_all, one = CASES[golden]
    text = rendered(name, run, show_all=show_all, one=one)
    file_regression.check(text, fullpath=GOLDEN / golden, encoding="utf-8")


def test_the_json_tells_the_addresses_of_keys_of_terraform() -> None:
    addresses = {"AKIA0000000000000004": "aws_iam_access_key.k[0]", "AKIA9": "aws_iam_access_key.of_nobody"}
    keys = json.loads(rendered("json", show_all=True, addresses=addresses))["keys"]
    found = {key["accessKeyId"]: key["terraformAddress"] for key in keys}
    assert found == dict.fromkeys(found) | {"AKIA0000000000000004": "aws_iam_access_key.k[0]"}


def test_without_a_terminal_nothing_is_cut_or_colored() -> None:
    text = rendered("table")
    assert "we=ird+na.me@x" in text
    assert "…" not in text
    assert "\x1b" not in text


def test_the_json_adds_up() -> None:
    report = json.loads(rendered("json", show_all=True))
    verdicts = [key["verdict"] for key in report["keys"]]
    summary = report["summary"]
    assert summary["keys"] == len(report["keys"])
    assert summary["accounts"] == len(report["accounts"])
    assert [verdicts.count(name) for name in ("COMPLIANT", "NON_COMPLIANT", "EXEMPT", "NOT_APPLICABLE")] == [
        summary["compliant"],
        summary["nonCompliant"],
        summary["exempt"],
        summary["notApplicable"],
    ]


def test_the_json_keys_are_in_their_fixed_order() -> None:
    keys = json.loads(rendered("json", show_all=True))["keys"]
    order = [(key["account"], key["user"], key["createDate"], key["accessKeyId"]) for key in keys]
    assert order == sorted(order)


def test_two_runs_print_the_same_bytes() -> None:
    assert rendered("json", show_all=True) == rendered("json", show_all=True)


def test_text_of_any_script_survives_the_chunks_of_a_long_json() -> None:
    out = io.StringIO()
    report = make("json", RUN, out)
    policy = loader.parse(POLICY.encode(), "policies.yaml").policy
    result = evaluate(policy, readings()[1], NOW, show_all=True)
    odd = [msgspec.structs.replace(finding, user="ü€😀" * 40) for finding in result.findings]
    for _repeat in range(600):
        report.account(type(result)(result.id, None, None, result.counts, odd, (), {}))
    report.end()
    assert {key["user"] for key in json.loads(out.getvalue())["keys"]} == {"ü€😀" * 40}
