"""Decide whether an IAM access key has lived longer than the policy allows.

Pure: no clock, no I/O, nothing but the standard library. The checker, the AWS Config rule and the
remediation all run this source, so that the three cannot disagree.

A policy document is the validated content of policies.yaml. An attribute that is None is not known;
whatever follows from it is then decided only if the verdict is the same either way.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from .selectors import Clause, SelectorSet, account_clauses, as_list, bits, user_clauses

COMPLIANT = "COMPLIANT"
NON_COMPLIANT = "NON_COMPLIANT"
EXEMPT = "EXEMPT"
NOT_APPLICABLE = "NOT_APPLICABLE"
UNDECIDED = "UNDECIDED"


class AccessKey(NamedTuple):
    id: str | None
    status: str
    created: datetime
    last_used: datetime | None = None
    use_known: bool = True  # False: last_used is None because nobody told, not because there is no record of use


class User(NamedTuple):
    name: str
    path: str | None = None
    tags: Mapping[str, str] | None = None
    id: str | None = None
    arn: str | None = None
    created: datetime | None = None
    keys: Sequence[AccessKey] = ()
    groups: Sequence[str] | None = None  # names


class Account(NamedTuple):
    id: str
    name: str | None = None
    ou: str | None = None
    tags: Mapping[str, str] | None = None


class Rule(NamedTuple):
    id: str
    max_age: int  # days
    limit: timedelta
    accounts: Sequence[Clause]
    users: Sequence[Clause]


class Exemption(NamedTuple):
    id: str
    expires: datetime  # 00:00 UTC of the day on which it no longer applies
    keys: frozenset[str] | None
    accounts: Sequence[Clause]
    users: Sequence[Clause]


class Policy:
    """A policy document, ready to judge."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.rules = [_rule(entry["id"], entry) for entry in document.get("rules", ())]
        self.rules.append(_rule("default", document["default"]))
        self.exemptions = [_exemption(entry) for entry in document.get("exemptions", ())]
        self.rule_users = SelectorSet([rule.users for rule in self.rules])
        self.exemption_users = SelectorSet([exemption.users for exemption in self.exemptions])
        self.rule_accounts = SelectorSet([rule.accounts for rule in self.rules])
        self.exemption_accounts = SelectorSet([exemption.accounts for exemption in self.exemptions])

    def for_account(self, account: Account) -> "AccountPolicy":
        """The policy for the users of one account."""
        return AccountPolicy(self, self.rule_accounts.match(account), self.exemption_accounts.match(account))


def _rule(rule_id: str, entry: Mapping[str, Any]) -> Rule:
    days, users = entry["maxAccessKeyAge"], user_clauses(entry.get("users"))
    return Rule(rule_id, days, timedelta(days=days), account_clauses(entry.get("accounts")), users)


def _exemption(entry: Mapping[str, Any]) -> Exemption:
    keys = entry.get("keys")
    return Exemption(
        entry["id"],
        datetime.strptime(entry["expires"], "%Y-%m-%d").replace(tzinfo=timezone.utc),
        None if keys is None else frozenset(as_list(keys)),
        account_clauses(entry.get("accounts")),
        user_clauses(entry.get("users")),
    )


class AccountPolicy:
    """A policy after its account selectors are resolved for one account."""

    def __init__(self, policy: Policy, rules: tuple[int, int], exemptions: tuple[int, int]) -> None:
        """Takes the masks of the rules and of the exemptions that match the account, surely and possibly."""
        self._policy = policy
        self._rules = rules
        self._exemptions = exemptions
        self._latest: tuple[User | None, tuple[Rule, ...]] = None, ()

    def rules_for(self, user: User) -> tuple[Rule, ...]:
        """The rules that may decide for the user, first to last; one, if all it takes is known."""
        last, rules = self._latest  # a user's keys are judged one after the other
        if last is not user:
            certain, possible = self._policy.rule_users.match(user)
            decided = certain & self._rules[0]
            upto = possible & self._rules[1] & (((decided & -decided) << 1) - 1)
            rules = tuple([self._policy.rules[number] for number in bits(upto)])
            self._latest = user, rules
        return rules

    def exemption_for(
        self, user: User, key: AccessKey, now: datetime
    ) -> tuple[Exemption | None, tuple[Exemption, ...]]:
        """The first exemption that certainly applies at `now`, and all that merely may."""
        certain, possible = self._policy.exemption_users.match(user)
        certain &= self._exemptions[0]
        doubtful = []
        for number in bits(possible & self._exemptions[1]):
            exemption = self._policy.exemptions[number]
            named = exemption.keys is None or key.id in exemption.keys
            if now >= exemption.expires or (not named and key.id is not None):
                continue
            if named and certain >> number & 1:
                return exemption, ()
            doubtful.append(exemption)
        return None, tuple(doubtful)

    def asked_of_users(self, now: datetime) -> set[str]:
        """The attributes of a user that a rule or an unexpired exemption of the account looks at."""
        exemptions = [self._policy.exemptions[number] for number in bits(self._exemptions[1])]
        entries: list[Rule | Exemption] = [exemption for exemption in exemptions if now < exemption.expires]
        entries += [self._policy.rules[number] for number in bits(self._rules[1])]
        return {attribute for entry in entries for clause in entry.users for attribute, _key in clause}


class Decision(NamedTuple):
    verdict: str
    rules: tuple[Rule, ...]  # those that may decide, first to last; one, if all it takes is known
    exemption: Exemption | None = None
    doubts: tuple[Rule | Exemption, ...] = ()  # the rules and exemptions between which the verdict differs

    @property
    def rule(self) -> Rule | None:
        """The rule that decides; None if several may."""
        return self.rules[0] if len(self.rules) == 1 else None

    @property
    def limit(self) -> timedelta | None:
        """The limit as a timedelta; None if the rules that may decide have different ones."""
        first = self.rules[0].limit
        return first if len(self.rules) == 1 or all(rule.limit == first for rule in self.rules) else None


def decide(policy: AccountPolicy, user: User, key: AccessKey, now: datetime) -> Decision:
    """The verdict on one key at the instant `now`, under the policy of the user's account.

    A key is overdue when it is strictly older than its limit; age counts from CreateDate, which
    switching a key off and on does not move.
    """
    rules = policy.rules_for(user)
    if key.status != "Active":
        return Decision(NOT_APPLICABLE, rules)
    age = now - key.created
    within = [age <= rule.limit for rule in rules]
    if any(within):
        return Decision(COMPLIANT, rules) if all(within) else Decision(UNDECIDED, rules, None, rules)
    exemption, doubtful = policy.exemption_for(user, key, now)
    if exemption is not None:
        return Decision(EXEMPT, rules, exemption)
    return Decision(UNDECIDED, rules, None, doubtful) if doubtful else Decision(NON_COMPLIANT, rules)


def user_verdict(verdicts: Iterable[str]) -> str:
    """The verdict on a user from the verdicts on the user's keys; one overdue key decides, whatever is open."""
    distinct = set(verdicts)
    return next((worst for worst in (NON_COMPLIANT, UNDECIDED, EXEMPT) if worst in distinct), COMPLIANT)


def days(number: int) -> str:
    """Such as `1 day` and `2 days`."""
    return f"{number} day{'' if number == 1 else 's'}"
