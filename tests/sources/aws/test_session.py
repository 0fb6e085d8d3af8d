"""The session can only read, and knows what it asked."""

from typing import Any

import pytest
from botocore.utils import parse_timestamp

from checker.embedded import aws
from checker.errors import UsageError
from checker.permissions import ALLOWED, CALLS
from checker.sources.aws.session import ReadOnlySession, WriteRefused, moment
from tests.fakes.stand_ins import throttle
from tests.support.fixtures import ACCOUNT, Emulated

WRITES = [
    ("create_access_key", {"UserName": "u"}),
    ("update_access_key", {"UserName": "u", "AccessKeyId": "A" * 16, "Status": "Inactive"}),
    ("delete_access_key", {"UserName": "u", "AccessKeyId": "A" * 16}),
    ("delete_user", {"UserName": "u"}),
    ("tag_user", {"UserName": "u", "Tags": [{"Key": "a", "Value": "b"}]}),
    ("list_roles", {}),
]


@pytest.mark.parametrize(("method", "arguments"), WRITES, ids=[method for method, _arguments in WRITES])
def test_a_call_outside_the_catalogue_is_refused_before_it_leaves(
    emulated: Emulated, method: str, arguments: dict[str, object]
) -> None:
    iam = ReadOnlySession(credentials=aws.credentials_for(ACCOUNT)).client("iam")
    emulated.faults.requests.clear()
    with pytest.raises(WriteRefused, match="refused to call iam:"):
        getattr(iam, method)(**arguments)
    assert dict(emulated.faults.requests) == {}


@pytest.mark.usefixtures("emulated")
def test_every_operation_of_iam_that_is_not_in_the_catalogue_is_refused() -> None:
    session = ReadOnlySession(credentials=aws.credentials_for(ACCOUNT))
    service = session.client("iam").meta.service_model
    allowed = {operation for name, operation in ALLOWED if name == "iam"}
    assert allowed <= set(service.operation_names)
    for operation in set(service.operation_names) - allowed:
        with pytest.raises(WriteRefused):
            session.guard(model=service.operation_model(operation))


def test_the_catalogue_only_reads() -> None:
    starts = ("Get", "List", "Describe", "GenerateCredentialReport", "AssumeRole")
    assert [call.operation for call in CALLS if not call.operation.startswith(starts)] == []


def test_calls_are_counted_once_whatever_their_retries(emulated: Emulated) -> None:
    session = ReadOnlySession(credentials=aws.credentials_for(ACCOUNT))
    emulated.faults.plan("ListUsers", throttle(), 2)
    session.client("iam").list_users()
    assert session.calls() == {"ListUsers": 1}
    assert emulated.faults.requests["ListUsers"] == 3


def test_an_unknown_profile_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"no-such-profile.*aws configure list-profiles"):
        ReadOnlySession(profile="no-such-profile")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T12:00:00Z",
        "2026-11-23T12:00:00.250Z",
        "2026-11-23T14:00:00+02:00",
        "20261123T120000Z",
        "Mon, 23 Nov 2026 12:00:00 GMT",
        "2026-11-23T12:00:00",
        "2026-11-23",
        "1763899200",
        1763899200,
        1763899200.25,
    ],
)
def test_times_are_what_botocore_reads(text: Any) -> None:
    assert moment(text) == parse_timestamp(text)
    assert moment(text).utcoffset() == parse_timestamp(text).utcoffset()


def test_nonsense_is_no_time() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        moment("nonsense")
