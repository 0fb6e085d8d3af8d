"""`keyage render`: write what deploys the policy, or say how a folder differs from that."""

from pathlib import Path

from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT, FileProblems
from checker.extras import how_to_install
from checker.generate import lint
from checker.generate.deployment import Deployment
from checker.generate.groups import DEFAULT, undecided, unused
from checker.generate.rendering import MANIFEST, Rendering, render
from checker.shell.common import Common, answer, say
from checker.shell.folder import FileDifference, differences, strangers, write
from checker.shell.loading import Checked, Loaded, read_files
from checker.shell.same_file import refuse_same
from checker.spoken import plural

MOVE = "move it to a folder of your own that calls this one as a module"


def run(common: Common, folder: Path, *, check: bool) -> int:
    """Write or compare; 1 if `check` finds differences. Raises KeyageError, and then has written nothing."""
    checked = Checked(common)
    loaded = checked.without_errors()
    # What is an error here is a warning of the policy, so it is said once.
    rendering = render(loaded.policy, loaded.inventory)
    checked.accepted()
    _warn(common, loaded, rendering)
    if check:
        return _compare(folder, rendering)
    if not lint.check(rendering.templates):
        say(
            [f"note: cfn-lint is not installed, so the templates were not checked: {how_to_install('lint')}"],
            quiet=common.quiet,
        )
    refuse_same(((str(folder / path), folder / path) for path in rendering.files), read_files(common))
    foreign = strangers(folder, rendering.files, MANIFEST)
    changes = write(folder, rendering.files, MANIFEST)
    say(
        (f"warning: {folder / each.path} is not from keyage, but Terraform reads it too: {MOVE}" for each in foreign),
        quiet=common.quiet,
    )
    if not common.quiet:
        answer(_written(folder, rendering, changes))
    return COMPLIANT_EXIT


def _warn(common: Common, loaded: Loaded, rendering: Rendering) -> None:
    groups = [each.group for each in rendering.deployments]
    warnings = [*unused(loaded.policy, groups), *undecided(loaded.policy, groups)]
    if common.strict and warnings:
        raise FileProblems(warnings)
    say((f"warning: {warning}" for warning in warnings), quiet=common.quiet)


def _compare(folder: Path, rendering: Rendering) -> int:
    found = differences(folder, rendering.files, MANIFEST)
    foreign = strangers(folder, rendering.files, MANIFEST)
    if not found and not foreign:
        answer([f"{folder} is what the policy renders: {len(rendering.files)} files"])
        return COMPLIANT_EXIT
    answer([f"{folder} differs from what the policy renders:"])
    answer(f"  {difference}" for difference in sorted([*found, *foreign]))
    if found:
        answer([f"Write {'the others' if foreign else 'them'} with: keyage render -o {folder}"])
    if foreign:
        answer([f"What keyage did not write: {MOVE}"])
    return FINDINGS_EXIT


def _written(folder: Path, rendering: Rendering, changes: list[FileDifference]) -> list[str]:
    count = {what: sum(change.what == what for change in changes) for what in ("missing", "differs", "left over")}
    verbs = {"missing": "new", "differs": "changed", "left over": "removed"}
    news = ", ".join(f"{number} {verbs[what]}" for what, number in count.items() if number) or "nothing changed"
    lines = [f"{folder}: {len(rendering.files)} files, {news}"]
    width = max(len(each.group.name) for each in rendering.deployments)
    return lines + [f"  {each.group.name:<{width}}  {_described(each)}" for each in rendering.deployments]


def _described(each: Deployment) -> str:
    group = each.group
    count = len(group.accounts)
    accounts = plural(count, "account")
    if group.name == DEFAULT:
        accounts += " and every other" if count else ""
        accounts = accounts if count else "every other account"
    rule = f"managed rule, {plural(group.max_age, 'day')}" if group.max_age is not None else "custom rule"
    started = "automatic" if group.automatic else "started by hand"
    remediation = f"remediation {started}" if group.remediations else "no remediation"
    return f"{accounts}: {rule}, {remediation}{', deletes' if group.deletes else ''}"
