"""moto answers: the emulator that the tests use, several milliseconds of processor time a call."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from unittest.mock import patch
from xml.sax.saxutils import escape

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from emulator import Answer, Answering, Call
from moto.core.botocore_stubber import BotocoreStubber
from moto.iam.models import IAMBackend
from traps import ACCOUNT_ID, Key, User

from checker.embedded.aws import add_key, add_user, backend, standing_in_report

DENIED_VARIABLE = "KEYAGE_BENCHMARK_DENIED"  # for the emulator's process: operations that AWS denies, by commas
# AWS makes a new credential report when it is asked for one and the last is four hours old.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
REPORT_AGE = timedelta(hours=3, minutes=59)
GLOBAL_SERVICES = {"iam", "sts", "organizations"}
_NO_SERVICES = (
    "<JobStatus>COMPLETED</JobStatus><JobCreationDate>2026-01-01T00:00:00Z</JobCreationDate>"
    "<JobCompletionDate>2026-01-01T00:00:01Z</JobCompletionDate><ServicesLastAccessed/><IsTruncated>false</IsTruncated>"
)
LACKED = {  # what moto does not know and others ask, as AWS answers for users without any
    "GenerateServiceLastAccessedDetails": "<JobId>00000000-0000-0000-0000-000000000000</JobId>",
    "GetServiceLastAccessedDetails": _NO_SERVICES,
    "ListServiceSpecificCredentials": "<ServiceSpecificCredentials/>",
}
_LASTING = ExitStack()  # what is entered here lasts as long as this process


def answering(users: Sequence[User]) -> Answering:
    """What answers calls about an account with these users.

    If one of them was reported otherwise, there is a report of almost four hours ago, and AWS keeps to it.
    """
    stale = any(user.reported for user in users)
    _LASTING.enter_context(standing_in_report(REPORT_AGE if stale else timedelta()))
    for user in users:
        _add(user.reported or user)
    if stale:
        _freeze_report()
    for user in users:
        if user.reported:
            _change(user.reported, user)
    stubber = BotocoreStubber()
    denied = os.environ.get(DENIED_VARIABLE, "").split(",")

    def answer(call: Call) -> Answer:
        name = call.operation
        if name in denied:
            who = f"arn:aws:iam::{ACCOUNT_ID}:user/auditor"
            return _error(403, "AccessDenied", f"User: {who} is not authorized to perform: iam:{name}")
        if result := LACKED.get(name):
            return Answer(200, f"<{name}Response><{name}Result>{result}</{name}Result></{name}Response>".encode())
        try:
            return _answer(stubber, call)
        except NotImplementedError:  # an error that clients do not try again
            return _error(400, "InvalidAction", f"moto does not know {name}")

    return answer


def _add(user: User) -> None:
    add_user(ACCOUNT_ID, user.name, user.created, path=user.path).id = user.id
    for key in user.keys:
        added = add_key(ACCOUNT_ID, user.name, key.created, status=_status(key), activated=key.activated)
        added.access_key_id = key.id


def _status(key: Key) -> str:
    return "Active" if key.active else "Inactive"


def _change(before: User, after: User) -> None:
    """A user is renamed or keys are switched since the credential report was made."""
    backend(ACCOUNT_ID).update_user(before.name, new_user_name=after.name)
    user = backend(ACCOUNT_ID).users[after.name]
    for key, now in zip(user.access_keys, after.keys, strict=True):
        key.user_name, key.status, key.activated = after.name, _status(now), now.activated.replace(tzinfo=None)


def _freeze_report() -> None:
    """From now on the credential report is that of this moment."""
    iam = backend(ACCOUNT_ID)
    iam.generate_report()
    text = iam.get_credential_report()
    patch.object(IAMBackend, "get_credential_report", lambda _backend: text).start()


def _error(status: int, code: str, message: str) -> Answer:
    error = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
    return Answer(status, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>".encode())


def _answer(stubber: BotocoreStubber, call: Call) -> Answer:
    headers = HTTPHeaders()
    for name, text in call.headers.items():
        headers[name] = text
    service = call.service or ("sts" if call.operation == "GetCallerIdentity" else "iam")
    host = f"{service}.amazonaws.com" if service in GLOBAL_SERVICES else f"{service}.us-east-1.amazonaws.com"
    headers.replace_header("Host", host)
    request = AWSPreparedRequest(call.method, f"https://{host}{call.path}", headers, call.body, False)
    response = stubber.process_request(request)
    assert response is not None, f"moto does not know {call.operation}"  # noqa: S101 -- ends the run
    status, _headers, body = response
    return Answer(status, body if isinstance(body, bytes) else body.encode())
