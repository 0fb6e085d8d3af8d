"""What verbs on a policy do first: find and load the policy and the inventory, tell the time."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from checker.decision import Account
from checker.errors import FileProblems, Problem, UsageError
from checker.policy.lint import lint
from checker.policy.loader import PolicyFile, load
from checker.shell.common import Common, say

POLICY_NAME = "policies.yaml"
INVENTORY_NAME = "accounts.yaml"
Inventory = dict[str, Account]


class Loaded(NamedTuple):
    """A checked policy with its inventory, and the one reading of the clock."""

    policy: PolicyFile
    inventory: Inventory
    now: datetime


class Checked:
    """The policy and the inventory that the options name, with every problem of both files."""

    def __init__(self, common: Common) -> None:
        """Loads both; raises UsageError without a file."""
        self.loaded: Loaded | None = None  # where there are no errors
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self._quiet = common.quiet
        now = common.now or datetime.now(UTC)
        path, listed = named_files(common)
        policy, inventory = None, None
        try:
            policy = load(path)
        except FileProblems as error:
            self.errors += error.problems
        other = None if listed else other_ending(path.parent / INVENTORY_NAME)
        self._notes = [f"note: {other} is not read: rename it, or name it with --inventory"] if other else []
        try:
            inventory = load_inventory(listed)
        except FileProblems as error:
            self.errors += error.problems
        if policy is None or self.errors:
            self.errors.sort()
            return
        warnings = lint(policy, now, inventory)
        if common.strict and warnings:
            self.errors = warnings
        else:
            self.loaded, self.warnings = Loaded(policy, inventory or {}, now), warnings

    def without_errors(self) -> Loaded:
        """What was loaded; raises FileProblems if there are errors."""
        if self.loaded is None:
            raise FileProblems(self.errors)
        return self.loaded

    def accepted(self) -> Loaded:
        """What was loaded, its warnings printed; raises FileProblems if there are errors."""
        loaded = self.without_errors()
        say(self._notes, quiet=self._quiet)
        say((f"warning: {warning}" for warning in self.warnings), quiet=self._quiet)
        return loaded


def named_files(common: Common) -> tuple[Path, Path | None]:
    """The policy and the inventory that the options name, or that are found; raises UsageError without a policy."""
    policy = common.policy or find_policy(Path.cwd())
    return policy, common.inventory or find_inventory(policy.parent)


def read_files(common: Common) -> list[tuple[str, Path | None]]:
    """The same with what a person calls them; raises UsageError without a policy."""
    policy, inventory = named_files(common)
    return [(f"the policy {policy}", policy), (f"the inventory {inventory}", inventory)]


def find_policy(start: Path) -> Path:
    """policies.yaml here or above, no higher than the repository's root; raises UsageError."""
    for folder in (start, *start.parents):
        if (folder / POLICY_NAME).is_file():
            found = folder / POLICY_NAME
            return found.relative_to(start) if folder == start else found
        if (folder / ".git").exists():
            break
    other = other_ending(start / POLICY_NAME)
    if other:
        raise UsageError(f"no {POLICY_NAME} in {start}, but {other.name}: rename it, or name it with --policy")
    raise UsageError(f"no {POLICY_NAME} in {start} or above it: `keyage init` writes one, --policy names another")


def other_ending(path: Path) -> Path | None:
    """The file that is there in place of this one, `.yml` in place of `.yaml`."""
    other = path.with_suffix(".yml")
    return other if path.suffix == ".yaml" and other.is_file() and not path.exists() else None


def in_repository(file: str) -> str:
    """The path of a file from the root of the repository it is in, as code hosts name it; else the path as it is."""
    path = Path(file).absolute()
    for folder in path.parents:
        if (folder / ".git").exists():
            return path.relative_to(folder).as_posix()
    return Path(file).as_posix()


def find_inventory(folder: Path) -> Path | None:
    """accounts.yaml in the folder, which is the policy's; None if there is none."""
    path = folder / INVENTORY_NAME
    return path if path.is_file() else None


def load_inventory(path: Path | None) -> Inventory | None:
    """The accounts by id; None without a file. Raises FileProblems, UsageError."""
    if path is None:
        return None
    from checker.policy import inventory

    return inventory.load(path)
