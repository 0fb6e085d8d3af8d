"""`keyage validate`: the problems of policies.yaml and accounts.yaml; no AWS, no network."""

import sys
from collections.abc import Sequence
from typing import TextIO

from checker.errors import COMPLIANT_EXIT, Problem
from checker.reports.formats import names, writer
from checker.reports.validate.run import Located, ValidationRun
from checker.shell.common import Common
from checker.shell.loading import Checked, in_repository, read_files

TEXT = names("validate")[0]


def run(common: Common, formats: Sequence[str] = (TEXT,)) -> int:
    """Write the outputs and print what is wrong, or that nothing is; raises FileProblems."""
    if tuple(formats) != (TEXT,):
        # What only other outputs need would double the start of an ordinary run.
        from checker.shell.outputs import parse_outputs, write_outputs
        from checker.shell.same_file import outputs_of, refuse_same

        outputs = parse_outputs(formats, "validate")
        refuse_same(outputs_of(outputs), read_files(common))
    checked = Checked(common)
    levels = (("error", checked.errors), ("warning", checked.warnings))
    validated = ValidationRun(
        checked.loaded and checked.loaded.policy,
        len(checked.loaded.inventory) if checked.loaded else 0,
        [Located(level, _in_repository(problem)) for level, found in levels for problem in found],
    )

    def write(name: str, out: TextIO) -> None:
        if not (name == TEXT and common.quiet and out is sys.stdout):
            writer("validate", name)(validated, out)

    if tuple(formats) == (TEXT,):
        checked.accepted()
        write(TEXT, sys.stdout)
        return COMPLIANT_EXIT
    write_outputs(outputs, write)
    checked.accepted()
    return COMPLIANT_EXIT


def _in_repository(problem: Problem) -> Problem:
    return problem._replace(file=in_repository(problem.file))
