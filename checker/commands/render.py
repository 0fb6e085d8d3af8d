"""`keyage render`: write what deploys the policy, or say how a folder differs from that."""

from pathlib import Path
from typing import NamedTuple

from checker.decision import FIRST_ACCOUNTS, selectors
from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT, FileProblems, UsageError
from checker.extras import how_to_install
from checker.generate import cost, lint
from checker.generate.deployment import Before, Deployment
from checker.generate.rendering import MANIFEST, Rendering, render
from checker.generate.resolution import undecided, unused
from checker.policy.nearest import Known, meant
from checker.reports.formats import writer
from checker.shell.common import Common, answer, say
from checker.shell.folder import FileDifference, differences, strangers, write
from checker.shell.loading import Checked, Inventory, Loaded, read_files
from checker.shell.outputs import parse_outputs, write_outputs
from checker.shell.revisions import GIT, load_revision
from checker.shell.same_file import outputs_of, refuse_same
from checker.spoken import plural

MOVE = "move it to a folder of your own that calls this one as a module"


class Options(NamedTuple):
    common: Common
    folder: Path
    check: bool = False
    before: str | None = None
    first_accounts: tuple[str, ...] = ()


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
    if outputs:
        refuse_same(outputs_of(outputs), _read(options))
    checked = Checked(common)
    loaded = checked.without_errors()
    # What is an error here is a warning of the policy, so it is said once.
    rendering = render(loaded.policy, loaded.inventory, _before(options, loaded.inventory))
    checked.accepted()
    _warn(common, loaded, rendering)
    if cost_of:
        fleet = cost.Fleet(cost_of.accounts or len(loaded.inventory) or 1, cost_of.users, cost_of.non_compliant)
        estimate = cost.estimate(rendering.deployment, fleet)
        write_outputs(outputs, lambda name, out: writer("render", name)(estimate, out))
        return COMPLIANT_EXIT
    if options.check:
        return _compare(folder, rendering)
    if not lint.check(rendering.templates):
        say(
            [f"note: cfn-lint is not installed, so the templates were not checked: {how_to_install('lint')}"],
            quiet=common.quiet,
        )
    refuse_same(((str(folder / path), folder / path) for path in rendering.files), _read(options))
    foreign = strangers(folder, rendering.files, MANIFEST)
    changes = write(folder, rendering.files, MANIFEST)
    say(
        (f"warning: {folder / each.path} is not from keyage, but Terraform reads it too: {MOVE}" for each in foreign),
        quiet=common.quiet,
    )
    if not common.quiet:
        answer([*_written(folder, rendering, changes), *_held(options, rendering.deployment)])
    return COMPLIANT_EXIT


def _before(options: Options, inventory: Inventory) -> Before | None:
    """The policy that all but the first accounts keep; raises UsageError, FileProblems."""
    if (options.before is None) != (not options.first_accounts):
        raise UsageError(
            "--before and --first-account belong together: which policy was before, and which accounts do not keep it"
        )
    for account_id in options.first_accounts:
        if not selectors.is_account_id(account_id):
            raise UsageError(f"--first-account {account_id}: write the id of an account, 12 digits")
        if inventory and account_id not in inventory:
            close = Known(inventory).closest(account_id)
            hint = meant(close) if close else "run `keyage inventory`"
            raise UsageError(f"--first-account {account_id}: the account is not in the inventory: {hint}")
    if options.before is None:
        return None
    return Before(load_revision(options.before, options.common.policy), options.first_accounts)


def _read(options: Options) -> list[tuple[str, Path | None]]:
    """What is read, as a person calls it."""
    before = options.before
    named = [(f"--before {before}", Path(before))] if before and not before.startswith(GIT) else []
    return [*read_files(options.common), *named]


def _warn(common: Common, loaded: Loaded, rendering: Rendering) -> None:
    document = rendering.deployment.document
    warnings = [*unused(loaded.policy, document), *undecided(loaded.policy, document)]
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
    return [*lines, f"  {_described(rendering.deployment)}"]


def _described(deployed: Deployment) -> str:
    age = deployed.max_age
    rule = "custom rule" if age is None else f"managed rule, {plural(age, 'day')}"
    started = "automatic" if deployed.automatic else "started by hand"
    remediation = f"remediation {started}" if deployed.remediations else "no remediation"
    return f"every account: {rule}, {remediation}{', deletes' if deployed.deletes else ''}"


def _held(options: Options, deployed: Deployment) -> list[str]:
    """Who has the change, and who has what was before it."""
    first = deployed.document.get(FIRST_ACCOUNTS)
    if not first:
        return []
    them = plural(len(first), "account")
    return [f"  {them} first; all others keep {options.before} until you render without --before"]
