"""A folder of rendered files: compare it with what it should be, and change it whole or not at all."""

import difflib
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from checker.errors import UsageError, printable

Files = Mapping[str, bytes]


class Difference(NamedTuple):
    """A file that is not as it should be: `missing`, `differs` or `left over` from an earlier render."""

    path: str
    what: str
    detail: str = ""

    def __str__(self) -> str:
        return printable(f"{self.what:<9}  {self.path}{self.detail}")


def differences(folder: Path, files: Files, manifest: str) -> list[Difference]:
    """What a render would change, by path; raises UsageError if the folder cannot be read."""
    found = [Difference(path, "left over") for path in _left_over(folder, files, manifest)]
    for path, data in files.items():
        there = _content(folder, path)
        if there is None:
            found.append(Difference(path, "missing"))
        elif there != data:
            found.append(Difference(path, "differs", _changed_lines(there, data)))
    return sorted(found)


def write(folder: Path, files: Files, manifest: str) -> list[Difference]:
    """Make the folder what it should be and say what changed; a failure leaves it as it was.

    Files that nobody rendered stay: only what the old manifest lists is replaced or removed. Raises UsageError.
    """
    changes = differences(folder, files, manifest)
    _refuse_strangers(folder, changes, _listed(folder, manifest) | {manifest}, manifest)
    try:
        _apply(folder, files, changes)
    except OSError as error:
        raise UsageError(f"cannot write {error.filename or folder}: {error.strerror}; nothing was changed") from None
    return changes


def _apply(folder: Path, files: Files, changes: list[Difference]) -> None:
    if not changes:
        return
    folder.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".keyage-render-", dir=folder))
    try:
        for path, what, _detail in changes:
            if what != "left over":
                new = _inside(staging / "new", path)
                new.parent.mkdir(parents=True, exist_ok=True)
                new.write_bytes(files[path])
        _swap(folder, staging, [change.path for change in changes])
    finally:
        shutil.rmtree(staging)
    for change in changes:
        if change.what == "left over":
            _remove_empty(folder, _inside(folder, change.path).parent)


def _swap(folder: Path, staging: Path, paths: Iterable[str]) -> None:
    """Move old files out and new ones in; on any failure everything goes back."""
    moved: list[tuple[Path, Path]] = []
    try:
        for path in paths:
            target, old, new = _inside(folder, path), staging / "old" / path, staging / "new" / path
            if target.exists():
                old.parent.mkdir(parents=True, exist_ok=True)
                moved.append((target, old))
                target.replace(old)
            if new.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                moved.append((new, target))
                new.replace(target)
    except BaseException:
        for origin, now in reversed(moved):
            if now.exists():
                now.replace(origin)
        for path in paths:
            _remove_empty(folder, _inside(folder, path).parent)
        raise


def _remove_empty(folder: Path, emptied: Path) -> None:
    while emptied != folder and emptied.is_dir() and not any(emptied.iterdir()):
        emptied.rmdir()
        emptied = emptied.parent


def _refuse_strangers(folder: Path, changes: list[Difference], listed: set[str], manifest: str) -> None:
    strangers = [change.path for change in changes if change.what == "differs" and change.path not in listed]
    if strangers:
        raise UsageError(
            f"{folder} has files that the last render's {manifest} does not list: {', '.join(strangers)};"
            " move them away, or render into another folder"
        )


def _left_over(folder: Path, files: Files, manifest: str) -> list[str]:
    return [path for path in _listed(folder, manifest) - set(files) if _content(folder, path) is not None]


def _listed(folder: Path, manifest: str) -> set[str]:
    """The paths that the last render wrote, by its manifest."""
    data = _content(folder, manifest)
    if data is None:
        return set()
    try:
        listed = json.loads(data)["files"]
        return {str(path) for path in dict(listed)}
    except (ValueError, KeyError, TypeError):
        raise UsageError(
            f"{folder / manifest} is not a manifest that keyage wrote: restore it, or render into another folder"
        ) from None


def _content(folder: Path, path: str) -> bytes | None:
    target = _inside(folder, path)
    try:
        return target.read_bytes()
    except FileNotFoundError:
        return None
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
