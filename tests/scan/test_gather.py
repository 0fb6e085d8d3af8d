"""Every account has a result, whatever ends the reading: the last one, the deadline or Ctrl-C."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from checker.decision import decision
from checker.evaluate import AccountRead, AccountResult, Reading, evaluate
from checker.scan.gather import Deadline, Interrupted, Task, gathered
from checker.sources.aws.workers import Workers
from tests.support.fixtures import NOW, policy

JUDGE = partial(evaluate, policy(), now=NOW, show_all=True)


def account(number: int) -> AccountRead:
    return AccountRead(decision.Account(f"{number:012}"), ())


def tasks(reads: list[Callable[[], Reading]]) -> list[Task[Reading]]:
    return [Task(f"{number:012}", f"n{number}", read) for number, read in enumerate(reads)]


def quick(number: int) -> Callable[[], Reading]:
    return lambda: account(number)


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """What a task waits for that would never end by itself."""
    event = threading.Event()
    yield event
    event.set()


def reasons(results: list[AccountResult]) -> list[str | None]:
    return [result.reason and result.reason.partition(" before")[0] for result in results]


def test_results_come_in_the_order_of_the_tasks() -> None:
    """The first task ends last."""
    others = threading.Barrier(3)

    def last() -> Reading:
        others.wait(timeout=30)
        return account(0)

    def waits(number: int) -> Reading:
        others.wait(timeout=30)
        return account(number)

    seen: list[AccountResult] = []
    made = tasks([last, partial(waits, 1), partial(waits, 2)])
    found = list(gathered(made, JUDGE, Workers(3), Deadline(None), seen.append))
    assert [result.id for result in found] == [f"{number:012}" for number in range(3)]
    assert sorted(result.id or "" for result in seen) == [f"{number:012}" for number in range(3)]
    assert reasons(found) == [None, None, None]


def test_what_is_not_read_by_the_deadline_is_unreadable(released: threading.Event) -> None:
    def hangs() -> Reading:
        released.wait()
        return account(1)

    started = time.monotonic()
    found = list(gathered(tasks([quick(0), hangs, quick(2)]), JUDGE, Workers(2), Deadline(0.3)))
    assert time.monotonic() - started < 20
    assert reasons(found) == [None, "the deadline of 0.3 s passed", None]
    assert (found[1].id, found[1].name) == ("000000000001", "n1")
    assert found[1].reason == (
        "the deadline of 0.3 s passed before this account was read: give --deadline more time, or run again"
    )


def test_ctrl_c_leaves_what_is_known_and_says_what_is_not(released: threading.Event) -> None:
    before = signal.getsignal(signal.SIGINT)
    read_first = threading.Event()

    def first() -> Reading:
        read_first.set()
        return account(0)

    def hangs() -> Reading:
        read_first.wait()
        time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGINT)
        released.wait()
        return account(1)

    found = []
    with pytest.raises(Interrupted):  # noqa: PT012 -- what came before the exception is what is tested
        for result in gathered(tasks([first, hangs, quick(2)]), JUDGE, Workers(1), Deadline(None)):
            found.append(result)  # noqa: PERF402 -- what came before the exception is what is tested
    assert reasons(found) == [None, "it was interrupted", "it was interrupted"]
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_ends_at_once(released: threading.Event) -> None:
    def hangs() -> Reading:
        released.wait()
        return account(0)

    def twice(_result: AccountResult) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as raised:
        list(gathered(tasks([quick(0), hangs]), JUDGE, Workers(2), Deadline(None), twice))
    assert raised.type is KeyboardInterrupt


def test_a_bug_in_a_task_is_not_swallowed() -> None:
    def breaks() -> Reading:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(gathered(tasks([quick(0), breaks]), JUDGE, Workers(2), Deadline(None)))
