"""What `check --from-aggregator` reports: AWS Config's word on every user, and the policy's beside it; as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TextIO

import msgspec

from checker.evaluate import COMPLIANT, EVALUATED, NON_COMPLIANT, PARTIAL, UNDECIDED, UNREADABLE

SCHEMA_VERSION = 1


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
    group: str  # the group of accounts whose templates belong there
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


class Snapshot(NamedTuple):
    """What AWS Config was compared with."""

    file: str
    taken_at: datetime | None  # JSON Lines do not tell


class AggregateRun(NamedTuple):
    """What one evaluation was about."""

    evaluated_at: datetime
    policy_file: str
    policy_sha256: str
    aggregator: str
    region: str  # where the aggregator is
    rule: str
    rule_region: str
    snapshot: Snapshot | None = None


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


def write_json(run: AggregateRun, accounts: Sequence[AccountRow], out: TextIO, *, show_all: bool) -> None:
    """The accounts by id, their users by id; without `show_all` only the users who stand out."""
    encode = msgspec.json.Encoder().encode
    head = {
        "schemaVersion": SCHEMA_VERSION,
        "evaluatedAt": run.evaluated_at,
        "policy": {"file": run.policy_file, "sha256": run.policy_sha256},
        "source": {"kind": "aggregator", "name": run.aggregator, "region": run.region},
        "rule": {"name": run.rule, "region": run.rule_region},
        "snapshot": run.snapshot and {"file": run.snapshot.file, "takenAt": run.snapshot.taken_at},
        "summary": totals(accounts),
    }
    members = [f'"{name}": {encode(value).decode()}' for name, value in head.items()]
    users = [user for account in accounts for user in account.users if show_all or user.stands_out]
    for name, entries in (("accounts", map(_account, accounts)), ("users", users)):
        members.append(f'"{name}": [' + ",\n  ".join(encode(entry).decode() for entry in entries) + "]")
    out.write("{" + ",\n ".join(members) + "}\n")


def _account(account: AccountRow) -> dict[str, object]:
    return {
        "id": account.id,
        "name": account.name,
        "group": account.group,
        "rule": account.rule,
        "status": account.status,
        "reason": account.reason,
        "apiCalls": account.api_calls,
    }
