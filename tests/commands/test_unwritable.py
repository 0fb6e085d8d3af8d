"""What cannot be written: one line, exit code 4, and what was there before as it was."""

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from checker.reports.formats import names
from checker.shell.whole_file import whole_file
from tests.support.processes import ACCOUNT, KEYAGE, NOW, OLD, YOUNG, environment, here, keyage, policy_folder

FULL = "error: cannot write standard output: No space left on device\n"
CLOSED = "error: cannot write standard output: it is closed\n"
TESTS = "tests: [{name: a, user: {name: x}, expect: {maxAccessKeyAge: 90}}]\n"
CHECK = ("check", "--from", "s.jsonl", "--now", NOW)
VERBS = [
    ("--help",),
    ("--version",),
    ("check", "--help"),
    ("validate",),
    ("explain", "old", "--from", "s.jsonl"),
    ("test",),
    ("diff", "policies.yaml", "policies.yaml"),
    ("schema",),
    ("permissions",),
    ("completion", "bash"),
    ("render", "-o", "build"),
    *((*CHECK, "--format", name) for name in names("check")),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policies.test.yaml").write_text(TESTS)
    return policy_folder(tmp_path, users=f"{OLD},{YOUNG}")


def shell(folder: Path, line: str, **extra: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a line of bash in which "$@" is keyage."""
    command = ["bash", "-c", line, "keyage", *KEYAGE]
    done = subprocess.run(command, cwd=folder, env=environment(**extra), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def words(arguments: tuple[str, ...]) -> str:
    return " ".join(arguments)


def test_a_full_standard_error_changes_no_verdict(folder: Path) -> None:
    code, out, _err = shell(folder, f'"$@" {words(CHECK)} 2> /dev/full')
    assert (code, "AKIAOLD" in out) == (1, True)


def test_a_closed_standard_error_gets_nothing_into_the_report(folder: Path) -> None:
    (folder / "policies.yaml").write_text(
        "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules:\n- {id: a, maxAccessKeyAge: 90}\n"
    )
    code, out, _err = shell(folder, f'"$@" {words(CHECK)} --format json 2>&-')
    assert (code, len(json.loads(out)["keys"])) == (1, 2)


def test_who_writes_only_to_a_file_needs_no_standard_output(folder: Path) -> None:
    for end in (">&-", "> /dev/full", ">&- <&-", ">&- <&- 2>&-"):
        code, _out, err = shell(folder, f'"$@" {words(CHECK)} --format json=keys.json {end}')
        assert (code, err, len(json.loads((folder / "keys.json").read_text())["keys"])) == (1, "", 2)


def test_a_reader_that_leaves_hears_no_complaint(folder: Path) -> None:
    assert shell(folder, '"$@" schema | head -n 1')[1:] == ("{\n", "")


def test_an_ignored_interrupt_is_ignored(folder: Path) -> None:
    assert shell(folder, f'trap "" INT; "$@" {words(CHECK)} --quiet')[0] == 1


@pytest.mark.parametrize("arguments", VERBS, ids=words)
def test_4_where_standard_output_takes_nothing(folder: Path, arguments: tuple[str, ...]) -> None:
    code, _out, err = shell(folder, f'"$@" {words(arguments)} > /dev/full')
    assert (code, err.splitlines(keepends=True)[-1:], "Traceback" in err) == (4, [FULL], False)


@pytest.mark.parametrize("arguments", [*VERBS, (*CHECK, "--exit-zero")], ids=words)
def test_4_where_nobody_reads_standard_output(folder: Path, arguments: tuple[str, ...]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*KEYAGE, *arguments], cwd=folder, env=environment(), stdout=write, stderr=subprocess.PIPE)
    os.close(write)
    assert (done.returncode, [line for line in done.stderr.decode().splitlines() if "note: " not in line]) == (4, [])


@pytest.mark.parametrize("arguments", [("--version",), ("schema",), CHECK], ids=words)
def test_4_where_standard_output_is_closed(folder: Path, arguments: tuple[str, ...]) -> None:
    assert shell(folder, f'"$@" {words(arguments)} >&-') == (4, "", CLOSED)


def test_an_error_is_told_beside_what_cannot_be_written(folder: Path) -> None:
    (folder / "s.jsonl").write_text("{}\n")
    code, _out, err = shell(folder, f'"$@" {words(CHECK)} > /dev/full')
    assert (code, err.splitlines()[0]) == (
        3,
        "error: s.jsonl:1: not a keyage snapshot: Object missing required field `id`",
    )


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("folder", "it is a folder"),
        ("none/x.json", "make the folder none first"),
        ("policies.yaml/x.json", "Not a directory"),
        ("/dev/full", "No space left on device"),
    ],
)
def test_4_where_a_file_cannot_be_written(folder: Path, file: str, why: str) -> None:
    (folder / "folder").mkdir()
    before = sorted(folder.rglob("*"))
    for arguments in ((*CHECK, "--format", f"json={file}"), ("validate", "--format", f"sarif={file}")):
        run = keyage if file == "/dev/full" else here
        done = run(folder, *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (4, "", f"error: cannot write {file}: {why}\n")
    assert sorted(folder.rglob("*")) == before


def test_a_file_that_grows_too_large_stays_as_it_was(folder: Path) -> None:
    (folder / "page.html").write_text("before")
    # What measures the tests could not write its file either.
    done = shell(folder, f'unset COVERAGE_PROCESS_CONFIG; ulimit -f 1; "$@" {words(CHECK)} --format html=page.html')
    assert done == (4, "", "error: cannot write page.html: File too large\n")
    assert (folder / "page.html").read_text() == "before"
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_the_terminal_s_encoding_is_enough_for_a_person(folder: Path) -> None:
    (folder / "s.jsonl").write_text((ACCOUNT % OLD).replace('"web"', '"wéb"').replace("old", "søren"))
    code, out, err = shell(folder, f'"$@" {words(CHECK)}', PYTHONIOENCODING="ascii")
    assert (code, err, r"s\xf8ren" in out, r"w\xe9b" in out, "\\u" in out) == (1, "", True, True, False)


def test_a_terminal_without_a_size_cuts_nothing(folder: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run([*KEYAGE, *CHECK, "--color", "never"], cwd=folder, env=environment(), stdout=theirs)
    out = os.read(ours, 65536).decode()
    os.close(ours)
    os.close(theirs)
    assert (
        done.returncode,
        "\n2 keys judged of 2 users in 000000000001 web as of a time that is not known: 1 non" in out,
    ) == (1, True)


def test_what_is_for_a_program_is_utf_8_whatever_the_terminal_has(folder: Path) -> None:
    (folder / "s.jsonl").write_text((ACCOUNT % OLD).replace("old", "søren"))
    _code, out, _err = shell(folder, f'"$@" {words(CHECK)} --format json', PYTHONIOENCODING="ascii")
    assert json.loads(out)["keys"][0]["user"] == "søren"


def test_a_link_stays_and_what_it_names_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/file")
    with whole_file(tmp_path / "link") as stream:
        stream.write("text")
    assert ((tmp_path / "link").is_symlink(), (tmp_path / "there/file").read_text()) == (True, "text")


def test_a_device_or_a_pipe_is_not_replaced(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    code, out, _err = shell(
        folder, f'cat pipe & "$@" {words(CHECK)} --format json=pipe --format csv=/dev/null; wait $!'
    )
    assert (code, len(json.loads(out)["keys"])) == (0, 2)
    assert (Path("/dev/null").is_char_device(), (folder / "pipe").is_fifo()) == (True, True)


def test_what_a_killed_run_left_is_cleared_by_the_next(folder: Path) -> None:
    writing = "from pathlib import Path\nfrom checker.shell.whole_file import whole_file\nimport time\n"
    writing += "with whole_file(Path('keys.json')) as stream:\n    print('open', flush=True)\n    time.sleep(600)\n"
    with subprocess.Popen([sys.executable, "-c", writing], cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        left = [path.name for path in folder.glob(".keyage-keys.json.*")]
        with whole_file(folder / "keys.json") as stream:
            stream.write("second")
        assert [path.name for path in folder.glob(".keyage-keys.json.*")] == left
        process.send_signal(signal.SIGKILL)
    assert len(left) == 1
    with whole_file(folder / "keys.json") as stream:
        stream.write("third")
    assert list(folder.glob(".keyage-*")) == []
    assert (folder / "keys.json").read_text() == "third"


def test_what_cannot_be_cleared_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".keyage-keys.json.d").mkdir()
    with whole_file(tmp_path / "keys.json") as stream:
        stream.write("text")
    assert (tmp_path / "keys.json").read_text() == "text"
