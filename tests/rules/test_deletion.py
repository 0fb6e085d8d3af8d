"""The runbook's deletion of keys that stay inactive, over days, against the emulator with real clients."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from moto.iam.exceptions import LimitExceededException
from moto.iam.models import AccessKeyLastUsed, IAMBackend

from tests.fakes.stand_ins import after, fail_with, refuse, throttle
from tests.rules.test_remediation import EXEMPTION, SECOND
from tests.support.fixtures import NOW
from tests.support.runbook import Document, Runbook, allowed_calls, document, remediation

PREFIX = "keyage:inactive-since:"
DELETE = document("delete", deleteAfterDays=30)


def on(days: float) -> datetime:
    return NOW + timedelta(days=days)


def sweep(runbook: Runbook, day: float = 0, policy: Document = DELETE, **others: Any) -> dict[str, list[str]]:
    return runbook.run(policy, others.pop("user", None), stage="delete", trigger="automatic", now=on(day), **others)


def memory(runbook: Runbook, key: Any, since: float | str) -> None:
    """Have it remembered since when the key is inactive."""
    value = since if isinstance(since, str) else f"{on(since):%Y-%m-%dT%H:%M:%SZ}"
    runbook.emulated.iam.tag_user(key.user_name, [{"Key": PREFIX + key.access_key_id, "Value": value}])


def stale(runbook: Runbook, name: str = "u", since: float | str = -30, **settings: Any) -> tuple[Any, Any]:
    """A user with an inactive key that is to be deleted."""
    user, key = runbook.old(name, status="Inactive", **settings)
    memory(runbook, key, since)
    return user, key


def use(key: Any, day: float) -> None:
    key.last_used = AccessKeyLastUsed(on(day).replace(tzinfo=None), "s3", "us-east-1")


def tags(runbook: Runbook, user: Any) -> dict[str, str]:
    found: dict[str, str] = runbook.state()[user.id]["tags"]
    return found


OWN = {"id": "r", "users": "u", "maxAccessKeyAge": 30, "remediation": {"action": "deactivate"}}


@pytest.mark.parametrize(
    ("policy", "age", "why"),
    [
        (DELETE, 90, "not older than 90 days"),
        (DELETE | {"exemptions": [EXEMPTION]}, 100, "exempt by e until 2026-11-24"),
        (document("deactivate"), 100, "the remediation is deactivate"),
        (document("none"), 100, "the remediation is none"),
        (DELETE | {"rules": [OWN]}, 100, "the remediation is deactivate"),
        (document("delete", deleteAfterDays=31), 100, "not yet for 31 days"),
        (document("delete", deleteAfterDays=30, protectUsedWithinDays=40), 100, "protected"),
    ],
)
def test_inactive_keys_that_are_left_alone(runbook: Runbook, policy: Document, age: float, why: str) -> None:
    user, key = runbook.old("u", age, used=40, status="Inactive")
    memory(runbook, key, -30)
    runbook.old("other", 900)
    before = runbook.state()
    assert sweep(runbook, policy=policy) == {"u": ["left"]}
    assert why in runbook.why
    assert (runbook.state(), runbook.changes) == (before, [])
    assert sweep(runbook, policy=policy, user=user) == {"u": ["left"]}
    assert (runbook.state(), runbook.changes) == (before, [])


def test_active_keys_are_not_deleted_however_old(runbook: Runbook) -> None:
    user, _key = runbook.old("u", 900)
    runbook.emulated.user("keyless")
    before = runbook.state()
    assert sweep(runbook) == {}
    assert "2 of 2 users have nothing inactive" in runbook.output["Summary"]
    assert sweep(runbook, user=user) == {"u": ["left"]}
    assert (runbook.state(), runbook.changes) == (before, [])


def test_a_key_with_a_status_unknown_here_is_not_deleted(runbook: Runbook) -> None:
    _user, key = stale(runbook)
    key.status = "Expired"
    assert sweep(runbook) == {"u": ["left"]}
    assert key in runbook.emulated.iam.users["u"].access_keys


def test_the_life_of_a_key(runbook: Runbook) -> None:
    user, key = runbook.old("u", 100, used=60)
    young = runbook.key("u", 20)
    runbook.old("other", 900)
    runbook.emulated.iam.create_login_profile("u", "A password 1")
    expected = runbook.state()
    assert runbook.run(DELETE, user) == {"u": ["deactivated", "marked", "left"]}
    expected[user.id]["keys"][key.access_key_id][0] = "Inactive"
    expected[user.id]["tags"] = {PREFIX + key.access_key_id: "2026-11-23T12:00:00Z"}
    assert runbook.state() == expected
    for day in (1, 10, 30 - SECOND):
        assert sweep(runbook, day) == {"u": ["left", "left"]}
        assert (runbook.state(), runbook.changes) == (expected, [])
    assert sweep(runbook, 30) == {"u": ["deleted", "unmarked", "left"]}
    del expected[user.id]["keys"][key.access_key_id]
    expected[user.id]["tags"] = {}
    assert runbook.state() == expected
    assert list(expected[user.id]["keys"]) == [young.access_key_id]
    assert sweep(runbook, 30) == {}
    assert (runbook.state(), runbook.changes) == (expected, [])


@pytest.mark.parametrize("since", ["soon", "2026-11-01", "2026-10-24T12:00:00", "", "2027-01-01T00:00:00Z"])
def test_a_memory_that_says_no_past_instant_is_written_anew(runbook: Runbook, since: str) -> None:
    user, _key = stale(runbook, since=since)
    assert sweep(runbook) == {"u": ["marked"]}
    assert list(tags(runbook, user).values()) == ["2026-11-23T12:00:00Z"]
    assert sweep(runbook) == {"u": ["left"]}


def test_a_key_active_again_is_forgotten_and_waits_the_whole_time_again(runbook: Runbook) -> None:
    user, key = stale(runbook)
    other = runbook.key("u", 200, status="Inactive")
    memory(runbook, other, -1)
    key.status = "Active"
    assert sweep(runbook) == {"u": ["unmarked", "left", "left"]}
    assert list(tags(runbook, user)) == [PREFIX + other.access_key_id]
    key.status = "Inactive"
    assert sweep(runbook, 1) == {"u": ["marked", "left"]}
    assert sweep(runbook, 30.5) == {"u": ["deleted", "unmarked", "left"]}
    assert [found.access_key_id for found in user.access_keys] == [key.access_key_id]


def test_memories_of_keys_that_are_gone_are_removed(runbook: Runbook) -> None:
    user, key = stale(runbook)
    runbook.emulated.iam.tag_user("u", [{"Key": "team", "Value": "a"}])
    runbook.emulated.iam.delete_access_key(key.access_key_id, "u")
    assert sweep(runbook) == {"u": ["unmarked"]}
    assert runbook.output["Keys"][0]["accessKeyId"] == key.access_key_id
    assert tags(runbook, user) == {"team": "a"}


def test_a_key_used_since_it_was_seen_inactive_begins_anew(runbook: Runbook) -> None:
    user, key = stale(runbook)
    use(key, -30)
    assert sweep(runbook) == {"u": ["marked"]}
    assert "used at 2026-10-24T12:00:00Z" in runbook.why
    assert list(tags(runbook, user).values()) == ["2026-11-23T12:00:00Z"]
    assert (sweep(runbook, 29), sweep(runbook, 30)) == ({"u": ["left"]}, {"u": ["deleted", "unmarked"]})


@pytest.mark.parametrize("error", [refuse("AccessDenied"), fail_with(ReadTimeoutError(endpoint_url="https://iam"))])
def test_a_last_use_that_cannot_be_read_keeps_the_key(runbook: Runbook, error: Any) -> None:
    _user, key = stale(runbook)
    runbook.emulated.faults.plan("GetAccessKeyLastUsed", error)
    before = runbook.state()
    assert sweep(runbook) == {"u": ["failed"]}
    assert (runbook.state(), runbook.changes) == (before, [])
    assert key.status == "Inactive"


def test_a_key_switched_on_at_the_last_moment_is_not_deleted(runbook: Runbook) -> None:
    _user, key = stale(runbook)
    runbook.emulated.faults.plan("GetAccessKeyLastUsed", after(lambda: setattr(key, "status", "Active")))
    assert sweep(runbook) == {"u": ["unmarked", "left"]}
    assert ("Active again" in runbook.why, runbook.changes) == (True, ["UntagUser"])


def test_a_user_whose_name_another_user_took_since_the_listing_is_not_touched(runbook: Runbook) -> None:
    stale(runbook)

    def taken() -> None:
        runbook.emulated.rename("u", "was-u")
        runbook.emulated.iam.tagger.tags.clear()  # moto keeps tags by name, not by user
        stale(runbook)

    runbook.emulated.faults.plan("ListAccessKeys", after(taken), times=1)
    assert sweep(runbook) == {"u": ["left", "left"]}
    assert runbook.changes == []


@pytest.mark.parametrize("moment", ["ListAccessKeys", "GetAccessKeyLastUsed", "DeleteAccessKey"])
def test_a_user_gone_in_between_is_reported_and_the_others_go_on(runbook: Runbook, moment: str) -> None:
    stale(runbook)
    users = runbook.emulated.iam.users
    runbook.emulated.faults.plan(moment, after(lambda: users.pop("u", None)))
    runbook.old("z", status="Inactive")
    assert sweep(runbook) == {"u": ["left"], "z": ["marked"]}


def test_a_deletion_whose_answer_was_cut_off_is_told_as_one(runbook: Runbook) -> None:
    """The client asks again, and IAM knows no such key any more."""
    user, _key = stale(runbook)
    runbook.emulated.faults.plan("DeleteAccessKey", refuse("NoSuchEntity", 404), times=1)
    assert sweep(runbook) == {"u": ["deleted", "unmarked"]}
    assert (user.access_keys, tags(runbook, user)) == ([], {})


def test_keys_of_another_user_are_not_taken_for_this_ones(runbook: Runbook) -> None:
    _user, key = stale(runbook)
    key.user_name = "somebody-else"
    assert sweep(runbook) == {"u": ["failed"]}
    assert ("keys of somebody-else instead of u" in runbook.why, runbook.changes) == (True, [])


def test_a_deletion_that_does_not_show_is_a_failure_and_stays_remembered(
    runbook: Runbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, key = stale(runbook)
    monkeypatch.setattr(IAMBackend, "delete_access_key", lambda *_asked: None)
    before = runbook.state()
    assert sweep(runbook) == {"u": ["failed"]}
    assert f"delete was done, but then: ListAccessKeys says {key.access_key_id} Inactive" in runbook.why
    assert (runbook.state(), list(tags(runbook, user))) == (before, [PREFIX + key.access_key_id])


def test_a_memory_that_outlives_its_key_is_removed_by_the_next_run(
    runbook: Runbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, _key = stale(runbook)
    with monkeypatch.context() as refusing:
        refusing.setattr(IAMBackend, "untag_user", lambda *_asked: None)
        runbook.emulated.faults.plan("UntagUser", refuse("AccessDenied"), times=1)
        assert sweep(runbook) == {"u": ["failed", "deleted"]}
    assert (user.access_keys, len(tags(runbook, user))) == ([], 1)
    assert sweep(runbook) == {"u": ["unmarked"]}
    assert tags(runbook, user) == {}


def test_a_user_with_as_many_tags_as_can_be_fails_and_the_others_go_on(
    runbook: Runbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = IAMBackend.tag_user

    def limited(backend: Any, name: str, added: list[dict[str, str]]) -> None:
        if name == "full":
            raise LimitExceededException("The number of tags has reached the maximum limit.")
        plain(backend, name, added)

    for name in ("a", "full", "z"):
        runbook.old(name, status="Inactive")
    monkeypatch.setattr(IAMBackend, "tag_user", limited)
    assert sweep(runbook) == {"full": ["failed"], "a": ["marked"], "z": ["marked"]}
    assert "LimitExceeded" in runbook.output["Keys"][0]["why"]


def test_a_listing_that_is_denied_is_a_failure(runbook: Runbook) -> None:
    stale(runbook)
    runbook.emulated.faults.plan("ListUsers", refuse("AccessDenied"))
    assert sweep(runbook) == {"": ["failed"]}
    assert runbook.changes == []


def test_every_page_is_read_and_throttled_calls_are_tried_again(runbook: Runbook) -> None:
    runbook.emulated.pages(1)
    for number in range(3):
        stale(runbook, f"u{number}")
        runbook.key(f"u{number}", 5)
    for operation in ("ListUsers", "ListAccessKeys", "ListUserTags", "GetUser", "GetAccessKeyLastUsed"):
        runbook.emulated.faults.plan(operation, throttle(), times=2)
    assert sweep(runbook) == {f"u{number}": ["deleted", "unmarked", "left"] for number in range(3)}
    assert [len(user.access_keys) for user in runbook.emulated.iam.users.values()] == [1, 1, 1]


def handled(runbook: Runbook) -> list[str]:
    return [asked["UserName"] for operation, asked in runbook.emulated.faults.asked if operation == "ListAccessKeys"]


def test_each_day_has_its_own_order(runbook: Runbook) -> None:
    for number in range(8):
        runbook.emulated.user(f"u{number}")
    orders = []
    for day in (0, 0.4, 1, 2):
        sweep(runbook, day)
        orders.append(handled(runbook))
    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders}) == 3
    assert {tuple(sorted(order)) for order in orders} == {tuple(f"u{number}" for number in range(8))}


def test_no_user_is_begun_in_the_last_minute_and_another_day_reaches_the_others(runbook: Runbook) -> None:
    for number in range(6):
        runbook.old(f"u{number}", status="Inactive")
    reached: set[str] = set()
    for day in range(20):
        ticks = iter(range(0, 10_000, 180))
        done = sweep(runbook, day, clock=lambda ticks=ticks: next(ticks))
        assert runbook.output["NotReached"] == "4"
        assert "4 users not reached" in runbook.output["Summary"]
        assert len(done) == 2
        reached |= done.keys()
    assert len(reached) == 6


def test_ssm_takes_a_hundred_keys_and_the_rest_is_said(
    runbook: Runbook, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remediation, "MOST_RETURNED", 2)
    for name in "abc":
        runbook.old(name, status="Inactive")
    stale(runbook, "d")
    runbook.emulated.faults.plan("GetAccessKeyLastUsed", refuse("AccessDenied"))
    sweep(runbook)
    assert [entry["event"] for entry in runbook.output["Keys"]] == ["failed", "done"]
    assert "1 failed, 3 marked" in runbook.output["Summary"]
    assert "returned are 2 of 4 lines" in runbook.output["Summary"]
    assert capsys.readouterr().out.count('"why"') == 4


def test_its_role_allows_what_the_deletion_calls_and_nothing_else(runbook: Runbook) -> None:
    rule = {"id": "r", "users": {"group": "*"}, "maxAccessKeyAge": 9}
    stale(runbook)
    runbook.old("new", status="Inactive")
    assert sweep(runbook, policy=DELETE | {"rules": [rule]}) == {"new": ["marked"], "u": ["deleted", "unmarked"]}
    assert runbook.called == allowed_calls("deletion")
