"""`--from FILE`: tells the kinds of saved state apart, by content where the name does not say."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from checker.encoding import FileText, read_utf8, require_utf8
from checker.errors import UsageError
from checker.evaluate import NO_ADDRESSES, Reading
from checker.policy.inventory import Inventory
from checker.sources.saved import credential_report, snapshot, terraform_accounts, terraform_state


class Saved(NamedTuple):
    """An opened source: its kind for the report, whether its ages are exact, and its accounts."""

    kind: str
    exact: bool
    accounts: Iterator[Reading]
    lines: snapshot.Lines | None = None  # where single accounts can be read on their own
    addresses: Mapping[str, str] = NO_ADDRESSES  # where Terraform manages a key, by access key id


def open_saved(path: Path, inventory: Inventory) -> Saved:
    """Open a snapshot (.json, .jsonl), a credential report (.csv, .json) or Terraform state (.json, .tfstate).

    Raises UsageError if it is none of them, Unreadable if it is broken; that may be found only as the
    accounts are read.
    """
    if path.suffix == ".jsonl":
        lines = snapshot.Lines(path, inventory)
        return Saved("snapshot", True, lines.accounts(), lines)
    return open_text(FileText(read_utf8(path), path), inventory)


def open_text(text: FileText, inventory: Inventory) -> Saved:
    """As `open_saved` does, what was read of a file that is no JSON Lines."""
    if credential_report.is_report(text.data):
        return Saved("credential-report", False, credential_report.read(text, inventory))
    if text.data.lstrip().startswith(b"{"):
        return _open_json(text, inventory)
    raise UsageError(
        f"{text.path} is neither a keyage snapshot (.json, .jsonl) nor an IAM credential report (.csv, or what"
        " `aws iam get-credential-report` prints) nor Terraform state (`terraform show -json`)"
    )


def _open_json(text: FileText, inventory: Inventory) -> Saved:
    require_utf8(*text)
    report = credential_report.answered(text)
    if report is not None:
        return Saved("credential-report", False, credential_report.read(report, inventory))
    if not terraform_state.is_state(text.data):
        return Saved("snapshot", True, snapshot.read_json(text, inventory))
    state = terraform_state.parse(text)
    accounts = terraform_accounts.read(text.path, state, inventory)
    return Saved("terraform-state", True, accounts, None, terraform_state.addresses(state))
