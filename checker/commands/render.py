"""`keyage render`: write what deploys the policy, or say how a folder differs from that."""

from pathlib import Path
from typing import NamedTuple

from checker.decision import FIRST_ACCOUNTS
from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT, FileProblems
from checker.extras import how_to_install
from checker.generate import cost, lint
from checker.generate.deployment import Deployment
from checker.generate.rendering import MANIFEST, Rendering, render
from checker.generate.resolution import undecided, unused
from checker.reports.formats import writer
from checker.shell.common import Common, answer, say
from checker.shell.folder import FileDifference, differences, strangers, write
from checker.shell.loading import Checked, Loaded, read_files
from checker.shell.outputs import parse_outputs, write_outputs
from checker.shell.same_file import outputs_of, refuse_same
from checker.shell.staged import LastRender, Staged, command, last_render, some_of
from checker.spoken import plural

MOVE = "move it to a folder of your own that calls this one as a module"


class Options(NamedTuple):
    common: Common
    folder: Path
    check: bool = False
    staged: Staged = Staged()


class CostOptions(NamedTuple):
    """What the cost is for; None: as many accounts as the inventory has, or one."""

    accounts: int | None
    users: int
    non_compliant: int
    formats: tuple[str, ...]


def run(options: Options, cost_of: CostOptions | None = None) -> int:
    """Write, compare or tell the cost; 1 if `check` finds differences.

    Raises KeyageError, and then has written nothing.
    """
    common, folder = options.common, options.folder
    outputs = parse_outputs(cost_of.formats, "render") if cost_of else []
    read = [*read_files(common), *options.staged.read_files()]
    if outputs:
        refuse_same(outputs_of(outputs), read)
    checked = Checked(common)
    loaded = checked.without_errors()
    # What is an error here is a warning of the policy, so it is said once.
    rendering = render(loaded.policy, loaded.inventory, options.staged.load(common.policy, loaded.inventory))
    checked.accepted()
    _warn(common, loaded, rendering)
    if cost_of:
        fleet = cost.Fleet(cost_of.accounts or len(loaded.inventory) or 1, cost_of.users, cost_of.non_compliant)
        estimate = cost.estimate(rendering.deployment, fleet)
        write_outputs(outputs, lambda name, out: writer("render", name)(estimate, out))
        return COMPLIANT_EXIT
    if options.check:
        return _compare(options, rendering)
    if not lint.check(rendering.templates):
        say(
            [f"note: cfn-lint is not installed, so the templates were not checked: {how_to_install('lint')}"],
            quiet=common.quiet,
        )
    refuse_same(((str(folder / path), folder / path) for path in rendering.files), read)
    last = last_render(folder, rendering.files, MANIFEST)
    foreign = strangers(folder, rendering.files, MANIFEST)
    changes = write(folder, rendering.files, MANIFEST)
    say(
        (f"warning: {folder / each.path} is not from keyage, but Terraform reads it too: {MOVE}" for each in foreign),
        quiet=common.quiet,
    )
    if not common.quiet:
        answer([*_written(folder, rendering, changes), *_who_has_what(options.staged, rendering.deployment, last)])
    return COMPLIANT_EXIT


def _warn(common: Common, loaded: Loaded, rendering: Rendering) -> None:
    document = rendering.deployment.document
    warnings = [*unused(loaded.policy, document), *undecided(loaded.policy, document)]
    if common.strict and warnings:
        raise FileProblems(warnings)
    say((f"warning: {warning}" for warning in warnings), quiet=common.quiet)


def _compare(options: Options, rendering: Rendering) -> int:
    folder = options.folder
    found = differences(folder, rendering.files, MANIFEST)
    foreign = strangers(folder, rendering.files, MANIFEST)
    if not found and not foreign:
        answer([f"{folder} is what the policy renders: {len(rendering.files)} files"])
        return COMPLIANT_EXIT
    answer([f"{folder} differs from what the policy renders:"])
    answer(f"  {difference}" for difference in sorted([*found, *foreign]))
    if found:
        answer(_advice(options, last_render(folder, rendering.files, MANIFEST), others=bool(foreign)))
    if foreign:
        answer([f"What keyage did not write: {MOVE}"])
    return FINDINGS_EXIT


def _advice(options: Options, last: LastRender, *, others: bool) -> list[str]:
    """What to type; the command that ends a change of some accounts first is not named as if it were no more."""
    typed = command(options.common, options.folder, options.staged)
    if last.held_back():
        return [*last.said(), f"Check with the same options. To give the change to every account: {typed}"]
    return [*last.said(), f"Write {'the others' if others else 'them'} with: {typed}"]


def _written(folder: Path, rendering: Rendering, changes: list[FileDifference]) -> list[str]:
    count = {what: sum(change.what == what for change in changes) for what in ("missing", "differs", "left over")}
    verbs = {"missing": "new", "differs": "changed", "left over": "removed"}
    news = ", ".join(f"{number} {verbs[what]}" for what, number in count.items() if number) or "nothing changed"
    return [f"{folder}: {len(rendering.files)} files, {news}"]


def _described(deployed: Deployment) -> str:
    age = deployed.max_age
    rule = "custom rule" if age is None else f"managed rule, {plural(age, 'day')}"
    started = "automatic" if deployed.automatic else "started by hand"
    remediation = f"remediation {started}" if deployed.remediations else "no remediation"
    return f"{rule}, {remediation}{', deletes' if deployed.deletes else ''}"


def _who_has_what(staged: Staged, deployed: Deployment, last: LastRender) -> list[str]:
    """What every account has, or who has the change and who has what was before it."""
    has = [_described(each) for each in deployed.of_each_policy()]
    if len(has) == 1:
        ended = [f"  {last.said()[0]} Now every account has the change"] if last.held_back() else []
        return [f"  every account: {has[0]}", *ended]
    first = plural(len(deployed.document[FIRST_ACCOUNTS]), "account")
    kept = f"they keep {staged.before} until you render without --before"
    lines = [f"  {first} first: {has[0]}", f"  all others: {has[1]}; {kept}"]
    back = last.left_out()
    return [*lines, f"  not among the first any more, back to {staged.before}: {some_of(back)}"] if back else lines
