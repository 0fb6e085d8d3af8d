"""Each permission of `keyage permissions remediate` taken away: what is said then, and that nothing comes to harm."""

from pathlib import Path
from typing import Any

import pytest

from checker.permissions import policy_document
from tests.fakes.stand_ins import denied
from tests.support.applying import Applied
from tests.support.fixtures import Emulated, ago

# Looks at groups, at use and at marks, so that every call is made.
POLICY = """version: 1
default: {maxAccessKeyAge: 90}
rules: [{id: robots, users: {group: robots}, maxAccessKeyAge: 30}]
remediation: {action: delete, deleteAfterDays: 30, protectUsedWithinDays: 7}
"""
MARK = "keyage:inactive-since:"
NEEDED = {action for statement in policy_document("remediate")["Statement"] for action in statement["Action"]}
# By the call that is denied: what is done all the same, by user, and how often it was tried.
DONE_WITHOUT = {
    "UpdateAccessKey": [],
    "DeleteAccessKey": ["active"],
    "TagUser": [],
    "UntagUser": ["active"],
    "GetUser": [],
    "ListAccessKeys": [],
    "ListGroupsForUser": [],
    "GetAccessKeyLastUsed": [],
}


@pytest.fixture
def applied(emulated: Emulated, tmp_path: Path) -> Applied:
    """Users whose keys are to be deactivated, deleted and marked, in this order."""
    for name in ("active", "due", "off"):
        emulated.user(name, groups=["robots"])
    emulated.key("active", 100)
    due = emulated.key("due", 100, status="Inactive")
    emulated.iam.tag_user("due", [{"Key": f"{MARK}{due}", "Value": f"{ago(31):%Y-%m-%dT%H:%M:%SZ}"}])
    emulated.key("off", 100, status="Inactive")
    return Applied(emulated, tmp_path, POLICY)


def after(applied: Applied) -> dict[str, Any]:
    """Whose keys are how, and who has marks."""
    return {
        name: (sorted(keys.values()), [tag.removeprefix(MARK) in keys for tag in tags])
        for name, (keys, tags) in applied.state().items()
    }


DONE = {"active": (["Inactive"], [True]), "due": ([], []), "off": (["Inactive"], [True])}


def test_with_all_of_them_all_is_done_and_each_is_used(applied: Applied) -> None:
    assert set(applied.apply(applied.plan()).values()) == {"done"}
    used = {f"iam:{name}" for name in applied.calls}
    assert (after(applied), used) == (DONE, NEEDED)


def test_there_is_a_test_for_each() -> None:
    assert {f"iam:{name}" for name in DONE_WITHOUT} == NEEDED


@pytest.mark.parametrize("operation", DONE_WITHOUT)
def test_without_one_of_them_it_is_named_and_nothing_comes_to_harm(applied: Applied, operation: str) -> None:
    plan, before = applied.plan(), after(applied)
    with denied(operation):
        found = applied.apply(plan)
    assert [user for (user, _step), event in found.items() if event == "done"] == DONE_WITHOUT[operation]
    said = f"{operation} was denied: allow what `keyage permissions remediate` prints"
    assert said in str(applied.why)
    assert list(found.values()).count("failed") == 1
    halfway: dict[str, Any] = {"TagUser": {"active": (["Inactive"], [])}, "UntagUser": {"due": ([], [False])}}
    done = {user: DONE[user] for user in DONE_WITHOUT[operation]}
    assert after(applied) == before | done | halfway.get(operation, {})
    assert set(applied.apply(plan).values()) == {"done"}
    assert after(applied) == DONE


@pytest.mark.parametrize("operation", ["GetUser", "ListAccessKeys", "UpdateAccessKey", "UntagUser"])
def test_undo_needs_no_others(applied: Applied, operation: str) -> None:
    applied.apply(applied.plan())
    before = after(applied)
    with denied(operation):
        applied.undo()
        said = f"{operation} was denied: allow what `keyage permissions remediate` prints"
        assert said in str(applied.why)
        withdrawn: dict[str, Any] = {"off": (["Inactive"], [])} if operation == "UpdateAccessKey" else {}
        assert after(applied) == before | withdrawn
    applied.undo()
    assert after(applied) == {"active": (["Active"], []), "due": ([], []), "off": (["Inactive"], [])}
    assert set(applied.calls) <= {"GetUser", "ListAccessKeys", "UpdateAccessKey", "UntagUser"}
