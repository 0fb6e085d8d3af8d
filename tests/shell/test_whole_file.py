"""Files are written whole; those that tell of users and keys are for their owner alone."""

import stat
from pathlib import Path

import pytest

from checker.shell.whole_file import whole_file
from tests.fakes.served_organization import Served
from tests.support.processes import POLICY, keyage


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("private", "wanted"), [(False, 0o644), (True, 0o600)])
@pytest.mark.parametrize("before", [None, 0o666, 0o644, 0o600])
def test_the_mode_of_a_file_is_that_of_its_kind(tmp_path: Path, before: int | None, private: bool, wanted: int) -> None:
    file = tmp_path / "file"
    if before is not None:
        file.touch()
        file.chmod(before)
    with whole_file(file, private=private) as stream:
        stream.write("text")
    assert (mode(file), file.read_text()) == (wanted, "text")


def test_a_file_that_could_not_be_made_whole_is_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("before")
    file.chmod(0o644)
    with pytest.raises(ZeroDivisionError), whole_file(file, private=True) as stream:
        stream.write(f"half {1 / 0}")
    assert (mode(file), file.read_text(), list(tmp_path.iterdir())) == (0o644, "before", [file])


@pytest.mark.parametrize("name", ["s.json", "s.jsonl", "keyage.state"])
def test_snapshots_and_state_are_for_their_owner_alone(served: Served, tmp_path: Path, name: str) -> None:
    (tmp_path / "policies.yaml").write_text(POLICY)
    (tmp_path / name).touch(0o666)
    verb = ("check", "--state", name) if name.endswith("state") else ("snapshot", "-o", name)
    done = keyage(tmp_path, *verb, **served.aws())
    assert (done.returncode, mode(tmp_path / name)) == (0, 0o600)
    assert (tmp_path / name).stat().st_size > 0


def test_a_run_that_read_nothing_leaves_no_state(tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text(POLICY)
    done = keyage(tmp_path, "check", "--state", "keyage.state", "--format", "json=missing/keys.json")
    assert (done.returncode, (tmp_path / "keyage.state").exists()) == (4, False)


def test_a_state_that_cannot_be_kept_hides_no_report(served: Served, tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text(POLICY)
    done = keyage(tmp_path, "check", "--state", "missing/keyage.state", **served.aws())
    assert (done.returncode, "judged" in done.stdout) == (4, True)
    assert done.stderr.endswith("error: cannot write missing/keyage.state: make the folder missing first\n")
