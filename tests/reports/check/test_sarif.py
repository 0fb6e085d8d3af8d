"""SARIF: valid by the official schema, within GitHub's limits, and the same results known again in every run."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given

from tests.reports.many import FINDING, ODD, overdue, report, result
from tests.reports.test_reports import GOLDEN, RUN
from tests.support.fixtures import ago

SCHEMA = Path(__file__).parents[2] / "schemas" / "sarif-2.1.0.json"
VALIDATOR = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text("utf-8")))


def run_of(text: str) -> dict[str, Any]:
    log = json.loads(text)
    VALIDATOR.validate(log)
    run: dict[str, Any] = log["runs"][0]
    return run


def test_nothing_found_is_an_empty_list_of_a_run_that_succeeded() -> None:
    run = run_of(report("sarif", RUN, result()))
    assert run["results"] == []
    assert run["invocations"] == [{"executionSuccessful": True, "toolExecutionNotifications": []}]


def test_an_unreadable_account_is_no_success() -> None:
    invocation = run_of(report("sarif", RUN, result(reason="denied: allow it")))["invocations"][0]
    assert invocation["executionSuccessful"] is False
    texts = [one["message"]["text"] for one in invocation["toolExecutionNotifications"]]
    assert texts == ["Account 111122223333 could not be read: denied: allow it"]


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("*.sarif")), ids=lambda path: path.name)
def test_the_golden_files_are_valid(golden: Path) -> None:
    run = run_of(golden.read_text("utf-8"))
    rules = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {one["ruleId"] for one in run["results"]} <= rules
    assert all(0 < float(rule["properties"]["security-severity"]) <= 10 for rule in run["tool"]["driver"]["rules"])


@given(user=ODD, account=ODD, reason=ODD)
def test_odd_text_is_valid_too(user: str, account: str, reason: str) -> None:
    odd = msgspec.structs.replace(FINDING, user=user.encode("utf-8", "replace").decode(), arn=None)
    run_of(report("sarif", RUN, result(odd), result(reason=reason, account=account)))


def test_two_keys_of_a_user_have_two_fingerprints() -> None:
    found = run_of(report("sarif", RUN, result(overdue(1), overdue(2))))["results"]
    assert len({one["partialFingerprints"]["primaryLocationLineHash"] for one in found}) == 2


def test_the_fingerprint_outlives_verdict_rule_age_and_name() -> None:
    later = msgspec.structs.replace(
        FINDING, verdict="EXEMPT", exemption="x", rule="r", age_days=200, user="renamed", due_date=ago(1)
    )
    prints = [
        run_of(report("sarif", RUN, result(one)))["results"][0]["partialFingerprints"] for one in (FINDING, later)
    ]
    assert prints[0] == prints[1]


def test_keys_without_an_id_are_told_apart_by_user_and_creation() -> None:
    unknown = msgspec.structs.replace(FINDING, access_key_id=None)
    others = [msgspec.structs.replace(unknown, create_date=ago(101)), msgspec.structs.replace(unknown, user="ann")]
    found = run_of(report("sarif", RUN, result(unknown, *others)))["results"]
    assert len({one["partialFingerprints"]["keyage/v1"] for one in found}) == 3


def test_a_result_points_at_the_line_that_decides() -> None:
    found = {
        one["properties"]["accessKeyId"][-2:]: one["locations"][0]["physicalLocation"]
        for one in run_of((GOLDEN / "sarif-all.sarif").read_text("utf-8"))["results"]
    }
    assert found["09"]["region"]["startLine"] == 2
    assert found["04"]["region"]["startLine"] == 4
    assert found["04"]["artifactLocation"] == {"uri": "infra/my%20policy.yaml", "uriBaseId": "%SRCROOT%"}


def test_no_more_results_than_github_takes_and_the_worst_are_there() -> None:
    text = report("sarif", RUN, *(result(*map(overdue, range(start, 26_000, 2))) for start in (0, 1)))
    run = run_of(text)
    kept = [int(one["properties"]["accessKeyId"][4:]) for one in run["results"]]
    assert kept == list(range(25_999, 999, -1))
    told = [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert told == ["1000 more keys are left out: GitHub takes 25,000 results"]
