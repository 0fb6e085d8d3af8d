"""No user gets more time or a weaker remediation by a change that is not marked; what only tightens is not marked."""

from datetime import datetime, timedelta
from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings

from checker.compare.effects import Effect
from checker.compare.policies import changes
from checker.decision import Account, AccountPolicy, User, decision
from checker.policy import loader
from checker.policy.loader import NoPolicy, PolicyFile
from tests.support.random_changes import changed_documents, remediations
from tests.support.random_policies import NOW, Document, days, policy_text

LOOSE, TIGHT, NEITHER = Effect.LOOSENS, Effect.TIGHTENS, Effect.NEITHER
KEY_AGES = range(10)  # beyond the longest limit with the longest grace and protection
DAYS_AROUND = [NOW + timedelta(days=number) for number in range(-2, 4)]  # exemptions end among them
KEYS = [decision.AccessKey(key_id, "Active", NOW) for key_id in ("K1", "K2", "K3")]
TAGS: list[dict[str, str]] = [{}, {"env": "prod", "team": "pay"}]
ACCOUNTS = [Account(*one) for one in product(["000000000001", "000000000003"], ["prod", "dev"], ["R", "R/A"], TAGS)]
USERS = [
    User(name, path, tags, groups=groups)
    for name, path, tags, groups in product(["svc-a", "joe", "zoe"], ["/", "/s/"], TAGS, [[], ["devs"]])
]


def policy(text: str) -> PolicyFile:
    return loader.parse(text.encode(), "policies.yaml")


COMMON = "{action: deactivate, automatic: true, graceDays: 3, protectUsedWithinDays: 7}"
GENTLE = [
    "{action: none}",
    "{action: deactivate, protectUsedWithinDays: 7, graceDays: 3}",
    "{action: deactivate, automatic: true, graceDays: 4, protectUsedWithinDays: 7}",
    "{action: deactivate, automatic: true, graceDays: 3, protectUsedWithinDays: 8}",
    "{action: deactivate, automatic: true, graceDays: 3, protectUsedWithinDays: 7, protectLastKey: true}",
    "{action: delete, deleteAfterDays: 1, graceDays: 3, protectUsedWithinDays: 7}",
]
STRICT = [
    "{action: deactivate, automatic: true, graceDays: 2, protectUsedWithinDays: 7}",
    "{action: deactivate, automatic: true, graceDays: 3, protectUsedWithinDays: 0}",
    "{action: delete, automatic: true, graceDays: 3, protectUsedWithinDays: 7, deleteAfterDays: 90}",
]
LIMIT = "maxAccessKeyAge: 90"
A, B = f"id: a, users: svc-*, {LIMIT}", f"id: b, users: svc-a*, {LIMIT}"


def with_rules(*rules: str, common: str = COMMON) -> PolicyFile:
    listed = "".join(f"  - {{{rule}}}\n" for rule in rules) or "  []\n"
    remediation = f"remediation: {common}\n" if common else ""
    return policy(f"version: 1\ndefault: {{{LIMIT}}}\nrules:\n{listed}{remediation}")


def told(base: PolicyFile | NoPolicy, head: PolicyFile) -> list[tuple[str, str, Effect]]:
    return [(one.id, one.what, one.effect) for one in changes(base, head)]


def test_a_rule_that_says_what_would_hold_without_it_changes_nothing_for_keys() -> None:
    for rule in (A, f"{A}, remediation: {COMMON}"):
        assert told(with_rules(), with_rules(rule)) == [("a", "added", NEITHER)]
        assert told(with_rules(rule), with_rules()) == [("a", "removed", NEITHER)]
        assert told(with_rules(rule, B), with_rules(B, rule)) == [("b", "moved", NEITHER)]


@pytest.mark.parametrize(
    ("own", "forth", "back"),
    [
        *((own, LOOSE, TIGHT) for own in GENTLE[:-1]),
        (GENTLE[-1], LOOSE, LOOSE),
        *((own, TIGHT, LOOSE) for own in STRICT),
    ],
)
def test_whoever_gets_a_rule_gets_its_remediation(own: str, forth: Effect, back: Effect) -> None:
    rule = f"{A}, remediation: {own}"
    narrow = rule.replace("svc-*", "svc-a*")
    assert told(with_rules(), with_rules(rule)) == [("a", "added", forth)]
    assert told(with_rules(rule), with_rules()) == [("a", "removed", back)]
    assert told(with_rules(narrow), with_rules(rule)) == [("a", "changed", forth)]
    assert told(with_rules(rule), with_rules(narrow)) == [("a", "changed", back)]
    assert told(with_rules(B, rule), with_rules(rule, B)) == [("a", "moved", forth)]
    assert told(with_rules(rule, B), with_rules(B, rule)) == [("b", "moved", back)]
    assert told(with_rules(A), with_rules(rule)) == [("a", "changed", forth)]
    assert told(with_rules(rule), with_rules(A)) == [("a", "changed", back)]


def test_a_shorter_limit_does_not_hide_that_nothing_is_done_any_more() -> None:
    rule = f"{A}, remediation: {{action: none}}".replace("90", "30")
    [found] = changes(with_rules(), with_rules(rule))
    assert (found.effect, found.details) == (LOOSE, ["maxAccessKeyAge: 30", "remediation: {action: none}"])


def test_a_removed_rule_is_held_against_the_block_that_it_would_have_now() -> None:
    looser = COMMON.replace("graceDays: 3", "graceDays: 30")
    assert told(with_rules(A), with_rules(common=looser)) == [
        ("remediation", "changed", LOOSE),
        ("a", "removed", NEITHER),
    ]
    own = with_rules(f"{A}, remediation: {COMMON}")
    assert told(own, with_rules(common=looser)) == [("a", "removed", LOOSE), ("remediation", "changed", LOOSE)]


def test_a_rule_that_stays_is_what_it_is_now() -> None:
    before, after = with_rules(f"{A}, remediation: {COMMON}", B), with_rules(B, f"{A}, remediation: {{action: none}}")
    assert told(before, after) == [("a", "changed", LOOSE), ("b", "moved", TIGHT)]


@pytest.mark.parametrize(
    ("before", "after", "forth", "back"),
    [
        ("", "{action: none, graceDays: 7}", NEITHER, NEITHER),
        ("{action: none}", "{action: none, automatic: true, protectUsedWithinDays: 7}", NEITHER, NEITHER),
        ("{action: deactivate}", "{action: deactivate, deleteAfterDays: 30}", NEITHER, NEITHER),
        ("", COMMON, TIGHT, LOOSE),
        ("{action: none}", "{action: deactivate, graceDays: 7}", TIGHT, LOOSE),
        ("{action: none}", "{action: deactivate, protectUsedWithinDays: 7}", TIGHT, LOOSE),
        ("{action: none, automatic: true, protectUsedWithinDays: 0}", "{action: deactivate}", TIGHT, LOOSE),
        ("{action: none, deleteAfterDays: 1}", "{action: delete, deleteAfterDays: 30, graceDays: 7}", TIGHT, LOOSE),
        ("{action: deactivate}", "{action: delete, deleteAfterDays: 30}", TIGHT, LOOSE),
        ("{action: delete, deleteAfterDays: 31}", "{action: delete, deleteAfterDays: 30}", TIGHT, LOOSE),
        ("{action: deactivate}", "{action: delete, deleteAfterDays: 30, graceDays: 1}", LOOSE, LOOSE),
    ],
)  # fmt: skip
def test_how_a_step_is_taken_counts_only_where_it_was_taken(
    before: str, after: str, forth: Effect, back: Effect
) -> None:
    one, other = with_rules(common=before), with_rules(common=after)
    assert [effect for _id, _what, effect in told(one, other)] == [forth]
    assert [effect for _id, _what, effect in told(other, one)] == [back]
    own, others = (f"{A}, remediation: {block or '{action: none}'}" for block in (before, after))
    assert told(with_rules(own), with_rules(others)) == [("a", "changed", forth)]
    assert told(with_rules(others), with_rules(own)) == [("a", "changed", back)]


@pytest.mark.parametrize(("block", "effect"), [("{action: none}", NEITHER), (COMMON, TIGHT)])
def test_a_first_policy_tightens_by_what_it_does(block: str, effect: Effect) -> None:
    found = told(NoPolicy("none.yaml"), with_rules(common=block))
    assert sorted(found) == [("default", "added", TIGHT), ("remediation", "added", effect)]


class Fate(NamedTuple):
    """Something that happens to a key of some age, last used and seen inactive since some days."""

    what: str
    age: int
    unused: int | None = 0  # None: never used
    inactive: int = 0
    last: bool = False  # the last active key of its user


def fates(limit: int, block: Document) -> set[Fate]:
    """All that happens to keys that are not exempt: the definition of the language, read out."""
    found = {Fate("non-compliant", age) for age in KEY_AGES if age > limit}
    grace, protected = block.get("graceDays", 0), block.get("protectUsedWithinDays", 0)
    for age in KEY_AGES:
        for unused in (None, *range(age + 1)):
            if protected and unused is not None and unused <= protected:
                continue
            for last in (False,) if block.get("protectLastKey") else (False, True):
                if block["action"] in ("deactivate", "delete") and age > limit + grace:
                    found.add(Fate("deactivated by hand", age, unused, last=last))
                    if block.get("automatic"):
                        found.add(Fate("deactivated by itself", age, unused, last=last))
            if block["action"] == "delete" and age > limit:
                found |= {
                    Fate("deleted", age, unused, inactive)
                    for inactive in range(age + 1)
                    if inactive >= block["deleteAfterDays"]
                }
    return found


def block_of(document: Document, rule_id: str) -> Document:
    own: dict[str, Document] = {
        entry["id"]: entry["remediation"] for entry in document["rules"] if "remediation" in entry
    }
    common: Document = document.get("remediation", {"action": "none"})
    return own.get(rule_id, common)


def rules_for(policy: AccountPolicy, user: User) -> tuple[str, int]:
    [rule] = policy.rules_for(user)
    return rule.id, rule.max_age


def lost(before: Document, after: Document) -> set[Fate]:
    """All that happened to keys of somebody and happens no more."""
    judged = [decision.Policy(document) for document in (before, after)]
    pairs = set()
    for account in ACCOUNTS:
        old, new = (policy.for_account(account) for policy in judged)
        pairs |= {(rules_for(old, user), rules_for(new, user)) for user in USERS}
    return {
        fate
        for (old_id, limit), (new_id, new_limit) in pairs
        for fate in fates(limit, block_of(before, old_id)) - fates(new_limit, block_of(after, new_id))
    }


def exempt(document: Document) -> set[tuple[int, int, str | None, datetime]]:
    """Which keys of whom are exempt at what time."""
    policy = decision.Policy(document)
    found = set()
    for place, account in enumerate(ACCOUNTS if document["exemptions"] else ()):
        judged = policy.for_account(account)
        found |= {
            (place, number, key.id, day)
            for number, user in enumerate(USERS)
            for key in KEYS
            for day in DAYS_AROUND
            if judged.exemption_for(user, key, day)[0]
        }
    return found


def effects(before: Document, after: Document) -> list[Effect]:
    found = changes(policy(policy_text(before)), policy(policy_text(after)))
    return [one.effect for one in found]


@settings(max_examples=300)
@given(changed_documents())
def test_nobody_is_let_go_by_a_change_that_is_not_marked(documents: tuple[Document, Document]) -> None:
    before, after = (yaml_form(document) for document in documents)
    if LOOSE not in effects(before, after):
        assert lost(before, after) == set()
        assert exempt(after) - exempt(before) == set()


def yaml_form(document: Document) -> Document:
    """As the file has it, without exemptions that it may not have."""
    content: Document = policy(policy_text(document)).content
    return content


def without_rules(limit: int, block: Document) -> Document:
    return {"default": {"maxAccessKeyAge": limit}, "rules": [], "exemptions": [], "remediation": block}


@given(days, remediations, remediations)
@example(1, {"action": "none", "automatic": True, "protectUsedWithinDays": 0}, {"action": "deactivate"})
@example(1, {"action": "deactivate", "protectUsedWithinDays": 2}, {"action": "deactivate", "graceDays": 1})
def test_one_block_for_another_is_marked_by_what_happens_to_keys(limit: int, before: Document, after: Document) -> None:
    was, is_now = fates(limit, before), fates(limit, after)
    expected = LOOSE if was - is_now else TIGHT if is_now - was else NEITHER
    found = effects(without_rules(limit, before), without_rules(limit, after))
    assert found == ([expected] if before != after else [])
