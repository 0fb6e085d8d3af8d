"""CreateAccessKey is asked for again only where AWS has surely not done it."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from checker.embedded import aws
from checker.sources.aws.created_once import created_once
from checker.sources.aws.session import RotatingSession
from tests.fakes.stand_ins import Act, answer, fail_with, refuse, throttle
from tests.support.fixtures import ACCOUNT, Emulated

NOWHERE = EndpointConnectionError(endpoint_url="http://127.0.0.1:1")


def client_for_a_user(emulated: Emulated) -> Any:
    """A client that creates keys once, and a user without any."""
    emulated.user("u")
    iam = RotatingSession(credentials=aws.credentials_for(ACCOUNT)).client("iam")
    created_once(iam)
    return iam


@pytest.mark.parametrize(
    ("act", "raised"),
    [
        (fail_with(ReadTimeoutError(endpoint_url="x")), ReadTimeoutError),
        (refuse("InternalFailure", 500), ClientError),
        (answer("<CreateAccessKeyResponse>"), ResponseParserError),
        (answer("<CreateAccessKeyResponse></CreateAccessKeyResponse>"), ResponseParserError),
    ],
)
def test_it_ends_where_the_key_may_have_been_made(emulated: Emulated, act: Act, raised: type[Exception]) -> None:
    iam = client_for_a_user(emulated)
    emulated.faults.plan("CreateAccessKey", act)
    with pytest.raises(raised):
        iam.create_access_key(UserName="u")
    assert emulated.faults.requests["CreateAccessKey"] == 1


def test_what_aws_has_not_done_is_asked_again(emulated: Emulated) -> None:
    iam = client_for_a_user(emulated)
    emulated.faults.plan("CreateAccessKey", fail_with(NOWHERE), 1)
    emulated.faults.plan("CreateAccessKey", throttle(), 1)
    iam.create_access_key(UserName="u")
    assert emulated.faults.requests["CreateAccessKey"] == 3


def test_other_calls_are_asked_again(emulated: Emulated) -> None:
    iam = client_for_a_user(emulated)
    emulated.faults.plan("ListAccessKeys", refuse("InternalFailure", 500), 2)
    iam.list_access_keys(UserName="u")
    assert emulated.faults.requests["ListAccessKeys"] == 3
