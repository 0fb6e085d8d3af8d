"""Decide whether an IAM access key has lived longer than the policy allows.

Pure: no clock, no I/O, nothing but the standard library. The checker, the AWS Config rule and the
remediation all run this source, so that the three cannot disagree.

A policy document is the validated content of policies.yaml. An attribute that is None is not known;
whatever follows from it is then decided only if the verdict is the same either way.
"""

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

COMPLIANT = "COMPLIANT"
NON_COMPLIANT = "NON_COMPLIANT"
EXEMPT = "EXEMPT"
NOT_APPLICABLE = "NOT_APPLICABLE"
UNDECIDED = "UNDECIDED"

# What one pattern set may remember of the texts it has seen, in bits: 64 MiB.
REMEMBERED = 1 << 29
A_STEP = 1 << 10  # about what one remembered step takes beside its state


class AccessKey(NamedTuple):
    id: str | None
    status: str
    created: datetime
    last_used: datetime | None = None


class User(NamedTuple):
    name: str
    path: str | None = None
    tags: dict | None = None
    id: str | None = None
    arn: str | None = None
    created: datetime | None = None
    keys: tuple = ()


class Account(NamedTuple):
    id: str
    name: str | None = None
    ou: str | None = None
    tags: dict | None = None


class _State(dict):
    """The places a text can have reached in all patterns at once; maps a character to the next state."""

    __slots__ = ("matched", "owner", "reached")

    def __init__(self, owner, reached):
        self.owner = owner
        self.reached = reached
        self.matched = owner.accepted(reached)

    def __missing__(self, character):
        following = self.owner.step(self.reached, character)
        self[character] = following
        return following


class PatternSet:
    """Matches many IAM wildcard patterns against a text in one pass.

    `*` is any run of characters, also empty; `?` is exactly one; the whole text must match and case
    matters. The positions in all patterns are the bits of one integer, so a character costs one step
    whatever the number of patterns, and at worst text length times pattern length bits are touched.
    """

    def __init__(self, patterns):
        """Takes pairs of a pattern and the integer mask that stands for it."""
        self._start = self._repeat = self._any = self._final = position = 0
        self._literal, self._masks = {}, {}
        merged = {}
        for pattern, mask in patterns:
            merged[pattern] = merged.get(pattern, 0) | mask
        for pattern, mask in merged.items():
            self._start |= 1 << position
            for character in pattern:
                bit = 1 << position
                if character == "*":
                    self._repeat |= bit
                    continue
                if character == "?":
                    self._any |= bit
                else:
                    self._literal[character] = self._literal.get(character, 0) | bit
                position += 1
            self._final |= 1 << position
            self._masks[position] = mask
            position += 1
        self._forget()

    def _forget(self):
        self._spent, self._states = 0, {}
        self.first = self._state(self._start)

    def _state(self, reached):
        if reached not in self._states:
            self._spent += 2 * reached.bit_length()
            self._states[reached] = _State(self, reached)
        return self._states[reached]

    def step(self, reached, character):
        self._spent += A_STEP
        if self._spent > REMEMBERED:
            self._forget()
        advancing = reached & (self._literal.get(character, 0) | self._any)
        return self._state((advancing << 1) | (reached & self._repeat))

    def accepted(self, reached):
        mask = 0
        for position in _bits(reached & self._final):
            mask |= self._masks[position]
        return mask

    def match(self, text):
        """The masks of all patterns that match the whole text, joined by `or`."""
        state = self.first
        for character in text:
            state = state[character]
        return state.matched


def as_list(value):
    return value if isinstance(value, list) else [value]


def _clause(mapping):
    """A selector mapping as {(attribute, tag key or None): [patterns]}; every entry must match."""
    clause = {}
    for attribute, value in mapping.items():
        if attribute == "tags":
            for key, patterns in value.items():
                clause["tags", key] = as_list(patterns)
        else:
            clause[attribute, None] = as_list(value)
    return clause


def account_clauses(selector):
    """An `accounts` selector as clauses of which any may match; 12 digits are an id, else a name."""
    if selector is None:
        return [{}]
    if isinstance(selector, dict):
        return [_clause(selector)]
    ids = [text for text in as_list(selector) if is_account_id(text)]
    names = [text for text in as_list(selector) if not is_account_id(text)]
    return [{(key, None): texts} for key, texts in (("id", ids), ("name", names)) if texts]


def user_clauses(selector):
    """A `users` selector as clauses of which any may match; the string form is a pattern on the name."""
    if selector is None:
        return [{}]
    return [_clause(selector if isinstance(selector, dict) else {"name": selector})]


def is_account_id(text):
    return len(text) == 12 and text.isascii() and text.isdigit()


class SelectorSet:
    """Matches many selectors against one account or user at once."""

    def __init__(self, selectors):
        """Takes, for each selector, its clauses; selector i is bit i of the masks that match returns."""
        self._everything, self._selector_of = 0, []
        by_attribute = {}
        for number, clauses in enumerate(selectors):
            for clause in clauses:
                bit = 1 << len(self._selector_of)
                self._selector_of.append(number)
                self._everything |= bit
                for attribute, patterns in clause.items():
                    by_attribute.setdefault(attribute, []).extend((text, bit) for text in patterns)
        self._one_clause_each = self._selector_of == list(range(len(selectors)))
        self._attributes = []
        for (name, key), patterns in by_attribute.items():
            unasked = self._everything & ~sum({bit for _text, bit in patterns})
            self._attributes.append((name, key, unasked, PatternSet(patterns)))

    def match(self, subject):
        """Two masks: the selectors that match for certain, and those that may match."""
        possible = self._everything
        known = -1
        for name, key, unasked, patterns in self._attributes:
            value = getattr(subject, name)
            if value is None:
                known &= unasked
                continue
            state = patterns.first
            if key is not None:
                value = value.get(key)
                if value is None:
                    possible &= unasked
                    continue
            for character in value:
                state = state[character]
            possible &= unasked | state.matched
        if not self._one_clause_each:
            return self._joined(possible & known), self._joined(possible)
        return possible & known, possible

    def _joined(self, clauses):
        return sum({1 << self._selector_of[number] for number in _bits(clauses)})


def _bits(mask):
    while mask:
        yield (mask & -mask).bit_length() - 1
        mask &= mask - 1


class Rule(NamedTuple):
    id: str
    max_age: int  # days
    limit: timedelta
    accounts: list
    users: list


class Exemption(NamedTuple):
    id: str
    expires: datetime  # 00:00 UTC of the day on which it no longer applies
    keys: frozenset | None
    accounts: list
    users: list


class Policy:
    """A policy document, ready to judge."""

    def __init__(self, document):
        self.rules = [_rule(entry["id"], entry) for entry in document.get("rules", ())]
        self.rules.append(_rule("default", document["default"]))
        self.exemptions = [_exemption(entry) for entry in document.get("exemptions", ())]
        self.rule_users = SelectorSet([rule.users for rule in self.rules])
        self.exemption_users = SelectorSet([exemption.users for exemption in self.exemptions])
        self.rule_accounts = SelectorSet([rule.accounts for rule in self.rules])
        self.exemption_accounts = SelectorSet([exemption.accounts for exemption in self.exemptions])

    def for_account(self, account):
        """The policy for the users of one account."""
        return AccountPolicy(self, self.rule_accounts.match(account), self.exemption_accounts.match(account))


def _rule(rule_id, entry):
    days, users = entry["maxAccessKeyAge"], user_clauses(entry.get("users"))
    return Rule(rule_id, days, timedelta(days=days), account_clauses(entry.get("accounts")), users)


def _exemption(entry):
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

    def __init__(self, policy, rules, exemptions):
        """Takes the masks of the rules and of the exemptions that match the account, surely and possibly."""
        self._policy = policy
        self._rules = rules
        self._exemptions = exemptions
        self._latest = None, ()

    def rules_for(self, user):
        """The rules that may decide for the user, first to last; one, if all it takes is known."""
        last, rules = self._latest  # a user's keys are judged one after the other
        if last is not user:
            certain, possible = self._policy.rule_users.match(user)
            decided = certain & self._rules[0]
            upto = possible & self._rules[1] & (((decided & -decided) << 1) - 1)
            rules = tuple([self._policy.rules[number] for number in _bits(upto)])
            self._latest = user, rules
        return rules

    def exemption_for(self, user, key, now):
        """The first exemption that certainly applies at `now`, and all that merely may."""
        certain, possible = self._policy.exemption_users.match(user)
        certain &= self._exemptions[0]
        doubtful = []
        for number in _bits(possible & self._exemptions[1]):
            exemption = self._policy.exemptions[number]
            named = exemption.keys is None or key.id in exemption.keys
            if now >= exemption.expires or (not named and key.id is not None):
                continue
            if named and certain >> number & 1:
                return exemption, ()
            doubtful.append(exemption)
        return None, tuple(doubtful)

    def asked_of_users(self, now):
        """The attributes of a user that a rule or an unexpired exemption of the account looks at."""
        exemptions = [self._policy.exemptions[number] for number in _bits(self._exemptions[1])]
        entries = [exemption for exemption in exemptions if now < exemption.expires]
        entries += [self._policy.rules[number] for number in _bits(self._rules[1])]
        return {attribute for entry in entries for clause in entry.users for attribute, _key in clause}


class Decision(NamedTuple):
    verdict: str
    rules: tuple  # those that may decide, first to last; one, if all it takes is known
    exemption: Exemption | None = None
    doubts: tuple = ()  # the rules and exemptions between which the verdict differs

    @property
    def rule(self):
        """The rule that decides; None if several may."""
        return self.rules[0] if len(self.rules) == 1 else None

    @property
    def limit(self):
        """The limit as a timedelta; None if the rules that may decide have different ones."""
        first = self.rules[0].limit
        return first if len(self.rules) == 1 or all(rule.limit == first for rule in self.rules) else None


def decide(policy, user, key, now):
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


def user_verdict(verdicts):
    """The verdict on a user from the verdicts on the user's keys; one overdue key decides, whatever is open."""
    found = set(verdicts)
    return next((worst for worst in (NON_COMPLIANT, UNDECIDED, EXEMPT) if worst in found), COMPLIANT)
