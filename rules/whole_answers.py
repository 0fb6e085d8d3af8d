"""Ask AWS again where half of an answer came, as after a 500.

botocore decides what to ask again by the status and the error code of an answer, and a body that does not parse ends
the call before that. So such a body becomes an error that passes by itself: botocore waits, counts and asks again with
the machinery that it has for all others, and what stays broken raises ResponseParserError in the end.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.parsers import ResponseParserError, ResponseParserFactory

# botocore takes it for passing in every mode that we use (botocore/retries/standard.py, TransientRetryableChecker).
PASSING = "RequestTimeout"
THROTTLED = "TooManyRequestsException"
ASK_AGAIN = (408, 429)  # the statuses below 500 that tell a client to
WEB_PAGE = (b"<!doctype html", b"<html")
# What the code reads of an answer, by the names of the structures in botocore's models.
READ = {
    "ListUsersResponse": ("Users",),
    "GetAccountAuthorizationDetailsResponse": ("UserDetailList",),
    "ListAccessKeysResponse": ("AccessKeyMetadata",),
    "ListUserTagsResponse": ("Tags",),
    "ListGroupsForUserResponse": ("Groups",),
    "Group": ("GroupName",),
    "GenerateCredentialReportResponse": ("State",),
    "GetCredentialReportResponse": ("Content",),
    "User": ("UserName", "Path", "UserId", "Arn", "CreateDate"),
    "UserDetail": ("UserName", "Path", "UserId", "Arn", "CreateDate"),
    "AccessKeyMetadata": ("AccessKeyId", "Status", "CreateDate"),
    "Tag": ("Key", "Value"),
    "GetUserResponse": ("User",),
    "GetAccessKeyLastUsedResponse": ("AccessKeyLastUsed",),
    "ListDiscoveredResourcesResponse": ("resourceIdentifiers",),
    "GetComplianceDetailsByConfigRuleResponse": ("EvaluationResults",),
    "EvaluationResult": ("EvaluationResultIdentifier",),
    "EvaluationResultIdentifier": ("EvaluationResultQualifier",),
    "EvaluationResultQualifier": ("ResourceType", "ResourceId"),
}

Answer = Mapping[str, Any]  # of HTTP: status_code, headers, body


def ask_again(
    session: Any,
    read: Mapping[str, tuple[str, ...]] | None = None,
    **defaults: Callable[[Any], datetime],
) -> None:
    """Let every client that a botocore session makes from now on ask again for half an answer.

    `read` has more structures, as READ has them, `defaults` are those of the parsers. A call that gets no whole answer
    raises ResponseParserError.
    """
    answers = WholeAnswers({**READ, **(read or {})})
    answers.set_parser_defaults(**defaults)
    session.register_component("response_parser_factory", answers)
    session.register("after-call", refuse_half)


class WholeAnswers(ResponseParserFactory):
    """botocore's parsers, for which half an answer is an error that passes."""

    def __init__(self, read: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self._read = read

    def create_parser(self, protocol_name: str) -> Any:
        opening = b"{" if "json" in protocol_name else b"<"
        return _Parser(super().create_parser(protocol_name), self._read, opening)


class _Parser:
    def __init__(self, parser: Any, read: Mapping[str, tuple[str, ...]], opening: bytes) -> None:
        self._parser, self._read, self._opening = parser, read, opening

    def parse(self, response: Answer, shape: Any) -> Any:
        """What botocore makes of the answer, or a Half; raises ResponseParserError for one that is not from AWS."""
        try:
            answer = self._parser.parse(response, shape)
        except (ResponseParserError, LookupError, ValueError, TypeError, AttributeError) as error:
            self._require_aws(response)
            return _half(response, _parser_said(error))
        if response["status_code"] >= 301:
            if _has_code(answer, response, shape):
                return answer
            self._require_aws(response)
            return _half(response, "the error has no code")
        lacking = "body" if _has_no_body(response, shape) else self._lacking(answer, shape)
        return answer if lacking is None else _half(response, f"the answer has no {lacking}")

    def _require_aws(self, response: Answer) -> None:
        """Raises ResponseParserError for what would come again however often it is asked for, as from a proxy."""
        status, body = response["status_code"], response["body"].lstrip()
        foreign = body != b"" and not body.startswith(self._opening)
        if body[:20].lower().startswith(WEB_PAGE):
            raise ResponseParserError("Unable to parse response (a web page)")
        if 300 <= status < 400 or (foreign and 400 <= status < 500 and status not in ASK_AGAIN):
            raise ResponseParserError(f"Unable to parse response (HTTP {status}, not as AWS answers)")

    def _lacking(self, value: Any, shape: Any) -> str | None:
        """A member that is read and not there, or is no date of ours, at whatever depth; None if all are there."""
        if shape is not None and shape.type_name == "timestamp":
            return None if 1 < value.year < 9999 else str(shape.name)
        if shape is None or shape.type_name not in ("structure", "list"):
            return None
        if not isinstance(value, (dict, list)):
            return str(shape.name)
        inner: Iterator[tuple[Any, Any]]
        if isinstance(value, list):
            inner = ((item, shape.member) for item in value)
        else:
            for name in self._read.get(shape.name, ()):
                if value.get(name) is None or (value[name] == "" and name != "Value"):
                    return name
            if value.get("IsTruncated") is True and not value.get("Marker"):
                return "Marker"
            inner = ((value[name], member) for name, member in shape.members.items() if name in value)
        return next(filter(None, (self._lacking(item, member) for item, member in inner)), None)


class Half(dict[str, Any]):
    """What came instead of an answer, as botocore has errors; the message is for people."""


def _half(response: Answer, why: str) -> Half:
    status = response["status_code"]
    code = THROTTLED if status == 429 else PASSING
    about = {"HTTPStatusCode": status, "HTTPHeaders": dict(response["headers"])}
    return Half(Error={"Code": code, "Message": why}, ResponseMetadata=about)


def _parser_said(error: Exception) -> str:
    if isinstance(error, ResponseParserError):
        return str(error).partition("\n")[0].partition(", invalid")[0]
    return f"Unable to parse response ({type(error).__name__}: {error})"


def _has_code(answer: Mapping[str, Any], response: Answer, shape: Any) -> bool:
    """Whether an error says which it is; what is wrong with a server that fails need not be said."""
    if response["status_code"] >= 500 or (shape is not None and shape.metadata.get("exception")):
        return True
    return answer.get("Error", {}).get("Code") not in (None, "", str(response["status_code"]))


def _has_no_body(response: Answer, shape: Any) -> bool:
    return response["body"] == b"" and response["status_code"] == 200 and shape is not None and bool(shape.members)


def refuse_half(parsed: Mapping[str, Any], **_call: Any) -> None:
    """Stands after every call: half an answer that stayed one is not handed out."""
    if isinstance(parsed, Half) and parsed["Error"]["Code"] == PASSING:
        raise ResponseParserError(parsed["Error"]["Message"])
