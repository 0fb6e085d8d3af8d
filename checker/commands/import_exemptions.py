"""`keyage import-exemptions FILE`: what Prowler was told to mute, as exemptions that a person completes."""

from pathlib import Path

from checker.errors import COMPLIANT_EXIT
from checker.policy.prowler import mutelist
from checker.policy.prowler.exemption_text import exemptions_text
from checker.shell.common import say
from checker.shell.outputs import destination
from checker.shell.whole_file import refuse_existing


def run(file: Path, output: Path | None, *, quiet: bool) -> int:
    """Write the exemptions, and say what could not become one; raises FileProblems, UsageError, CannotWrite."""
    if output is not None:
        refuse_existing(output)
    found = mutelist.load(file)
    text = exemptions_text(found)
    with destination("yaml", output) as stream:
        stream.write(text)
    say((f"warning: {problem}: not imported" for problem in found.left_out), quiet=quiet)
    imported, left = len(found.muted), len(found.left_out)
    say([f"{file}: {imported} imported, {left} not; fill in what `keyage validate` asks for"], quiet=quiet)
    return COMPLIANT_EXIT
