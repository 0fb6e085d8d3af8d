"""Every format against its golden file; `make golden` writes them anew."""

import io
import json
import re
import shlex
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_regressions.file_regression import FileRegressionFixture

from checker.errors import printable
from checker.evaluate import NO_ADDRESSES, AccountSkipped, Finding, evaluate
from checker.policy import loader
from checker.reports.advice import resolve
from checker.reports.interface import FORMATS, Run, make
from tests.aws.fixtures import NOW
from tests.reports.many import FINDING
from tests.reports.readings import POLICY, readings

GOLDEN = Path(__file__).parent.parent / "golden"
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


def finding(user: str, address: str | None) -> Finding:
    return msgspec.structs.replace(FINDING, user=user, user_id=None, arn=None, terraform_address=address)


KEYS_OF_TERRAFORM = [
    ("ledger", 'module.payments["eu west"].aws_iam_access_key.ledger[0]', False),
    ("ledger", "aws_iam_access_key.ledger", True),
    ("ledger", "aws_iam_access_key.ledger (deposed object 0a1b2c3d)", True),
    ("a b; rm -rf ~ $(id)\r", 'aws_iam_access_key.k["$(reboot) `id`; \'x\' \\" $${y} ü"]\x1b[31m\n', False),
]


@pytest.mark.golden
def test_the_advice_for_keys_of_terraform_is_as_in_the_golden_file(file_regression: FileRegressionFixture) -> None:
    advice = [resolve(finding(user, address), NOW, two_keys=two) for user, address, two in KEYS_OF_TERRAFORM]
    text = "\n\n".join("\n".join(map(printable, lines)) for lines in advice) + "\n"
    file_regression.check(text, fullpath=GOLDEN / "advice-terraform.txt", encoding="utf-8")


def commands(lines: list[str], start: str) -> list[list[str]]:
    """The arguments of the commands that start so and end their line, as a shell reads them."""
    text = [line.rpartition(f"  {start} ")[2] for line in lines if f"  {start} " in line]
    return [shlex.split(one) for one in text]


@pytest.mark.parametrize("two_keys", [False, True])
@given(user=st.text(), address=st.text())
def test_a_shell_reads_user_and_address_as_they_are(user: str, address: str, two_keys: bool) -> None:
    lines = resolve(finding(user, address), NOW, two_keys=two_keys)
    replace = [f"-replace={address}"]
    assert (commands(lines, "terraform plan"), commands(lines, "terraform apply")) == ([replace], [replace])
    by_hand = commands(resolve(finding(user, None), NOW, two_keys=two_keys), "aws iam list-access-keys")
    assert by_hand == [["--user-name", user]]


@pytest.mark.parametrize("two_keys", [False, True])
def test_nothing_is_advised_that_would_be_drift(two_keys: bool) -> None:
    changes = ("create-access-key", "update-access-key", "-replace", "delete-access-key")
    found = {}
    for address in (None, "aws_iam_access_key.k", "aws_iam_access_key.k (deposed object 0a1b2c3d)"):
        text = "\n".join(resolve(finding("ann", address), NOW, two_keys=two_keys))
        found[address] = [change for change in changes if re.search(rf"{change}\b", text)]
    assert found == {
        None: ["create-access-key", "update-access-key", "delete-access-key"],
        "aws_iam_access_key.k": ["-replace", "delete-access-key"] if two_keys else ["-replace"],
        "aws_iam_access_key.k (deposed object 0a1b2c3d)": [],
    }


@pytest.mark.parametrize(
    "address", ['aws_iam_access_key.k[" (deposed object 0a1b2c3d)"]', "a (deposed object )", "a()"]
)
def test_only_a_deposed_object_is_taken_for_one(address: str) -> None:
    lines = resolve(finding("ann", address), NOW, two_keys=False)
    assert commands(lines, "terraform apply") == [[f"-replace={address}"]]


def test_every_format_has_golden_files() -> None:
    files = {path.name for path in GOLDEN.iterdir()}
    assert [name for name in FORMATS if not any(re.match(rf"{name}[-.]", file) for file in files)] == []


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
