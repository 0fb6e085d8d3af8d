"""accounts.yaml as text: what nobody changed stays, and what is written is read back."""

import difflib
from collections import Counter
from pathlib import Path
from textwrap import indent

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.decision import Account, decision
from checker.errors import FileProblems
from checker.policy import inventory
from checker.policy.inventory_file import Changes, changes, differences, merged

WEB = decision.Account("000000000001", "web", "Root/Prod", {"env": "prod"})
OLD = decision.Account("000000000002", "old team", "Root", {})
NO = decision.Account("012345670123", "no", "Root/1e3", {"a b": "x: y", "0": "~"})
ALL = [WEB, OLD, NO]
TEXT = """\
version: 1
accounts:
  - id: "000000000001"
    name: web
    ou: Root/Prod
    tags:
      env: prod
  - id: "000000000002"
    name: old team
    ou: Root
    tags: {}
  - id: "012345670123"
    name: "no"
    ou: Root/1e3
    tags:
      "0": "~"
      a b: "x: y"
"""
BY_HAND = """\
# Our accounts. #security owns this file.
version: 1

accounts: # by id
# the first one
- {id: "000000000001", name: 'web', ou: Root/Prod, tags: {env: prod}} # on one line

- id: 000000000002
  name: old team # will go
  # in the root
  ou: >-
    Root
  tags: {}
# 012345670123 is the vendor's
- tags: {a b: 'x: y', "0": '~'}
  ou: Root/1e3
  name: 'no'
  id: 012345670123
# the end
"""


def read(text: str) -> list[Account]:
    return list(inventory.parse(text.encode(), "accounts.yaml").values())


def lost(existing: str, accounts: list[Account]) -> list[tuple[int, int]]:
    with pytest.raises(FileProblems) as raised:
        merged(existing.encode(), "accounts.yaml", accounts)
    assert {problem.file for problem in raised.value.problems} == {"accounts.yaml"}
    assert all("this comment would be lost" in problem.message for problem in raised.value.problems)
    return [(problem.line, problem.column) for problem in raised.value.problems]


def test_what_it_wrote_stays_as_it_is() -> None:
    assert merged(None, "f", ALL) == merged(None, "f", ALL[::-1]) == TEXT
    assert merged(TEXT.encode(), "f", ALL) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        BY_HAND,
        BY_HAND.replace("\n", "\r\n"),
        BY_HAND.partition("# by id\n")[0] + "# by id\n" + indent(BY_HAND.partition("# by id\n")[2], "    "),
        TEXT.replace("version: 1\n", "") + "version: 1 # last\n",
        TEXT + "...\n",
    ],
    ids=["by hand", "CRLF", "indented", "keys in another order", "document end"],
)
def test_what_a_person_wrote_stays_as_it_is(text: str) -> None:
    assert merged(text.encode(), "f", ALL) == text


def test_a_missing_end_of_line_is_all_that_is_added() -> None:
    assert merged(TEXT[:-1].encode(), "f", ALL) == TEXT


def test_a_byte_order_mark_goes() -> None:
    assert merged(b"\xef\xbb\xbf" + TEXT.encode(), "f", ALL) == TEXT


def test_no_accounts_are_written_as_none() -> None:
    assert merged(None, "f", []) == "version: 1\naccounts: []\n"


def test_an_empty_list_is_filled_and_its_comments_stay() -> None:
    empty = "# ours\nversion: 1\naccounts: [] # none yet\n# end\n"
    filled = merged(empty.encode(), "f", [WEB])
    assert filled == "# ours\nversion: 1\naccounts: # none yet\n" + "".join(TEXT.splitlines(True)[2:7]) + "# end\n"


def changed_lines(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def test_a_new_account_only_adds_lines() -> None:
    new = decision.Account("000000000003", "new", "Root", {})
    entry = ['+   - id: "000000000003"', "+     name: new", "+     ou: Root", "+     tags: {}"]
    after = merged(TEXT.encode(), "f", [*ALL, new])
    assert read(after) == [WEB, OLD, new, NO]
    added = changed_lines(TEXT, after)
    assert (len(added), sorted(added)) == (4, sorted(entry))


def test_an_account_that_is_gone_only_removes_lines() -> None:
    after = merged(TEXT.encode(), "f", [WEB, NO])
    assert read(after) == [WEB, NO]
    assert {line[0] for line in changed_lines(TEXT, after)} == {"-"}


def test_a_new_name_changes_one_line() -> None:
    after = merged(TEXT.encode(), "f", [WEB._replace(name="www"), OLD, NO])
    assert changed_lines(TEXT, after) == ["-     name: web", "+     name: www"]


def test_comments_above_an_account_that_changes_stay() -> None:
    renamed = decision.Account(NO.id, "yes", NO.ou, NO.tags)
    after = merged(BY_HAND.encode(), "f", [WEB, OLD, renamed])
    assert after.startswith(BY_HAND[: BY_HAND.index("- tags")])
    assert after.endswith(
        '- id: "012345670123"\n  name: "yes"\n  ou: Root/1e3\n  tags:\n    "0": "~"\n    a b: "x: y"\n# the end\n'
    )


def test_comments_in_an_account_that_changes_would_be_lost() -> None:
    assert lost(BY_HAND, [WEB, decision.Account(OLD.id, "older", OLD.ou, OLD.tags), NO]) == [(9, 18), (10, 3)]


def test_comments_of_an_account_that_is_gone_would_be_lost() -> None:
    assert lost(BY_HAND, [OLD, NO]) == [(5, 1), (6, 71)]
    assert lost(BY_HAND, [WEB, OLD]) == [(14, 1)]


def test_accounts_that_do_not_stand_in_a_block_are_written_anew() -> None:
    first = "{id: '000000000001', name: web, ou: Root/Prod, tags: {env: prod}}"
    flow = f"version: 1\naccounts: [{first},\n  {{id: '000000000002'}}]\n"
    assert merged(flow.encode(), "f", ALL) == TEXT
    assert lost(flow + "# mine\n", ALL) == [(4, 1)]


def test_aliases_are_resolved_if_there_is_no_comment() -> None:
    aliased = TEXT.replace("ou: Root/Prod", "ou: &a Root/Prod")
    assert merged(aliased.encode(), "f", ALL) == TEXT
    assert lost("# c\n" + aliased, ALL) == [(1, 1)]


@pytest.mark.parametrize("text", ["", "version: 2\naccounts: []\n", "version: 1\naccounts: [{id: x}]\n", "a: [\n"])
def test_a_file_with_problems_is_not_merged(text: str) -> None:
    with pytest.raises(FileProblems):
        merged(text.encode(), "f", ALL)


def test_changes() -> None:
    before = {account.id: account for account in (WEB, OLD)}
    assert changes(before, [WEB, OLD]) == Changes([], [], [])
    assert changes(before, [decision.Account(WEB.id, "w"), NO]) == Changes([NO.id], [OLD.id], [WEB.id])


NASTY = st.sampled_from(
    [
        "no",
        "1e3",
        "0x1",
        "~",
        "null",
        "012",
        "#x",
        "a #b",
        "a: b",
        "- a",
        "'",
        '"',
        "\\",
        " a ",
        "a\nb",
        "é",
        "😀",
        "[",
        "2026-01-01",
        "=",
        "<<",
        "a:",
        "\x85",
        "\u2028",
        "x" * 300,
    ]
)
TEXTS = NASTY | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cn"]), min_size=1, max_size=12)
ACCOUNTS = st.lists(
    st.builds(
        decision.Account,
        st.integers(0, 40).map(lambda number: f"{number:012}"),
        TEXTS,
        TEXTS,
        st.dictionaries(TEXTS, TEXTS, max_size=3),
    ),
    unique_by=lambda account: account.id,
    max_size=6,
).map(lambda found: sorted(found, key=lambda account: account.id))


@given(ACCOUNTS)
def test_what_is_written_is_read_back_by_every_loader(accounts: list[Account]) -> None:
    text = merged(None, "f", accounts)
    assert read(text) == accounts
    plain = yaml.safe_load(text)["accounts"]
    assert [decision.Account(each["id"], each["name"], each["ou"], each["tags"]) for each in plain] == accounts
    assert merged(text.encode(), "f", accounts) == text


@settings(max_examples=300)
@given(ACCOUNTS, ACCOUNTS, st.data())
def test_every_comment_survives_or_is_refused(before: list[Account], after: list[Account], data: st.DataObject) -> None:
    lines = []
    comments: Counter[str] = Counter()
    for number, line in enumerate(merged(None, "f", before).splitlines()):
        comment = f"# comment {number}"
        where = data.draw(st.sampled_from(["", "", "", "above", "behind"]))
        comments[comment] += bool(where)
        lines += [" " * data.draw(st.integers(0, 6)) + comment] if where == "above" else []
        lines.append(f"{line} {comment}" if where == "behind" else line)
    text = "\n".join(lines) + "\n"
    assert read(text) == before
    try:
        woven = merged(text.encode(), "f", after)
    except FileProblems:
        assert comments.total() > 0
        return
    assert sorted(read(woven), key=lambda account: account.id) == after
    assert all(woven.count(f"{comment}\n") == times for comment, times in comments.items())
    assert merged(woven.encode(), "f", after) == woven


def test_ten_thousand_accounts_can_be_read_back(tmp_path: Path) -> None:
    tags = {f"key{number}": "v" * 40 for number in range(5)}
    many = [
        decision.Account(f"{number:012}", f"account {number}", "Root/Workloads/Prod", tags) for number in range(10_000)
    ]
    path = tmp_path / "accounts.yaml"
    path.write_text(merged(None, "f", many))
    assert path.stat().st_size > 2 * 1024 * 1024
    assert list(inventory.load(path).values()) == many


def test_the_same_accounts_are_nothing_to_tell() -> None:
    assert list(differences({account.id: account for account in ALL}, ALL[::-1])) == []


@pytest.mark.parametrize(
    ("before", "now", "lines"),
    [
        ([], [WEB], ["added    000000000001 web"]),
        ([NO], [], ["removed  012345670123 no"]),
        ([OLD], [decision.Account(OLD.id, "team", "Root", {})], ["changed  000000000002 team: name old team → team"]),
        (
            [decision.Account(WEB.id, tags=WEB.tags)],
            [WEB],
            ["changed  000000000001 web: name (not known) → web; OU (not known) → Root/Prod"],
        ),
        (
            [WEB],
            [decision.Account(WEB.id, "web", "Root", {"env": "", "team": "a"})],
            ['changed  000000000001 web: OU Root/Prod → Root; tag env prod → ""; tag team (none) → a'],
        ),
        (
            [decision.Account(OLD.id, OLD.name, OLD.ou)],
            [OLD],
            ["changed  000000000002 old team: tags (not known) → (none)"],
        ),
        ([WEB, OLD], [OLD, NO], ["added    012345670123 no", "removed  000000000001 web"]),
    ],
)
def test_what_differs_is_told(before: list[Account], now: list[Account], lines: list[str]) -> None:
    assert list(differences({account.id: account for account in before}, now)) == lines
