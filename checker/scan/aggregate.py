"""`keyage check --from-aggregator`: what AWS Config says in every account, beside what the policy says."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import msgspec

from checker.compare.aws_config import Compared, ReportingRule, account_row, expected
from checker.compare.aws_config_rows import AccountRow, totals
from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT, UNREADABLE_EXIT, Unreadable, UsageError
from checker.evaluate import AccountRead
from checker.generate.resolution import one_age, open_where_unlisted, resolved_as_far_as_known
from checker.reports.aggregate.run import AggregateRun, ComparedSnapshot, Terminal
from checker.reports.formats import AGGREGATE, names, writer
from checker.scan.check_options import Options
from checker.scan.saved import open_saved
from checker.shell.common import say, teller
from checker.shell.loading import Checked, Loaded
from checker.shell.outputs import Output, destination
from checker.sources.aggregator import FAILED, Aggregator, Names
from checker.sources.aws.session import ReadOnlySession
from checker.sources.aws.workers import Workers

SHOWN = 10  # warnings of one kind; the others are counted


def run(options: Options, name: str, outputs: Sequence[Output]) -> int:
    """Read what the aggregator of that name has, compare, report, and return the exit code; raises KeyageError."""
    _refuse_others(outputs)
    loaded = Checked(options.common).accepted()
    settings = loaded.policy.deploy
    document = resolved_as_far_as_known(loaded.policy, loaded.inventory)
    managed = settings.rule == "auto" and one_age(document) is not None
    deployed = ReportingRule(settings.rule_name, settings.region, settings.frequency, managed)
    compared = _compared(options.saved, loaded, quiet=options.common.quiet) if options.saved else None
    session = ReadOnlySession(options.profile, options.concurrency, tell=teller(quiet=options.common.quiet))
    aggregator = Aggregator(session, name, deployed.name, deployed.region)
    incomplete = _incomplete(loaded, aggregator)
    say(_warnings(loaded, aggregator), quiet=options.common.quiet)
    say([f"error: {incomplete}"] if incomplete else [])
    workers = Workers(session.concurrency)
    try:
        rows = _rows(loaded, deployed, compared, aggregator, workers)
        rows = _named(rows, aggregator, workers, quiet=options.common.quiet)
    finally:
        workers.leave()
    snapshot = ComparedSnapshot(compared.file, compared.taken_at) if compared else None
    place = AggregateRun(
        loaded.now,
        loaded.policy.file,
        loaded.policy.sha256,
        name,
        aggregator.region,
        deployed.name,
        deployed.region,
        snapshot,
        incomplete,
    )
    _write(options, outputs, place, rows)
    return UNREADABLE_EXIT if incomplete else _exit_code(rows, exit_zero=options.exit_zero)


def _refuse_others(outputs: Sequence[Output]) -> None:
    there = names(AGGREGATE)
    other = [output.name for output in outputs if output.name not in there]
    if other:
        raise UsageError(f"--format {other[0]}: --from-aggregator has {' and '.join(there)} only")


def _compared(path: Path, loaded: Loaded, *, quiet: bool) -> Compared:
    """The policy's verdicts on every account of a snapshot; raises UsageError, Unreadable."""
    saved = open_saved(path, loaded.inventory, loaded.now, quiet=quiet)
    if saved.kind != "snapshot":
        raise UsageError(
            f"--from {path}: --from-aggregator compares with a snapshot of `keyage snapshot`: AWS Config knows users"
            f" by id, which a {saved.kind.replace('-', ' ')} does not tell"
        )
    accounts = {}
    for reading in saved.accounts:
        if not isinstance(reading, AccountRead):
            raise Unreadable(reading.reason)
        accounts[reading.account.id] = expected(loaded.policy.policy, reading, loaded.now)
    return Compared(str(path), saved.taken_at, accounts)


def _warnings(loaded: Loaded, aggregator: Aggregator) -> Iterator[str]:
    """What a person should know of the aggregator's accounts; the reports say the rest."""
    why = _unlisted_organization(aggregator)
    if why and loaded.inventory:
        yield f"warning: {why}: some that are not in the inventory may lack"
    if not loaded.inventory:
        yield (
            "warning: no inventory: only accounts that the aggregator knows are looked at, and nobody misses the"
            " others: write one with `keyage inventory`"
        )
        return
    unlisted = sorted(aggregator.accounts() - set(loaded.inventory))
    yield from (f"warning: {_unlisted(loaded, account_id)}" for account_id in unlisted[:SHOWN])
    if len(unlisted) > SHOWN:
        yield f"warning: and {len(unlisted) - SHOWN} more accounts that are not in the inventory"


def _incomplete(loaded: Loaded, aggregator: Aggregator) -> str | None:
    """Why accounts may lack that nobody misses, and what to do; those of an inventory are all missed."""
    why = _unlisted_organization(aggregator)
    if why is None or loaded.inventory:
        return None
    return f"{why}, and there is no inventory that names them: write one with `keyage inventory`, or mend that"


def _unlisted_organization(aggregator: Aggregator) -> str | None:
    organization = aggregator.organization
    if organization is None or organization.status != FAILED:
        return None
    error = organization.error or "AWS gives no reason"
    return f"the aggregator could not list the organization's accounts ({error})"


def _unlisted(loaded: Loaded, account_id: str) -> str:
    selecting = open_where_unlisted(loaded.policy, account_id)
    perhaps = f", although {', '.join(selecting)} may select it" if selecting else ""
    return f"account {account_id} is in the aggregator but not in the inventory{perhaps}: run `keyage inventory`"


def _rows(
    loaded: Loaded,
    deployed: ReportingRule,
    compared: Compared | None,
    aggregator: Aggregator,
    workers: Workers,
) -> list[AccountRow]:
    """Every account by id; one that only the aggregator knows counts if it reports, or if there is no inventory.

    Raises Unreadable if there is none.
    """
    must = {*loaded.inventory, *(compared.accounts if compared else ())}
    known = aggregator.accounts()
    if not must | known:
        raise Unreadable(
            f"the aggregator {aggregator.name} in {aggregator.region} collects from no account in {deployed.region},"
            " and there is no inventory, so nothing can be said: add accounts to the aggregator"
        )
    reports = workers.map(aggregator.read, sorted(must | known))
    return [
        account_row(reported, _name(loaded, reported.account_id), deployed, compared, loaded.now)
        for reported in reports
        if reported.account_id in must or not loaded.inventory or reported.rule or reported.problem
    ]


def _name(loaded: Loaded, account_id: str) -> str | None:
    listed = loaded.inventory.get(account_id)
    return listed.name if listed else None


def _named(rows: list[AccountRow], aggregator: Aggregator, workers: Workers, *, quiet: bool) -> list[AccountRow]:
    """With the names of users who stand out, as far as AWS Config records users."""
    nameless = [row.id for row in rows if any(user.stands_out and user.user is None for user in row.users)]

    found = dict(zip(nameless, workers.map(aggregator.user_names, nameless), strict=True))
    failed = sorted({each.problem for each in found.values() if each.problem})
    say((f"note: some users have no names here: {each}" for each in failed), quiet=quiet)
    return [_with_names(row, found[row.id]) if row.id in found else row for row in rows]


def _with_names(row: AccountRow, names: Names) -> AccountRow:
    users = [
        msgspec.structs.replace(user, user=names.by_id.get(user.user_id))
        if user.stands_out and user.user is None
        else user
        for user in row.users
    ]
    return replace(row, users=users)


def _write(options: Options, outputs: Sequence[Output], place: AggregateRun, rows: Sequence[AccountRow]) -> None:
    with ExitStack() as files:
        for output in outputs:
            on_screen = output.file is None
            stream = files.enter_context(destination(output.name, output.file))
            terminal = Terminal(options.color and on_screen, options.width if on_screen else None)
            writer(AGGREGATE, output.name)(place, rows, stream, terminal, show_all=output.show_all)


def _exit_code(rows: Sequence[AccountRow], *, exit_zero: bool) -> int:
    counts = totals(rows)
    if counts.unreadable or counts.partial:
        return UNREADABLE_EXIT
    return FINDINGS_EXIT if (counts.non_compliant or counts.differing) and not exit_zero else COMPLIANT_EXIT
