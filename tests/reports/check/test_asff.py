"""ASFF: what botocore's model of BatchImportFindings and Security Hub's documented limits take."""

import json
from typing import Any

import botocore.session
import msgspec
import pytest
from botocore.validate import ParamValidator
from hypothesis import given

from checker.errors import UsageError
from checker.evaluate import Finding
from tests.reports.many import FINDING, ODD, overdue, report, result
from tests.reports.test_reports import GOLDEN, RUN

SHAPE = (
    botocore.session.get_session().get_service_model("securityhub").operation_model("BatchImportFindings").input_shape
)


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


def in_partition(partition: str, **changes: str) -> Finding:
    return msgspec.structs.replace(FINDING, arn=f"arn:{partition}:iam::111122223333:user/svc-ledger", **changes)


def places(text: str) -> list[tuple[str, str, set[str]]]:
    """Partition and region of each product, and the partitions of its resources."""
    products = [(one["ProductArn"].split(":"), one["Resources"]) for call in calls(text) for one in call]
    return [(arn[1], arn[3], {resource["Partition"] for resource in resources}) for arn, resources in products]


def test_the_product_is_that_of_account_and_region() -> None:
    [[found]] = calls(report("asff", RUN, result(FINDING)))
    assert found["ProductArn"] == "arn:aws:securityhub:us-east-1:111122223333:product/111122223333/default"


@pytest.mark.parametrize(
    ("partition", "deployed", "region"),
    [
        ("aws", "us-east-1", "us-east-1"),
        ("aws", "eu-central-1", "eu-central-1"),
        ("aws", "us-gov-east-1", "us-east-1"),
        ("aws-us-gov", "us-east-1", "us-gov-west-1"),
        ("aws-us-gov", "us-gov-east-1", "us-gov-east-1"),
        ("aws-cn", "us-east-1", "cn-northwest-1"),
        ("aws-cn", "cn-north-1", "cn-north-1"),
    ],
)
def test_the_partition_is_that_of_the_user_and_the_region_is_in_it(
    partition: str, deployed: str, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "cn-north-1" if partition == "aws" else "eu-west-1")
    text = report("asff", RUN._replace(region=deployed), result(in_partition(partition)))
    assert places(text) == [(partition, region, {partition})]


@pytest.mark.parametrize("arn", [None, "", "x", "arn:aws-nowhere:iam::111122223333:user/u"])
def test_a_user_without_a_known_arn_is_where_the_others_of_the_account_are(arn: str | None) -> None:
    unknown = msgspec.structs.replace(FINDING, arn=arn, access_key_id="AKIA2")
    gov = ("aws-us-gov", "us-gov-west-1", {"aws-us-gov"})
    assert places(report("asff", RUN, result(unknown, in_partition("aws-us-gov")))) == [gov, gov]


def test_an_account_of_which_no_arn_is_known_is_where_the_rule_is_deployed() -> None:
    unreadable = result(reason="denied")
    for region, partition in (("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov")):
        text = report("asff", RUN._replace(region=region), result(in_partition("aws-cn")), unreadable)
        assert places(text)[1:] == [(partition, region, {partition})]


def test_a_region_that_cannot_be_is_said() -> None:
    with pytest.raises(UsageError, match=r"deploy\.region: 'no where' is no AWS region"):
        report("asff", RUN._replace(region="no where"))


@given(user=ODD, reason=ODD)
def test_odd_and_long_text_is_taken(user: str, reason: str) -> None:
    odd = msgspec.structs.replace(FINDING, user=(user * 100).encode("utf-8", "replace").decode())
    reason = reason.encode("utf-8", "replace").decode()
    for call in calls(report("asff", RUN, result(odd), result(reason=reason * 100))):
        for finding in call:
            assert len(finding["Title"]) <= 256
            assert len(finding["Description"]) <= 1024
            assert all(len(one) <= 1024 for one in finding.get("ProductFields", {}).values())
