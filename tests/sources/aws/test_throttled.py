"""A person who waits is told that it is AWS that throttles, and nobody is told of what passes."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from botocore.hooks import HierarchicalEmitter

from checker.embedded import aws
from checker.sources.aws.session import ReadOnlySession
from checker.sources.aws.throttled import Throttling, about
from tests.fakes.stand_ins import throttle
from tests.support.fixtures import ACCOUNT, Emulated

REFUSED = (SimpleNamespace(status_code=400), {"Error": {"Code": "Throttling"}})
TOO_MANY: Any = (SimpleNamespace(status_code=429), {})
FAILED = (SimpleNamespace(status_code=500), {"Error": {"Code": "ServiceFailure"}})
GIVEN: Any = (SimpleNamespace(status_code=200), {})


class Watched:
    """A run whose clock goes on only when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0
        self.lines: list[str] = []
        self._tasks: list[tuple[float, Callable[[], None]]] = []
        self._events = HierarchicalEmitter()
        Throttling(self.lines.append, lambda: self.now, self._later).watch(self._events)

    def _later(self, seconds: float, task: Callable[[], None]) -> None:
        self._tasks.append((self.now + seconds, task))

    def answer(self, response: Any, call: dict[str, Any], operation: str = "ListUsers") -> None:
        """An answer to a call, before botocore decides whether to try again."""
        asked = {"operation": SimpleNamespace(name=operation), "request_dict": {"context": call}}
        self._events.emit(f"needs-retry.iam.{operation}", response=response, **asked)

    def over(self, call: dict[str, Any]) -> None:
        self._events.emit("after-call.iam.ListUsers", context=call)

    def failed(self, call: dict[str, Any]) -> None:
        self._events.emit("after-call-error.iam.ListUsers", context=call)

    def wait(self, seconds: float) -> None:
        """Let time pass, with what is due in it."""
        end = self.now + seconds
        while due := [one for one in self._tasks if one[0] <= end]:
            first = min(due, key=lambda one: one[0])
            self._tasks.remove(first)
            self.now = first[0]
            first[1]()
        self.now = end


def line(seconds: int, what: str = "ListUsers") -> str:
    return f"AWS throttles {what}, for {seconds} s now: keyage waits and goes on by itself"


def test_a_run_that_is_not_throttled_says_nothing() -> None:
    run, call = Watched(), dict[str, Any]()
    for response in (FAILED, None, GIVEN):
        run.answer(response, call)
        run.wait(60)
    run.over(call)
    assert run.lines == []


def test_throttling_that_passes_within_ten_seconds_says_nothing() -> None:
    for ending in (Watched.over, Watched.failed):
        run, call = Watched(), dict[str, Any]()
        run.answer(REFUSED, call)
        ending(run, call)
        run.wait(60)
        assert run.lines == []


def test_throttling_that_lasts_is_told_after_10_seconds_and_every_30() -> None:
    run, call = Watched(), dict[str, Any]()
    run.answer(REFUSED, call)
    run.wait(9.9)
    assert run.lines == []
    run.wait(0.2)
    assert run.lines == [line(10)]
    run.wait(60)
    assert run.lines == [line(10), line(40), line(70)]
    run.answer(GIVEN, call)
    run.over(call)
    run.wait(300)
    assert run.lines == [line(10), line(40), line(70)]


def test_the_next_spell_counts_from_its_own_beginning() -> None:
    run, call = Watched(), dict[str, Any]()
    for _spell in range(2):
        run.answer(TOO_MANY, call)
        run.wait(15)
        run.over(call)
        run.wait(300)
    assert run.lines == [line(10), line(10)]


def test_a_slowed_client_that_meets_a_refusal_now_and_then_is_throttled_too() -> None:
    run = Watched()
    for _refusal in range(10):
        call = dict[str, Any]()
        run.answer(REFUSED, call)
        run.over(call)
        run.wait(4.5)
    assert run.lines == [line(10), line(40)]


def test_many_calls_that_wait_have_one_line_with_the_latest_account() -> None:
    run = Watched()
    for number in range(20):
        with about(f"{number:012}"):
            run.answer(REFUSED, {"number": number}, "ListAccessKeys")
    run.wait(10)
    assert run.lines == [line(10, "ListAccessKeys in account 000000000019")]


def test_the_clients_of_a_session_are_watched_and_waited_for(emulated: Emulated) -> None:
    told: list[str] = []
    session = ReadOnlySession(credentials=aws.credentials_for(ACCOUNT), tell=told.append)
    emulated.faults.plan("ListUsers", throttle(), 3)
    seen: list[Any] = []
    throttling: Any = session._throttling  # noqa: SLF001 -- the timer, which is real, is not waited for
    throttling._run_later = lambda _seconds, look: seen.append(look)  # noqa: SLF001 -- likewise
    emulated.user("u")
    iam = session.client("iam")
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["u"]
    assert (len(seen), throttling._waiting, told) == (1, set(), [])  # noqa: SLF001 -- likewise
