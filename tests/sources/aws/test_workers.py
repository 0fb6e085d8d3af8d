"""Threads: bounded, in order, and tasks that share their work never wait for each other."""

import threading
from concurrent.futures import Future

import pytest

from checker.sources.aws.workers import Workers


class Gauge:
    """How many threads are inside at once, at most."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_error: object) -> None:
        with self._lock:
            self.now -= 1


def test_nothing_to_do_gives_nothing() -> None:
    workers = Workers(2)
    assert workers.map(str, []) == []
    workers.leave()


@pytest.mark.parametrize("number", [1, 3, 16])
def test_results_come_in_the_order_of_the_items(number: int) -> None:
    workers = Workers(number)
    assert workers.map(lambda item: item * 2, range(500)) == [item * 2 for item in range(500)]
    workers.leave()


def test_tasks_that_all_share_their_work_end() -> None:
    """Every thread is taken by a task that maps over items of its own."""
    workers, gauge = Workers(4), Gauge()

    def item(number: int) -> int:
        with gauge:
            return number

    tasks: list[Future[int]] = [workers.start(lambda: sum(workers.map(item, range(100)))) for _ in range(50)]
    assert [task.result(timeout=30) for task in tasks] == [4950] * 50
    assert gauge.most <= 4
    workers.leave()


def test_idle_threads_help_the_last_task() -> None:
    """Four items that wait for each other need four threads: the one that asks and three that help."""
    workers, together = Workers(4), threading.Barrier(4)
    task = workers.start(lambda: workers.map(lambda item: (item, together.wait(timeout=30) >= 0), range(4)))
    assert task.result(timeout=30) == [(item, True) for item in range(4)]
    workers.leave()


@pytest.mark.parametrize("number", [1, 4])
def test_what_an_item_raises_is_raised_and_ends_the_work(number: int) -> None:
    workers, seen = Workers(number), []

    def item(each: int) -> None:
        seen.append(each)
        if each == 3:
            raise LookupError("three")

    with pytest.raises(LookupError, match="three"):
        workers.map(item, range(10_000))
    assert len(seen) < 10_000
    workers.leave()


def test_an_index_error_of_an_item_is_no_end_of_the_items() -> None:
    workers = Workers(2)
    with pytest.raises(IndexError):
        workers.map(lambda item: [][item], range(3))
    workers.leave()
