"""A folder of rendered files: compare it with what it should be, and change it whole or not at all."""

import difflib
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from checker.errors import CannotWrite, UsageError, printable
from checker.file_bytes import locked, read_ordinary
from checker.members import refuse_repeated

Files = Mapping[str, bytes]
# What Terraform and OpenTofu read in the folder of a module, whatever else it is called (Terraform language, "Files and
# Directories"; OpenTofu adds its own two). Names that begin with a dot are not read.
LOADED = (".tf", ".tf.json", ".tofu", ".tofu.json")
STAGING = ".keyage-render-"


class FileDifference(NamedTuple):
    """A file that is not as it should be: `missing`, `differs`, `left over` from an earlier render, or a `stranger`."""

    path: str
    what: str
    detail: str = ""

    def __str__(self) -> str:
        return printable(f"{self.what:<9}  {self.path}{self.detail}")


def differences(folder: Path, files: Files, manifest: str) -> list[FileDifference]:
    """What a render would change, by path; raises UsageError if the folder cannot be read."""
    found = [FileDifference(path, "left over") for path in _left_over(folder, files, manifest)]
    for path, data in files.items():
        there = _content(folder, path)
        if there is None:
            found.append(FileDifference(path, "missing"))
        elif there != data:
            found.append(FileDifference(path, "differs", _changed_lines(there, data)))
    return sorted(found)


def strangers(folder: Path, files: Files, manifest: str) -> list[FileDifference]:
    """Files of somebody else that are deployed with the rendered ones: Terraform reads every one in a module's folder.

    By path; raises UsageError if a folder cannot be read.
    """
    ours = files.keys() | _listed(folder, manifest)
    modules = {PurePosixPath(path).parent for path in ours if path.endswith(LOADED)}
    there = {f"{module / name}" for module in modules for name in _loaded(_inside(folder, f"{module}"))}
    return [FileDifference(path, "stranger", "  (Terraform reads it too)") for path in sorted(there - ours)]


def _loaded(module: Path) -> list[str]:
    try:
        entries = list(module.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise UsageError(f"cannot read {module}: {error.strerror}") from None
    named = [each for each in entries if each.name.endswith(LOADED) and not each.name.startswith(".")]
    return [each.name for each in named if not each.is_dir()]


def write(folder: Path, files: Files, manifest: str) -> list[FileDifference]:
    """Make the folder what it should be and say what changed; a failure leaves it as it was.

    Files that nobody rendered stay: only what the old manifest lists is replaced or removed. A run that was killed
    leaves a manifest of what it was about to write, so the next one ends its work. Raises UsageError, CannotWrite.
    """
    changes = differences(folder, files, manifest)
    listed = _listed(folder, manifest)
    _refuse_unlisted(folder, changes, listed | {manifest}, manifest)
    try:
        with _for_us_alone(folder):
            _apply(folder, files, changes, _Manifest(manifest, listed | files.keys()))
    except OSError as error:
        raise CannotWrite(f"cannot write {error.filename or folder}: {error.strerror}; nothing was changed") from None
    return changes


class _Manifest(NamedTuple):
    path: str
    listed: AbstractSet[str]  # by the last render, or by this one


@contextmanager
def _for_us_alone(folder: Path) -> Iterator[None]:
    """Hold the folder, which is made if need be, and remove what killed runs left in it; raises CannotWrite."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        alone = locked(handle, fcntl.LOCK_EX)
        if alone is False:
            raise CannotWrite(f"another keyage is writing into {folder}: run again when it has ended")
        for left in folder.glob(f"{STAGING}*") if alone else ():
            shutil.rmtree(left, ignore_errors=True)
        yield
    finally:
        os.close(handle)


def _apply(folder: Path, files: Files, changes: list[FileDifference], manifest: _Manifest) -> None:
    if not changes:
        return
    staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=folder))
    try:
        new: dict[str, Path | None] = {}
        for number, (path, what, _detail) in enumerate(changes):
            new[path] = None if what == "left over" else staging / f"new-{number}"
            if what != "left over":
                (staging / f"new-{number}").write_bytes(files[path])
        steps = list(new.items())
        if manifest.path in new:
            listing, last = staging / "listing", (manifest.path, new.pop(manifest.path))
            listing.write_bytes(json.dumps({"files": dict.fromkeys(sorted(manifest.listed), "")}).encode())
            steps = [(manifest.path, listing), *new.items(), last]
        _swap(folder, staging, steps)
    finally:
        shutil.rmtree(staging)
    for change in changes:
        if change.what == "left over":
            _remove_empty(folder, _inside(folder, change.path).parent)


def _swap(folder: Path, staging: Path, steps: Sequence[tuple[str, Path | None]]) -> None:
    """Put a new file, or none, in the place of each path, in this order; on any failure everything goes back."""
    done: list[tuple[Path, Path | None]] = []
    try:
        for number, (path, new) in enumerate(steps):
            target, before = _inside(folder, path), staging / f"old-{number}"
            there = target.exists()
            if there:
                shutil.copy2(target, before)
            done.append((target, before if there else None))
            target.parent.mkdir(parents=True, exist_ok=True)
            if new:
                new.replace(target)
            else:
                target.unlink()
    except BaseException:
        for target, kept in reversed(done):
            if kept:
                kept.replace(target)
            else:
                target.unlink(missing_ok=True)
            _remove_empty(folder, target.parent)
        raise


def _remove_empty(folder: Path, emptied: Path) -> None:
    while emptied != folder and emptied.is_dir() and not any(emptied.iterdir()):
        emptied.rmdir()
        emptied = emptied.parent


def _refuse_unlisted(folder: Path, changes: list[FileDifference], listed: set[str], manifest: str) -> None:
    unlisted = [change.path for change in changes if change.what == "differs" and change.path not in listed]
    if unlisted:
        raise UsageError(
            f"{folder} has files that the last render's {manifest} does not list: {', '.join(unlisted)};"
            " move them away, or render into another folder"
        )


def _left_over(folder: Path, files: Files, manifest: str) -> list[str]:
    return [path for path in _listed(folder, manifest) - set(files) if _content(folder, path) is not None]


def last_manifest(folder: Path, manifest: str) -> dict[str, Any]:
    """What the last render said of itself, nothing where there was none; raises UsageError for another's file."""
    data = _content(folder, manifest)
    if data is None:
        return {"files": {}}
    try:
        refuse_repeated(data)
        content: dict[str, Any] = json.loads(data)
        return {**content, "files": dict(content["files"])}
    except (ValueError, KeyError, TypeError):
        raise UsageError(
            f"{folder / manifest} is not a manifest that keyage wrote: restore it, or render into another folder"
        ) from None


def _listed(folder: Path, manifest: str) -> set[str]:
    """The paths that the last render wrote, by its manifest."""
    return {str(path) for path in last_manifest(folder, manifest)["files"]}


def _content(folder: Path, path: str) -> bytes | None:
    target = _inside(folder, path)
    try:
        return read_ordinary(target)
    except FileNotFoundError:
        return None
    except IsADirectoryError:
        raise CannotWrite(f"cannot write {target}: there is a folder of this name: move it away") from None
    except NotADirectoryError:
        file = next((each for each in (target, *target.parents) if each.exists()), folder)
        raise CannotWrite(f"cannot write {target}: {file} is a file: move it away, or name another folder") from None
    except OSError as error:
        raise UsageError(f"cannot read {target}: {error.strerror}") from None


def _inside(folder: Path, path: str) -> Path:
    """The file below the folder; raises UsageError for a path that leads out of it, by `..` or by a link."""
    parts = PurePosixPath(path).parts
    if not parts or PurePosixPath(path).is_absolute() or ".." in parts:
        raise UsageError(f"{folder}: the manifest lists {printable(path)}, which is not below the folder")
    target = folder
    for part in parts:
        target /= part
        if target.is_symlink():
            raise UsageError(f"{target} is a symbolic link: keyage reads and writes nothing through it")
    return target


def _changed_lines(old: bytes, new: bytes) -> str:
    try:
        texts = old.decode().splitlines(), new.decode().splitlines()
    except UnicodeDecodeError:
        return "  (binary)"
    marks = [line[0] for line in difflib.unified_diff(*texts, lineterm="", n=0) if line[:3] not in ("---", "+++")]
    return f"  (+{marks.count('+')} -{marks.count('-')} lines)"
