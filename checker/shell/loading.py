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


class Checked(NamedTuple):
    """What came of loading: `loaded` where there are no errors."""

    loaded: Loaded | None
    errors: list[Problem]
    warnings: list[Problem]


def check_all(common: Common) -> Checked:
    """Load policy and inventory, with every problem of both files; raises UsageError without a file."""
    now = common.now or datetime.now(UTC)
    path = common.policy or find_policy(Path.cwd())
    errors: list[Problem] = []
    policy, inventory = None, None
    try:
        policy = load(path)
    except FileProblems as error:
        errors += error.problems
    try:
        inventory = load_inventory(common.inventory, path)
    except FileProblems as error:
        errors += error.problems
    if policy is None or errors:
        return Checked(None, sorted(errors), [])
    warnings = lint(policy, now, inventory)
    if common.strict and warnings:
        return Checked(None, warnings, [])
    return Checked(Loaded(policy, inventory or {}, now), [], warnings)


def load_all(common: Common) -> Loaded:
    """Load policy and inventory and print the policy's warnings.

    Raises FileProblems with the problems of both files, and with the warnings if they are strict.
    """
    return accepted(check_all(common), common)


def accepted(checked: Checked, common: Common) -> Loaded:
    """What was loaded, its warnings printed; raises FileProblems if there are errors."""
    loaded = without_errors(checked)
    say((f"warning: {warning}" for warning in checked.warnings), quiet=common.quiet)
    return loaded


def without_errors(checked: Checked) -> Loaded:
    """What was loaded; raises FileProblems if there are errors."""
    if checked.loaded is None:
        raise FileProblems(checked.errors)
    return checked.loaded


def find_policy(start: Path) -> Path:
    """policies.yaml here or above, no higher than the repository's root; raises UsageError."""
    for folder in (start, *start.parents):
        if (folder / POLICY_NAME).is_file():
            found = folder / POLICY_NAME
            return found.relative_to(start) if folder == start else found
        if (folder / ".git").exists():
            break
    raise UsageError(f"no {POLICY_NAME} in {start} or above it: `keyage init` writes one, --policy names another")


def in_repository(file: str) -> str:
    """The path of a file from the root of the repository it is in, as code hosts name it; else the path as it is."""
    path = Path(file).absolute()
    for folder in path.parents:
        if (folder / ".git").exists():
            return path.relative_to(folder).as_posix()
    return Path(file).as_posix()


def load_inventory(named: Path | None, policy: Path) -> Inventory | None:
    """The inventory named, else accounts.yaml beside the policy, else None."""
    path = named or policy.parent / INVENTORY_NAME
    if named is None and not path.is_file():
        return None
    from checker.policy import inventory

    return inventory.load(path)
