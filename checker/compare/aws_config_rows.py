"""What AWS Config says of every user and account, with the policy's word beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from checker.evaluate import COMPLIANT, EVALUATED, NON_COMPLIANT, PARTIAL, UNDECIDED, UNREADABLE


class UserRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One user. Times are UTC."""

    account: str
    user_id: str
    user: str | None  # the name, where it is known
    compliance: str | None  # AWS Config's verdict; None: it has none
    annotation: str | None
    invoked_at: datetime | None  # when the rule judged the user
    recorded_at: datetime | None  # when AWS Config recorded that
    expected: str | None = None  # the policy's verdict; None: not compared, or the snapshot has no such user
    because: str | None = None  # what the policy's verdict rests on, where the two differ
    differs: bool = False

    @property
    def stands_out(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.differs or self.compliance == NON_COMPLIANT


@dataclass(frozen=True)
class AccountRow:
    """One account; what was said of its users is listed even if the account is unreadable."""

    id: str
    name: str | None
    rule: str | None  # the rule's name as AWS Config has it there
    reason: str | None  # why nothing, or not everything, is known of it, and what to do; None: it was evaluated
    users: Sequence[UserRow] = ()  # by id
    api_calls: Mapping[str, int] = field(default_factory=dict)
    partial: bool = False  # only the policy's verdicts on some users are not known

    @property
    def status(self) -> str:
        """EVALUATED, PARTIAL or UNREADABLE."""
        if self.reason is None:
            return EVALUATED
        return PARTIAL if self.partial else UNREADABLE

    def is_certain(self, user: UserRow) -> bool:
        """Whether what AWS Config says of a user can be relied on, as far as the policy tells."""
        return self.status == EVALUATED or (self.partial and user.expected != UNDECIDED)


class Totals(msgspec.Struct, rename="camel"):
    """How many of what. Compliant users on whom nobody can tell count as undecided: see `is_certain`."""

    accounts: int = 0
    users: int = 0
    compliant: int = 0
    non_compliant: int = 0
    undecided: int = 0
    differing: int = 0
    partial: int = 0
    unreadable: int = 0


def totals(accounts: Sequence[AccountRow]) -> Totals:
    """Added up; `users` are those on whom AWS Config has a verdict."""
    summed = Totals(accounts=len(accounts))
    for account in accounts:
        summed.partial += account.status == PARTIAL
        summed.unreadable += account.status == UNREADABLE
        for user in account.users:
            summed.users += user.compliance is not None
            summed.differing += user.differs
            summed.non_compliant += user.compliance == NON_COMPLIANT
            summed.compliant += user.compliance == COMPLIANT and account.is_certain(user)
    summed.undecided = summed.users - summed.compliant - summed.non_compliant
    return summed
