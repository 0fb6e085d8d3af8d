"""`--from FILE`: tells the kinds of saved state apart, by content where the name does not say."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from checker.errors import UsageError
from checker.evaluate import AccountRead
from checker.sources import credential_report, snapshot
from checker.sources.inventory import Inventory


class Saved(NamedTuple):
    """An opened source: its kind for the report, whether its ages are exact, and its accounts."""

    kind: str
    exact: bool
    accounts: Iterator[AccountRead]
    lines: snapshot.Lines | None = None  # where single accounts can be read on their own


def open_saved(path: Path, inventory: Inventory) -> Saved:
    """Open a snapshot (.json, .jsonl) or a credential report (.csv).

    Raises UsageError if it is none of them, Unreadable if it is broken; that may be found only as the
    accounts are read.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(64).lstrip()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    if start.startswith(b"user,"):
        return Saved("credential-report", False, credential_report.read(path, inventory))
    if path.suffix == ".jsonl":
        lines = snapshot.Lines(path, inventory)
        return Saved("snapshot", True, lines.accounts(), lines)
    if start.startswith(b"{"):
        return Saved("snapshot", True, snapshot.read_json(path, inventory))
    raise UsageError(f"{path} is neither a keyage snapshot (.json, .jsonl) nor an IAM credential report (.csv)")
