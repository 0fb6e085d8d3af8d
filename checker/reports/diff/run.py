"""What every format of `keyage diff` gets, and the words they share."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from checker.compare.effects import Effect
from checker.compare.policies import Change
from checker.compare.verdicts import AccountChange, LimitChange, VerdictChange
from checker.evaluate import COMPLIANT, EXEMPT, NON_COMPLIANT, PARTIAL, UNREADABLE
from checker.policy.loader import NoPolicy, PolicyFile
from checker.reports.words import UNKNOWN
from checker.spoken import plural

BECOME = {
    NON_COMPLIANT: "become non-compliant",
    EXEMPT: "become exempt",
    COMPLIANT: "become compliant",
}

DOUBTFUL = {PARTIAL: "Known in part", UNREADABLE: "Could not be read"}


class DiffRun(NamedTuple):
    """One comparison; `accounts` is None where no state was looked at."""

    base: PolicyFile | NoPolicy
    head: PolicyFile
    evaluated_at: datetime
    changes: Sequence[Change]
    accounts: Sequence[AccountChange] | None

    @property
    def loosening(self) -> list[Change]:
        return [change for change in self.changes if change.effect is Effect.LOOSENS]

    @property
    def unreadable(self) -> list[AccountChange]:
        return [account for account in self.accounts or () if account.reason is not None]

    @property
    def limits(self) -> list[LimitChange]:
        """Those that get more time first."""
        changes = [change for account in self.accounts or () for change in account.limits]
        return sorted(changes, key=lambda change: (_direction(change), change.account, change.user))

    def verdicts(self, verdict: str) -> list[VerdictChange]:
        """The keys that get this verdict and had another; the longest overdue first."""
        changes = [
            change
            for account in self.accounts or ()
            for change in account.verdicts
            if change.finding.verdict == verdict
        ]
        return sorted(changes, key=lambda change: change.finding.due_date or change.finding.create_date)

    @property
    def keys(self) -> int:
        return sum(account.keys for account in self.accounts or ())


def headline(run: DiffRun) -> str:
    """The one sentence that a reviewer must read."""
    if not run.changes:
        return "The policy says the same as before."
    count, loose = len(run.changes), len(run.loosening)
    sentence = f"{plural(count, 'change')}, {loose or 'none'} of which can loosen the policy"
    if isinstance(run.base, NoPolicy):
        sentence = f"{run.base.file} is not there yet, so all of {run.head.file} is added"
    if run.accounts is None:
        return f"{sentence}."
    shown = {NON_COMPLIANT, EXEMPT} if isinstance(run.base, NoPolicy) else set(BECOME)
    sums = [_become(len(run.verdicts(verdict)), words) for verdict, words in BECOME.items() if verdict in shown]
    unread = f"; {plural(len(run.unreadable), 'account')} could not be judged whole" if run.unreadable else ""
    return f"{sentence}. Of {plural(run.keys, 'key')}, {', '.join(sums)}{unread}."


def _become(number: int, words: str) -> str:
    return f"{number} {words}" if number != 1 else f"1 {words.replace('become', 'becomes', 1)}"


def title(change: Change) -> str:
    """Such as `rule svc added`."""
    return f"{change.kind} {change.id} {change.what}" if change.kind != change.id else f"{change.id} {change.what}"


def place(change: Change, run: DiffRun) -> str:
    """Where to look, in the policy after if it is there."""
    if change.head_line is not None:
        return f"{run.head.file}:{change.head_line}"
    return f"{run.base.file}:{change.base_line}"


def limit_change(change: LimitChange) -> str:
    """Such as `90 → 30 days (60 less), default → svc`."""
    rules = (change.rule_before or UNKNOWN, change.rule_after or UNKNOWN)
    by = rules[1] if rules[0] == rules[1] else " → ".join(rules)
    if change.before is None or change.after is None:
        return f"{change.before or UNKNOWN} → {change.after or UNKNOWN} days, {by}"
    more = "more" if change.after > change.before else "less"
    return f"{change.before} → {change.after} days ({abs(change.after - change.before)} {more}), {by}"


def _direction(change: LimitChange) -> int:
    if change.before is None or change.after is None:
        return 2
    return int(change.after < change.before)
