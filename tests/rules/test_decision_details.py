"""What a decision says beside its verdict, and corners that random policies seldom reach."""

import string
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest

rotated: Any = import_module("checker.rules.access_keys_rotated")
selectors: Any = import_module("checker.rules.selectors")

Document = dict[str, Any]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD = timedelta(days=9)
USER = rotated.User("u")


def policy(rules: list[Document], exemptions: list[Document], account: Any = None) -> Any:
    """A policy of a day for an account whose name, OU and tags are not known, if no other is given."""
    document = {"default": {"maxAccessKeyAge": 1}, "rules": rules, "exemptions": exemptions}
    return rotated.Policy(document).for_account(account or rotated.Account("000000000001"))


def old_key(status: str = "Active") -> Any:
    return rotated.AccessKey("K", status, NOW - OLD)


def exemption(name: str, **selectors: Any) -> Document:
    return {"id": name, "expires": "2027-01-01", **selectors}


def rule(name: str, days: int, **selectors: Any) -> Document:
    return {"id": name, "maxAccessKeyAge": days, **selectors}


@pytest.mark.parametrize("status", ["", "ACTIVE", "active", "Active ", "Expired", "Inactive"])
def test_whatever_is_not_exactly_active_is_not_judged(status: str) -> None:
    assert rotated.decide(policy([], []), USER, old_key(status), NOW).verdict == "NOT_APPLICABLE"


def test_active_is_told_by_its_letters() -> None:
    assert rotated.decide(policy([], []), USER, old_key("".join(["Act", "ive"])), NOW).verdict == "NON_COMPLIANT"


NO_ASCII = "\N{ARABIC-INDIC DIGIT ONE}" * 12


@pytest.mark.parametrize("text", ["", "0" * 11, "0" * 13, "00000000000a", "aaaaaaaaaaaa", NO_ASCII])
def test_what_is_not_twelve_digits_is_a_pattern_on_the_name(text: str) -> None:
    assert selectors.is_account_id(text) is False
    assert selectors.account_clauses(text) == [{("name", None): [text]}]


def test_twelve_digits_are_an_id() -> None:
    assert selectors.account_clauses(["012345678901", "prod"]) == [
        {("id", None): ["012345678901"]},
        {("name", None): ["prod"]},
    ]


@pytest.mark.parametrize("character", sorted({*string.printable, "\x00", "\x7f", "\xe9"} - {"*", "?"}))
def test_every_other_character_of_a_pattern_is_itself(character: str) -> None:
    patterns = selectors.PatternSet([(f"<{character}>", 1)])
    others = ("<>", "<-->", f"<{character}{character}>", f"<{chr(ord(character) + 1)}>")
    assert [patterns.match(text) for text in (f"<{character}>", *others)] == [1, 0, 0, 0, 0]


DOUBTFUL: Document = {"users": {"path": "/s/*"}}


@pytest.mark.parametrize(
    ("exemptions", "applied", "doubts"),
    [
        ([exemption("a", **DOUBTFUL)], None, ["a"]),
        ([exemption("a"), exemption("b", **DOUBTFUL)], "a", []),
        ([exemption("a", **DOUBTFUL), exemption("b")], "b", []),
        ([exemption("a", **DOUBTFUL), exemption("b", users="x"), exemption("c")], "c", []),
        ([exemption("a", users="x"), exemption("b", **DOUBTFUL)], None, ["b"]),
        ([exemption("a", keys="L"), exemption("b", **DOUBTFUL), exemption("c", **DOUBTFUL)], None, ["b", "c"]),
        ([exemption("a", **DOUBTFUL), exemption("b", keys="L")], None, ["a"]),
        ([exemption("a", expires="2026-01-01"), exemption("b", users="u")], "b", []),
    ],
)
def test_the_first_exemption_that_applies_for_certain_is_named(
    exemptions: list[Document], applied: str | None, doubts: list[str]
) -> None:
    made = rotated.decide(policy([], exemptions), USER, old_key(), NOW)
    assert (made.exemption and made.exemption.id, [entry.id for entry in made.doubts]) == (applied, doubts)


def test_the_exemption_of_one_account_by_id_or_by_name_applies_by_either() -> None:
    either = [exemption("a", accounts=["000000000001", "prod"])]
    for account, verdict in (
        (rotated.Account("000000000001", "dev"), "EXEMPT"),
        (rotated.Account("000000000002", "prod"), "EXEMPT"),
        (rotated.Account("000000000002", "dev"), "NON_COMPLIANT"),
    ):
        assert rotated.decide(policy([], either, account), USER, old_key(), NOW).verdict == verdict


@pytest.mark.parametrize(
    ("rules", "deciding", "limit"),
    [
        ([], "default", 1),
        ([rule("a", 2)], "a", 2),
        ([rule("a", 1, **DOUBTFUL)], None, 1),
        ([rule("a", 2, **DOUBTFUL)], None, None),
        ([rule("a", 2, **DOUBTFUL), rule("b", 1)], None, None),
        ([rule("a", 1, **DOUBTFUL), rule("b", 2)], None, None),
        ([rule("a", 2, **DOUBTFUL), rule("b", 2)], None, 2),
        ([rule("a", 2, **DOUBTFUL), rule("b", 3, users="x")], None, None),
        ([rule("a", 1, **DOUBTFUL), rule("b", 2, **DOUBTFUL)], None, None),
    ],
)
def test_a_rule_and_a_limit_are_named_only_if_no_doubt_could_change_them(
    rules: list[Document], deciding: str | None, limit: int | None
) -> None:
    made = rotated.decide(policy(rules, []), USER, old_key(), NOW)
    named = made.rule and made.rule.id
    assert (named, made.limit) == (deciding, None if limit is None else timedelta(days=limit))


@pytest.mark.parametrize(
    ("rules", "exemptions", "now", "asked"),
    [
        ([], [], NOW, set()),
        ([rule("a", 2, users={"path": "/s/*"})], [], NOW, {"path"}),
        ([rule("a", 2, accounts="prod", users={"path": "/s/*"})], [], NOW, {"path"}),
        ([rule("a", 2, accounts="000000000002", users={"path": "/s/*"})], [], NOW, set()),
        ([], [exemption("a", users={"tags": {"x": "y"}, "name": "u"})], NOW, {"tags", "name"}),
        ([], [exemption("a", accounts="prod", users={"tags": {"x": "y"}})], NOW, {"tags"}),
        ([], [exemption("a", accounts="000000000002", users={"tags": {"x": "y"}})], NOW, set()),
        ([], [exemption("a", users="u")], datetime.fromisoformat("2027-01-01T00:00:00+00:00"), set()),
        ([], [exemption("a", users="u")], datetime.fromisoformat("2027-06-01T00:00:00+00:00"), set()),
        ([], [exemption("a", users="u")], datetime.fromisoformat("2026-12-31T23:59:59+00:00"), {"name"}),
    ],
)
def test_users_are_asked_for_what_a_rule_of_the_account_may_look_at(
    rules: list[Document], exemptions: list[Document], now: datetime, asked: set[str]
) -> None:
    assert policy(rules, exemptions).asked_of_users(now) == asked


def test_a_character_that_was_seen_costs_no_step_again(monkeypatch: pytest.MonkeyPatch) -> None:
    patterns = selectors.PatternSet([("a*b", 1), ("?c", 2)])
    steps: list[str] = []
    step = selectors.PatternSet.step

    def counted(self: Any, reached: int, character: str) -> Any:
        steps.append(character)
        return step(self, reached, character)

    monkeypatch.setattr(selectors.PatternSet, "step", counted)
    assert [patterns.match(text) for text in ("axb", "axb", "ac", "axb")] == [1, 1, 2, 1]
    assert steps == ["a", "x", "b", "c"]


def test_steps_are_forgotten_when_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "REMEMBERED", 50 * 1024)
    patterns = selectors.PatternSet([("*a*?b*", 1)])
    remembered = []
    for code in range(0x100, 0x200):
        assert patterns.match(f"{chr(code)}a-b") == 1
        remembered.append(len(patterns.first))
    # A step counts as 1,024 bits, and the states of the text fill what is left of the fiftieth.
    assert (max(remembered) > 40, max(remembered) < 50, remembered[-1] < 50) == (True, True, True)


def test_one_pattern_set_remembers_64_mebibytes_at_most() -> None:
    assert selectors.REMEMBERED == 64 * 2**20 * 8


@pytest.mark.parametrize("groups", [[], ["devs"], ["devs", "staff"]])
def test_the_first_rule_is_not_for_users_of_other_groups(groups: list[str]) -> None:
    judged_by = policy([rule("robots", 3, users={"group": "robots"})], [])
    assert [each.id for each in judged_by.rules_for(USER._replace(groups=groups))] == ["default"]


@pytest.mark.parametrize(("number", "words"), [(0, "0 days"), (1, "1 day"), (2, "2 days"), (30, "30 days")])
def test_days_in_words(number: int, words: str) -> None:
    assert rotated.days(number) == words


def test_of_a_key_that_is_not_told_otherwise_the_last_use_is_known() -> None:
    assert (old_key().last_used, old_key().use_known) == (None, True)
