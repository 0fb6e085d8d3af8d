"""`keyage validate`: the problems of policies.yaml and accounts.yaml; no AWS, no network."""

import sys
from collections.abc import Sequence
from typing import TextIO

from checker.errors import COMPLIANT_EXIT
from checker.shell.common import Common
from checker.shell.loading import Checked, Loaded, accepted, check_all, in_repository

TEXT = "text"
FORMATS = (TEXT, "github", "gitlab", "sarif")


def run(common: Common, formats: Sequence[str] = (TEXT,)) -> int:
    """Print what is wrong, or that nothing is, and write the outputs; raises FileProblems."""
    checked = check_all(common)
    if tuple(formats) != (TEXT,):
        _write_outputs(checked, formats)
    loaded = accepted(checked, common)
    if not common.quiet and TEXT in formats:
        sys.stdout.write(f"{_valid(loaded)}\n")
    return COMPLIANT_EXIT


def _write_outputs(checked: Checked, formats: Sequence[str]) -> None:
    # What only these outputs need would double the start of an ordinary run.
    from checker.reports import problems
    from checker.shell.outputs import parse_outputs, write_outputs

    located = [
        problems.Located(level, problem._replace(file=in_repository(problem.file)))
        for level, found in (("error", checked.errors), ("warning", checked.warnings))
        for problem in found
    ]

    def write(name: str, out: TextIO) -> None:
        if name != TEXT:
            problems.WRITERS[name](located, out)

    write_outputs(parse_outputs(formats, FORMATS), write)


def _valid(loaded: Loaded) -> str:
    content = loaded.policy.content
    rules, exemptions = len(content.get("rules", ())), len(content.get("exemptions", ()))
    known = f", {len(loaded.inventory)} accounts in the inventory" if loaded.inventory else ""
    return f"{loaded.policy.file}: valid, {rules} rules and {exemptions} exemptions{known}"
