"""Coverage: exact for patterns, and never claimed of what an earlier selector does not cover."""

from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from checker.decision import Rule, decision, selectors
from checker.policy import coverage
from checker.policy.coverage import IDS, NAMES, PATHS, TEXTS, Domain, covers, includes

several = st.lists(st.text("ab*?", max_size=5), min_size=1, max_size=3)
DOMAINS = {
    "names": (Domain("abc", 5, ("?*",)), "abc"),
    "short": (Domain("ab", 3, ("*",)), "ab"),
    "fixed": (Domain("ab", 3, ("???",)), "ab"),
    "paths": (Domain("ab", 5, ("a*", "*a")), "ab"),
    "any character": (Domain(None, 5, ("*",)), "abc"),
}


def written(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else ""


def brute_force(wider: list[str], narrower: list[str], domain: Domain, alphabet: str) -> bool:
    texts = (
        "".join(letters) for length in range(domain.max_length + 1) for letters in product(alphabet, repeat=length)
    )
    allowed = selectors.PatternSet([(pattern, 1) for pattern in domain.shape])
    inside = selectors.PatternSet([(pattern, 1) for pattern in narrower])
    outside = selectors.PatternSet([(pattern, 1) for pattern in wider])
    return all(outside.match(text) for text in texts if inside.match(text) and allowed.match(text))


@pytest.mark.parametrize("name", DOMAINS)
@given(wider=several, narrower=several)
def test_inclusion_is_exact(name: str, wider: list[str], narrower: list[str]) -> None:
    domain, alphabet = DOMAINS[name]
    assert includes(wider, narrower, domain) is brute_force(wider, narrower, domain, alphabet)


@pytest.mark.parametrize(
    ("wider", "narrower", "domain"),
    [
        ([], ["a"], NAMES),
        (["a"], ["A"], NAMES),
        (["a"], ["a*"], NAMES),
        (["a?"], ["a*"], NAMES),
        (["?*b"], ["*b"], NAMES),
        (["a*", "b*"], ["*"], NAMES),
        (["/service/*/"], ["/service/*"], PATHS),
        (["0*"], ["*"], IDS),
        (["?*"], ["*"], TEXTS),
        (["x*"], ["?"], TEXTS),
    ],
    ids=written,
)
def test_what_is_not_included(wider: list[str], narrower: list[str], domain: Domain) -> None:
    assert includes(wider, narrower, domain) is False


@pytest.mark.parametrize(
    ("wider", "narrower", "domain"),
    [
        (["*"], ["svc-*"], NAMES),
        (["?*"], ["*"], NAMES),
        (["svc-*"], ["svc-a", "svc-?-*"], NAMES),
        (["*a*"], ["*a*a*", "?a"], NAMES),
        (["*?"], ["?*"], NAMES),
        (["a", "a?", "a??*"], ["a*"], NAMES),
        (["a"], ["a", "é"], NAMES),
        (["a"], ["?" * 129], NAMES),
        (["/*"], ["*"], PATHS),
        (["*/"], ["/a*"], PATHS),
        (["/", "/?*/"], ["*"], PATHS),
        (["?" * 12], ["*"], IDS),
        ([f"{digit}*" for digit in range(10)], ["*"], IDS),
        (["*"], ["é*", ""], TEXTS),
    ],
    ids=written,
)
def test_what_is_included(wider: list[str], narrower: list[str], domain: Domain) -> None:
    assert includes(wider, narrower, domain) is True


def test_a_walk_that_grows_too_large_is_not_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "MAX_STATES", 2)
    assert includes(["*a*"], ["*a*a*"], NAMES) is False


def test_hostile_patterns_finish() -> None:
    assert includes(["*a" * 60], ["a*" * 60 + "b"], NAMES) is False


def rules(accounts: tuple[Any, Any] = (None, None), users: tuple[Any, Any] = (None, None)) -> list[Rule]:
    entries = [
        {"id": f"rule-{number}", "maxAccessKeyAge": 1} | {"accounts": accounts[number], "users": users[number]}
        for number in range(2)
    ]
    return list(decision.Policy({"default": {"maxAccessKeyAge": 1}, "rules": entries}).rules)


@pytest.mark.parametrize(
    ("wider", "narrower", "expected"),
    [
        ("prod-*", None, False),
        (None, "prod-*", True),
        ("*", None, True),
        ("prod-*", "prod-eu-*", True),
        ("prod-*", "dev-*", False),
        ("111122223333", "111122223333", True),
        ("111122223333", "444455556666", False),
        ("*", "111122223333", True),
        ("111122223333", "prod", False),
        (["111122223333", "prod-*"], "prod-x", True),
        (["111122223333", "prod-*"], ["prod-x", "111122223333"], True),
        (["111122223333", "prod-*"], ["prod-x", "444455556666"], False),
        ({"ou": "Root/*"}, {"ou": "Root/Prod", "name": "x"}, True),
        ({"ou": "Root/*", "name": "x"}, {"ou": "Root/Prod"}, False),
        ({"ou": "*"}, None, True),
        ({"tags": {"env": "*"}}, None, False),
        ({"tags": {"env": "*"}}, {"tags": {"env": "prod"}}, True),
        ({"tags": {"env": "*"}}, {"tags": {"team": "prod"}}, False),
        ({"tags": {"env": "*"}}, {"tags": {"env": "prod", "team": "x"}, "name": "y"}, True),
        ({"tags": {"env": "*", "team": "x"}}, {"tags": {"env": "prod"}}, False),
        ({"tags": {"env": ["a*", "b*"]}}, {"tags": {"env": ["ab", "ba"]}}, True),
    ],
)
def test_one_accounts_selector_covers_another(wider: Any, narrower: Any, expected: bool) -> None:
    first, second, _default = rules(accounts=(wider, narrower))
    assert covers(first.accounts, second.accounts, users=False) is expected


@pytest.mark.parametrize(
    ("wider", "narrower", "expected"),
    [
        ("svc-*", None, False),
        (None, "svc-*", True),
        ("?*", None, True),
        (["svc-*", "bot-*"], ["bot-a", "svc-b"], True),
        ("svc-*", ["bot-a", "svc-b"], False),
        ({"path": "/*"}, None, True),
        ({"path": "/service/*"}, {"path": "/service/eu/*"}, True),
        ({"path": "/service/*"}, {"name": "svc-*"}, False),
        ({"name": "svc-*"}, {"name": "svc-a", "path": "/x/"}, True),
        ({"tags": {"team": "pay*"}}, {"tags": {"team": "pay"}}, True),
        ({"tags": {"team": "pay*"}}, {"tags": {"team": "pa*"}}, False),
        ({"group": "*"}, None, False),
        ({"group": "*"}, {"group": "dev*"}, True),
        ({"group": "dev*"}, {"group": "*"}, False),
        ({"group": ["a*", "b*"]}, {"group": ["ab", "ba"], "name": "x"}, True),
    ],
)
def test_one_users_selector_covers_another(wider: Any, narrower: Any, expected: bool) -> None:
    first, second, _default = rules(users=(wider, narrower))
    assert covers(first.users, second.users, users=True) is expected


patterns = several | st.text("ab*?", min_size=1, max_size=4)
any_selectors = (
    st.none()
    | patterns
    | st.fixed_dictionaries(
        {},
        optional={
            "name": patterns,
            "ou": patterns,
            "tags": st.dictionaries(st.sampled_from("kl"), patterns, min_size=1),
        },
    )
)
values = st.text("ab", max_size=4)
subjects = st.builds(
    decision.Account, st.just("111122223333"), values, values, st.dictionaries(st.sampled_from("kl"), values)
)


@given(any_selectors, any_selectors, st.lists(subjects, max_size=10))
def test_what_is_covered_never_matches_alone(wider: Any, narrower: Any, accounts: list[Any]) -> None:
    first, second, _default = rules(accounts=(wider, narrower))
    assume(covers(first.accounts, second.accounts, users=False))
    selected = selectors.SelectorSet([first.accounts, second.accounts])
    named = [account for account in accounts if account.name]
    assert [account for account in named if selected.match(account)[0] == 0b10] == []
