"""A plan is read whole or refused with the place and what to do; nothing is called before that."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from checker.decision import decision
from checker.errors import UsageError
from checker.remediate import plan_file
from checker.remediate.plan_file import OfKey
from tests.support import planned
from tests.support.fixtures import ACCOUNT, NOW

STEP = planned.STEP | {"account": ACCOUNT}


def text_of(*steps: Any, **changed: Any) -> bytes:
    """A plan with a step a line, the first in line 2."""
    head = {
        "schemaVersion": 1,
        "plannedAt": "2026-11-23T12:00:00Z",
        "policy": {"file": "policies.yaml", "sha256": "0"},
        "expiresAt": "2026-11-24T12:00:00Z",
        "kept": [],
    } | changed
    lines = ",\n".join(json.dumps(step) for step in steps)
    return f'{json.dumps(head)[:-1]}, "steps": [\n{lines}]}}'.encode()


def parsed(*steps: Any, **changed: Any) -> plan_file.PlanFile:
    return plan_file.parse(text_of(*steps, **changed), Path("plan.json"))


def test_a_plan_without_steps() -> None:
    assert (parsed().size, parsed().steps) == (0, {})


def test_steps_by_key_in_the_order_of_the_file() -> None:
    plan = parsed(STEP | {"step": "unmark"}, STEP, STEP | {"accessKeyId": "AKIAXXXXXXXXXXXY"})
    found = {key.key_id: [step.step for step in steps] for key, steps in plan.steps.items()}
    assert (plan.size, found) == (3, {"AKIAXXXXXXXXXXXX": ["unmark", "deactivate"], "AKIAXXXXXXXXXXXY": ["deactivate"]})
    assert next(iter(plan.steps)) == OfKey(ACCOUNT, "u", "AIDA", "AKIAXXXXXXXXXXXX")


def test_what_the_plan_knew_of_an_account() -> None:
    known: dict[str, Any] = {"id": ACCOUNT, "name": "web", "ou": "Root/x", "tags": {"a": "b"}}
    plan = parsed(STEP, accounts=[known])
    assert plan.account(ACCOUNT) == decision.Account(**known)
    assert plan.account("444455556666") == decision.Account("444455556666")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"version: 1\n", "plan.json:1: this is not a plan: JSON is malformed"),
        (text_of(STEP)[:-5], "plan.json:2: this is not a plan"),
        (b"[]", "plan.json:1: this is not a plan: Expected `object`, got `array`"),
        (b'{"schemaVersion": 1}', "plan.json:1: this is not a plan: Object missing required field `plannedAt`"),
        (text_of(STEP, schemaVersion=2), "plan.json: schemaVersion 2 is not known; this keyage reads version 1"),
        (text_of(STEP, STEP | {"user": 1}), "plan.json:3: this is not a step: Expected `str`, got `int` - at `$.user`"),
        (text_of(STEP, STEP | {"step": "keep"}), "plan.json:3: keep is not a step that changes anything; there are"),
        (text_of(STEP | {"account": "web"}), "plan.json:2: the account of this step is not known: plan from live IAM"),
        (text_of(STEP | {"userId": None}), "plan.json:2: the user, the user's id or the access key of this step"),
        (text_of(STEP, STEP), "plan.json:3: the step deactivate of AKIAXXXXXXXXXXXX is there twice"),
        (text_of().replace(b'"kept"', b'"kept": [], "kept"'), 'plan.json:1: this is not a plan: "kept" is there twice'),
        (
            text_of(STEP, accounts=[{"id": ACCOUNT}, {"id": "444455556666"}, {"id": ACCOUNT, "ou": "Root/x"}]),
            f"plan.json: the account {ACCOUNT} is listed twice: make a new plan",
        ),
        (b"\xff\xfe\xfd", "plan.json:1: "),
    ],
)
def test_what_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        plan_file.parse(data, Path("plan.json"))
    assert str(refused.value).startswith(message)


IMPOSSIBLE: dict[str, tuple[dict[str, str], str]] = {
    "control character": ({"user": "u\x1b[31m"}, r"u\x1b[31m is not the name of a user: 1 to 128 letters"),
    "zero byte": ({"user": "u\0"}, r"u\x00 is not the name of a user"),
    "end of a line": ({"user": "u\n"}, r"u\n is not the name of a user"),
    "path": ({"user": "a/u"}, "a/u is not the name of a user"),
    "other letters": ({"user": "\u00fc"}, "\u00fc is not the name of a user"),
    "long": ({"user": "u" * 129}, "u" * 129),
    "short key": ({"accessKeyId": "AK"}, "AK is not the id of an access key: 16 to 128 letters"),
    "short key to delete": ({"accessKeyId": "AK", "step": "delete"}, "AK is not the id of an access key"),
    "key with an end of a line": ({"accessKeyId": f"{STEP['accessKeyId']}\n"}, r"AKIAXXXXXXXXXXXX\n is not the id"),
    "mark with a control character": ({"accessKeyId": "\x1b", "step": "unmark"}, r"\x1b is not the id"),
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_what_iam_cannot_have_is_refused(name: str) -> None:
    changed, message = IMPOSSIBLE[name]
    with pytest.raises(UsageError) as refused:
        parsed(STEP | {"accessKeyId": "AKIAXXXXXXXXXXXY"}, STEP | changed)
    assert str(refused.value).startswith(f"plan.json:3: {message}")


def test_every_name_that_iam_can_have_is_taken_and_any_mark_to_be_taken_away() -> None:
    names = ["u", "_+=,.@-09AZaz", "u" * 128]
    assert [key.user for key in parsed(*(STEP | {"user": name} for name in names)).steps] == names
    plan = parsed(STEP | {"step": "unmark", "accessKeyId": "of whom"})
    assert [key.key_id for key in plan.steps] == ["of whom"]


DEEP = b"[" * 5000 + b"]" * 5000


@pytest.mark.parametrize(
    "data",
    [
        text_of(STEP).replace(b'"kept"', b'"other": ' + DEEP + b', "kept"'),
        text_of(STEP).replace(b'"saw"', b'"other": ' + DEEP + b', "saw"'),
        text_of(STEP).replace(b'"steps": [', b'"steps": [' + DEEP + b","),
        text_of(STEP).replace(b'"steps"', b'"steps": [], "steps"').replace(b'"kept"', b'"x": ' + DEEP + b', "kept"'),
    ],
)
def test_what_is_nested_too_deeply_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"plan.json: this is not a plan: it is nested too deeply; make a new plan"):
        plan_file.parse(data, Path("plan.json"))


@pytest.mark.parametrize("hours", [0, 24])
def test_a_plan_lasts_a_day(hours: int) -> None:
    plan_file.refuse_stale(parsed(STEP), "policies.yaml", "0", NOW + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("changed", "later", "message"),
    [
        ({}, timedelta(hours=24, seconds=1), "could be applied until 2026-11-24 12:00 UTC: make a new plan"),
        (
            {"expiresAt": "2036-01-01T00:00:00Z"},
            timedelta(days=2),
            "could be applied until 2026-11-24 12:00 UTC: make a new plan",
        ),
        ({}, -timedelta(minutes=6), "was made at 2026-11-23 12:00 UTC, which is yet to come: correct the clock"),
        (
            {"policy": {"file": "other.yaml", "sha256": "1"}},
            timedelta(),
            r"was made from another policy than policies.yaml is now \(then other.yaml\): make a new plan",
        ),
    ],
)
def test_a_plan_that_is_not_for_now(changed: dict[str, Any], later: timedelta, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        plan_file.refuse_stale(parsed(STEP, **changed), "policies.yaml", "0", NOW + later)


def test_a_journal_of_another_plan_is_refused_with_its_line() -> None:
    plan = parsed(STEP)
    plan_file.refuse_another(plan, Path("j"), [])
    plan_file.refuse_another(plan, Path("j"), [plan.sha256])
    with pytest.raises(UsageError, match=r"j:2: this is the journal of another plan than plan.json"):
        plan_file.refuse_another(plan, Path("j"), [plan.sha256, "0"])
