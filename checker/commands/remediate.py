"""`keyage remediate plan`: say what would be done with which access key, and change nothing."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT, UNREADABLE_EXIT
from checker.remediate.asking import asking
from checker.remediate.plan import plan_account
from checker.reports.formats import writer
from checker.reports.remediate.run import PlanRun
from checker.scan.check_options import Options as Reading
from checker.scan.open import open_live, open_saved, refuse_contradictions
from checker.shell.common import say
from checker.shell.loading import Checked, read_files
from checker.shell.outputs import parse_outputs, write_outputs
from checker.shell.same_file import outputs_of, refuse_same


class Options(NamedTuple):
    reading: Reading
    stage: str
    output: Path | None = None


def plan(options: Options) -> int:
    """Plan, write every output, and return the exit code; raises KeyageError."""
    reading = options.reading
    refuse_contradictions(reading)
    outputs = parse_outputs(reading.formats, "remediate plan")
    outputs += [("json", options.output)] if options.output else []
    saved = [(f"--from {reading.saved}", reading.saved)] if reading.saved else []
    refuse_same(outputs_of(outputs), [*read_files(reading.common), *saved])
    loaded = Checked(reading.common).accepted()
    opened = (
        open_saved(reading.saved, loaded, quiet=reading.common.quiet)
        if reading.saved
        else open_live(reading, loaded, asking(loaded.policy, loaded.now))
    )
    accounts = list(opened.results(partial(plan_account, loaded.policy, loaded.now, options.stage)))
    run = PlanRun(loaded.now, loaded.policy.file, loaded.policy.sha256, accounts, reading.width)
    write_outputs(
        outputs, lambda name, out: writer("remediate plan", name)(run, out, color=reading.color and out.isatty())
    )
    say((f"note: {options.output} can be applied until {run.expires_at:%Y-%m-%d %H:%M} UTC",) if options.output else ())
    if run.in_doubt:
        return UNREADABLE_EXIT
    return FINDINGS_EXIT if run.steps else COMPLIANT_EXIT
