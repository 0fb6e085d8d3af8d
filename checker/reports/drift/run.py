"""What every format of `keyage drift` gets, and the words they share."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from checker.compare.drift.account import AccountDrift, State
from checker.compare.drift.policy import Known, PolicyInUse
from checker.evaluate import AccountSkipped
from checker.spoken import account_label, plural

WORDS = {
    State.CURRENT: "as the policy says",
    State.CHANGED: "this policy, but something differs",
    State.OTHER_POLICY: "another policy",
    State.TAKEN: "the rule's name is taken",
    State.NOTHING: "no rule",
    State.UNREADABLE: "could not be read",
}


DETAIL = "  "  # how a line begins that belongs to the one above


class DriftRun(NamedTuple):
    """One comparison."""

    compared_at: datetime
    policy_file: str
    policy_sha256: str  # of policies.yaml
    known: Mapping[PolicyInUse, Known]  # the one that is wanted first
    rule: str  # its name
    region: str
    organization: bool  # whether it is about all accounts of an organization
    accounts: Sequence[AccountDrift]  # by id
    skipped: Sequence[AccountSkipped] = ()

    @property
    def wanted(self) -> PolicyInUse:
        """The policy at hand."""
        return next(iter(self.known))

    def named(self, policy: PolicyInUse) -> str:
        """The policy in words, with what it is here."""
        which = self.known.get(policy)
        return f"{policy} ({which})" if which else str(policy)

    @property
    def states(self) -> dict[State, int]:
        """How many accounts are in each state, also in those in which none is."""
        counts = Counter(account.state for account in self.accounts)
        return {state: counts[state] for state in State}

    @property
    def policies(self) -> list[tuple[PolicyInUse, list[AccountDrift]]]:
        """Who runs which policy: this one first, then the one that most run."""
        running: dict[PolicyInUse, list[AccountDrift]] = {}
        for account in self.accounts:
            if account.policy is not None:
                running.setdefault(account.policy, []).append(account)
        return sorted(running.items(), key=lambda each: (each[0] != self.wanted, -len(each[1]), str(each[0])))

    def of(self, state: State) -> list[AccountDrift]:
        """The accounts in a state."""
        return [account for account in self.accounts if account.state is state]


def groups(run: DriftRun, state: State) -> list[list[AccountDrift]]:
    """The accounts in a state of which there is something to say, those of which the same is said together."""
    same: dict[tuple[str, ...], list[AccountDrift]] = {}
    for account in run.of(state):
        said = tuple(lines(account))
        if said or state is not State.CURRENT:
            same.setdefault((str(account.policy), *said), []).append(account)
    return list(same.values())


def label(account: AccountDrift) -> str:
    """The id and the name."""
    return account_label(account.id, account.name)


def count(account: AccountDrift) -> str:
    """Such as `2 differences, 1 part could not be read`."""
    found, unread = len(account.differences), len(account.unread)
    parts = [plural(found, "difference")] if found else []
    parts += [f"{plural(unread, 'part')} could not be read"] if unread else []
    return ", ".join(parts)


def lines(account: AccountDrift) -> Iterator[str]:
    """Everything to say of one account, a line each; what belongs to a line is indented below it."""
    for difference in account.differences:
        yield str(difference)
        yield from (f"{DETAIL}{detail}" for detail in difference.details)
    yield from (f"not read: {reason}" for reason in account.unread)
    yield from (f"note: {note}" for note in account.notes)
