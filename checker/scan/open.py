"""What `check` judges: saved state, the account of the current credentials, or the accounts of an organization."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from checker.errors import UsageError
from checker.evaluate import NO_ADDRESSES, AccountSkipped, Reading
from checker.scan.check_options import Options
from checker.shell.common import say, teller
from checker.shell.loading import Loaded
from checker.shell.whole_file import whole_file

if TYPE_CHECKING:
    from checker.scan.accounts import Choice
    from checker.sources import live
    from checker.sources.key_memory import State


class Result(Protocol):
    """What comes of an account."""

    @property
    def id(self) -> str | None: ...


R = TypeVar("R", bound=Result)


class Results(Protocol):
    """Reads and judges accounts, in order of their ids."""

    def __call__(self, judge: Callable[[Reading], R], /) -> Iterable[R]: ...


class Opened(NamedTuple):
    """The source of a run; `results` reads and judges its accounts, in order of their ids."""

    kind: str
    exact: bool
    results: Results
    skipped: Sequence[AccountSkipped] = ()  # accounts that nobody has to look at
    addresses: Mapping[str, str] = NO_ADDRESSES  # where Terraform manages a key, by access key id
    taken_at: datetime | None = None  # the time of saved state; None: not known, or live
    keep: Callable[[], None] = lambda: None  # what was learned for the next run, once the reports are written


def open_source(options: Options, loaded: Loaded, *, every_line: bool) -> Opened:
    """The source that the options name, `every_line`: for a report of all keys; raises UsageError, Unreadable."""
    if options.saved:
        return open_saved(options.saved, loaded, quiet=options.common.quiet)
    return open_live(options, loaded, asking_for(loaded, options.warn, every_line=every_line))


def refuse_contradictions(options: Options) -> None:
    """Raises UsageError for options of which one would have no effect beside the other."""
    refuse_without_organization(options, organization=options.organization)
    live = {"--organization": options.organization, "--state": options.state, "--deadline": options.deadline}
    keys = {"--terraform-state": options.terraform_state, "--verbose": options.verbose}
    remedy = "leave one of them out"
    _refuse(live, f"is for live IAM, --from for saved state: {remedy}", useless=options.saved is not None)
    _refuse(
        live | keys,
        f"is for keys, --from-aggregator for AWS Config: {remedy}",
        useless=options.from_aggregator is not None,
    )


def refuse_without_organization(options: "Choice", *, organization: bool) -> None:
    """Raises UsageError for what says something of the accounts of an organization where none is asked for."""
    role = {"--role-name": options.role_name, "--external-id": options.external_id}
    for_all = {"--account": options.account, **role}
    _refuse(for_all, "is for --organization: add it, or leave this out", useless=not organization)


def _refuse(given: Mapping[str, object], why: str, *, useless: bool) -> None:
    for name, value in given.items():
        if useless and value:
            raise UsageError(f"{name} {why}")


def of_readings(readings: Iterable[Reading]) -> Opened:
    """A live source that has been read already."""
    return Opened("live", True, lambda judge: map(judge, readings))


def open_saved(path: Path, loaded: Loaded, *, quiet: bool) -> Opened:
    """Saved state: a fleet's on all cores."""
    from checker.scan import saved as saving

    saved = saving.open_saved(path, loaded.inventory, loaded.now, quiet=quiet)
    lines = saved.lines
    opened = Opened(
        saved.kind, saved.exact, lambda judge: map(judge, saved.accounts), (), saved.addresses, taken_at=saved.taken_at
    )
    if lines is None:
        return opened
    from checker.scan import fleet

    return opened._replace(results=lambda judge: fleet.judged(lines, judge))


def open_live(options: Options, loaded: Loaded, asking: "live.Asking") -> Opened:
    """The account of the current credentials, or every account of their organization."""
    from checker.scan.gather import Deadline, Task, gathered
    from checker.scan.progress import progress
    from checker.sources import live
    from checker.sources.aws.session import ReadOnlySession
    from checker.sources.aws.workers import Workers
    from checker.sources.key_memory import State

    deadline = Deadline(options.deadline)
    state = State(options.state) if options.state else None
    say((f"warning: {text}" for text in (state.warnings if state else ())), quiet=options.common.quiet)
    session = ReadOnlySession(options.profile, options.concurrency, tell=teller(quiet=options.common.quiet))
    workers = Workers(session.concurrency)
    asking = asking._replace(run=workers.map, state=state)
    skipped: Sequence[AccountSkipped] = ()
    if options.organization:
        from checker.scan import accounts

        found = accounts.chosen(options, loaded, session, workers, deadline)
        tasks = [
            Task(account.id, account.name, partial(found.reader.read, account, asking)) for account in found.accounts
        ]
        skipped = found.skipped
    else:
        tasks = [Task(None, None, lambda: live.read_caller(session, loaded.inventory, asking))]

    def results(judge: Callable[[Reading], R]) -> Iterator[R]:
        with progress(len(tasks), quiet=options.common.quiet) as advance:
            for result in gathered(tasks, judge, workers, deadline, advance):
                if not options.organization:
                    _warn_if_unlisted(loaded, result, quiet=options.common.quiet)
                yield result

    return Opened("live", True, results, skipped, keep=lambda: _keep(state))


def _warn_if_unlisted(loaded: Loaded, result: Result, *, quiet: bool) -> None:
    from checker.scan.accounts import unlisted_warning

    warning = unlisted_warning(loaded, result.id) if result.id else None
    say([f"warning: {warning}"] if warning else [], quiet=quiet)


def asking_for(loaded: Loaded, warn: timedelta, *, every_line: bool) -> "live.Asking":
    """What the verdicts, and what falls due, depend on."""
    from checker.sources import live

    policy = loaded.policy.policy
    needs = live.verdict_needs(policy, loaded.now, loaded.now + warn, every_line=every_line)
    return live.Asking(needs, live.asks_for_names(policy))


def _keep(state: "State | None") -> None:
    if state is not None and not state.foreign:
        with whole_file(state.path, private=True) as stream:
            state.write(stream)
