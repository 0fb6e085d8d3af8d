"""What is valid, in one sentence; the problems are messages on standard error, whatever the format."""

from typing import TextIO

from checker.errors import printable
from checker.reports.validate.run import ValidationRun
from checker.spoken import plural


def write(run: ValidationRun, out: TextIO) -> None:
    """Nothing where the policy is not valid."""
    if run.policy is None:
        return
    content = run.policy.content
    rules, exemptions = len(content.get("rules", ())), len(content.get("exemptions", ()))
    summary = f"{plural(rules, 'rule')} and {plural(exemptions, 'exemption')}"
    known = f", {plural(run.accounts, 'account')} in the inventory" if run.accounts else ""
    out.write(f"{printable(run.policy.file)}: valid, {summary}{known}\n")
