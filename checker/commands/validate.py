"""`keyage validate`: the problems of policies.yaml and accounts.yaml; no AWS, no network."""

from checker.commands.common import Common
from checker.commands.loading import load_all
from checker.errors import COMPLIANT_EXIT


def run(common: Common) -> int:
    """Print what is wrong, or that nothing is; raises FileProblems."""
    loaded = load_all(common)
    if not common.quiet:
        content = loaded.policy.content
        rules, exemptions = len(content.get("rules", ())), len(content.get("exemptions", ()))
        known = f", {len(loaded.inventory)} accounts in the inventory" if loaded.inventory else ""
        print(f"{loaded.policy.file}: valid, {rules} rules and {exemptions} exemptions{known}")  # noqa: T201
    return COMPLIANT_EXIT
