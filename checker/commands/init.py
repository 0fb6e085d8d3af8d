"""`keyage init`: a first policy, of one number, for a person to go on with."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shlex import quote
from typing import NamedTuple

from checker.decision import decision
from checker.errors import COMPLIANT_EXIT, UNREADABLE_EXIT
from checker.evaluate import NON_COMPLIANT, NOT_APPLICABLE, AccountRead, Finding, evaluate, why_unread
from checker.generate.templating import render
from checker.shell.common import say, teller
from checker.shell.loading import POLICY_NAME
from checker.shell.whole_file import refuse_existing, whole_file
from checker.sources.concurrency import CALLS_SIDE_BY_SIDE
from checker.spoken import plural

LIMIT = 90  # days: what AWS Config's managed rule has by default, and the CIS benchmark asks for
TRIED = (LIMIT, 180, 365)  # days
EXEMPT_FOR = timedelta(days=90)
PATHS = 5  # in the comment; more than that is a report


class Options(NamedTuple):
    output: Path = Path(POLICY_NAME)
    from_account: bool = False
    now: datetime | None = None
    quiet: bool = False
    profile: str | None = None
    concurrency: int = CALLS_SIDE_BY_SIDE


def run(options: Options) -> int:
    """Write the file; the code is 3 if the account was read in part, and then the file says so where it counts.

    Raises UsageError where there is a file, Unreadable for an account that could not be read.
    """
    refuse_existing(options.output)
    now = options.now or datetime.now(UTC)
    read = _read(options) if options.from_account else None
    text = render(
        "policy/policies.yaml.j2",
        seen=list(_seen(read, now)) if read else [],
        paths=_paths(read, now) if read else [],
        partial=bool(read and read.unread),
        limit=LIMIT,
        expires=f"{now + EXEMPT_FOR:%Y-%m-%d}",
    )
    refuse_existing(options.output)
    with whole_file(options.output) as stream:
        stream.write(text)
    named = "" if options.output.name == POLICY_NAME else f" --policy {quote(str(options.output))}"
    say([f"{options.output}: written; next: keyage validate{named}, keyage check{named}"], quiet=options.quiet)
    return UNREADABLE_EXIT if read and read.unread else COMPLIANT_EXIT


def _read(options: Options) -> AccountRead:
    """Every key of the account of the current credentials, but for users who are named; raises Unreadable."""
    from checker.scan.whole_account import read_all
    from checker.sources.aws.session import ReadOnlySession

    session = ReadOnlySession(options.profile, options.concurrency, tell=teller(quiet=options.quiet))
    read = read_all(session, {}, options.concurrency, user_tags=False, want_name=False)
    say((f"note: {note}" for note in read.notes), quiet=options.quiet)
    say(f"error: {why}" for why in why_unread(read.unread))
    return read


def _seen(read: AccountRead, now: datetime) -> Iterator[str]:
    """How many keys there are, how old, and what each of TRIED would find: lines of plain words.

    Whoever reads the file later has not seen what was said beside it, so no number of a part looks like one of a whole.
    """
    ages = [finding.age_days for finding in _active(read, LIMIT, now)]
    users, keys = plural(len(read.users) + len(read.unread), "user"), plural(len(ages), "active key")
    least, known = ("at least ", " known") if read.unread else ("", "")
    yield f"Account {read.account.id} on {now:%Y-%m-%d}: {users} and {least}{keys}"
    if read.unread:
        yield f"INCOMPLETE: the keys of {plural(len(read.unread), 'user')} could not be read and are not counted"
    if ages:
        yield f"The oldest{known} is {plural(max(ages), 'day')} old. Non-compliant with a limit of"
        for limit in TRIED:
            old = [finding for finding in _active(read, limit, now) if finding.verdict == NON_COMPLIANT]
            yield f"  {limit} days: {least}{len(old)}"


def _paths(read: AccountRead, now: datetime) -> list[tuple[str, int]]:
    """The IAM paths with most active keys, where users have more than one."""
    path_of = {user.name: user.path or "/" for user in read.users}
    counts = Counter(path_of[finding.user] for finding in _active(read, LIMIT, now))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ordered[:PATHS] if len(ordered) > 1 else []


def _active(read: AccountRead, limit: int, now: datetime) -> list[Finding]:
    """The active keys, judged by one number."""
    policy = decision.Policy({"version": 1, "default": {"maxAccessKeyAge": limit}})
    judged = evaluate(policy, read, now, show_all=True)
    return [finding for finding in judged.findings if finding.verdict != NOT_APPLICABLE]
