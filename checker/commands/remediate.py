"""`keyage remediate`: say what would be done with which access key, do that, and take it back."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from checker.decision import remediation_steps
from checker.errors import (
    COMPLIANT_EXIT,
    FINDINGS_EXIT,
    INTERRUPTED_EXIT,
    UNREADABLE_EXIT,
    CannotWrite,
    ReaderLeft,
    UsageError,
)
from checker.permissions import AUDIT_ROLE, REMEDIATE_ROLE
from checker.policy.inventory import now_known
from checker.remediate import plan_file
from checker.remediate import undo as taking_back
from checker.remediate.apply import Applying, apply_account, may_change
from checker.remediate.asking import asking, remediation
from checker.remediate.journal import DONE, UNDONE, Journal
from checker.remediate.plan import plan_account
from checker.remediate.standing import WAITING, Outcome, by_key, outcomes
from checker.reports.formats import writer
from checker.reports.remediate import changed as changed_report
from checker.reports.remediate.rows import to_do
from checker.reports.remediate.run import PlanRun
from checker.scan.changing import Stop, Work, changed
from checker.scan.check_options import Options as Reading
from checker.scan.open import open_live, open_saved, refuse_contradictions
from checker.shell.common import Common, say, teller
from checker.shell.confirmed import require_confirmed
from checker.shell.loading import Checked, Loaded, read_files
from checker.shell.outputs import parse_outputs, write_outputs
from checker.shell.same_file import outputs_of, refuse_same
from checker.sources.audit_role import Accounts, Role
from checker.sources.aws.changing_session import Changes, ChangingSession
from checker.sources.aws.workers import Workers
from checker.spoken import plural


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
    if options.output:
        until = f"{run.expires_at:%Y-%m-%d %H:%M} UTC"
        say([f"note: {options.output} can be applied until {until}"], quiet=reading.common.quiet)
    if run.in_doubt:
        return UNREADABLE_EXIT
    return FINDINGS_EXIT if run.steps else COMPLIANT_EXIT


def clock() -> datetime:
    """The time of this machine in UTC: there is no `--now` for what changes keys."""
    return datetime.now(UTC)


class Changing(NamedTuple):
    """How accounts are changed, whatever is done there."""

    common: Common
    journal: Path
    yes: bool
    role_name: str | None
    external_id: str | None
    profile: str | None
    concurrency: int  # accounts side by side
    color: bool
    width: int | None


def apply(options: Changing, file: Path, max_changes: int) -> int:
    """Carry a plan out, or what is left of it by its journal, and return the exit code; raises KeyageError."""
    _refuse_role(options.role_name)
    plan_name, journal_name = f"the plan {file}", f"--journal {options.journal}"
    refuse_same([(journal_name, options.journal)], [*read_files(options.common), (plan_name, file)])
    loaded = Checked(options.common._replace(now=clock())).accepted()
    plan = plan_file.read(file)
    plan_file.refuse_stale(plan, loaded.policy.file, loaded.policy.sha256, loaded.now)
    if plan.size > max_changes:
        remedy = f"look through it, and give --max-changes {plan.size} if it is what you want"
        raise UsageError(f"{file} has {plan.size} steps, more than --max-changes {max_changes}: {remedy}")
    with Journal.open(options.journal) as journal:
        plan_file.refuse_another(plan, journal.path, [line.plan for line in journal.lines])
        require_confirmed(_question(plan, outcomes(plan, journal.lines, {})), yes=options.yes)
        return _applied(options, loaded, plan, journal)


def _applied(options: Changing, loaded: Loaded, plan: plan_file.PlanFile, journal: Journal) -> int:
    stop = Stop()
    applying = Applying(plan, by_key(journal.lines), journal, clock, time.sleep, stop)

    def work(iam: Any, account_id: str) -> str | None:
        account = now_known(plan.account(account_id), loaded.inventory)
        return apply_account(iam, applying, remediation(loaded.policy, account, loaded.now), account_id)

    there = outcomes(plan, journal.lines, {})
    ids = dict.fromkeys(outcome.key.account for outcome in there if outcome.event in WAITING)

    def tell(not_begun: dict[str, str]) -> int:
        return _tell(options, outcomes(plan, journal.lines, not_begun), stop, wanted=DONE)

    return _change(options, may_change(plan), list(ids), work, stop, tell)


def undo(options: Changing) -> int:
    """Take back what the journal says was done, and return the exit code; raises KeyageError."""
    _refuse_role(options.role_name)
    with Journal.open(options.journal, create=False) as journal:
        items = taking_back.to_undo(journal.lines)
        waiting = [item for item in items if item.event in WAITING]
        if waiting:
            require_confirmed(_question_of_undo(options.journal, waiting), yes=options.yes)
        stop = Stop()
        undoing = taking_back.Undoing(journal, clock, time.sleep, stop)

        def work(iam: Any, account_id: str) -> str | None:
            mine = [item for item in waiting if item.key.account == account_id]
            return taking_back.undo_account(iam, undoing, mine)

        ids = dict.fromkeys(item.key.account for item in waiting)

        def tell(not_begun: dict[str, str]) -> int:
            there = taking_back.outcomes(taking_back.to_undo(journal.lines), not_begun)
            return _tell(options, there, stop, wanted=UNDONE)

        return _change(options, taking_back.may_change(waiting), list(ids), work, stop, tell)


def _question_of_undo(journal: Path, waiting: Sequence[taking_back.ToUndo]) -> str:
    accounts = plural(len({item.key.account for item in waiting}), "account")
    keys = sum(item.step == remediation_steps.DEACTIVATE for item in waiting)
    marks = len(waiting) - keys
    parts = [f"{plural(keys, 'key')} to switch on again"] if keys else []
    parts += [f"{plural(marks, 'mark')} to take away"] if marks else []
    return f"{journal}: {', '.join(parts)} in {accounts}. Do that?"


def _change(
    options: Changing,
    changes: Changes,
    ids: Sequence[str],
    work: Work,
    stop: Stop,
    told: Callable[[dict[str, str]], int],
) -> int:
    """Do the work in these accounts and have it told, by account why something was not begun there.

    Raises CannotWrite if the journal cannot be written any more, after what was done till then is told.
    """
    if not ids:
        return told({})
    tell = teller(quiet=options.common.quiet)
    session = ChangingSession(changes, options.profile, options.concurrency, tell=tell)
    accounts = Accounts(session, Role(options.role_name or REMEDIATE_ROLE, options.external_id))
    try:
        not_begun = changed(accounts, ids, work, Workers(options.concurrency), stop)
    except CannotWrite:
        with suppress(CannotWrite):
            told(dict.fromkeys(ids, "the journal could not be written"))
        raise
    return told(not_begun)


def _refuse_role(name: str | None) -> None:
    if name and name.rpartition("/")[2] == AUDIT_ROLE:
        raise UsageError(f"--role-name {name}: that role only reads; name the role that may change keys")


def _question(plan: plan_file.PlanFile, there: Sequence[Outcome]) -> str:
    """What is about to happen."""
    ended = sum(outcome.event not in WAITING for outcome in there)
    before = f" {ended} of them ended before." if ended else ""
    accounts = plural(len({outcome.key.account for outcome in there}), "account")
    return f"{plan.path}: {to_do([outcome.step for outcome in there])} in {accounts}.{before} Do that?"


def _tell(options: Changing, there: Sequence[Outcome], stop: Stop, *, wanted: str) -> int:
    """Print what became of every step, and return the exit code; `wanted`: what should have become of each."""
    run = changed_report.ChangedRun(there, options.width)
    try:
        changed_report.write(run, sys.stdout, color=options.color)
        sys.stdout.flush()
    except ReaderLeft:
        raise
    except CannotWrite as error:
        where = f"what was done is in {options.journal}: type the same command again to see it"
        raise CannotWrite(f"{error}; {where}") from None
    events = {outcome.event for outcome in there}
    if stop.interrupted:
        return INTERRUPTED_EXIT
    if events & WAITING:
        return UNREADABLE_EXIT
    return COMPLIANT_EXIT if events <= {wanted} else FINDINGS_EXIT
