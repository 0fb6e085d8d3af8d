"""Judging on every core gives what judging one account after the other gives."""

import os
from functools import partial
from pathlib import Path

import pytest

from checker.evaluate import evaluate
from checker.scan import fleet
from checker.sources.saved.snapshot import Lines
from tests.support.fixtures import NOW, policy
from tests.support.processes import ACCOUNT, OLD, YOUNG

JUDGE = partial(evaluate, policy(), now=NOW, show_all=True)


@pytest.fixture
def every_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "WORTH_IT", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0, 1, 2})


def accounts(folder: Path, number: int) -> Path:
    """As many accounts, last id first."""
    lines = [(ACCOUNT % f"{OLD},{YOUNG}").replace("000000000001", f"{each:012d}") for each in range(number)]
    path = folder / "s.jsonl"
    path.write_text("".join(reversed(lines)))
    return path


@pytest.mark.usefixtures("every_core")
def test_the_results_are_the_same_and_in_the_same_order(tmp_path: Path) -> None:
    lines = Lines(accounts(tmp_path, 40), {})
    one_after_the_other = [JUDGE(reading) for reading in lines.accounts()]
    assert [result.id for result in one_after_the_other] == [f"{each:012d}" for each in range(40)]
    assert list(fleet.judged(lines, JUDGE)) == one_after_the_other


@pytest.mark.usefixtures("every_core")
def test_what_one_process_cannot_read_is_no_silence(tmp_path: Path) -> None:
    path = accounts(tmp_path, 40)
    path.write_text(path.read_text().replace('"status":"Active"', '"status":1', 1))
    path.write_text("hello\n" + path.read_text())
    results = list(fleet.judged(Lines(path, {}), JUDGE))
    assert [result.id for result in results if result.reason is None] == [f"{each:012d}" for each in range(39)]
    assert [(result.id, str(result.reason).partition(": ")[0][-9:]) for result in results[39:]] == [
        ("000000000039", "s.jsonl:2"),
        (None, "s.jsonl:1"),
    ]


def test_a_small_snapshot_starts_no_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fleet, "ProcessPoolExecutor", None)
    assert len(list(fleet.judged(Lines(accounts(tmp_path, 3), {}), JUDGE))) == 3
