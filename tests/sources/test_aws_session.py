"""The session can only read, and knows what it asked."""

import pytest

from checker.embedded import aws
from checker.errors import UsageError
from checker.sources.aws_session import ReadOnlySession, WriteRefused
from checker.sources.permissions import ALLOWED, CALLS
from tests.aws.fixtures import ACCOUNT, Emulated
from tests.aws.stand_ins import throttle

WRITES = [
    ("create_access_key", {"UserName": "u"}),
    ("update_access_key", {"UserName": "u", "AccessKeyId": "A" * 16, "Status": "Inactive"}),
    ("delete_access_key", {"UserName": "u", "AccessKeyId": "A" * 16}),
    ("delete_user", {"UserName": "u"}),
    ("tag_user", {"UserName": "u", "Tags": [{"Key": "a", "Value": "b"}]}),
    ("get_account_authorization_details", {}),
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
            session._guard(model=service.operation_model(operation))  # noqa: SLF001 -- the guard itself, for all of IAM


def test_the_catalogue_only_reads() -> None:
    starts = ("Get", "List", "Describe", "GenerateCredentialReport")
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
