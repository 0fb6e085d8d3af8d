"""`--from FILE`: tells the kinds of saved state apart, by content where the name does not say."""

from collections.abc import Iterator, Mapping
from datetime import datetime
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
    taken_at: datetime | None = None  # the time of the state; None: not known


def open_saved(path: Path, inventory: Inventory) -> Saved:
    """Open a snapshot (.json, .jsonl), a credential report (.csv, .json) or Terraform state (.json, .tfstate).

    Raises UsageError if it is none of them, Unreadable if it is broken; that may be found only as the
    accounts are read.
    """
    if path.suffix == ".jsonl":
        lines = snapshot.Lines(path, inventory)
        return Saved("snapshot", True, lines.accounts(), lines, taken_at=lines.taken_at)
    text = FileText(read_utf8(path), path)
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
    answer = credential_report.answered(text)
    if answer is not None:
        accounts = credential_report.read(answer.report, inventory)
        return Saved("credential-report", False, accounts, taken_at=answer.generated)
    if not terraform_state.is_state(text.data):
        whole = snapshot.parse(text)
        return Saved("snapshot", True, snapshot.accounts(whole, text.path, inventory), taken_at=whole.taken_at)
    state = terraform_state.parse(text)
    managed = terraform_accounts.read(text.path, state, inventory)
    return Saved("terraform-state", True, managed, None, terraform_state.addresses(state))
