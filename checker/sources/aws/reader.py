"""The door to what `rules/` reads and changes in live IAM, as checker.decision is the door to the rule."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules import iam_changes as changes
    from rules import iam_keys as keys
    from rules import iam_listing as listing
    from rules import iam_reader as reader
else:
    changes = import_module("checker.rules.iam_changes")
    keys = import_module("checker.rules.iam_keys")
    listing = import_module("checker.rules.iam_listing")
    reader = import_module("checker.rules.iam_reader")

__all__ = ["changes", "keys", "listing", "reader"]
