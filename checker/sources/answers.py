"""What AWS answers, or what a proxy made of it: half an answer is an error of one type, never a KeyError."""

from typing import Any, NoReturn

from botocore.parsers import ResponseParserError, ResponseParserFactory


class StrictParsers(ResponseParserFactory):
    """botocore's parsers, whose every failure is a ResponseParserError, as is a missing member that is read."""

    def create_parser(self, protocol_name: str) -> Any:
        return _Strict(super().create_parser(protocol_name))


class _Strict:
    def __init__(self, parser: Any) -> None:
        self._parser = parser

    def parse(self, response: Any, shape: Any) -> "_Answer":
        try:
            return _Answer(self._parser.parse(response, shape))
        except (LookupError, ValueError) as error:  # a document without a result, base64 that breaks off
            raise ResponseParserError(f"Unable to parse response ({type(error).__name__}: {error})") from error


class _Answer(dict[str, Any]):
    def __missing__(self, member: str) -> NoReturn:
        raise ResponseParserError(f"the answer has no {member}")
