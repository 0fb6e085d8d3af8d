"""ASFF: what botocore's model of BatchImportFindings and Security Hub's documented limits take."""

import json
from typing import Any

import botocore.session
import msgspec
import pytest
from botocore.validate import ParamValidator
from hypothesis import given

from checker.errors import UsageError
from tests.reports.many import FINDING, ODD, overdue, report, result
from tests.reports.test_reports import GOLDEN, RUN

SHAPE = (
    botocore.session.get_session().get_service_model("securityhub").operation_model("BatchImportFindings").input_shape
)


@pytest.fixture(autouse=True)
def _region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")


def calls(text: str) -> list[list[dict[str, Any]]]:
    made = [json.loads(line) for line in text.split("\n")[:-1]]
    assert SHAPE is not None
    for call in made:
        assert ParamValidator().validate({"Findings": call}, SHAPE).generate_report() == ""
        assert 1 <= len(call) <= 100
        assert len({finding["AwsAccountId"] for finding in call}) == 1
    return made


def test_nothing_to_tell_is_no_call() -> None:
    assert calls(report("asff", RUN, result())) == []


def test_the_golden_file_is_taken() -> None:
    found = [finding for call in calls((GOLDEN / "asff.jsonl").read_text("utf-8")) for finding in call]
    statuses = {one["Compliance"]["Status"] for one in found}
    assert statuses == {"PASSED", "FAILED", "NOT_AVAILABLE"}
    assert len({one["Id"] for one in found}) == len(found) == 11


def test_a_hundred_findings_a_call() -> None:
    made = calls(report("asff", RUN, result(*map(overdue, range(250)))))
    assert [len(call) for call in made] == [100, 100, 50]


def test_the_product_is_that_of_account_and_region() -> None:
    [[found]] = calls(report("asff", RUN, result(FINDING)))
    assert found["ProductArn"] == "arn:aws:securityhub:eu-central-1:111122223333:product/111122223333/default"


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("eu-west-1", "aws")]
)
def test_the_partition_is_that_of_the_region(region: str, partition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", region)
    [[found]] = calls(report("asff", RUN, result(FINDING)))
    assert found["ProductArn"].split(":")[1] == partition


def test_a_region_that_cannot_be_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "no where")
    with pytest.raises(UsageError, match="'no where' is no AWS region"):
        report("asff", RUN)


@given(user=ODD, reason=ODD)
def test_odd_and_long_text_is_taken(user: str, reason: str) -> None:
    odd = msgspec.structs.replace(FINDING, user=(user * 100).encode("utf-8", "replace").decode())
    reason = reason.encode("utf-8", "replace").decode()
    for call in calls(report("asff", RUN, result(odd), result(reason=reason * 100))):
        for finding in call:
            assert len(finding["Title"]) <= 256
            assert len(finding["Description"]) <= 1024
            assert all(len(one) <= 1024 for one in finding.get("ProductFields", {}).values())
