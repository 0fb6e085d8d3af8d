"""`keyage diff BASE HEAD`: what a policy change does."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TextIO

from checker.compare.policies import changes
from checker.compare.verdicts import AccountChange, compare
from checker.decision import Exemption, Rule, selectors
from checker.errors import COMPLIANT_EXIT, UNREADABLE_EXIT, UsageError
from checker.evaluate import AccountRead, Reading
from checker.policy.loader import NoPolicy, PolicyFile
from checker.reports.diff.run import DiffRun
from checker.reports.formats import writer
from checker.scan.saved import open_saved, say_keys_ahead
from checker.shell.common import Common, say, teller
from checker.shell.loading import find_inventory, load_inventory
from checker.shell.outputs import parse_outputs, write_outputs
from checker.shell.revisions import GIT, load_base, load_revision
from checker.shell.same_file import outputs_of, refuse_same
from checker.sources.concurrency import CALLS_SIDE_BY_SIDE

Base = PolicyFile | NoPolicy


class Options(NamedTuple):
    common: Common
    base: str
    head: str
    saved: Path | None = None
    live: bool = False
    formats: tuple[str, ...] = ("text",)
    color: bool = False
    profile: str | None = None
    concurrency: int = CALLS_SIDE_BY_SIDE


def run(options: Options) -> int:
    """Write what changes; the code is 3 if an account could not be judged. Raises KeyageError."""
    outputs = parse_outputs(options.formats, "diff")
    if options.live and options.saved:
        raise UsageError("--live is for live IAM, --from for saved state: leave one of them out")
    refuse_same(outputs_of(outputs), _files(options))
    head = load_revision(options.head, options.common.policy)
    base = load_base(options.base, options.head, options.common.policy)
    now = options.common.now or datetime.now(UTC)
    accounts = None
    if options.live or options.saved:
        readings = _readings(options, base, head, now)
        accounts = [_compared(base, head, reading, options, now) for reading in readings]
        say_keys_ahead(sum(account.ahead for account in accounts), now, quiet=options.common.quiet)
    compared = DiffRun(base, head, now, changes(base, head), accounts)

    def write(name: str, out: TextIO) -> None:
        writer("diff", name)(compared, out, color=options.color and out.isatty())

    write_outputs(outputs, write)
    unreadable = any(account.reason is not None for account in accounts or ())
    return UNREADABLE_EXIT if unreadable else COMPLIANT_EXIT


def _files(options: Options) -> list[tuple[str, Path | None]]:
    revisions = [(text, Path(text)) for text in (options.base, options.head) if not text.startswith(GIT)]
    inventory = _inventory(options)
    return [*revisions, (f"the inventory {inventory}", inventory), (f"--from {options.saved}", options.saved)]


def _inventory(options: Options) -> Path | None:
    beside = options.common.policy.parent if options.common.policy else Path.cwd()
    return options.common.inventory or find_inventory(beside)


def _compared(base: Base, head: PolicyFile, reading: Reading, options: Options, now: datetime) -> AccountChange:
    if isinstance(reading, AccountRead):
        say((f"note: {note}" for note in reading.notes), quiet=options.common.quiet)
    return compare(None if isinstance(base, NoPolicy) else base.policy, head.policy, reading, now)


def _readings(options: Options, base: Base, head: PolicyFile, now: datetime) -> Iterable[Reading]:
    """Every key of the saved state, or of the account of the current credentials."""
    inventory = load_inventory(_inventory(options)) or {}
    if options.saved:
        return open_saved(options.saved, inventory, now, quiet=options.common.quiet).accounts
    from checker.scan.whole_account import read_all
    from checker.sources.aws.session import ReadOnlySession

    session = ReadOnlySession(options.profile, options.concurrency, tell=teller(quiet=options.common.quiet))
    return [read_all(session, inventory, options.concurrency, user_tags=_asks_for_user_tags(base, head))]


def _asks_for_user_tags(*policies: Base) -> bool:
    selecting = [clause for file in policies for entry in _entries(file) for clause in entry.users]
    return any(attribute in selectors.USER_DETAILS for clause in selecting for attribute, _key in clause)


def _entries(file: Base) -> list[Rule | Exemption]:
    return [] if isinstance(file, NoPolicy) else [*file.policy.rules, *file.policy.exemptions]
