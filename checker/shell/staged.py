"""A change of the policy that some accounts have first: by the options, and by what a rendered folder says of it."""

import json
import shlex
from pathlib import Path
from typing import Any, NamedTuple

from checker.decision import selectors
from checker.errors import UsageError, printable
from checker.generate.deployment import Before
from checker.policy.nearest import Known, meant
from checker.shell.common import Common
from checker.shell.folder import Files, last_manifest
from checker.shell.loading import Inventory
from checker.shell.revisions import GIT, load_revision
from checker.spoken import plural

OPTIONS = "--before and --first-account"
SHOWN = 3  # ids of accounts


class Staged(NamedTuple):
    """`--before` and `--first-account` as they were typed."""

    before: str | None = None
    first_accounts: tuple[str, ...] = ()

    def load(self, policy: Path | None, inventory: Inventory) -> Before | None:
        """The policy that all but the first accounts keep; raises UsageError, FileProblems."""
        if (self.before is None) != (not self.first_accounts):
            raise UsageError(f"{OPTIONS} belong together: which policy was before, and which accounts do not keep it")
        for account_id in self.first_accounts:
            _require_known(account_id, inventory)
        return Before(load_revision(self.before, policy), self.first_accounts) if self.before is not None else None

    def read_files(self) -> list[tuple[str, Path | None]]:
        """What is read, as a person calls it."""
        before = self.before
        return [(f"--before {before}", Path(before))] if before and not before.startswith(GIT) else []

    def typed(self) -> list[str]:
        """The words of the command line."""
        before = [] if self.before is None else ["--before", self.before]
        return before + [word for account_id in self.first_accounts for word in ("--first-account", account_id)]


def _require_known(account_id: str, inventory: Inventory) -> None:
    if not selectors.is_account_id(account_id):
        raise UsageError(f"--first-account {account_id}: write the id of an account, 12 digits")
    if inventory and account_id not in inventory:
        close = Known(inventory).closest(account_id)
        hint = meant(close) if close else "run `keyage inventory`"
        raise UsageError(f"--first-account {account_id}: the account is not in the inventory: {hint}")


def command(common: Common, folder: Path, staged: Staged) -> str:
    """The command that renders the folder like this."""
    named = {"--policy": common.policy, "--inventory": common.inventory}
    words = [word for name, path in named.items() if path for word in (name, str(path))]
    return shlex.join(["keyage", "render", "-o", str(folder), *words, *staged.typed()])


class LastRender(NamedTuple):
    """What the folder says of the change that some accounts have first, beside the render at hand."""

    folder: Path
    there: Any  # `before` of its manifest; None: one policy for every account
    here: Any  # that of the render at hand

    def held_back(self) -> bool:
        """Whether the render at hand gives to every account what the folder gives to some."""
        return bool(self.there) and not self.here

    def said(self) -> list[str]:
        """What differs, in a line; nothing where nothing does."""
        if self.there == self.here:
            return []
        if not self.there:
            return [f"{self.folder} was rendered without {OPTIONS}: with one policy for every account."]
        if not self.here:
            return [f"{self.folder} was rendered with {OPTIONS}: {self._first()} first."]
        return [f"{self.folder} was rendered with another policy before, or for other first accounts: {self._first()}."]

    def left_out(self) -> list[str]:
        """The ids of the accounts that were first and are not any more, while others are."""
        return sorted(set(_ids(self.there)) - set(_ids(self.here))) if self.here else []

    def _first(self) -> str:
        return some_of(_ids(self.there)) or "some accounts"


def last_render(folder: Path, files: Files, manifest: str) -> LastRender:
    """Raises UsageError for a manifest that keyage did not write."""
    here = json.loads(files[manifest]).get("before")
    there = last_manifest(folder, manifest)
    # A folder that is new, and one whose render was killed, say nothing of it.
    return LastRender(folder, there.get("before") if "policySha256" in there else here, here)


def some_of(ids: list[str]) -> str:
    """The first of some ids, and how many more there are."""
    more = f" and {plural(len(ids) - SHOWN, 'more account')}" if len(ids) > SHOWN else ""
    return printable(", ".join(ids[:SHOWN]) + more)


def _ids(before: Any) -> list[str]:
    """The first accounts in a manifest, which an older release does not tell."""
    ids = before.get("firstAccounts", []) if isinstance(before, dict) else []
    return [str(each) for each in ids] if isinstance(ids, list) else []
