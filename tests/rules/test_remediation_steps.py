"""What is to happen to a key: first all that is left alone, then every step, then the laws over histories."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.decision import AccessKey, User
from checker.decision import remediation_steps as steps
from tests.support.key_histories import (
    MARKS,
    START,
    Document,
    FakeUser,
    History,
    changes,
    copy_of,
    day,
    happened,
    histories,
    planned,
    remediation_of,
    run,
    until,
)

DELETE = {"action": "delete", "deleteAfterDays": 30}
NOW = 400


def document(limit: int = 90, remediation: Document | None = None, **others: Any) -> Document:
    return {"default": {"maxAccessKeyAge": limit}, "remediation": remediation or DELETE} | others


def key(age: float, status: str = "Active", used: float | None = None, **others: Any) -> AccessKey:
    last = None if used is None else day(NOW) - timedelta(days=used)
    return AccessKey("K", status, day(NOW) - timedelta(days=age), last)._replace(**others)


def steps_of(
    policy: Document, *keys: AccessKey, tags: dict[str, str] | None = MARKS, asked_for: bool = True
) -> list[tuple[str | None, str, str, tuple[str, float] | None]]:
    """Key, step, why, and what follows in how many days."""
    user = User("u", "/", tags, "AIDAU", keys=keys)
    return [
        (
            step.key_id,
            step.step,
            step.why,
            step.next and (step.next.step, (step.next.at - day(NOW)) / timedelta(days=1)),
        )
        for step in steps.steps_for(remediation_of(policy, NOW, asked_for=asked_for), user, keys)
    ]


def mark(days_ago: float, key_id: str = "K") -> dict[str, str]:
    return {steps.MARK_TAG + key_id: f"{day(NOW) - timedelta(days=days_ago):%Y-%m-%dT%H:%M:%SZ}"}


EXEMPTION = {"id": "e", "users": "u", "expires": f"{day(NOW + 10):%Y-%m-%d}"}
ROBOTS = {"id": "robots", "users": {"group": "robots"}, "maxAccessKeyAge": 200}
DEACTIVATE = {"action": "deactivate"}


@pytest.mark.parametrize(
    ("policy", "of", "expected"),
    [
        (document(), key(90), ("keep", "not older than 90 days", ("deactivate", 0.0))),
        (document(remediation={"action": "none"}), key(1), ("keep", "not older than 90 days", None)),
        (document(), key(90, "Inactive"), ("keep", "not older than 90 days", None)),
        (document(), key(91, id=None), ("keep", "its access key id is not known", None)),
        (document(), key(91, "Expired"), ("keep", "Expired: only active and inactive keys are touched", None)),
        (
            document(exemptions=[EXEMPTION]),
            key(91),
            ("keep", "exempt by e until 2027-02-15", ("deactivate", 10.0)),
        ),
        (document(exemptions=[EXEMPTION]), key(91, "Inactive"), ("keep", "exempt by e until 2027-02-15", None)),
        (
            document(remediation={"action": "none"}),
            key(91),
            ("keep", "older than 90 days, but the remediation is none", None),
        ),
        (
            document(remediation=DEACTIVATE),
            key(91, "Inactive"),
            ("keep", "Inactive already, and the remediation is deactivate", None),
        ),
        (
            document(rules=[ROBOTS]),
            key(91),
            ("keep", "undecided between robots, default: not touched", None),
        ),
        (
            document(rules=[ROBOTS | {"maxAccessKeyAge": 90}]),
            key(91),
            ("keep", "undecided between robots, default: not touched", None),
        ),
        (document(rules=[ROBOTS]), key(90), ("keep", "not older than 90 days or 200 days", None)),
        (
            document(rules=[ROBOTS], exemptions=[EXEMPTION]),
            key(201),
            ("keep", "exempt by e until 2027-02-15", None),
        ),
    ],
)
def test_a_key_that_is_kept(
    policy: Document, of: AccessKey, expected: tuple[str, str, tuple[str, float] | None]
) -> None:
    assert steps_of(policy, of) == [(of.id, *expected)]


@pytest.mark.parametrize(
    ("settings", "of", "expected"),
    [
        ({"graceDays": 7}, key(97), ("wait-grace", ("deactivate", 0.0))),
        ({"graceDays": 7}, key(91), ("wait-grace", ("deactivate", 6.0))),
        ({"protectUsedWithinDays": 7}, key(91, used=7), ("hold", ("deactivate", 0.0))),
        ({"protectUsedWithinDays": 7}, key(91, use_known=False), ("hold", None)),
        ({"protectLastKey": True}, key(91), ("hold", None)),
    ],
)
def test_an_active_key_that_waits(
    settings: Document, of: AccessKey, expected: tuple[str, tuple[str, float] | None]
) -> None:
    ((_key, step, _why, following),) = steps_of(document(remediation=DELETE | settings), of)
    assert (step, following) == expected


def test_what_is_not_automatic_waits_for_a_person() -> None:
    said = "older than 90 days, but the remediation is not automatic: a person is to start it"
    assert steps_of(document(), key(91), asked_for=False) == [("K", "hold", said, None)]
    automatic = document(remediation=DELETE | {"automatic": True, "protectUsedWithinDays": 0})
    assert [step for _key, step, *_rest in steps_of(automatic, key(91), asked_for=False)] == ["deactivate"]


@pytest.mark.parametrize(
    ("tags", "of", "expected"),
    [
        (mark(29), key(200, "Inactive"), ("wait-delete", ("delete", 1.0))),
        (mark(30), key(200, "Inactive", use_known=False), ("hold", None)),
        (None, key(200, "Inactive"), ("hold", None)),
    ],
)
def test_an_inactive_key_that_waits(
    tags: dict[str, str] | None, of: AccessKey, expected: tuple[str, tuple[str, float] | None]
) -> None:
    ((_key, step, _why, following),) = steps_of(document(), of, tags=tags)
    assert (step, following) == expected


def test_an_inactive_key_in_use_lately_is_not_deleted() -> None:
    policy = document(remediation=DELETE | {"protectUsedWithinDays": 40})
    said = f"protected: used at {day(NOW - 35):%Y-%m-%dT%H:%M:%SZ}, within 40 days"
    assert steps_of(policy, key(200, "Inactive", used=35), tags=mark(30)) == [("K", "hold", said, ("delete", 5.0))]


def test_the_youngest_active_key_is_the_last_one() -> None:
    policy = document(remediation=DELETE | {"protectLastKey": True})
    old, young = key(300, id="OLD"), key(200, id="YOUNG", used=1)
    inactive = key(100, "Inactive", id="OFF")
    found = [(key_id, step) for key_id, step, *_rest in steps_of(policy, old, young, inactive)]
    assert found == [("OLD", "deactivate"), ("YOUNG", "hold"), ("OFF", "mark")]


@pytest.mark.parametrize(
    ("settings", "following"), [(DEACTIVATE, None), (DELETE, ("delete", 30.0)), (DELETE | {"graceDays": 0}, None)]
)
def test_a_key_that_is_deactivated(settings: Document, following: tuple[str, float] | None) -> None:
    said = "older than 90 days"
    found = steps_of(document(remediation=settings), key(90.001))
    assert found[0][:3] == ("K", "deactivate", said)
    assert found[0][3] == (following or found[0][3])


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"other": "tag"},
        mark(-1),  # of tomorrow
        mark(201),  # from before the key
        {steps.MARK_TAG + "K": "long ago"},
        {steps.MARK_TAG + "K": "2026-01-01T00:00:00"},  # somewhere
    ],
)
def test_a_mark_is_set_where_none_says_when(tags: dict[str, str]) -> None:
    said = "seen inactive now, to be deleted in 30 days"
    assert steps_of(document(), key(200, "Inactive"), tags=tags) == [("K", "mark", said, ("delete", 30.0))]


def test_a_use_after_the_mark_begins_anew() -> None:
    said = f"used at {day(NOW - 20):%Y-%m-%dT%H:%M:%SZ}, so it was active in between: to be deleted in 30 days"
    for days_ago in (20, 25, 40):
        found = steps_of(document(), key(200, "Inactive", used=20), tags=mark(days_ago))
        assert found == [("K", "mark", said, ("delete", 30.0))]


def test_a_key_marked_for_long_enough_is_deleted() -> None:
    said = f"seen inactive since {day(NOW - 30):%Y-%m-%dT%H:%M:%SZ}, for 30 days or more"
    assert steps_of(document(), key(200, "Inactive", used=31), tags=mark(30)) == [("K", "delete", said, None)]


def test_marks_that_are_no_longer_true_end_whatever_the_policy_says() -> None:
    tags = mark(3) | mark(5, "GONE")
    assert steps_of(document(exemptions=[EXEMPTION]), key(100), tags=tags) == [
        ("K", "unmark", "Active again", None),
        ("K", "keep", "exempt by e until 2027-02-15", ("deactivate", 10.0)),
        ("GONE", "unmark", "this key no longer exists", None),
    ]


@pytest.mark.parametrize(
    ("settings", "of", "asked"),
    [
        ({}, key(91), set()),
        ({"protectUsedWithinDays": 7}, key(90), set()),
        ({"protectUsedWithinDays": 7}, key(91, used=1), set()),
        ({"protectUsedWithinDays": 7}, key(91, used=8), {"K"}),
        ({"protectUsedWithinDays": 7}, key(91, use_known=False), {"K"}),
        ({}, key(200, "Inactive", used=31), {"K"}),
        ({}, key(200, "Inactive", used=1), {"K"}),
    ],
)
def test_use_is_asked_for_where_it_decides(settings: Document, of: AccessKey, asked: set[str]) -> None:
    user = User("u", "/", mark(30), "AIDAU", keys=[of])
    remediation = remediation_of(document(remediation=DELETE | settings), NOW)
    assert steps.waits_for_use(remediation, user, [of]) == asked


# ---- laws


@settings(max_examples=400)
@given(histories)
def test_a_step_never_breaks_its_promise(history: History) -> None:
    """An active key is never deleted, none before it was seen inactive for long enough without a break, and no key
    is touched that is exempt, young, in grace, or was used within the days that protect it."""
    user, seen_inactive = FakeUser(), dict[str, int]()
    for event, policy in history:
        done = happened(user, event, policy)
        for step in done:
            if step.step not in (steps.DEACTIVATE, steps.DELETE):
                continue
            touched = user.before[str(step.key_id)]
            wanted = remediation_of(policy, 0).settings["default"]
            assert step.verdict == "NON_COMPLIANT"
            last = touched.last_used
            if wanted.protect_used_within_days and last is not None:
                assert day(user.now) - last > timedelta(days=wanted.protect_used_within_days)
            if step.step == steps.DEACTIVATE:
                limit = policy["default"]["maxAccessKeyAge"] + wanted.grace_days
                assert touched.status == "Active"
                assert day(user.now) - touched.created > timedelta(days=limit)
            else:
                assert touched.status == "Inactive"
                assert wanted.delete_after_days is not None
                since = seen_inactive[str(step.key_id)]
                assert user.now - since >= wanted.delete_after_days
                assert last is None or last <= day(since)
        for key_id in user.keys if event in ("run", "manual") else [str(step.key_id) for step in done]:
            watch(user, key_id, seen_inactive)


def watch(user: FakeUser, key_id: str, seen_inactive: dict[str, int]) -> None:
    """What one knows who looks at a key: since when it is inactive without a break."""
    found = user.keys.get(key_id)
    if found is None or found.status == "Active":
        seen_inactive.pop(key_id, None)
    elif key_id not in seen_inactive or (found.last_used or START) > day(seen_inactive[key_id]):
        seen_inactive[key_id] = user.now


@settings(max_examples=400)
@given(histories)
def test_the_last_active_key_stays_where_it_is_protected(history: History) -> None:
    user = until(history)
    active = [key for key in user.keys.values() if key.status == "Active"]
    protected = {**history[-1][1], "remediation": history[-1][1]["remediation"] | {"protectLastKey": True}}
    run(protected, user)
    assert any(key.status == "Active" for key in user.keys.values()) == bool(active)


@settings(max_examples=400)
@given(histories)
def test_running_again_changes_nothing(history: History) -> None:
    user = until(history)
    policy = history[-1][1]
    run(policy, user)
    assert changes(planned(policy, user)) == []


@settings(max_examples=400)
@given(histories, st.lists(st.booleans(), max_size=20))
def test_two_runs_at_once_end_as_one(history: History, turns: list[bool]) -> None:
    policy, alone = history[-1][1], until(history)
    together = copy_of(alone)
    run(policy, alone)
    plans = {side: changes(planned(policy, together)) for side in (True, False)}
    for side in [*turns, *[True] * 10, *[False] * 10]:
        if plans[side]:
            step = plans[side].pop(0)
            if any((step.key_id, step.step) == (each.key_id, each.step) for each in planned(policy, together)):
                together.carry_out(step)
    assert (together.keys, together.tags) == (alone.keys, alone.tags)


weaker = st.sampled_from(["limit", "grace", "protect", "last", "wait", "exempt", "exempt-key"])


@settings(max_examples=400)
@given(histories, weaker, st.integers(1, 5))
def test_what_protects_more_never_adds_a_change(history: History, how: str, more: int) -> None:
    policy, user = history[-1][1], until(history)
    softer = {**policy, "remediation": dict(policy["remediation"]), "default": dict(policy["default"])}
    if how == "limit":
        softer["default"]["maxAccessKeyAge"] += more
    elif how.startswith("exempt"):
        keys = {"keys": sorted(user.keys)[:1]} if how == "exempt-key" and user.keys else {}
        softer["exemptions"] = [*policy.get("exemptions", ()), {"id": "x", "expires": "2027-01-01"} | keys]
    elif how == "last":
        softer["remediation"]["protectLastKey"] = True
    else:
        name = {"grace": "graceDays", "protect": "protectUsedWithinDays", "wait": "deleteAfterDays"}[how]
        softer["remediation"][name] = softer["remediation"].get(name, 0) + more
    before = {(step.key_id, step.step) for step in changes(planned(policy, user))}
    assert {(step.key_id, step.step) for step in changes(planned(softer, user))} <= before
