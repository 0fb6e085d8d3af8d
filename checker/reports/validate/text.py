"""What is valid, in one sentence; the problems are messages on standard error, whatever the format."""

from typing import TextIO

from checker.reports.validate.run import ValidationRun


def write(run: ValidationRun, out: TextIO) -> None:
    """Nothing where the policy is not valid."""
    if run.policy is None:
        return
    content = run.policy.content
    rules, exemptions = len(content.get("rules", ())), len(content.get("exemptions", ()))
    known = f", {run.accounts} accounts in the inventory" if run.accounts else ""
    out.write(f"{run.policy.file}: valid, {rules} rules and {exemptions} exemptions{known}\n")
