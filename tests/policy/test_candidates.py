"""The index leaves out only entries that cover nothing: warnings are those of comparing every pair."""

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from checker.decision import Account, Exemption, Rule, SelectorSet, User, decision
from checker.policy import lint
from checker.policy.candidates import candidates, example_of

PATTERNS = [
    "a",
    "ab",
    "abc",
    "a*",
    "*a",
    "*b*",
    "a*c",
    "?",
    "a?c",
    "*",
    "?*",
    "**",
    "b-*-a",
    "",
    "/",
    "/a/",
    "/a/*",
    "/*",
]
patterns = st.sampled_from(PATTERNS)
several = patterns | st.lists(patterns, min_size=1, max_size=3)
ids = st.sampled_from(["000000000000", "000000000001", "111122223333"])
tags = st.dictionaries(st.sampled_from(["t", "u"]), several, min_size=1, max_size=2)
accounts: st.SearchStrategy[Any] = st.none() | ids | several | st.lists(ids | patterns, min_size=1, max_size=3)
accounts |= st.fixed_dictionaries({}, optional={"id": ids, "name": several, "ou": several, "tags": tags}).filter(bool)
users: st.SearchStrategy[Any] = st.none() | several
users |= st.fixed_dictionaries({}, optional={"name": several, "path": several, "group": several, "tags": tags}).filter(
    bool
)
keys = st.none() | st.lists(st.sampled_from(["K1", "K2", "K3"]), min_size=1, max_size=2)
days = st.sampled_from(["2027-01-01", "2027-02-01"])


def document(kind: str, entries: list[tuple[Any, Any, Any, str]]) -> dict[str, Any]:
    found = []
    for number, (account, user, key, day) in enumerate(entries):
        selected = {"accounts": account, "users": user} | ({"keys": key} if kind == "exemptions" else {})
        entry: dict[str, Any] = {name: value for name, value in selected.items() if value is not None}
        found.append({"id": f"e{number}", "maxAccessKeyAge": 1, "expires": day} | entry)
    return {"default": {"maxAccessKeyAge": 90}, kind: found}


def pair_by_pair(entries: list[Rule | Exemption]) -> list[int | None]:
    """For each entry the first before it that covers it, every pair compared."""
    found = []
    for number, entry in enumerate(entries):
        account = Account("0" * 12, "~", "~", {})._replace(**example_of(entry.accounts[0]))
        user = User("0", "/", {}, groups=())._replace(**example_of(entry.users[0]))
        both = SelectorSet([one.accounts for one in entries]).match(account)[0]
        both &= SelectorSet([one.users for one in entries]).match(user)[0]
        matching = [earlier for earlier in range(number) if both >> earlier & 1]
        covering = [earlier for earlier in matching if lint._covers(entries[earlier], entry)]  # noqa: SLF001 -- the exact part
        found.append(covering[0] if covering else None)
    return found


def by_index(entries: list[Rule | Exemption]) -> list[int | None]:
    return [
        next((earlier for earlier in found if lint._covers(entries[earlier], entry)), None)  # noqa: SLF001 -- likewise
        for entry, found in zip(entries, candidates(entries), strict=True)
    ]


def listed(kind: str, entries: list[tuple[Any, Any, Any, str]]) -> list[Rule | Exemption]:
    policy = decision.Policy(document(kind, entries))
    return list(policy.rules[:-1] if kind == "rules" else policy.exemptions)


@given(st.sampled_from(["rules", "exemptions"]), st.lists(st.tuples(accounts, users, keys, days), max_size=7))
@example("exemptions", [(None, None, ["K1", "K2"], "2027-01-01"), (None, None, ["K2"], "2027-01-01")])
@example("rules", [(None, "*b*", None, "2027-01-01"), ("a", ["abc", "*"], None, "2027-01-01")])
def test_the_first_that_covers_is_that_of_every_pair(kind: str, given_: list[tuple[Any, Any, Any, str]]) -> None:
    entries = listed(kind, given_)
    assert by_index(entries) == pair_by_pair(entries)


def test_few_pairs_are_looked_at_whichever_part_tells_the_entries_apart() -> None:
    for apart in (
        lambda n: (None, f"svc-{n:04}", None, "2027-01-01"),
        lambda n: (None, f"svc-*-{n:04}", None, "2027-01-01"),
        lambda n: (f"{n:012}", "svc-*", None, "2027-01-01"),
        lambda n: ({"ou": "Root/*", "tags": {"n": f"{n:04}?"}}, {"path": "/service/*"}, None, "2027-01-01"),
        lambda n: (None, None, [f"K{n:04}"], "2027-01-01"),
    ):
        kind = "exemptions" if apart(0)[2] else "rules"
        entries = listed(kind, [apart(number) for number in range(200)])
        assert [list(found) for found in candidates(entries)] == [[]] * 200
