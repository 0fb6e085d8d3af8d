"""What every report of `check` gets and does."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple, Protocol, TextIO, cast

from checker.evaluate import COMPLIANT, AccountResult, AccountSkipped, Finding
from checker.policy.deploy_settings import DeploySettings
from checker.policy.loader import Written
from checker.reports.formats import writer
from checker.spoken import plural


class Run(NamedTuple):
    """What one evaluation was about."""

    evaluated_at: datetime
    policy_file: str
    policy_sha256: str
    source: str  # live, snapshot, credential-report or terraform-state
    exact: bool  # whether ages count from CreateDate
    warn: timedelta  # what falls due within this deserves a mention
    repository_path: str = ""  # of the policy file, from the root of its repository
    written: Mapping[str, Written] = MappingProxyType({})  # the policy's rules, exemptions and default, by id
    region: str = DeploySettings().region  # in which AWS Config judges
    skipped: Sequence[AccountSkipped] = ()  # accounts that were not looked at because nobody can use a key there
    verbose: bool = False
    color: bool = False
    width: int | None = None  # columns of the terminal; None where there is none
    taken_at: datetime | None = None  # the time of saved state; None: not known, or live

    def keyless(self, users: int) -> str:
        """What is so of users of whom live IAM was asked for no key; empty for none, and for saved state."""
        if self.source != "live" or not users:
            return ""
        return f"{plural(users, 'user')} {'has' if users == 1 else 'have'} no key that can be too old"

    @property
    def as_of(self) -> str:
        """Such as `as of 2026-11-23 12:00 UTC`: how things stood then is what was judged. Empty for live IAM."""
        if self.source == "live":
            return ""
        return f"as of {self.taken_at:%Y-%m-%d %H:%M} UTC" if self.taken_at else "as of a time that is not known"

    def is_due_soon(self, finding: Finding) -> bool:
        """Whether a key that is still compliant passes its limit within `warn`."""
        due = finding.due_date
        return finding.verdict == COMPLIANT and due is not None and due < self.evaluated_at + self.warn


class Report(Protocol):
    """Takes the results of one account after the other, by account id, and writes a text."""

    def account(self, result: AccountResult) -> None: ...
    def end(self) -> None: ...


def make(name: str, run: Run, out: TextIO) -> Report:
    """The report of that format, writing to `out`."""
    return cast("Report", writer("check", name)(run, out))
