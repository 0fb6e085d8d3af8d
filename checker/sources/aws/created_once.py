"""A client that creates no access key twice: where the answer was lost, asking again would make another key."""

from typing import Any

from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from checker.sources.aws.first_contact import ATTEMPTS
from checker.sources.aws.reader import keys, listing

EVENT = "needs-retry.iam.CreateAccessKey"
HALF = "RequestTimeout"  # how half an answer is told (rules/whole_answers.py)


def created_once(iam: Any) -> None:
    """Let a client of IAM ask again for CreateAccessKey only where AWS has surely not done it."""
    iam.meta.events.register_first(EVENT, _only_if_not_done)


def _only_if_not_done(response: Any, caught_exception: Exception | None, **_attempt: Any) -> None:
    """botocore's event after each attempt; raises what ends the call if the key may have been made."""
    if caught_exception is not None:
        if type(caught_exception) not in ATTEMPTS:  # in those nothing was sent
            raise caught_exception
        return
    http, answer = response
    error = ClientError(answer, "CreateAccessKey")
    if "Error" in answer and listing.error_code(error) == HALF:
        raise ResponseParserError("half an answer came to CreateAccessKey")
    if http.status_code >= keys.SERVER_FAILED:
        raise error
