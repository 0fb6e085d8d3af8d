"""The door to the rule: `checker.rules` is the top-level folder `rules`, mapped by setuptools.

A type checker cannot follow that mapping, so it reads the folder itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from rules import access_keys_rotated as decision
    from rules import remediation_steps, selectors
    from rules.access_keys_rotated import AccessKey, Account, AccountPolicy, Decision, Exemption, Policy, Rule, User
    from rules.remediation_settings import RemediationSettings, remediation_by_rule, remediation_settings
    from rules.resolved_policy import KINDS, OTHERS, policy_for
    from rules.selectors import Clause, SelectorSet
else:
    decision = import_module("checker.rules.access_keys_rotated")
    selectors = import_module("checker.rules.selectors")
    AccessKey, Account, User = decision.AccessKey, decision.Account, decision.User
    AccountPolicy, Decision, Policy = decision.AccountPolicy, decision.Decision, decision.Policy
    Exemption, Rule = decision.Exemption, decision.Rule
    remediation_steps = import_module("checker.rules.remediation_steps")
    _settings = import_module("checker.rules.remediation_settings")
    RemediationSettings = _settings.RemediationSettings
    remediation_by_rule, remediation_settings = _settings.remediation_by_rule, _settings.remediation_settings
    _resolved = import_module("checker.rules.resolved_policy")
    KINDS, OTHERS, policy_for = _resolved.KINDS, _resolved.OTHERS, _resolved.policy_for
    Clause, SelectorSet = selectors.Clause, selectors.SelectorSet

__all__ = [
    "KINDS",
    "OTHERS",
    "AccessKey",
    "Account",
    "AccountPolicy",
    "Clause",
    "Decision",
    "Exemption",
    "Policy",
    "RemediationSettings",
    "Rule",
    "SelectorSet",
    "User",
    "decision",
    "matches",
    "policy_for",
    "remediation_by_rule",
    "remediation_settings",
    "remediation_steps",
    "selectors",
    "unknown_account",
]


def unknown_account(name: str | None = None) -> Account:
    """An account of which the id is not known, so that whatever selects by it stays open."""
    return Account(cast("str", None), name)


def matches(pattern: str, text: str) -> bool:
    """Whether one IAM wildcard pattern matches the whole text."""
    return bool(selectors.PatternSet([(pattern, 1)]).match(text))
