"""Applying a plan to the emulated account: first what must not be touched, then what is done, then what fails."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from moto.iam.models import AccessKeyLastUsed, IAMBackend

from checker.embedded import aws
from checker.errors import SignInFailed
from tests.fakes.stand_ins import after, fail_with, refuse
from tests.support.applying import Applied
from tests.support.fixtures import ACCOUNT, NOW, Emulated, ago

PROTECTING = """version: 1
default: {maxAccessKeyAge: 90}
exemptions:
  - {id: kept, users: {tags: {keep: "yes"}}, reason: r, approvedBy: a, expires: 2027-01-01}
remediation: {action: delete, deleteAfterDays: 30, protectUsedWithinDays: 7}
"""
MARK = "keyage:inactive-since:"
MARKED_NOW = "2026-11-23T12:00:00Z"


@pytest.fixture
def applied(emulated: Emulated, tmp_path: Path) -> Applied:
    return Applied(emulated, tmp_path)


def old(emulated: Emulated, name: str = "u", **settings: Any) -> Any:
    """A user with a key of 100 days; gives moto's key."""
    emulated.user(name)
    return aws.add_key(ACCOUNT, name, ago(100), **settings)


def mark(emulated: Emulated, name: str, key_id: str, days: float) -> None:
    emulated.iam.tag_user(name, [{"Key": f"{MARK}{key_id}", "Value": f"{ago(days):%Y-%m-%dT%H:%M:%SZ}"}])


def test_a_plan_without_steps_calls_nothing(applied: Applied) -> None:
    applied.emulated.user("young")
    applied.emulated.key("young", 10)
    assert (applied.apply(applied.plan()), applied.calls, applied.lines) == ({}, {}, [])


def test_what_is_done_is_not_looked_at_again(applied: Applied) -> None:
    old(applied.emulated)
    plan = applied.plan()
    applied.apply(plan)
    assert applied.apply(plan) == {("u", "deactivate"): "done"}
    assert (applied.calls, applied.lines) == ({}, [])


def switched_on_again(applied: Applied, key: Any) -> None:
    applied.emulated.iam.update_access_key("u", key.access_key_id, "Active")


def test_a_key_that_was_switched_on_after_it_was_done_is_not_switched_off_again(applied: Applied) -> None:
    key = old(applied.emulated)
    plan = applied.plan()
    applied.apply(plan)
    switched_on_again(applied, key)
    assert applied.apply(plan) == {("u", "deactivate"): "done"}
    assert key.status == "Active"


def renamed(applied: Applied, _key: Any) -> None:
    applied.emulated.rename("u", "was-u")
    old(applied.emulated)


MOVED: dict[str, tuple[Callable[[Applied, Any], object], str]] = {
    "used": (
        lambda _applied, key: setattr(key, "last_used", AccessKeyLastUsed(ago(1), "s3", "x")),
        "now hold: prot",
    ),
    "exempt": (
        lambda applied, _key: applied.emulated.iam.tag_user("u", [{"Key": "keep", "Value": "yes"}]),
        "now keep: exempt by kept",
    ),
    "switched off": (lambda _applied, key: setattr(key, "status", "Inactive"), "now mark: seen inactive now"),
    "deleted": (
        lambda applied, key: applied.emulated.iam.delete_access_key(key.access_key_id, "u"),
        "gone in the meantime",
    ),
    "user gone": (lambda applied, _key: applied.emulated.iam.users.pop("u"), "gone in the meantime"),
    "name given away": (renamed, "the user is gone, or has another name"),
}


@pytest.mark.parametrize("moved", MOVED)
def test_what_is_no_longer_to_be_done_is_left(emulated: Emulated, tmp_path: Path, moved: str) -> None:
    applied = Applied(emulated, tmp_path, PROTECTING)
    key = old(emulated)
    plan = applied.plan()
    move, why = MOVED[moved]
    move(applied, key)
    before = applied.state()
    assert applied.apply(plan) == {("u", "deactivate"): "left"}
    assert (applied.changes, applied.state()) == ({}, before)
    assert applied.told == [("u", "left", "deactivate")]
    assert applied.whys["u"].startswith(why)
    assert applied.apply(plan) == {("u", "deactivate"): "left"}
    assert applied.calls == {}


def test_a_key_that_is_due_for_another_step_than_planned_is_left(applied: Applied) -> None:
    key = old(applied.emulated, status="Inactive")
    plan = applied.plan()
    mark(applied.emulated, "u", key.access_key_id, 31)
    assert applied.apply(plan) == {("u", "mark"): "left"}
    assert (applied.changes, applied.whys["u"][:10]) == ({}, "now delete")


def test_the_other_key_of_a_user_is_not_touched(applied: Applied) -> None:
    """As cloud-custodian#5583 tells: one old key, and all keys of the user were deactivated, then deleted."""
    key = old(applied.emulated)
    young = applied.emulated.key("u", 1)
    assert applied.apply(applied.plan()) == {("u", "deactivate"): "done"}
    assert applied.state()["u"] == (
        {key.access_key_id: "Inactive", young: "Active"},
        {f"{MARK}{key.access_key_id}": MARKED_NOW},
    )


def test_every_step_is_done_with_these_calls(applied: Applied) -> None:
    emulated = applied.emulated
    active, off, due = (
        old(emulated, "active").access_key_id,
        old(emulated, "off", status="Inactive").access_key_id,
        old(emulated, "due", status="Inactive").access_key_id,
    )
    mark(emulated, "due", due, 31)
    on_again = emulated.key("on-again", 10) if emulated.user("on-again") else ""
    mark(emulated, "on-again", on_again, 31)
    plan = applied.plan()
    assert set(applied.apply(plan).values()) == {"done"}
    assert applied.state() == {
        "active": ({active: "Inactive"}, {f"{MARK}{active}": MARKED_NOW}),
        "off": ({off: "Inactive"}, {f"{MARK}{off}": MARKED_NOW}),
        "due": ({}, {}),
        "on-again": ({on_again: "Active"}, {}),
    }
    events = ["begin", "done"]
    assert applied.told == [
        *(("active", event, step) for step in ("deactivate", "mark") for event in events),
        *(("due", event, step) for step in ("delete", "unmark") for event in events),
        *(("off", event, "mark") for event in events),
        *(("on-again", event, "unmark") for event in events),
    ]
    assert all(line.request_id for line in applied.lines if line.event == "done")
    assert applied.changes == {"UpdateAccessKey": 1, "DeleteAccessKey": 1, "TagUser": 2, "UntagUser": 2}


def test_a_mark_that_a_use_made_untrue_is_made_anew(applied: Applied) -> None:
    key = old(applied.emulated, status="Inactive", last_used=ago(10))
    mark(applied.emulated, "u", key.access_key_id, 20)
    assert applied.apply(applied.plan()) == {("u", "mark"): "done"}
    assert applied.state()["u"][1] == {f"{MARK}{key.access_key_id}": MARKED_NOW}


def test_five_calls_deactivate_a_key(applied: Applied) -> None:
    old(applied.emulated)
    applied.apply(applied.plan())
    assert [operation for operation, _asked in applied.emulated.faults.asked] == [
        "GetUser",
        "ListAccessKeys",
        "UpdateAccessKey",
        "ListAccessKeys",
        "TagUser",
    ]


def test_six_calls_deactivate_a_key_where_use_protects(emulated: Emulated, tmp_path: Path) -> None:
    applied = Applied(emulated, tmp_path, PROTECTING)
    old(emulated)
    assert applied.apply(applied.plan()) == {("u", "deactivate"): "done"}
    assert (applied.calls["GetAccessKeyLastUsed"], sum(applied.calls.values())) == (1, 6)


def test_a_denial_stops_the_account_and_says_what_to_allow(applied: Applied, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        old(applied.emulated, name)
    plan = applied.plan()
    monkeypatch.setattr(IAMBackend, "update_access_key", lambda *_asked: None)
    applied.emulated.faults.plan("UpdateAccessKey", refuse("AccessDenied"))
    before = applied.state()
    assert applied.apply(plan) == {
        ("a", "deactivate"): "failed",
        ("b", "deactivate"): "open",
        ("c", "deactivate"): "open",
    }
    assert applied.why == applied.whys["a"]
    assert applied.whys["a"] == (
        "UpdateAccessKey was denied: allow what `keyage permissions remediate` prints (stand-in for AccessDenied)"
    )
    assert (applied.state(), applied.calls["UpdateAccessKey"]) == (before, 1)


def test_what_failed_is_tried_again_after_what_was_not_begun(applied: Applied, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "ab":
        old(applied.emulated, name)
    plan = applied.plan()
    with monkeypatch.context() as patch:
        patch.setattr(IAMBackend, "update_access_key", lambda *_asked: None)
        applied.emulated.faults.plan("UpdateAccessKey", refuse("AccessDenied"), 1)
        applied.apply(plan)
    assert applied.apply(plan) == {("a", "deactivate"): "done", ("b", "deactivate"): "done"}
    assert [user for user, event, _step in applied.told if event == "begin"] == ["b", "b", "a", "a"]


def test_a_key_that_does_not_show_the_change_fails_and_others_go_on(
    applied: Applied, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = old(applied.emulated, "a")
    old(applied.emulated, "b")
    plan = applied.plan()
    plain = IAMBackend.update_access_key

    def only_b(backend: Any, name: str, *others: Any, **more: Any) -> None:
        if name == "b":
            plain(backend, name, *others, **more)

    monkeypatch.setattr(IAMBackend, "update_access_key", only_b)
    assert applied.apply(plan) == {("a", "deactivate"): "failed", ("b", "deactivate"): "done"}
    assert applied.whys["a"] == (f"deactivate was done, but then: ListAccessKeys says {key.access_key_id} Active")


def test_a_change_without_an_answer_is_told_by_what_it_left(applied: Applied) -> None:
    key = old(applied.emulated)
    plan = applied.plan()
    late = ReadTimeoutError(endpoint_url="https://iam.amazonaws.com")

    def made_and_lost(_asked: dict[str, str]) -> Exception:
        key.status = "Inactive"
        return late

    applied.emulated.faults.plan("UpdateAccessKey", made_and_lost)
    assert applied.apply(plan) == {("u", "deactivate"): "failed"}
    assert applied.apply(plan) == {("u", "deactivate"): "done"}
    assert applied.changes == {"TagUser": 1}
    assert applied.told == [("u", "done", "deactivate"), ("u", "begin", "mark"), ("u", "done", "mark")]


@pytest.mark.parametrize("operation", ["GetUser", "ListAccessKeys"])
def test_what_cannot_be_read_is_not_touched(applied: Applied, operation: str) -> None:
    old(applied.emulated)
    plan = applied.plan()
    applied.emulated.faults.plan(operation, refuse("AccessDenied"))
    assert applied.apply(plan) == {("u", "deactivate"): "failed"}
    assert (applied.changes, applied.told) == ({}, [("u", "failed", "deactivate")])


def test_credentials_that_end_in_the_middle_stop_the_account(applied: Applied) -> None:
    for name in "ab":
        old(applied.emulated, name)
    plan = applied.plan()
    applied.emulated.faults.plan("GetUser", fail_with(SignInFailed("sign in again")), 1)
    assert applied.apply(plan) == {("a", "deactivate"): "failed", ("b", "deactivate"): "open"}
    assert (applied.why, applied.changes) == ("sign in again", {})
    assert set(applied.apply(plan).values()) == {"done"}


def test_a_mark_that_fails_is_made_by_the_next_run(applied: Applied, monkeypatch: pytest.MonkeyPatch) -> None:
    key = old(applied.emulated)
    plan = applied.plan()
    with monkeypatch.context() as patch:
        patch.setattr(IAMBackend, "tag_user", lambda *_asked: None)
        applied.emulated.faults.plan("TagUser", refuse("AccessDenied"), 1)
        assert applied.apply(plan) == {("u", "deactivate"): "failed"}
        assert applied.whys["u"].startswith("done, but mark after it: TagUser was denied")
    assert applied.apply(plan) == {("u", "deactivate"): "done"}
    assert applied.state()["u"] == ({key.access_key_id: "Inactive"}, {f"{MARK}{key.access_key_id}": MARKED_NOW})


def test_no_mark_for_a_key_that_was_switched_on_before_the_next_run(applied: Applied) -> None:
    key = old(applied.emulated)
    plan = applied.plan()
    applied.emulated.faults.plan("TagUser", fail_with(ReadTimeoutError(endpoint_url="x")))
    tagging = IAMBackend.tag_user
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IAMBackend, "tag_user", lambda *_asked: None)
        applied.apply(plan)
    assert IAMBackend.tag_user is tagging
    switched_on_again(applied, key)
    assert applied.apply(plan) == {("u", "deactivate"): "done"}
    assert applied.told == [("u", "left", "mark")]
    assert applied.state()["u"] == ({key.access_key_id: "Active"}, {})


def test_a_stopped_run_finishes_the_key_in_hand(applied: Applied) -> None:
    for name in "ab":
        old(applied.emulated, name)
    plan = applied.plan()
    stops: list[bool] = []
    applied.emulated.faults.plan("UpdateAccessKey", after(lambda: stops.append(True)))
    applied.stopped = lambda: bool(stops)
    assert applied.apply(plan) == {("a", "deactivate"): "done", ("b", "deactivate"): "open"}
    assert applied.why == "it was interrupted: type the same command again"
    assert applied.told[-1] == ("a", "done", "mark")
    applied.stopped = lambda: False
    assert set(applied.apply(plan).values()) == {"done"}


def test_a_stale_mark_goes_first_and_each_planned_step_has_its_end(applied: Applied) -> None:
    key = old(applied.emulated)
    mark(applied.emulated, "u", key.access_key_id, 5)
    plan = applied.plan()
    applied.emulated.iam.untag_user("u", [f"{MARK}{key.access_key_id}"])
    assert applied.apply(plan) == {("u", "unmark"): "left", ("u", "deactivate"): "done"}
    assert applied.state()["u"][1] == {f"{MARK}{key.access_key_id}": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"}
