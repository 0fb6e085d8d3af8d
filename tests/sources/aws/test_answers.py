"""Half an answer is one that botocore asks for again; a web page is an error at once."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape
from botocore.parsers import ResponseParserError
from botocore.session import Session

from checker.permissions import CALLS, ROTATION
from checker.sources.aws.answers import READ

whole_answers: Any = import_module("checker.rules.whole_answers")

WHOLE = b"""\
<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account><Arn>a</Arn>\
</GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""
ERROR = b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
KEYS = """<ListAccessKeysResponse><ListAccessKeysResult><IsTruncated>{}</IsTruncated><AccessKeyMetadata><member>
<UserName>u</UserName><AccessKeyId>AKIA</AccessKeyId>{}<CreateDate>2026-11-23T12:00:00Z</CreateDate>
</member></AccessKeyMetadata></ListAccessKeysResult></ListAccessKeysResponse>"""
ACTIVE = "<Status>Active</Status>"
BROKEN_OFF = b"<A><GetCredentialReportResult><Content>abc</Content></GetCredentialReportResult></A>"
OF_THE_SHIPPED = (
    ("iam", "GetUser"),
    ("iam", "GetAccessKeyLastUsed"),
    ("config", "ListDiscoveredResources"),
    ("config", "GetComplianceDetailsByConfigRule"),
)


def output_of(service: str, operation: str) -> Any:
    return Session().get_service_model(service).operation_model(operation).output_shape


def parsed(service: str, operation: str, body: bytes, status: int = 200, protocol: str = "query") -> dict[str, Any]:
    parser = whole_answers.WholeAnswers(whole_answers.READ | READ).create_parser(protocol)
    response = {"status_code": status, "headers": {}, "body": body}
    answer: dict[str, Any] = parser.parse(response, output_of(service, operation))
    return answer


def test_a_whole_answer_is_as_botocore_parses_it() -> None:
    about = {"RequestId": "1", "HTTPStatusCode": 200, "HTTPHeaders": {}}
    expected = {"Account": "123456789012", "Arn": "a", "ResponseMetadata": about}
    assert parsed("sts", "GetCallerIdentity", WHOLE) == expected


@pytest.mark.parametrize(
    ("service", "protocol", "status", "body"),
    [
        ("iam", "query", 200, KEYS.format("false", ACTIVE).encode()),
        ("iam", "query", 400, ERROR),
        ("iam", "query", 500, b""),
        ("iam", "query", 503, b"<html>"),
        ("config", "json", 400, b'{"__type": "AccessDeniedException"}'),
    ],
    ids=["keys", "an error", "500 without a body", "503 with a page", "an error in JSON"],
)
def test_what_says_all_that_it_must_is_no_half(service: str, protocol: str, status: int, body: bytes) -> None:
    operation = "ListAccessKeys" if service == "iam" else "DescribeConfigRules"
    answer = parsed(service, operation, body, status, protocol)
    assert not isinstance(answer, whole_answers.Half)
    whole_answers.refuse_half(answer)


HALVES = {
    "nothing": ("iam", "query", "ListUsers", b""),
    "half of XML": ("iam", "query", "ListUsers", b"<ListUsersResponse><ListUsersResult>"),
    "no result": ("iam", "query", "ListUsers", b"<ListUsersResponse></ListUsersResponse>"),
    "half of base64": ("iam", "query", "GetCredentialReport", BROKEN_OFF),
    "not text": ("iam", "query", "ListUsers", bytes(range(256))),
    "a key without status": ("iam", "query", "ListAccessKeys", KEYS.format("false", "").encode()),
    "a next page without its marker": ("iam", "query", "ListAccessKeys", KEYS.format("true", ACTIVE).encode()),
    "nothing in JSON": ("organizations", "json", "ListAccounts", b""),
    "no members in JSON": ("organizations", "json", "ListAccounts", b"{}"),
    "half of JSON": ("organizations", "json", "ListAccounts", b'{"Accounts": [{"Id": "1'),
    "a list in JSON": ("organizations", "json", "ListAccounts", b"[]"),
    "null in JSON": ("organizations", "json", "ListAccounts", b"null"),
    "null for an account": ("organizations", "json", "ListAccounts", b'{"Accounts": [null]}'),
    "an account without id": ("organizations", "json", "ListAccounts", b'{"Accounts": [{"Name": "a"}]}'),
    "a text for a list": ("organizations", "json", "ListAccounts", b'{"Accounts": "a"}'),
    "nothing for evaluations": ("config", "json", "PutEvaluations", b""),
}


@pytest.mark.parametrize("name", HALVES)
def test_half_an_answer_is_an_error_that_passes_and_none_once_it_stays(name: str) -> None:
    service, protocol, operation, body = HALVES[name]
    answer = parsed(service, operation, body, protocol=protocol)
    assert answer["Error"]["Code"] == whole_answers.PASSING
    with pytest.raises(ResponseParserError):
        whole_answers.refuse_half(answer)


@pytest.mark.parametrize("body", [b"", ERROR[:40], b"<ErrorResponse></ErrorResponse>"])
def test_half_an_error_is_asked_for_again_too(body: bytes) -> None:
    assert parsed("iam", "ListUsers", body, 400)["Error"]["Code"] == whole_answers.PASSING
    assert parsed("iam", "ListUsers", body, 429)["Error"]["Code"] == whole_answers.THROTTLED


@pytest.mark.parametrize("status", [200, 302, 403])
def test_a_web_page_is_not_from_aws_and_not_asked_for_again(status: int) -> None:
    with pytest.raises(ResponseParserError, match="a web page"):
        parsed("iam", "ListUsers", b"\n<!DOCTYPE html><html><br>Sign in</html>", status)


def structures(shape: Shape | None, found: dict[str, set[str]]) -> None:
    if isinstance(shape, ListShape):
        structures(shape.member, found)
    elif isinstance(shape, StructureShape) and shape.name not in found:
        found[shape.name] = set(shape.members)
        for member in shape.members.values():
            structures(member, found)


def models() -> Iterator[Any]:
    for call in CALLS:
        yield output_of(call.service, call.operation)
    answered = (output_of(call.service, call.operation) for call in ROTATION)
    yield from (shape for shape in answered if shape is not None)  # a change may have no answer
    for service, operation in OF_THE_SHIPPED:
        yield output_of(service, operation)


def test_every_answer_that_is_read_has_members_that_must_be_there_and_each_of_them_exists() -> None:
    table: Mapping[str, tuple[str, ...]] = whole_answers.READ | READ
    found: dict[str, set[str]] = {}
    for shape in models():
        structures(shape, found)
    assert {shape.name for shape in models()} - set(table) == set()
    assert {name: set(members) - found[name] for name, members in table.items() if set(members) - found[name]} == {}


@pytest.mark.parametrize(
    ("status", "body"),
    [(302, b""), (403, b"Blocked by policy"), (403, b'{"message":"Forbidden"}'), (404, b"not here")],
)
def test_what_a_proxy_says_comes_again_however_often_it_is_asked_for(status: int, body: bytes) -> None:
    with pytest.raises(ResponseParserError, match=rf"HTTP {status}, not as AWS answers"):
        parsed("iam", "ListAccessKeys", body, status)


@pytest.mark.parametrize("status", [408, 429])
def test_a_status_that_tells_to_ask_again_is_asked_again_whoever_says_it(status: int) -> None:
    assert isinstance(parsed("iam", "ListAccessKeys", b"later", status), whole_answers.Half)


@pytest.mark.parametrize(
    ("keys", "lacking"),
    [
        (KEYS.format("false", "<Status></Status>"), "Status"),
        (KEYS.format("false", ACTIVE).replace("2026-11-23T12:00:00Z", "0001-01-01T00:00:00+14:00"), "dateType"),
    ],
)
def test_an_empty_member_and_a_date_of_no_time_are_no_answer(keys: str, lacking: str) -> None:
    answer = parsed("iam", "ListAccessKeys", keys.encode())
    assert (type(answer), answer["Error"]["Message"]) == (whole_answers.Half, f"the answer has no {lacking}")
