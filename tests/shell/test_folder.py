"""A folder of rendered files changes whole or not at all, and keeps what nobody rendered."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.errors import CannotWrite, UsageError
from checker.shell.folder import FileDifference, differences, strangers, write

MANIFEST = "manifest.json"


def manifested(files: dict[str, bytes]) -> dict[str, bytes]:
    return files | {MANIFEST: json.dumps({"files": dict.fromkeys(files, "digest")}).encode()}


ONE = manifested({"terraform/a/main.tf": b"one\n", "terraform/b/main.tf": b"two\n", "cloudformation/a.yaml": b"x: 1\n"})
OTHER = manifested({"terraform/a/main.tf": b"one\nmore\n", "terraform/c/lambda.zip": b"\xff"})


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def folders(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_dir())


def listed(found: list[FileDifference]) -> list[str]:
    return [str(each) for each in found]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "build", ONE, MANIFEST)
    return tmp_path / "build"


def test_a_folder_that_is_as_it_should_be_has_no_differences(folder: Path) -> None:
    assert differences(folder, ONE, MANIFEST) == []


def test_writing_the_same_again_touches_nothing(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert write(folder, ONE, MANIFEST) == []
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_comparing_writes_nothing(tmp_path: Path) -> None:
    assert len(differences(tmp_path / "none", ONE, MANIFEST)) == 4
    assert list(tmp_path.iterdir()) == []


def test_every_difference_is_listed(folder: Path) -> None:
    assert listed(differences(folder, OTHER, MANIFEST)) == [
        "left over  cloudformation/a.yaml",
        "differs    manifest.json  (+1 -1 lines)",
        "differs    terraform/a/main.tf  (+1 -0 lines)",
        "left over  terraform/b/main.tf",
        "missing    terraform/c/lambda.zip",
    ]


def test_writing_replaces_adds_and_removes_and_leaves_no_empty_folder(folder: Path) -> None:
    write(folder, OTHER, MANIFEST)
    assert content(folder) == OTHER
    assert folders(folder) == ["terraform", "terraform/a", "terraform/c"]


def test_what_nobody_rendered_stays_and_is_no_difference(folder: Path) -> None:
    state = folder / "terraform/b/terraform.tfstate"
    state.write_bytes(b"state")
    assert differences(folder, ONE, MANIFEST) == []
    write(folder, OTHER, MANIFEST)
    assert content(folder) == OTHER | {"terraform/b/terraform.tfstate": b"state"}


@pytest.mark.parametrize(
    "path",
    [
        "terraform/a/terraform.tfstate",
        "terraform/a/.terraform.lock.hcl",
        "terraform/a/terraform.tfvars",
        "terraform/a/.extra.tf",
        "terraform/a/extra.tf~",
        "terraform/a/modules/mine/extra.tf",
        "terraform/mine/extra.tf",
        "terraform/extra.tf",
        "cloudformation/extra.tf",
        "cloudformation/extra.yaml",
    ],
)
def test_what_terraform_does_not_read_is_no_stranger(folder: Path, path: str) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(b"x")
    assert strangers(folder, ONE, MANIFEST) == []


def test_a_folder_that_is_not_there_has_no_strangers(tmp_path: Path) -> None:
    assert strangers(tmp_path / "none", ONE, MANIFEST) == []


@pytest.mark.parametrize("name", ["extra.tf", "override.tf", "x_override.tf.json", "extra.tofu", "a.tofu.json"])
def test_what_terraform_reads_beside_what_was_rendered_is_a_stranger(folder: Path, name: str) -> None:
    for module in ("a", "b"):
        (folder / f"terraform/{module}/{name}").write_bytes(b"x")
    told = [f"stranger   terraform/{module}/{name}  (Terraform reads it too)" for module in ("a", "b")]
    assert listed(strangers(folder, ONE, MANIFEST)) == told
    assert listed(strangers(folder, OTHER, MANIFEST)) == told  # b is in the manifest of the last render
    write(folder, ONE, MANIFEST)
    assert (folder / f"terraform/b/{name}").read_bytes() == b"x"


STEPS = ((Path, "replace"), (Path, "unlink"), (Path, "write_bytes"), (shutil, "copy2"), (tempfile, "mkdtemp"))
NUMBER = 16  # of steps from ONE to OTHER


@contextmanager
def broken(number: int, how: Callable[[], None]) -> Iterator[None]:
    """In the block, the number-th step of those that change the disk ends in that way."""
    count = iter(range(1000))

    def step(plain: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any, **named: Any) -> Any:
            if next(count) == number:
                how()
            return plain(*arguments, **named)

        return stepping

    with pytest.MonkeyPatch.context() as patched:
        for owner, name in STEPS:
            patched.setattr(owner, name, step(getattr(owner, name)))
        yield


def disk_full() -> None:
    raise OSError(28, "No space left on device")


def killed() -> None:
    os._exit(9)


def test_a_failed_render_leaves_the_old_tree(folder: Path) -> None:
    before = folders(folder)
    for number in range(NUMBER):
        with (
            broken(number, disk_full),
            pytest.raises(CannotWrite, match=r"^cannot write .*build: No space left on device; nothing was changed$"),
        ):
            write(folder, OTHER, MANIFEST)
        assert (content(folder), folders(folder)) == (ONE, before)
    with broken(NUMBER, disk_full):  # there is no such step: all of them were tried
        write(folder, OTHER, MANIFEST)
    assert content(folder) == OTHER


@pytest.mark.parametrize("number", range(NUMBER))
@pytest.mark.parametrize("afterwards", [ONE, OTHER, manifested({"terraform/c/lambda.zip": b"new", "d": b"d"})])
def test_after_a_killed_render_the_next_one_is_whole_and_clears_up(
    folder: Path, number: int, afterwards: dict[str, bytes]
) -> None:
    child = os.fork()
    if child == 0:
        with broken(number, killed):
            write(folder, OTHER, MANIFEST)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    write(folder, afterwards, MANIFEST)
    assert content(folder) == afterwards
    assert [path for path in folder.iterdir() if path.name.startswith(".")] == []


def test_what_another_render_has_in_hand_is_not_cleared(folder: Path) -> None:
    (folder / ".keyage-render-other").mkdir()
    handle = os.open(folder, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(CannotWrite, match=r"another keyage is writing into .*: run again when it has ended"):
        write(folder, OTHER, MANIFEST)
    os.close(handle)
    assert (folder / ".keyage-render-other").is_dir()
    assert {path: text for path, text in content(folder).items() if ".keyage" not in path} == ONE


def test_what_cannot_be_cleared_is_no_obstacle(folder: Path) -> None:
    (folder / ".keyage-render-file").write_text("somebody's")
    write(folder, OTHER, MANIFEST)
    assert (folder / "terraform/a/main.tf").read_bytes() == OTHER["terraform/a/main.tf"]


def test_a_folder_in_the_place_of_a_file_is_in_the_way(folder: Path) -> None:
    (folder / "terraform/c/lambda.zip").mkdir(parents=True)
    with pytest.raises(CannotWrite, match=r"lambda\.zip: there is a folder of this name"):
        write(folder, OTHER, MANIFEST)


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "terraform/a/main.tf"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(UsageError, match=r"does not list: terraform/a/main\.tf; move them away"):
        write(tmp_path, ONE, MANIFEST)
    assert content(tmp_path) == {"terraform/a/main.tf": b"mine"}


def test_a_render_that_was_killed_half_way_can_be_finished(folder: Path) -> None:
    (folder / "terraform/c").mkdir()
    (folder / "terraform/c/lambda.zip").write_bytes(OTHER["terraform/c/lambda.zip"])
    write(folder, OTHER, MANIFEST)
    assert content(folder) == OTHER


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"files": 3}', b'{"files": {"a": ""}, "files": {}}', b"\xff"])
def test_a_strange_manifest_is_not_acted_upon(folder: Path, data: bytes) -> None:
    (folder / MANIFEST).write_bytes(data)
    with pytest.raises(UsageError, match="is not a manifest that keyage wrote"):
        write(folder, OTHER, MANIFEST)


@pytest.mark.parametrize("path", ["../precious", "/etc/passwd", "a/../../precious", ""])
def test_a_manifest_cannot_reach_out_of_the_folder(folder: Path, path: str) -> None:
    precious = folder.parent / "precious"
    precious.write_text("keep")
    (folder / MANIFEST).write_text(json.dumps({"files": {path: "digest"}}))
    with pytest.raises(UsageError, match="which is not below the folder"):
        write(folder, OTHER, MANIFEST)
    assert precious.read_text() == "keep"


def test_nothing_is_written_through_a_link(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (folder / "terraform").rename(outside)
    (folder / "terraform").symlink_to(outside)
    before = content(outside)
    with pytest.raises(UsageError, match="is a symbolic link"):
        write(folder, OTHER, MANIFEST)
    assert content(outside) == before


trees = st.dictionaries(st.sampled_from(["a/x", "a/y", "b/x", "c"]), st.binary(max_size=3), max_size=4).map(manifested)


@settings(max_examples=30)
@given(st.lists(trees, min_size=1, max_size=4))
def test_after_any_history_the_folder_is_the_last_render(
    tmp_path_factory: pytest.TempPathFactory, history: list[dict[str, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("history") / "build"
    for files in history:
        write(folder, files, MANIFEST)
        assert differences(folder, files, MANIFEST) == []
    assert content(folder) == history[-1]
