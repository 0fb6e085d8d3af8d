"""What an account runs, and in what that is not what the policy would deploy there. Pure: no clock, no I/O."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from checker.compare.drift import functions, others, roles, rule
from checker.compare.drift.difference import Difference
from checker.compare.drift.policy import PolicyInUse, digest, same_in, wanted
from checker.evaluate import AccountUnreadable
from checker.generate.bundle import taken_apart
from checker.generate.deployment import Deployment
from checker.sources.deployed.parts import Deployed, DeployedIn, Function, Unread


class State(StrEnum):
    """What an account is, in the words of every report."""

    CURRENT = "current"
    CHANGED = "changed"  # it runs this policy, but something else differs
    OTHER_POLICY = "otherPolicy"
    TAKEN = "taken"  # the name of the rule is somebody else's
    NOTHING = "nothing"  # there is no rule
    UNREADABLE = "unreadable"  # or not all that counts


@dataclass(frozen=True)
class AccountDrift:
    """One account."""

    id: str | None
    name: str | None
    state: State
    policy: PolicyInUse | None = None
    differences: Sequence[Difference] = ()
    notes: Sequence[str] = ()
    unread: Sequence[str] = ()  # why it, or parts of it, could not be read

    FOUND: ClassVar = "differences"  # what is counted for who looks on

    @property
    def found(self) -> int:
        return len(self.differences)

    @property
    def reason(self) -> str | None:
        """Why not everything is known of it, in a line."""
        return "; ".join(self.unread) or None


def judged(expected: Deployment, reading: DeployedIn | AccountUnreadable) -> AccountDrift:
    """The account, with every difference, the rule's first."""
    if isinstance(reading, AccountUnreadable):
        return AccountDrift(reading.id, reading.name, State.UNREADABLE, unread=(reading.reason,))
    account, there = reading
    found = list(differences(expected, there, account.id))
    running = None if others.foreign(expected, there) else in_use(there)
    return AccountDrift(
        account.id,
        account.name,
        _state(expected, reading, running, found),
        running,
        found,
        list(others.notes(expected, there)),
        there.reasons,
    )


def differences(expected: Deployment, deployed: Deployed, account_id: str) -> Iterator[Difference]:
    """Every difference in the account, the rule first."""
    yield from others.recorder(deployed)
    yield from _rule(expected, deployed)
    yield from functions.differences(expected, functions.pieces(expected, deployed), account_id)
    yield from rule.remediation(expected, deployed)
    yield from rule.schedule(expected, deployed)
    yield from roles.differences(expected, deployed)
    yield from others.in_the_way(deployed)
    yield from others.acting(deployed)


def _rule(expected: Deployment, deployed: Deployed) -> Iterator[Difference]:
    whose = others.foreign(expected, deployed)
    if whose is not None:
        yield others.taken(expected, deployed, whose)
    elif deployed.rule is None:
        yield Difference(f"Config rule {expected.rule_name}", "nothing", "a rule")
    else:
        yield from rule.rule(expected, deployed.rule)


def in_use(deployed: Deployed) -> PolicyInUse | None:
    """Which policy decides in the account; None where there is no rule."""
    if deployed.rule is None:
        return None
    custom = deployed.rule["Source"]["Owner"] != "AWS"
    age = None if custom else rule.max_age(deployed.rule)
    document = _document(deployed, custom=custom)
    return PolicyInUse(
        "custom" if custom else "managed",
        int(age) if age and age.isdecimal() else None,
        None if document is None else digest(document),
    )


def _document(there: Deployed, *, custom: bool) -> Mapping[str, Any] | None:
    """The policy in the code of the function that judges, else in that of one that remediates."""
    order = ("evaluation",) if custom else ("deactivation", "deletion")
    readable = [each for each in map(there.functions.get, order) if isinstance(each, Function)]
    policies = (taken_apart(each.code or "").policy for each in readable)
    return next((policy for policy in policies if policy is not None), None)


def _state(
    expected: Deployment, reading: DeployedIn, running: PolicyInUse | None, found: Sequence[Difference]
) -> State:
    account, deployed = reading
    if deployed.rule is None:
        return State.NOTHING
    if running is None:
        return State.TAKEN
    if not found:
        return State.UNREADABLE if deployed.reasons else State.CURRENT
    if _unknown(deployed, running, wanted(expected)):
        return State.UNREADABLE
    if running == wanted(expected) or _same_rules(expected, deployed, account.id):
        return State.CHANGED
    return State.OTHER_POLICY


def _same_rules(expected: Deployment, deployed: Deployed, account_id: str) -> bool:
    """Whether keyage's rule judges the account as it is to be judged, whatever the code says of other accounts."""
    custom = deployed.rule is not None and deployed.rule["Source"]["Owner"] != "AWS"
    document = _document(deployed, custom=True) if custom and expected.custom else None
    return document is not None and same_in(document, expected.document, account_id)


def _unknown(deployed: Deployed, running: PolicyInUse, policy: PolicyInUse) -> bool:
    """Whether it is open which policy runs, because code could not be read that would tell."""
    told = running.sha256 is not None or running != policy._replace(sha256=None)
    return not told and any(isinstance(each, Unread) for each in deployed.functions.values())
