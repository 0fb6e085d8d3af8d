"""`keyage drift`: is what is deployed what the policy would deploy?"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TextIO

from checker.compare.drift.account import AccountDrift, judged
from checker.compare.drift.policy import Known, PolicyInUse, wanted
from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT, UNREADABLE_EXIT, FileProblems, Unreadable, UsageError
from checker.evaluate import AccountSkipped, AccountUnreadable
from checker.generate.deployment import Before, Deployment, deployment
from checker.permissions import STACK_SET
from checker.pieces import PIECES
from checker.reports.drift.run import DriftRun
from checker.reports.formats import writer
from checker.scan import accounts
from checker.scan.gather import Deadline, Interrupted, Task, gathered
from checker.scan.open import refuse_without_organization
from checker.scan.progress import progress
from checker.shell.common import Common, say, teller
from checker.shell.loading import Checked, Loaded, read_files
from checker.shell.outputs import parse_outputs, write_outputs
from checker.shell.same_file import outputs_of, refuse_same
from checker.shell.staged import Staged
from checker.sources import live, stack_set
from checker.sources.aws.session import ReadOnlySession
from checker.sources.aws.workers import Workers
from checker.sources.concurrency import CALLS_SIDE_BY_SIDE
from checker.sources.deployed.account import read_known
from checker.sources.deployed.code import Codes
from checker.sources.deployed.parts import DeployedIn, Sought

Tasks = Sequence[Task[DeployedIn | AccountUnreadable]]


class Options(NamedTuple):
    common: Common
    formats: tuple[str, ...] = ("text",)
    organization: bool = False
    role_name: str | None = None
    external_id: str | None = None
    account: tuple[str, ...] = ()  # filters of which any may select an account
    stack_set: str = STACK_SET
    deadline: float | None = None  # seconds
    profile: str | None = None
    concurrency: int = CALLS_SIDE_BY_SIDE
    staged: Staged = Staged()


def run(options: Options) -> int:
    """Compare, report, and return the exit code: 3 if anything could not be read, 1 on any difference.

    Raises KeyageError, and Interrupted after everything is written if Ctrl-C ended the reading.
    """
    refuse_without_organization(options, organization=options.organization)
    outputs = parse_outputs(options.formats, "drift")
    refuse_same(outputs_of(outputs), [*read_files(options.common), *options.staged.read_files()])
    checked = Checked(options.common)
    loaded = checked.without_errors()
    # What is an error here is a warning of the policy, so it is said once.
    before = options.staged.load(options.common.policy, loaded.inventory)
    expected = deployment(loaded.policy, loaded.inventory, before)
    checked.accepted()
    found, skipped, interrupted = _found(options, loaded, expected)
    report = DriftRun(
        loaded.now,
        loaded.policy.file,
        loaded.policy.sha256,
        _known(expected, loaded, before),
        expected.rule_name,
        expected.region,
        options.organization,
        found,
        skipped,
    )

    def write(name: str, out: TextIO) -> None:
        writer("drift", name)(report, out)

    write_outputs(outputs, write)
    if interrupted:
        raise interrupted
    return _exit_code(found)


def _known(expected: Deployment, loaded: Loaded, before: Before | None) -> dict[PolicyInUse, Known]:
    """The policy that is wanted, and each of two by itself, as accounts have it that an apply has not reached."""
    known = {wanted(expected): Known.WANTED}
    alone = {Known.BEFORE: before.policy, Known.NOW: loaded.policy} if before else {}
    for which, policy in alone.items():
        try:
            known.setdefault(wanted(deployment(policy, loaded.inventory)), which)
        except (
            FileProblems,
            UsageError,
        ):  # it can no more be rendered by itself, so that nothing is told by its digest
            continue
    return known


def _found(
    options: Options, loaded: Loaded, expected: Deployment
) -> tuple[list[AccountDrift], Sequence[AccountSkipped], Interrupted | None]:
    """Every account by id, those that nobody has to look at, and whether Ctrl-C ended the reading."""
    deadline = Deadline(options.deadline)
    session = ReadOnlySession(options.profile, options.concurrency, tell=teller(quiet=options.common.quiet))
    workers = Workers(options.concurrency)
    skipped: Sequence[AccountSkipped] = ()
    said: Mapping[str, str] = {}
    if options.organization:
        tasks, skipped = _organization(options, loaded, expected, session, workers, deadline)
        said = _stack_set(session, expected, options.stack_set, quiet=options.common.quiet)
    else:
        tasks = [_caller(options, loaded, expected, session)]
    found: list[AccountDrift] = []
    try:
        with progress(len(tasks), quiet=options.common.quiet) as advance:
            for result in gathered(tasks, partial(judged, expected), workers, deadline, advance):
                note = said.get(result.id or "")
                found.append(replace(result, notes=[*result.notes, note]) if note else result)
    except Interrupted as reason:
        return found, skipped, reason
    return found, skipped, None


def _organization(
    options: Options,
    loaded: Loaded,
    expected: Deployment,
    session: ReadOnlySession,
    workers: Workers,
    deadline: Deadline,
) -> tuple[Tasks, Sequence[AccountSkipped]]:
    chosen = accounts.chosen(options, loaded, session, workers, deadline)
    look = partial(chosen.reader.deployed, sought=sought(expected), codes=Codes())
    return [Task(account.id, account.name, partial(look, account)) for account in chosen.accounts], chosen.skipped


def _caller(
    options: Options, loaded: Loaded, expected: Deployment, session: ReadOnlySession
) -> Task[DeployedIn | AccountUnreadable]:
    account = live.identify(session, loaded.inventory, want_name=live.asks_for_names(loaded.policy.policy))
    warning = accounts.unlisted_warning(loaded, account.id)
    say([f"warning: {warning}"] if warning else [], quiet=options.common.quiet)
    return Task(account.id, account.name, partial(read_known, session, account, sought(expected), Codes()))


def _stack_set(session: ReadOnlySession, expected: Deployment, name: str, *, quiet: bool) -> Mapping[str, str]:
    """What the StackSet says of accounts, which it also knows where no role can be assumed."""
    try:
        return stack_set.behind(session, expected.region, name) or {}
    except Unreadable as error:
        say([f"note: {error}"], quiet=quiet)
        return {}


def sought(expected: Deployment) -> Sought:
    """What to look for in an account."""
    names = {piece: expected.name(piece) for piece in (*PIECES, "automation", "schedule", "remediation")}
    wanted_pieces = [*(["evaluation"] if expected.custom else []), *expected.remediation_pieces]
    functions = {piece: names[piece] for piece in wanted_pieces}
    return Sought(expected.region, expected.rule_name, functions, names)


def _exit_code(found: Sequence[AccountDrift]) -> int:
    if any(account.unread for account in found):
        return UNREADABLE_EXIT
    return FINDINGS_EXIT if any(account.differences for account in found) else COMPLIANT_EXIT
