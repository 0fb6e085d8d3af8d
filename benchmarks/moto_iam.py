"""moto answers: the emulator that the tests use, several milliseconds of processor time a call."""

from collections.abc import Sequence

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from emulator import Answer, Answering, Call
from moto.core.botocore_stubber import BotocoreStubber
from traps import ACCOUNT_ID, User

from checker.embedded.aws import add_key, add_user, standing_in_report


def answering(users: Sequence[User]) -> Answering:
    """What answers calls about an account with these users."""
    standing_in_report().__enter__()  # for as long as this process lives
    for user in users:
        add_user(ACCOUNT_ID, user.name, user.created, path=user.path).id = user.id
        for key in user.keys:
            status = "Active" if key.active else "Inactive"
            added = add_key(ACCOUNT_ID, user.name, key.created, status=status, activated=key.activated)
            added.access_key_id = key.id
    stubber = BotocoreStubber()

    def answer(call: Call) -> Answer:
        headers = HTTPHeaders()
        for name, text in call.headers.items():
            headers[name] = text
        service = "sts" if call.operation == "GetCallerIdentity" else "iam"
        headers.replace_header("Host", f"{service}.amazonaws.com")
        request = AWSPreparedRequest("POST", f"https://{service}.amazonaws.com/", headers, call.body, False)
        response = stubber.process_request(request)
        assert response is not None, f"moto does not know {call.operation}"  # noqa: S101 -- ends the run
        status, _headers, body = response
        return Answer(status, body if isinstance(body, bytes) else body.encode())

    return answer
