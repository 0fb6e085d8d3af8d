"""`--state`: what is remembered of keys changes how many calls a run takes, and no verdict."""

import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from checker.decision import Policy, decision
from checker.errors import UsageError
from checker.evaluate import AccountRead, AccountResult, evaluate
from checker.sources.aws.reader import reader
from checker.sources.key_memory import HEAD, State
from checker.sources.live import verdict_needs
from tests.fakes.fake_account import FakeIam, FakeKey, FakeUser
from tests.support.fixtures import policy

ACCOUNT = decision.Account("111122223333", "web", "Root", {})
START = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
STRICT = policy(
    "version: 1\ndefault: {maxAccessKeyAge: 30}\nrules:\n  - {id: a-day, users: a*, maxAccessKeyAge: 1}\n"
    "exemptions:\n  - {id: e, users: '*e', reason: r, approvedBy: s, expires: 2026-03-01}\n"
)
NINETY = policy()


def run(iam: FakeIam, judged_by: Policy, now: datetime, state: State | None = None) -> AccountResult:
    """What `check` does with one account, less the threads."""
    memory = state.of(ACCOUNT.id) if state else None
    needs = verdict_needs(judged_by, now, now + timedelta(days=14))(ACCOUNT)
    found = reader.read_users(iam, needs, map, lambda _seconds: None, memory)
    if state and memory:
        state.learn(ACCOUNT.id, memory, found.users)
    return evaluate(judged_by, AccountRead(ACCOUNT, found.users), now, show_all=True)


def saved(state: State) -> State:
    """The state as the next run finds it."""
    with state.path.open("w", encoding="utf-8") as stream:
        state.write(stream)
    return State(state.path)


def attention(result: AccountResult) -> list[Any]:
    assert result.reason is None
    return [finding for finding in result.findings if finding.verdict in ("NON_COMPLIANT", "EXEMPT")]


def overdue_in_truth(iam: FakeIam, judged_by: Policy) -> set[str]:
    rules = judged_by.for_account(ACCOUNT)
    found = set()
    for user in iam.users:
        known = decision.User(user.name, "/", {}, user.id, user.arn, user.created)
        for key in user.keys:
            verdict = decision.decide(
                rules, known, decision.AccessKey(key.id, key.status, key.created), iam.now
            ).verdict
            found |= {key.id} if verdict in ("NON_COMPLIANT", "EXEMPT") else set()
    return found


# An account's history: what happens, to which of its users or keys (modulo their number), and how much later.
CHANGES = ("user", "key", "delete key", "deactivate", "reactivate", "toggle", "rename", "swap names", "delete user")
HOURS = (0, 0, 0, 1, 3, 23, 24, 25, 24 * 7, 24 * 29)
STEPS = st.tuples(st.sampled_from((*CHANGES, *["run"] * 6, "lose state")), st.integers(0, 7), st.sampled_from(HOURS))


class History:
    """Plays changes on a fake account."""

    def __init__(self, key_ages: list[int]) -> None:
        """Starts with old users who have a key each, of so many days."""
        self.iam = FakeIam(START)
        self._numbers = count()
        for number, days in enumerate(key_ages):
            self.iam.now = START - timedelta(days=100, seconds=number)
            self.change("user", number)
            self.iam.now = START - timedelta(days=days)
            self.change("key", number)
        self.iam.now = START

    def change(self, what: str, which: int) -> None:
        users, number = self.iam.users, next(self._numbers)
        keys = [key for user in users for key in user.keys]
        user = users[which % len(users)] if users else None
        key = keys[which % len(keys)] if keys else None
        if what == "user" and len(users) < 4:
            users.append(FakeUser(f"AIDA{number}", f"{'abc'[which % 3]}{number}{'ef'[which % 2]}", self.iam.now))
        elif what == "key" and user and len(user.keys) < 2:
            user.keys.append(FakeKey(f"AKIA{number}", self.iam.now, self.iam.now))
        elif what in ("deactivate", "toggle") and key:
            key.status = "Inactive"
        elif what == "delete key" and key:
            for owner in users:
                owner.keys = [one for one in owner.keys if one is not key]
        elif what == "rename" and user:
            user.name = f"{'abc'[which % 3]}{number}{'ef'[which % 2]}"
        elif what == "swap names" and user and user is not users[0]:
            user.name, users[0].name = users[0].name, user.name
        elif what == "delete user" and user:
            users.remove(user)
        if what in ("reactivate", "toggle") and key and key.status == "Inactive":
            key.status, key.activated = "Active", self.iam.now


@settings(max_examples=400)
@given(st.lists(st.sampled_from((0, 1, 5, 29, 31)), min_size=1, max_size=4), st.lists(STEPS, min_size=6, max_size=25))
def test_with_and_without_state_every_verdict_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, key_ages: list[int], history: list[tuple[str, int, int]]
) -> None:
    path = tmp_path_factory.mktemp("state") / "state"
    played, state, judged_by = History(key_ages), State(path), STRICT
    for what, which, hours in [("run", 0, 0), *history, ("run", 0, 0)]:
        played.iam.now += timedelta(hours=hours, seconds=1 if what == "run" else which % 2)
        if what == "lose state":
            path.unlink(missing_ok=True)
            state = State(path)
        elif what != "run":
            played.change(what, which)
        else:
            now = played.iam.now
            without = run(played.iam, judged_by, now)
            calls = played.iam.calls["ListAccessKeys"]
            with_state = run(played.iam, judged_by, now, state)
            again = played.iam.calls["ListAccessKeys"] - calls
            event(f"saved calls: {again < calls}")
            state = saved(state)
            assert state.warnings == []
            assert attention(with_state) == attention(without)
            if played.iam.report_made == now:
                assert with_state == without
            assert {one.access_key_id for one in attention(with_state)} == overdue_in_truth(played.iam, judged_by)
            played.iam.calls.clear()


def quiet_account(users: int, old: int) -> FakeIam:
    """Users with a key each, some keys old, a few of those inactive; nobody has changed anything lately."""
    iam = FakeIam(START)
    for number in range(users):
        age = timedelta(days=200 if number < old else 50)
        status = "Inactive" if number % 10 == 0 else "Active"
        created = START - age + timedelta(seconds=number)
        key = FakeKey(f"AKIA{number}", created, created, status)
        iam.users.append(FakeUser(f"AIDA{number}", f"u{number}", START - timedelta(days=400, seconds=number), [key]))
    return iam


def test_a_second_run_on_a_quiet_account_lists_only_users_with_an_old_key(tmp_path: Path) -> None:
    iam, state = quiet_account(100, 7), State(tmp_path / "state")
    first = run(iam, NINETY, START, state)
    assert iam.calls == {"GenerateCredentialReport": 1, "GetCredentialReport": 1, "ListUsers": 1, "ListAccessKeys": 100}
    iam.calls.clear()
    second = run(iam, NINETY, START, saved(state))
    assert iam.calls == {"GenerateCredentialReport": 1, "GetCredentialReport": 1, "ListUsers": 1, "ListAccessKeys": 7}
    assert second == first


def test_a_key_that_grows_too_old_is_listed_again(tmp_path: Path) -> None:
    iam, state = quiet_account(3, 0), State(tmp_path / "state")
    run(iam, NINETY, START, state)
    iam.now += timedelta(days=41)
    assert len(attention(run(iam, NINETY, iam.now, saved(state)))) == 2
    assert iam.calls["ListAccessKeys"] == 6


def test_a_key_that_was_replaced_is_seen_when_the_report_is_new(tmp_path: Path) -> None:
    iam, state = quiet_account(1, 0), State(tmp_path / "state")
    run(iam, NINETY, START, state)
    iam.now += timedelta(hours=5)
    iam.users[0].keys = [FakeKey("AKIANEW", iam.now, iam.now, "Inactive")]
    assert [one.access_key_id for one in run(iam, NINETY, iam.now, saved(state)).findings] == ["AKIANEW"]


def test_judging_a_day_far_ahead_believes_no_state(tmp_path: Path) -> None:
    """A key that was made after the report is not in it, and by that day it would be too old."""
    iam, state = quiet_account(1, 0), State(tmp_path / "state")
    iam.generate_credential_report()
    iam.users[0].keys = []
    assert run(iam, NINETY, START, state).findings == []
    iam.users[0].keys = [FakeKey("AKIANEW", START, START)]
    far = START + timedelta(days=1000)
    assert {one.access_key_id for one in run(iam, NINETY, far, saved(state)).findings} == {"AKIANEW"}


def test_users_who_are_gone_leave_the_state(tmp_path: Path) -> None:
    iam, state = quiet_account(3, 0), State(tmp_path / "state")
    run(iam, NINETY, START, state)
    del iam.users[0]
    run(iam, NINETY, START, state)
    content = saved(state).path.read_text()
    assert ("AIDA0" in content, "AIDA1" in content) == (False, True)


def test_without_user_ids_nothing_is_remembered(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    memory = state.of("111122223333")
    memory.keep(decision.User("u"), ("a",), [])
    assert memory.recall(decision.User("u"), ("a",)) is None


def written(path: Path) -> list[str]:
    """A state file of two accounts, as its lines."""
    state = State(path)
    for account_id in ("222222222222", "111111111111"):
        iam = quiet_account(2, 0)
        memory = state.of(account_id)
        needs = verdict_needs(NINETY, START, START)(ACCOUNT)
        found = reader.read_users(iam, needs, map, lambda _seconds: None, memory)
        state.learn(account_id, memory, found.users)
    return saved(state).path.read_text().splitlines(keepends=True)


def users_known(state: State, account_id: str) -> int:
    content = io.StringIO()
    state.write(content)
    return sum(line.count("AIDA") for line in content.getvalue().splitlines() if f'"account":"{account_id}"' in line)


def test_no_file_and_an_empty_file_are_no_state_and_no_warning(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    for name in ("none", "empty"):
        state = State(tmp_path / name)
        assert (state.warnings, state.foreign) == ([], False)


def test_what_is_not_touched_is_written_as_it_was(tmp_path: Path) -> None:
    lines = written(tmp_path / "state")
    assert lines[0] == HEAD.decode() + "\n"
    assert saved(State(tmp_path / "state")).path.read_text() == "".join(lines)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"Active"', '"Inactive"'),
        ("2025-", "2026-"),
        ('"account":"111111111111"', '"account":"333333333333"'),
        ('"sha256":"', '"sha256":"0'),
        ("AIDA0", "AIDA9"),
    ],
)
def test_a_line_that_was_changed_is_not_believed(tmp_path: Path, old: str, new: str) -> None:
    lines = written(tmp_path / "state")
    assert old in lines[1]
    (tmp_path / "state").write_text(lines[0] + lines[1].replace(old, new) + lines[2])
    state = State(tmp_path / "state")
    assert len(state.warnings) == 1
    assert state.warnings[0].startswith(f"{tmp_path / 'state'}:2: broken, ignored: ")
    assert [users_known(state, name * 12) for name in "123"] == [0, 2, 0]


def test_a_file_cut_off_anywhere_is_believed_only_where_it_is_whole(tmp_path: Path) -> None:
    whole = "".join(written(tmp_path / "state"))
    for length in range(1, len(whole), 7):
        (tmp_path / "state").write_text(whole[:length])
        state = State(tmp_path / "state")
        kept = [users_known(state, name * 12) for name in "12"]
        accounts_whole = f"{whole[: length + 1]}".count("\n") - 1
        assert kept == ([2, 2] if accounts_whole == 2 else [2, 0] if accounts_whole == 1 else [0, 0])
        assert state.foreign is False


@pytest.mark.parametrize("content", ["version: 1\n", "[]", '{"schemaVersion":1}', "\x00\x01", '{"keyage":"report"}'])
def test_a_foreign_file_is_ignored_and_never_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "state").write_text(content)
    state = State(tmp_path / "state")
    assert state.foreign is True
    assert state.warnings == [f"{tmp_path / 'state'}: no state of keyage, ignored and left as it is: name another file"]


def test_another_version_is_ignored(tmp_path: Path) -> None:
    lines = written(tmp_path / "state")
    (tmp_path / "state").write_text("".join([lines[0].replace('"version":1', '"version":2'), *lines[1:]]))
    state = State(tmp_path / "state")
    assert (state.foreign, users_known(state, "1" * 12)) == (False, 0)
    assert state.warnings == [f"{tmp_path / 'state'}: state of another version of keyage, or cut off: ignored"]


@pytest.mark.parametrize("member", ["account", "sha256", "users"])
def test_a_line_with_a_member_twice_is_not_believed(tmp_path: Path, member: str) -> None:
    lines = written(tmp_path / "state")
    other = "{}" if member == "users" else '"1"'
    twice = lines[1].replace(f'"{member}":', f'"{member}":{other},"{member}":')
    (tmp_path / "state").write_text(lines[0] + twice + lines[2])
    state = State(tmp_path / "state")
    assert state.warnings == [f"{tmp_path / 'state'}:2: broken, ignored: it is not as keyage writes it"]
    assert [users_known(state, name * 12) for name in "12"] == [0, 2]


def test_a_user_who_is_in_a_line_twice_is_not_believed(tmp_path: Path) -> None:
    head, first, _second = written(tmp_path / "state")
    line = json.loads(first)
    users = json.dumps(line["users"], separators=(",", ":"))
    name = next(iter(line["users"]))
    users = f'{{"{name}":{json.dumps(line["users"][name])},' + users[1:]
    digest = hashlib.sha256(f"{line['account']}\n{users}".encode()).hexdigest()
    text = f'{{"account":"{line["account"]}","sha256":"{digest}","users":{users}}}\n'
    (tmp_path / "state").write_text(head + text)
    assert State(tmp_path / "state").warnings == [
        f"{tmp_path / 'state'}:2: broken, ignored: it is not as keyage writes it"
    ]


def test_hostile_nesting_is_a_broken_line(tmp_path: Path) -> None:
    deep = '{"account":"111111111111","sha256":"","users":' + "[" * 200_000 + "\n"
    (tmp_path / "state").write_text(HEAD.decode() + "\n" + deep)
    assert len(State(tmp_path / "state").warnings) == 1


def test_a_folder_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the state"):
        State(tmp_path)
