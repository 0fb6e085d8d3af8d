"""`keyage snapshot`: save IAM state for `check --from`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from checker.errors import COMPLIANT_EXIT, Unreadable
from checker.evaluate import why_unread
from checker.scan.whole_account import read_all
from checker.shell.common import say, teller
from checker.shell.loading import find_inventory, load_inventory
from checker.shell.outputs import destination
from checker.shell.same_file import refuse_same
from checker.sources.aws.session import ReadOnlySession
from checker.sources.concurrency import CALLS_SIDE_BY_SIDE
from checker.sources.saved import snapshot


class Options(NamedTuple):
    output: Path | None = None
    inventory: Path | None = None
    now: datetime | None = None
    user_tags: bool = False
    quiet: bool = False
    profile: str | None = None
    concurrency: int = CALLS_SIDE_BY_SIDE


def run(options: Options) -> int:
    """Read the whole account and write it; raises Unreadable rather than write a part."""
    listed = options.inventory or find_inventory(Path.cwd())
    if options.output is not None:
        refuse_same([(f"--output {options.output}", options.output)], [(f"the inventory {listed}", listed)])
    inventory = load_inventory(listed) or {}
    session = ReadOnlySession(options.profile, options.concurrency, tell=teller(quiet=options.quiet))
    read = read_all(session, inventory, options.concurrency, user_tags=options.user_tags)
    if read.unread:
        raise Unreadable(f"{read.account.id} could not be read whole: {'; '.join(why_unread(read.unread))}")
    say((f"note: {note}" for note in read.notes), quiet=options.quiet)
    lines = options.output is not None and options.output.suffix == ".jsonl"
    taken_at = options.now or datetime.now(UTC)
    text = (snapshot.write_lines([read], taken_at) if lines else snapshot.write_json([read], taken_at)).decode()
    with destination("json", options.output, private=True) as stream:
        stream.write(text)
    if options.output is None:
        return COMPLIANT_EXIT
    users, keys = len(read.users), sum(len(user.keys) for user in read.users)
    say([f"{options.output}: account {read.account.id}, {users} users, {keys} keys"], quiet=options.quiet)
    return COMPLIANT_EXIT
