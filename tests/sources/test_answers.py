"""Half an answer is an error of one type."""

import pytest
from botocore.parsers import ResponseParserError
from botocore.session import Session

from checker.sources.answers import StrictParsers

WHOLE = b"""\
<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult>\
<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>"""


def parsed(service: str, operation: str, body: bytes) -> dict[str, object]:
    model = Session().get_service_model(service).operation_model(operation)
    parser = StrictParsers().create_parser("query")
    answer: dict[str, object] = parser.parse({"status_code": 200, "headers": {}, "body": body}, model.output_shape)
    return answer


def test_a_whole_answer_is_as_botocore_parses_it() -> None:
    answer = parsed("sts", "GetCallerIdentity", WHOLE)
    about = {"RequestId": "1", "HTTPStatusCode": 200, "HTTPHeaders": {}}
    assert answer == {"Account": "123456789012", "ResponseMetadata": about}
    assert (answer["Account"], answer.get("Arn"), answer.get("Arn", "none")) == ("123456789012", None, "none")


def test_a_member_that_is_missing_and_read_is_a_parser_error() -> None:
    with pytest.raises(ResponseParserError, match=r"^the answer has no Arn$"):
        parsed("sts", "GetCallerIdentity", WHOLE)["Arn"]


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        (
            "GetCredentialReport",
            b"<A><GetCredentialReportResult><Content>abc</Content></GetCredentialReportResult></A>",
        ),
        ("ListUsers", b"<ListUsersResponse></ListUsersResponse>"),
        ("ListUsers", b"<ListUsersResponse><ListUsersResult>"),
        ("ListUsers", b""),
    ],
    ids=["half of base64", "no result", "half of XML", "nothing"],
)
def test_half_an_answer_is_a_parser_error(operation: str, body: bytes) -> None:
    with pytest.raises(ResponseParserError, match=r"^Unable to parse response"):
        parsed("iam", operation, body)
