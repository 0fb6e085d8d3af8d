"""What every report of `remediate plan` is about."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from checker.remediate.plan import LASTS, AccountPlan, PlannedStep


class PlanRun(NamedTuple):
    planned_at: datetime
    policy_file: str
    policy_sha256: str
    accounts: Sequence[AccountPlan]
    width: int | None = None  # columns of the terminal; None where there is none

    @property
    def expires_at(self) -> datetime:
        return self.planned_at + LASTS

    @property
    def steps(self) -> list[PlannedStep]:
        return [step for account in self.accounts for step in account.steps]

    @property
    def kept(self) -> list[PlannedStep]:
        return [step for account in self.accounts for step in account.kept]

    @property
    def unread(self) -> list[AccountPlan]:
        """Accounts of which nothing could be read."""
        return [account for account in self.in_doubt if account.account is None]

    @property
    def in_part(self) -> list[AccountPlan]:
        """Accounts of which something could not be read, or stays open."""
        return [account for account in self.in_doubt if account.account is not None]

    @property
    def in_doubt(self) -> list[AccountPlan]:
        """Accounts of which not everything is known."""
        return [account for account in self.accounts if account.reason is not None]
