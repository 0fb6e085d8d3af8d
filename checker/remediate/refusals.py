"""Whether a change that failed was surely not made: what AWS refuses is not done, of a lost answer nobody knows."""

from typing import Any

from botocore.exceptions import ClientError

from checker.errors import SignInFailed
from checker.permissions import CHANGES
from checker.sources.aws.created_once import HALF
from checker.sources.aws.first_contact import ATTEMPTS
from checker.sources.aws.reader import keys, listing

NOTHING_SENT = {*ATTEMPTS, SignInFailed}


class Refusals:
    """Follows every attempt of the latest change that a client of IAM makes; for one thread."""

    def __init__(self, iam: Any) -> None:
        """`iam`: a client of IAM, which is followed from now on."""
        self._in_doubt = 0  # attempts that were sent and may have been carried out
        for operation in sorted({call.operation for call in CHANGES if call.service == "iam"}):
            iam.meta.events.register_first(f"before-call.iam.{operation}", self._begins)
            iam.meta.events.register_first(f"before-send.iam.{operation}", self._is_sent)
            iam.meta.events.register_first(f"needs-retry.iam.{operation}", self._ends)

    @property
    def surely_not_made(self) -> bool:
        """Whether no attempt of the latest change can have been carried out."""
        return self._in_doubt == 0

    def _begins(self, **_call: Any) -> None:
        self._in_doubt = 0

    def _is_sent(self, **_request: Any) -> None:
        self._in_doubt += 1

    def _ends(self, response: Any, caught_exception: Exception | None, **_attempt: Any) -> None:
        if _not_done(response, caught_exception):
            self._in_doubt -= 1


def _not_done(response: Any, caught_exception: Exception | None) -> bool:
    if caught_exception is not None:
        return type(caught_exception) in NOTHING_SENT
    http, answer = response
    if "Error" not in answer or http.status_code >= keys.SERVER_FAILED:
        return False
    return listing.error_code(ClientError(answer, "")) != HALF
