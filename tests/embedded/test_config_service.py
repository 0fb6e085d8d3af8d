"""The embedded AWS Config refuses and keeps what AWS does, inside the process and behind a server."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from checker.embedded.config_service import evaluations, result_token, standing_in_config
from tests.support.moto_server import moto_server

RULE = "access-keys-rotated"
ACCOUNT = "123456789012"  # whose credentials moto takes any to be
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ACCESS = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}


@pytest.fixture(params=["in process", "server"])
def config(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A client of AWS Config, with IAM's as its attribute `iam`."""
    with standing_in_config():
        if request.param == "in process":
            with mock_aws():
                yield clients(None)
            return
        with moto_server() as url:
            made = clients(url)
            try:
                yield made
            finally:
                made.close()
                made.iam.close()


def clients(url: str | None) -> Any:
    made: Any = boto3.client("config", endpoint_url=url, **ACCESS)  # type: ignore[call-overload]
    made.iam = boto3.client("iam", endpoint_url=url, **ACCESS)  # type: ignore[call-overload]
    return made


def result(number: int, compliance: str = "COMPLIANT", moment: datetime = NOW, **more: Any) -> dict[str, Any]:
    resource = {"ComplianceResourceType": "AWS::IAM::User", "ComplianceResourceId": f"AIDA{number}"}
    return resource | {"ComplianceType": compliance, "OrderingTimestamp": moment} | more


def put(config: Any, *results: Mapping[str, Any], **changed: Any) -> None:
    config.put_evaluations(**{"Evaluations": list(results), "ResultToken": result_token(RULE)} | changed)


def held(config: Any, **asked: Any) -> dict[str, str]:
    pages = config.get_paginator("get_compliance_details_by_config_rule").paginate(ConfigRuleName=RULE, **asked)
    return {
        one["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"]: one["ComplianceType"]
        for page in pages
        for one in page["EvaluationResults"]
    }


def test_a_rule_without_evaluations_has_no_results(config: Any) -> None:
    assert (held(config), evaluations(ACCOUNT, RULE)) == ({}, [])


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([result(number) for number in range(101)], "less than or equal to 100"),
        ([result(1), result(2, Annotation="x" * 257)], "evaluations.2.member.annotation"),
        ([result(1, "EXEMPT")], "NON_COMPLIANT, NOT_APPLICABLE"),
    ],
    ids=["101 evaluations", "annotation of 257 characters", "unknown compliance"],
)
@pytest.mark.parametrize("testing", [False, True])
def test_one_wrong_evaluation_refuses_all(config: Any, results: Any, said: str, testing: bool) -> None:
    with pytest.raises(ClientError, match=rf"ValidationException.*{said}"):
        put(config, *results, TestMode=testing)
    assert evaluations(ACCOUNT, RULE) == []


def test_test_mode_keeps_nothing(config: Any) -> None:
    put(config, result(1), TestMode=True)
    assert (held(config), evaluations(ACCOUNT, RULE)) == ({}, [])


def test_evaluations_come_back_as_they_were_put(config: Any) -> None:
    put(config, result(1), result(2, "NON_COMPLIANT", Annotation="x" * 256))
    assert evaluations(ACCOUNT, RULE) == [result(1), result(2, "NON_COMPLIANT", Annotation="x" * 256)]
    answer = config.get_compliance_details_by_config_rule(ConfigRuleName=RULE, ComplianceTypes=["NON_COMPLIANT"])
    [one] = answer["EvaluationResults"]
    identified = one["EvaluationResultIdentifier"]
    assert (one["ComplianceType"], one["Annotation"]) == ("NON_COMPLIANT", "x" * 256)
    assert (identified["EvaluationResultQualifier"]["ConfigRuleName"], identified["OrderingTimestamp"]) == (RULE, NOW)


def test_evaluations_of_other_rules_are_kept_apart(config: Any) -> None:
    put(config, result(1), ResultToken=result_token("another"))
    assert held(config) == {}


def test_the_latest_result_counts_and_a_withdrawn_one_vanishes(config: Any) -> None:
    put(config, result(1), result(2), result(3, "NON_COMPLIANT"))
    put(config, result(1, "NON_COMPLIANT", NOW - timedelta(days=1)), result(2, "NOT_APPLICABLE"))
    assert held(config) == {"AIDA1": "COMPLIANT", "AIDA3": "NON_COMPLIANT"}


def test_results_come_in_pages_of_ten_unless_asked_for_more(config: Any) -> None:
    put(config, *[result(number) for number in range(25)])
    first = config.get_compliance_details_by_config_rule(ConfigRuleName=RULE)
    assert (len(first["EvaluationResults"]), "NextToken" in first) == (10, True)
    assert len(held(config)) == len(held(config, PaginationConfig={"PageSize": 100})) == 25
    with pytest.raises(ClientError, match="InvalidLimit"):
        held(config, PaginationConfig={"PageSize": 101})
    with pytest.raises(ClientError, match="InvalidNextToken"):
        held(config, PaginationConfig={"StartingToken": "bm9uZQ=="})


def test_iam_users_are_discovered_by_id(config: Any) -> None:
    ids = {name: config.iam.create_user(UserName=name)["User"]["UserId"] for name in ("ann", "bob", "eve")}
    asked = {"resourceType": "AWS::IAM::User", "resourceIds": [ids["bob"], "AIDAGONE"]}
    bob = {"resourceType": "AWS::IAM::User", "resourceId": ids["bob"], "resourceName": "bob"}
    assert config.list_discovered_resources(**asked)["resourceIdentifiers"] == [bob]
    pages = config.get_paginator("list_discovered_resources").paginate(
        resourceType="AWS::IAM::User", PaginationConfig={"PageSize": 2}
    )
    assert [one["resourceName"] for page in pages for one in page["resourceIdentifiers"]] == ["ann", "bob", "eve"]
    with pytest.raises(ClientError, match="ValidationException"):
        config.list_discovered_resources(resourceType="AWS::IAM::User", resourceIds=["AIDA"] * 21)


def test_other_resources_are_moto_s_own(config: Any) -> None:
    assert config.list_discovered_resources(resourceType="AWS::IAM::Role")["resourceIdentifiers"] == []
