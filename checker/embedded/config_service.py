"""What moto's AWS Config lacks: evaluations that are kept, compliance details, and IAM users as resources.

Works inside the process (`mock_aws`) and behind moto's threaded server. The rule need not exist: in AWS the
result token says whose evaluations they are, here it is the token that `result_token` makes.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar
from unittest.mock import patch

from moto.config.exceptions import (
    InvalidLimitException,
    InvalidNextTokenException,
    InvalidResourceParameters,
    TooManyResourceIds,
    ValidationException,
)
from moto.config.models import ConfigBackend, config_backends
from moto.config.responses import ConfigResponse
from moto.iam.models import iam_backends

USER_TYPE = "AWS::IAM::User"
MOST_EVALUATIONS = 100
LONGEST_ANNOTATION = 256
COMPLIANCE_TYPES = ("COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE", "INSUFFICIENT_DATA")
DEFAULT_RESULTS, MOST_RESULTS = 10, 100
MOST_RESOURCE_IDS = 20

Evaluation = dict[str, Any]
Item = TypeVar("Item")


@contextmanager
def standing_in_config() -> Iterator[None]:
    """While it lasts moto's AWS Config keeps evaluations as AWS does, and discovers IAM users."""
    plain_put: Callable[..., Any] = ConfigBackend.put_evaluations
    plain_list: Callable[..., Any] = ConfigBackend.list_discovered_resources

    def put(backend: Any, evaluations: Any = None, result_token: Any = None, test_mode: Any = False) -> Any:
        answer = plain_put(backend, evaluations, result_token, True)  # refuses what has no evaluations or no token
        _validate(evaluations)
        if not test_mode:
            _kept(backend).setdefault(result_token, []).extend(evaluations)
        return answer

    def discover(backend: Any, resource_type: str, resource_ids: Any, resource_name: Any, *page: Any, **by: Any) -> Any:
        if resource_type != USER_TYPE:
            return plain_list(backend, resource_type, resource_ids, resource_name, *page, **by)
        return _users(backend, resource_ids, resource_name, **by)

    with (
        patch.multiple(ConfigBackend, put_evaluations=put, list_discovered_resources=discover),
        patch.object(ConfigResponse, "get_compliance_details_by_config_rule", _details, create=True),
    ):
        yield


def result_token(rule_name: str) -> str:
    """The token with which evaluations of the rule are put."""
    return f"result-token-{rule_name}"


def evaluations(account_id: str, rule_name: str) -> Sequence[Evaluation]:
    """Every evaluation of the rule that was put into an account in any region, in the order of putting."""
    kept = [_kept(backend).get(result_token(rule_name), []) for backend in config_backends[account_id].values()]
    return [
        evaluation | {"OrderingTimestamp": datetime.fromtimestamp(evaluation["OrderingTimestamp"], UTC)}
        for backend in kept
        for evaluation in backend
    ]


def _kept(backend: Any) -> dict[str, list[Evaluation]]:
    """The evaluations by token; they live in moto's backend, so that they are reset with it."""
    kept: dict[str, list[Evaluation]] = backend.__dict__.setdefault("kept_evaluations", {})
    return kept


def _validate(put: Sequence[Mapping[str, Any]]) -> None:
    """Refuse the whole call, as AWS does, for one evaluation that is wrong."""
    if len(put) > MOST_EVALUATIONS:
        raise _invalid("evaluations", f"Member must have length less than or equal to {MOST_EVALUATIONS}")
    for number, evaluation in enumerate(put, start=1):
        place = f"evaluations.{number}.member"
        if evaluation["ComplianceType"] not in COMPLIANCE_TYPES:
            allowed = ", ".join(COMPLIANCE_TYPES)
            raise _invalid(f"{place}.complianceType", f"Member must satisfy enum value set: [{allowed}]")
        if not 1 <= len(evaluation.get("Annotation", "-")) <= LONGEST_ANNOTATION:
            raise _invalid(f"{place}.annotation", f"Member must have length between 1 and {LONGEST_ANNOTATION}")


def _invalid(place: str, constraint: str) -> ValidationException:
    return ValidationException(
        f"1 validation error detected: Value at '{place}' failed to satisfy constraint: {constraint}"
    )


def _details(response: Any) -> str:
    """GetComplianceDetailsByConfigRule: the latest result for each resource, and none that was withdrawn."""
    asked = json.loads(response.body)
    rule, types = asked["ConfigRuleName"], asked.get("ComplianceTypes") or COMPLIANCE_TYPES
    latest: dict[tuple[str, str], Evaluation] = {}
    for evaluation in _kept(response.config_backend).get(result_token(rule), []):
        resource = evaluation["ComplianceResourceType"], evaluation["ComplianceResourceId"]
        if resource not in latest or latest[resource]["OrderingTimestamp"] <= evaluation["OrderingTimestamp"]:
            latest[resource] = evaluation
    results = [
        _result(rule, evaluation) for evaluation in latest.values() if evaluation["ComplianceType"] != "NOT_APPLICABLE"
    ]
    chosen = [result for result in results if result["ComplianceType"] in types]
    page, token = _page(chosen, asked.get("Limit") or DEFAULT_RESULTS, asked.get("NextToken"))
    return json.dumps({"EvaluationResults": page} | ({"NextToken": token} if token else {}))


def _result(rule: str, evaluation: Evaluation) -> Mapping[str, Any]:
    qualifier = {
        "ConfigRuleName": rule,
        "ResourceType": evaluation["ComplianceResourceType"],
        "ResourceId": evaluation["ComplianceResourceId"],
        "EvaluationMode": "DETECTIVE",
    }
    moment = evaluation["OrderingTimestamp"]
    result = {
        "EvaluationResultIdentifier": {"EvaluationResultQualifier": qualifier, "OrderingTimestamp": moment},
        "ComplianceType": evaluation["ComplianceType"],
        "ResultRecordedTime": time.time(),
        "ConfigRuleInvokedTime": moment,
    }
    return result | ({"Annotation": evaluation["Annotation"]} if "Annotation" in evaluation else {})


def _users(backend: Any, ids: Sequence[str] | None, name: str | None, limit: Any, next_token: Any) -> Mapping[str, Any]:
    """ListDiscoveredResources for IAM users: those whom moto's IAM has now."""
    if ids and name:
        raise InvalidResourceParameters
    if ids and len(ids) > MOST_RESOURCE_IDS:
        raise TooManyResourceIds
    users = [
        {"resourceType": USER_TYPE, "resourceId": user.id, "resourceName": user.name}
        for user in iam_backends[backend.account_id][backend.partition].users.values()
        if (not ids or user.id in ids) and name in (None, user.name)
    ]
    page, token = _page(users, limit or MOST_RESULTS, next_token)
    return {"resourceIdentifiers": page} | ({"nextToken": token} if token else {})


def _page(items: Sequence[Item], limit: int, token: str | None) -> tuple[Sequence[Item], str | None]:
    """One page, and the token of the next if there is one."""
    if limit > MOST_RESULTS:
        raise InvalidLimitException(limit)
    if not (token or "0").isdecimal():
        raise InvalidNextTokenException
    end = int(token or 0) + limit
    return items[int(token or 0) : end], str(end) if end < len(items) else None
