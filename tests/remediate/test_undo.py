"""Taking back what a journal says was done: first what stays as it is, then what is switched on again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from moto.iam.models import IAMBackend

from checker.embedded import aws
from checker.errors import SignInFailed
from checker.remediate.journal import State
from checker.sources.aws.session import ATTEMPTS
from tests.fakes.stand_ins import Act, denied, fail_with, refuse, throttle
from tests.support.applying import Applied
from tests.support.fixtures import ACCOUNT, Emulated, ago

MARK = "keyage:inactive-since:"


@pytest.fixture
def applied(emulated: Emulated, tmp_path: Path) -> Applied:
    return Applied(emulated, tmp_path)


def deactivated(applied: Applied, *names: str) -> Any:
    """Users with a key each that the journal says was deactivated; gives moto's key of the last."""
    for name in names:
        applied.emulated.user(name)
        key = aws.add_key(ACCOUNT, name, ago(100))
    assert set(applied.apply(applied.plan()).values()) == {"done"}
    return key


def test_a_journal_without_changes_has_nothing_to_undo(applied: Applied) -> None:
    applied.emulated.user("u")
    key = aws.add_key(ACCOUNT, "u", ago(100))
    plan = applied.plan()
    key.status = "Inactive"
    assert applied.apply(plan) == {("u", "deactivate"): "left"}
    assert (applied.undo(), applied.calls, applied.lines) == ({}, {}, [])


def another_user(applied: Applied) -> None:
    applied.emulated.rename("u", "was-u")
    applied.emulated.user("u")
    aws.add_key(ACCOUNT, "u", ago(1), status="Inactive")


REFUSALS: dict[str, Callable[[], Act]] = {
    "denied": lambda: refuse("AccessDenied"),
    "throttled until it gives up": throttle,
    "not signed in any more": lambda: fail_with(SignInFailed("sign in again")),
    "never reached": lambda: fail_with(EndpointConnectionError(endpoint_url="x")),
}


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_a_person_switched_off_after_aws_refused_it_stays_off(applied: Applied, refusal: str, again: bool) -> None:
    applied.emulated.user("u")
    key = aws.add_key(ACCOUNT, "u", ago(100))
    plan = applied.plan()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IAMBackend, "update_access_key", lambda *_asked: None)
        applied.emulated.faults.plan("UpdateAccessKey", REFUSALS[refusal]())
        assert applied.apply(plan) == {("u", "deactivate"): "failed"}
    applied.emulated.faults.forget()
    line = applied.lines[-1]
    assert (line.event, line.before, line.after) == ("failed", line.before, State("Active", None))
    key.status = "Inactive"
    if again:
        assert applied.apply(plan) == {("u", "deactivate"): "left"}
        assert applied.whys["u"].startswith("now mark: ")
    before = applied.state()
    assert (applied.undo(), applied.calls, applied.state()) == ({}, {}, before)


DOUBTS: dict[str, list[Callable[[], Act]]] = {
    "no answer": [lambda: fail_with(ReadTimeoutError(endpoint_url="x"))],
    "the server failed": [lambda: refuse("ServiceFailure", 500)],
    "refused when the client asked again": [
        lambda: refuse("ServiceFailure", 500),
        lambda: refuse("AccessDenied"),
    ],
    "no answer, then throttled": [lambda: fail_with(ReadTimeoutError(endpoint_url="x")), throttle],
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_what_may_have_been_done_is_looked_at(applied: Applied, doubt: str) -> None:
    applied.emulated.user("u")
    key = aws.add_key(ACCOUNT, "u", ago(100))
    plan = applied.plan()
    *first, last = DOUBTS[doubt]
    for each in first:
        applied.emulated.faults.plan("UpdateAccessKey", each(), 1)
    applied.emulated.faults.plan("UpdateAccessKey", last())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IAMBackend, "update_access_key", lambda *_asked: None)
        assert applied.apply(plan) == {("u", "deactivate"): "failed"}
    assert applied.lines[-1].after is None
    applied.emulated.faults.forget()
    assert applied.undo() == {("u", "deactivate"): "left"}
    assert applied.whys["u"] == "Active already"
    assert key.status == "Active"


def test_a_person_may_switch_off_a_key_that_undo_was_refused(applied: Applied) -> None:
    key = deactivated(applied, "u")
    with denied("UpdateAccessKey"):
        assert applied.undo() == {("u", "deactivate"): "failed"}
    assert applied.lines[-1].before == applied.lines[-1].after == applied.lines[-2].before
    key.status = "Active"
    assert applied.undo() == {("u", "deactivate"): "left"}
    assert applied.whys["u"] == "Active already"


def tagged(applied: Applied, key: Any, value: str) -> None:
    applied.emulated.iam.tag_user("u", [{"Key": f"{MARK}{key.access_key_id}", "Value": value}])


def untagged(applied: Applied, key: Any) -> None:
    applied.emulated.iam.untag_user("u", [f"{MARK}{key.access_key_id}"])


MOVED: dict[str, tuple[Callable[[Applied, Any], object], str]] = {
    "active": (lambda _applied, key: setattr(key, "status", "Active"), "Active already"),
    "deleted": (
        lambda applied, key: applied.emulated.iam.delete_access_key(key.access_key_id, "u"),
        "the key is gone",
    ),
    "user gone": (lambda applied, _key: applied.emulated.iam.users.pop("u"), "the user is gone, or has another name"),
    "marked by another": (
        lambda applied, key: tagged(applied, key, "2026-11-24T00:00:00Z"),
        "it has another mark now: 2026-11-24T00:00:00Z",
    ),
    "its mark taken away": (untagged, "its mark is gone"),
    "name given away": (lambda applied, _key: another_user(applied), "the user is gone, or has another name"),
}


@pytest.mark.parametrize("moved", MOVED)
def test_what_is_no_longer_as_it_was_left_stays(applied: Applied, moved: str) -> None:
    key = deactivated(applied, "u")
    move, why = MOVED[moved]
    move(applied, key)
    before = applied.state()
    assert applied.undo() == {("u", "deactivate"): "left"}
    assert (applied.state(), applied.changes, applied.told) == (before, {}, [("u", "left", "activate")])
    assert applied.whys["u"].startswith(why)
    assert applied.undo() == {("u", "deactivate"): "left"}
    assert (applied.calls, applied.lines) == ({}, [])


def test_a_deleted_key_is_listed_as_gone(applied: Applied) -> None:
    applied.emulated.user("u")
    key_id = applied.emulated.key("u", 100, status="Inactive")
    applied.emulated.iam.tag_user("u", [{"Key": f"{MARK}{key_id}", "Value": f"{ago(31):%Y-%m-%dT%H:%M:%SZ}"}])
    applied.apply(applied.plan())
    assert applied.undo() == {("u", "delete"): "left"}
    assert (applied.whys["u"], applied.calls, applied.lines) == (
        "gone: it was deleted, and nothing brings it back",
        {},
        [],
    )


def test_keys_are_switched_on_again_the_newest_first_and_once(applied: Applied) -> None:
    deactivated(applied, *"abc")
    applied.emulated.iam.tag_user("b", [{"Key": "team", "Value": "x"}])
    assert set(applied.undo().values()) == {"undone"}
    assert [user for user, event, _step in applied.told if event == "undone"] == ["c", "b", "a"]
    assert [operation for operation, _asked in applied.emulated.faults.asked][:5] == [
        "GetUser",
        "ListAccessKeys",
        "UpdateAccessKey",
        "ListAccessKeys",
        "UntagUser",
    ]
    after = applied.state()
    assert {status for keys, _tags in after.values() for status in keys.values()} == {"Active"}
    assert [tags for _keys, tags in after.values()] == [{}, {"team": "x"}, {}]
    text = applied.journal.read_bytes()
    assert set(applied.undo().values()) == {"undone"}
    assert (applied.calls, applied.journal.read_bytes(), applied.state()) == ({}, text, after)


def test_apply_with_the_same_journal_leaves_alone_what_was_undone(applied: Applied) -> None:
    key = deactivated(applied, "u")
    plan = applied.plan()  # of a day on which nothing is to be done any more
    assert plan.size == 0
    applied.undo()
    plan = applied.plan()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(plan), "sha256", applied.lines[0].plan)
        assert applied.apply(plan) == {("u", "deactivate"): "undone"}
    assert (key.status, applied.calls) == ("Active", {})


def test_a_mark_alone_is_taken_away_if_it_is_still_that_one(applied: Applied) -> None:
    for name in "ab":
        applied.emulated.user(name)
        applied.emulated.key(name, 100, status="Inactive")
    key_id = applied.emulated.iam.users["b"].access_keys[0].access_key_id
    applied.apply(applied.plan())
    applied.emulated.iam.tag_user("b", [{"Key": f"{MARK}{key_id}", "Value": "2026-11-01T00:00:00Z"}])
    assert applied.undo() == {("b", "mark"): "left", ("a", "mark"): "undone"}
    assert applied.state()["a"][1] == {}
    assert applied.state()["b"][1] == {f"{MARK}{key_id}": "2026-11-01T00:00:00Z"}
    assert "UpdateAccessKey" not in applied.calls


def test_a_key_that_has_no_mark_because_that_failed_is_taken_back_as_it_is(applied: Applied) -> None:
    applied.emulated.user("u")
    key = aws.add_key(ACCOUNT, "u", ago(100))
    plan = applied.plan()
    with denied("TagUser"):
        assert applied.apply(plan) == {("u", "deactivate"): "failed"}
    assert applied.undo() == {("u", "deactivate"): "undone"}
    assert key.status == "Active"


@pytest.mark.parametrize("made", [False, True])
def test_a_key_of_whose_mark_nobody_knows_is_taken_back(applied: Applied, *, made: bool) -> None:
    applied.emulated.user("u")
    key = aws.add_key(ACCOUNT, "u", ago(100))
    plan = applied.plan()
    applied.emulated.faults.plan("TagUser", fail_with(ReadTimeoutError(endpoint_url="x")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IAMBackend, "tag_user", lambda *_asked: None)
        applied.apply(plan)
    announced = applied.lines[-2].after
    assert announced is not None
    assert announced.mark is not None
    if made:
        tagged(applied, key, announced.mark)
    assert applied.undo() == {("u", "deactivate"): "undone"}
    assert applied.state()["u"] == ({key.access_key_id: "Active"}, {})


def test_a_key_that_was_switched_off_again_while_undo_was_in_doubt_stays_off(applied: Applied) -> None:
    key = deactivated(applied, "u")
    applied.emulated.faults.plan("UntagUser", fail_with(ReadTimeoutError(endpoint_url="x")))
    assert applied.undo() == {("u", "deactivate"): "failed"}
    applied.emulated.faults.forget()
    tagged(applied, key, "2026-11-24T00:00:00Z")
    key.status = "Inactive"
    assert applied.undo() == {("u", "deactivate"): "left"}
    assert (applied.changes, key.status) == ({}, "Inactive")


def test_a_deactivation_of_which_nobody_knows_is_taken_back_if_it_was_made(applied: Applied) -> None:
    applied.emulated.user("u")
    key = aws.add_key(ACCOUNT, "u", ago(100))
    plan = applied.plan()
    applied.emulated.faults.plan("UpdateAccessKey", fail_with(ReadTimeoutError(endpoint_url="x")), ATTEMPTS)
    assert applied.apply(plan) == {("u", "deactivate"): "failed"}
    key.status = "Inactive"
    assert applied.undo() == {("u", "deactivate"): "undone"}
    assert key.status == "Active"


def test_a_denial_stops_the_account_and_says_what_to_allow(applied: Applied, monkeypatch: pytest.MonkeyPatch) -> None:
    deactivated(applied, *"ab")
    before = applied.state()
    with monkeypatch.context() as patch:
        patch.setattr(IAMBackend, "update_access_key", lambda *_asked: None)
        applied.emulated.faults.plan("UpdateAccessKey", refuse("AccessDenied"), 1)
        assert applied.undo() == {("b", "deactivate"): "failed", ("a", "deactivate"): "open"}
    assert "allow what `keyage permissions remediate` prints" in applied.whys["b"]
    assert (applied.whys["a"], applied.state()) == (applied.whys["b"], before)
    assert set(applied.undo().values()) == {"undone"}
