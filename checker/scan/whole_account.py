"""Every key of one account, of all users who can be read."""

from checker.errors import Unreadable
from checker.evaluate import AccountRead, AccountUnreadable
from checker.policy.inventory import Inventory
from checker.sources import live
from checker.sources.aws.session import ReadOnlySession


def read_all(
    session: ReadOnlySession, inventory: Inventory, concurrency: int, *, user_tags: bool, want_name: bool = True
) -> AccountRead:
    """Every key of the account of a session, but for users who could not be read; raises Unreadable."""
    read = live.read_account(
        session,
        inventory,
        lambda _account: live.Everything(user_tags=user_tags),
        want_name=want_name,
        concurrency=concurrency,
    )
    if isinstance(read, AccountUnreadable):
        raise Unreadable(f"{read.id or 'the account'} could not be read: {read.reason}")
    return read
