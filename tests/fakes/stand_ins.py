"""Stand-ins for what the AWS emulator lacks: pages, faults, old reports, changes between two calls, time.

moto answers every listing in one page, never throttles and always reports the present. These make it
behave like AWS in those respects, between the real client and moto.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs

import botocore.endpoint
from botocore.awsrequest import AWSResponse, HTTPHeaders
from botocore.handlers import BUILTIN_HANDLERS
from botocore.retries import bucket
from moto.core.botocore_stubber import MockRawResponse
from moto.core.responses import ActionResult
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse
from moto.organizations.utils import PAGINATION_MODEL

ERROR = """<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>
<RequestId>stand-in</RequestId></ErrorResponse>"""

Act = Callable[[dict[str, str]], "tuple[int, str] | Exception | None"]


def refuse(code: str, status: int = 403, message: str | None = None) -> Act:
    """Answer with an AWS error."""
    return lambda _asked: (status, ERROR.format(code=code, message=message or f"stand-in for {code}"))


def refuse_json(code: str, status: int = 400) -> Act:
    """Answer with an AWS error, to a service that speaks JSON."""
    return lambda _asked: (status, json.dumps({"__type": code, "message": f"stand-in for {code}"}))


def throttle() -> Act:
    return refuse("Throttling", 400)


def fail_with(error: Exception) -> Act:
    """Break before an answer arrives, as a time-out does."""
    return lambda _asked: error


def answer(body: str, status: int = 200) -> Act:
    return lambda _asked: (status, body)


def of_users(act: Act, *names: str) -> Act:
    """What happens to calls about these users; the others are answered."""
    return lambda asked: act(asked) if asked.get("UserName") in names else None


def after(change: Callable[[], object]) -> Act:
    """Change the world just before the call is answered."""

    def act(_asked: dict[str, str]) -> None:
        change()

    return act


class Faults:
    """Sits between the client and moto: counts requests and plays the faults that were planned.

    moto sees the request all the same: a change that is refused here has been made there.
    """

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._planned: dict[str, list[tuple[Act, int | None]]] = {}

    def plan(self, operation: str, act: Act, times: int | None = None) -> None:
        """Play `act` for the operation, so many times (None: always)."""
        self._planned.setdefault(operation, []).append((act, times))

    def forget(self) -> None:
        """Plan nothing any more."""
        self._planned.clear()

    def __call__(self, request: Any, **_others: Any) -> AWSResponse | None:
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        target = request.headers.get("X-Amz-Target", b"").decode()
        asked = json.loads(body) if target else {key: values[0] for key, values in parse_qs(body).items()}
        operation = target.rpartition(".")[2] or asked.get("Action", "")
        self.requests[operation] += 1
        self.asked.append((operation, asked))
        act = self._next(operation)
        played = act(asked) if act else None
        if isinstance(played, Exception):
            raise played
        if played is None:
            return None
        status, text = played
        return AWSResponse(request.url, status, HTTPHeaders(), MockRawResponse(text))

    def _next(self, operation: str) -> Act | None:
        planned = self._planned.get(operation, [])
        if not planned:
            return None
        act, times = planned[0]
        if times is not None:
            planned[0] = (act, times - 1)
            if times <= 1:
                planned.pop(0)
        return act


@contextmanager
def faults() -> Iterator[Faults]:
    """Clients made while it lasts meet the faults that are planned."""
    made = Faults()
    entry = ("before-send", made)
    BUILTIN_HANDLERS.insert(0, entry)
    try:
        yield made
    finally:
        BUILTIN_HANDLERS.remove(entry)


@contextmanager
def pages_of(size: int) -> Iterator[None]:
    """Listings come in pages of `size`, with a marker to the next, whatever larger size is asked for."""

    def paged(method: Any, member: str) -> Any:
        def respond(self: Any) -> ActionResult:
            everything = list(method(self).result[member])
            start = int(self._get_param("Marker") or 0)
            asked = min(size, int(self._get_param("MaxItems") or size))
            page = {member: everything[start : start + asked], "IsTruncated": start + asked < len(everything)}
            return ActionResult(page | ({"Marker": str(start + asked)} if page["IsTruncated"] else {}))

        return respond

    members = {
        "list_users": "Users",
        "list_access_keys": "AccessKeyMetadata",
        "list_user_tags": "Tags",
        "list_groups_for_user": "Groups",
        "get_account_authorization_details": "UserDetailList",
    }
    wrapped = {name: paged(getattr(IamResponse, name), member) for name, member in members.items()}
    with patch.multiple(IamResponse, **wrapped):
        yield


@contextmanager
def organization_pages_of(size: int) -> Iterator[None]:
    """Listings of AWS Organizations come in pages of `size`; moto tells pages apart by times of joining."""
    listings = [name for name in PAGINATION_MODEL if name.startswith("list_")]
    small = {name: PAGINATION_MODEL[name] | {"limit_default": size} for name in listings}
    small["list_accounts"] |= {"unique_attribute": "Id"}
    with patch.dict(PAGINATION_MODEL, small):
        yield


@contextmanager
def old_report(account: Any) -> Iterator[None]:
    """The credential report stays as it is now, as it does for four hours, while the account changes."""
    account.generate_report()
    frozen = account.get_credential_report()
    with patch.object(IAMBackend, "get_credential_report", lambda _backend: frozen):
        yield


class VirtualTime:
    """A clock that sleeping moves: retries and backoff take no time but their durations are known."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds

    def current_time(self) -> float:
        return self.now


@contextmanager
def virtual_time() -> Iterator[VirtualTime]:
    """Clients made while it lasts wait for retries on a virtual clock."""
    clock = VirtualTime()

    class Condition(threading.Condition):
        def wait(self, timeout: float | None = None) -> bool:
            # A wait shorter than the clock's precision would never end.
            clock.sleep(max(timeout or 0, 0.001))
            return True

    tick: dict[str, Any] = {
        "sleep": lambda _self, amount: clock.sleep(amount),
        "current_time": lambda _self: clock.current_time(),
    }
    locks = SimpleNamespace(Lock=threading.Lock, Condition=Condition)
    with (
        patch.multiple(bucket.Clock, **tick),
        patch.object(bucket, "threading", locks),
        patch.object(botocore.endpoint, "time", clock),
    ):
        yield clock


@contextmanager
def denied(*operations: str) -> Iterator[None]:
    """IAM denies these operations before anything comes of them; what Faults refuses moto has done all the same."""
    plain = IamResponse.call_action

    def call_action(response: Any) -> Any:
        operation = response._get_action()  # noqa: SLF001 -- moto tells it nowhere else
        if operation in operations:
            return 403, {}, ERROR.format(code="AccessDenied", message=f"stand-in for a denial of {operation}")
        return plain(response)

    with patch.object(IamResponse, "call_action", call_action):
        yield
