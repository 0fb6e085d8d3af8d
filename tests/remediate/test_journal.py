"""The journal: for its owner alone, on the disk before anything follows, for one run at a time, and mended."""

import errno
import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from checker.errors import CannotWrite, UsageError
from checker.remediate.journal import Journal, Line, State
from tests.support.fixtures import ACCOUNT, NOW

LINE = Line(
    NOW, "0", "begin", ACCOUNT, "u", "AIDA", "AKIAXXXXXXXXXXXX", "deactivate", State("Active", None), None, "old", None
)
TEXT = (
    b'{"at":"2026-11-23T12:00:00Z","plan":"0","event":"begin","account":"111122223333","user":"u","userId":"AIDA",'
    b'"accessKeyId":"AKIAXXXXXXXXXXXX","step":"deactivate","before":{"status":"Active","mark":null},"after":null,"why":"old",'
    b'"requestId":null}\n'
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "j.jsonl"


def written(path: Path, times: int = 1) -> None:
    with Journal.open(path) as journal:
        for _ in range(times):
            journal.append(LINE)


def test_a_new_one_is_empty_and_for_its_owner_alone(path: Path) -> None:
    with Journal.open(path) as journal:
        assert journal.lines == []
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"", 0o600)


def test_a_line_is_written_as_the_design_has_it_and_read_again(path: Path) -> None:
    written(path)
    assert path.read_bytes() == TEXT
    with Journal.open(path) as journal:
        assert journal.lines == [LINE]


def test_one_of_wider_mode_is_closed_to_others(path: Path) -> None:
    path.write_bytes(TEXT)
    path.chmod(0o644)
    written(path)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (TEXT * 2, 0o600)


@pytest.mark.parametrize("cut", [1, 5, 20, len(TEXT) - 2])
def test_a_line_that_was_cut_off_goes(path: Path, cut: int) -> None:
    path.write_bytes(TEXT + TEXT[:cut])
    with Journal.open(path) as journal:
        assert journal.lines == [LINE]
        journal.append(LINE)
    assert path.read_bytes() == TEXT * 2


@pytest.mark.parametrize("end", [b"", b"\0" * 100, b" ", b"\r"])
@pytest.mark.parametrize("before", [b"", TEXT])
def test_a_last_line_that_only_lost_its_end_stays(path: Path, before: bytes, end: bytes) -> None:
    """Editors may take the last end of a line away."""
    path.write_bytes(before + TEXT[:-1] + end)
    lines = [LINE] * (2 if before else 1)
    for _ in range(2):
        with Journal.open(path) as journal:
            assert journal.lines == lines
    written(path)
    with Journal.open(path) as journal:
        assert journal.lines == [*lines, LINE]
    assert path.read_bytes() == before + TEXT[:-1] + end.rstrip(b"\0") + b"\n" + TEXT


def test_what_a_power_failure_leaves_goes(path: Path) -> None:
    path.write_bytes(TEXT + b"\0" * 100)
    written(path)
    assert path.read_bytes() == TEXT * 2


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"version: 1\n", 1),
        (b"a text without an end of line", 1),
        (TEXT + b"{}\n", 2),
        (TEXT + b"\n", 2),
        (TEXT + TEXT[:40] + b"\n" + TEXT, 2),
        (TEXT + b'{"account": 1', 2),
        (TEXT + b"\xff\n", 2),
        (TEXT + TEXT[:-2] + b',"other":' + b"[" * 5000 + b"]" * 5000 + b"}\n", 2),
    ],
)
def test_what_is_no_journal_is_refused_and_stays(path: Path, data: bytes, line: int) -> None:
    path.write_bytes(data)
    with pytest.raises(UsageError, match=rf"j.jsonl:{line}: this is not a line of a journal.*name another file"):
        Journal.open(path)
    assert path.read_bytes() == data


@pytest.mark.parametrize("wrong", [b'"u\\u001b"', b'"a/b"', b'""'])
def test_a_user_that_iam_cannot_have_is_refused(path: Path, wrong: bytes) -> None:
    path.write_bytes(TEXT + TEXT.replace(b'"user":"u"', b'"user":' + wrong))
    with pytest.raises(UsageError, match=r"j.jsonl:2: .*is not the name of a user.*: name the file that"):
        Journal.open(path, create=False)


def test_a_second_run_with_it_is_refused(path: Path) -> None:
    with Journal.open(path), pytest.raises(UsageError, match="another keyage works with"):
        Journal.open(path)
    written(path)


def test_a_pipe_is_refused(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(UsageError, match="no ordinary file"):
        Journal.open(path)


def test_one_that_should_be_there_is_not_made(path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        Journal.open(path, create=False)
    assert not path.exists()


def test_what_is_no_journal_is_told_to_undo_without_an_option_that_it_has_not(path: Path) -> None:
    path.write_bytes(b"version: 1\n")
    with pytest.raises(UsageError) as refused:
        Journal.open(path, create=False)
    assert str(refused.value).endswith(
        "not a line of a journal: version: 1: name the file that `keyage remediate apply` wrote as its --journal"
    )


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="No such file or directory"):
        Journal.open(tmp_path / "none" / "j")


def test_a_line_is_on_the_disk_before_anything_follows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    with Journal.open(path) as journal:
        opened = len(synced)
        journal.append(LINE)
        journal.append(LINE)
    assert (opened, synced[opened:]) == (2, [len(TEXT), 2 * len(TEXT)])  # at first the file and its folder


def test_threads_that_write_at_once_wait_for_the_disk_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, threads = 0.05, 8
    synced: list[int] = []

    def fsync(handle: int) -> None:
        synced.append(handle)
        time.sleep(slow)

    monkeypatch.setattr(os, "fsync", fsync)
    with Journal.open(path) as journal:
        opened = len(synced)
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(journal.append, [LINE] * threads))
        assert (journal.lines, path.read_bytes()) == ([LINE] * threads, TEXT * threads)
    assert 1 <= len(synced) - opened < threads


def test_a_full_disk_leaves_no_half_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write

    def half(handle: int, data: bytes) -> int:
        if len(data) < len(TEXT):
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, data[:50])

    with Journal.open(path) as journal:
        journal.append(LINE)
        monkeypatch.setattr(os, "write", half)
        with pytest.raises(CannotWrite, match="No space left on device; nothing more was begun"):
            journal.append(LINE)
        assert journal.lines == [LINE]
    assert path.read_bytes() == TEXT
