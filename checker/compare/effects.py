"""Whether users have more time for their keys, or less is done with keys that are too old. Pure.

Each change of two policies is looked at as if the changes were made one after the other: the limits and the
remediation of rules that stay, then removals, narrower selectors, moves, wider selectors, additions. No step lets
a key go that is not marked, so the whole does not. That is why rules that stay are all that others are held against.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import NamedTuple

from checker.decision import RemediationSettings
from checker.policy.loader import PolicyFile


class Effect(StrEnum):
    """What a change can do to keys, as far as the two policies alone tell."""

    LOOSENS = "loosens"
    TIGHTENS = "tightens"
    NEITHER = "neither"


class Terms(NamedTuple):
    """What it is for a user that a rule decides."""

    max_age: int  # days
    remediation: RemediationSettings


class Rules:
    """The rules of two policies, as others give users to them and take users from them."""

    def __init__(self, base: PolicyFile, head: PolicyFile) -> None:
        """The terms are those of `head`; a rule that it has no more keeps its own."""
        before, after = base.policy.rules, head.policy.rules
        self._places = [{rule.id: place for place, rule in enumerate(rules)} for rules in (before, after)]
        self._stay = [rule.id for rule in after if rule.id in self._places[0]]
        settings = {
            rule.id: base.remediation[rule.id] if "remediation" in base.written[rule.id].entry else common
            for common in [head.remediation["default"]]
            for rule in before
        }
        settings |= head.remediation
        self._terms = {rule.id: Terms(rule.max_age, settings[rule.id]) for rule in (*before, *after)}

    def takes(self, rule_id: str) -> Effect:
        """That users come to the rule from those below it; they may be any of its users."""
        return self.takes_from(rule_id, self._below(rule_id))

    def takes_from(self, rule_id: str, others: Collection[str]) -> Effect:
        """That users come to the rule from others."""
        return strongest([by_terms(terms, self._terms[rule_id]) for terms in self._terms_of(others)])

    def gives(self, rule_id: str) -> Effect:
        """That users go from the rule to those below it."""
        return strongest([by_terms(self._terms[rule_id], terms) for terms in self._terms_of(self._below(rule_id))])

    def _below(self, rule_id: str) -> list[str]:
        """The rules that stay and come after it in each policy that has it."""
        own = [(places, places[rule_id]) for places in self._places if rule_id in places]
        return [other for other in self._stay if all(places[other] > place for places, place in own)]

    def _terms_of(self, rule_ids: Collection[str]) -> set[Terms]:
        return {self._terms[rule_id] for rule_id in rule_ids}


def by_terms(before: Terms, after: Terms) -> Effect:
    """A longer limit loosens, however much more is done with older keys, and the other way round."""
    return strongest([by_number(before.max_age, after.max_age), by_remediation(before.remediation, after.remediation)])


def by_remediation(before: RemediationSettings, after: RemediationSettings) -> Effect:
    """A step that is taken no more, by fewer means or later loosens, whatever else is more.

    How a step is taken says nothing where it was not taken before, or is not taken after.
    """
    steps = (_deactivation(before), _deactivation(after)), (_deletion(before), _deletion(after))
    return strongest([_by_step(old, new) for old, new in steps])


def _deactivation(settings: RemediationSettings) -> Sequence[int] | None:
    if settings.action == "none":
        return None
    return (
        not settings.automatic,
        settings.grace_days,
        settings.protect_used_within_days,
        settings.protect_last_key,
    )


def _deletion(settings: RemediationSettings) -> Sequence[int] | None:
    """Whether a person starts it does not matter: the schedule deletes in any case."""
    if settings.action != "delete" or settings.delete_after_days is None:
        return None
    return (settings.delete_after_days,)


def _by_step(before: Sequence[int] | None, after: Sequence[int] | None) -> Effect:
    """Of one step in numbers that let more keys go the higher they are; None: it is not taken."""
    if before is None or after is None:
        return by_number(before is None, after is None)
    return strongest([by_number(old, new) for old, new in zip(before, after, strict=True)])


def by_number(before: int, after: int) -> Effect:
    """Of a number that lets more keys go the higher it is."""
    return Effect.LOOSENS if after > before else Effect.TIGHTENS if after < before else Effect.NEITHER


def strongest(effects: Collection[Effect]) -> Effect:
    """A reviewer must see whatever loosens, even where something else tightens."""
    return next((effect for effect in (Effect.LOOSENS, Effect.TIGHTENS) if effect in effects), Effect.NEITHER)
