"""Names that go from one user to another: since the report was made, and while keys are listed."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from checker.sources.key_memory import State
from tests.fakes.stand_ins import after, of_users, old_report, refuse
from tests.support.fixtures import NOW, Emulated, policy

BY_ENV = """
version: 1
default: {maxAccessKeyAge: 90}
rules: [{id: prod, users: {tags: {env: prod}}, maxAccessKeyAge: 30}]
"""

LISTED_ONCE = {"GetCallerIdentity": 1, "GenerateCredentialReport": 1, "GetCredentialReport": 1, "ListUsers": 1}


def keys_by_user_id(emulated: Emulated, state: State | None = None) -> dict[str | None, list[str | None]]:
    """The ids of the keys by user; fails the test if the account is not evaluated in full."""
    result = emulated.check(state=state)
    assert (result.status, result.unread) == ("evaluated", [])
    found: dict[str | None, list[str | None]] = {}
    for finding in result.findings:
        found.setdefault(finding.user_id, []).append(finding.access_key_id)
    return found


def moved(emulated: Emulated, *renames: tuple[str, str]) -> Callable[[], None]:
    def rename() -> None:
        for name, new_name in renames:
            emulated.rename(name, new_name)

    return rename


def test_users_of_one_second_without_keys_are_not_asked_for_any(emulated: Emulated) -> None:
    for name in ("a", "b", "c"):
        emulated.user(name)
    emulated.user("keyed", 801)
    emulated.key("keyed", 200)
    emulated.iam.generate_report()
    emulated.check()
    assert dict(emulated.faults.requests) == {**LISTED_ONCE, "ListAccessKeys": 1}


def test_keys_as_the_report_tells_them_need_no_second_listing_of_users(emulated: Emulated) -> None:
    for name, age in (("a", 800), ("b", 700)):
        emulated.user(name, age)
        emulated.key(name, age - 500)
        emulated.key(name, age - 600, status="Inactive")
    emulated.iam.generate_report()
    emulated.check()
    assert dict(emulated.faults.requests) == {**LISTED_ONCE, "ListAccessKeys": 2}


def test_a_key_made_since_the_report_costs_one_listing_and_another_look(emulated: Emulated) -> None:
    user = emulated.user("u")
    old = emulated.key("u", 200)
    with old_report(emulated.iam):
        new = emulated.key("u", 0)
        assert keys_by_user_id(emulated) == {user.id: [old, new]}
    assert dict(emulated.faults.requests) == {**LISTED_ONCE, "ListUsers": 2, "ListAccessKeys": 2}


def test_the_name_of_a_user_of_the_same_second_is_taken_over_since_the_report(emulated: Emulated) -> None:
    """The row tells name and second alone: it fits both."""
    emulated.user("app")
    old = emulated.user("app-old")
    key = emulated.key("app-old", 400)
    with old_report(emulated.iam):
        emulated.iam.delete_user("app")
        emulated.rename("app-old", "app")
        assert keys_by_user_id(emulated) == {old.id: [key]}


def test_two_users_of_the_same_second_swap_their_names_since_the_report(emulated: Emulated) -> None:
    emulated.user("app")
    old = emulated.user("app-old")
    key = emulated.key("app-old", 400)
    with old_report(emulated.iam):
        moved(emulated, ("app", "x"), ("app-old", "app"), ("x", "app-old"))()
        assert keys_by_user_id(emulated) == {old.id: [key]}


@pytest.mark.parametrize("other_has_key", [False, True])
def test_a_name_is_taken_over_while_keys_are_listed(emulated: Emulated, other_has_key: bool) -> None:
    app, other = emulated.user("app"), emulated.user("z", 700)
    expected = {app.id: [emulated.key("app", 400)]}
    if other_has_key:
        expected[other.id] = [emulated.key("z", 300)]
    emulated.faults.plan("ListAccessKeys", after(moved(emulated, ("app", "app2"), ("z", "app"))), 1)
    assert keys_by_user_id(emulated) == expected


def test_names_are_swapped_while_keys_are_listed(emulated: Emulated) -> None:
    app, other = emulated.user("app"), emulated.user("z", 700)
    expected = {app.id: [emulated.key("app", 400)], other.id: [emulated.key("z", 300)]}
    swap = moved(emulated, ("app", "x"), ("z", "app"), ("x", "z"))
    emulated.faults.plan("ListAccessKeys", after(swap), 1)
    assert keys_by_user_id(emulated) == expected


def test_a_user_whom_the_first_listing_missed_is_found(emulated: Emulated) -> None:
    """Who is renamed between two pages of the listing may stand on neither."""
    user = emulated.user("z")
    key = emulated.key("z", 400)

    def back() -> None:
        emulated.iam.users["a"] = user
        user.name = user.access_keys[0].user_name = "a"

    emulated.user("other", 700)
    emulated.key("other", 300)
    with old_report(emulated.iam):
        emulated.iam.users.pop("z")
        emulated.faults.plan("ListAccessKeys", after(back), 1)
        assert keys_by_user_id(emulated)[user.id] == [key]


def test_a_user_who_is_renamed_again_and_again_is_unread(emulated: Emulated) -> None:
    restless = emulated.user("n0")
    emulated.key("n0", 400)
    emulated.user("steady", 700)
    emulated.key("steady", 10)
    names = iter(range(100))

    def rename() -> None:
        number = next(names)
        emulated.rename(f"n{number}", f"n{number + 1}")

    emulated.faults.plan("ListAccessKeys", after(rename))
    result = emulated.check()
    assert (result.status, [one.id for one in result.unread]) == ("partial", [restless.id])
    assert "ListAccessKeys knows no such user" in result.unread[0].reason


def test_without_list_users_keys_other_than_the_report_tells_are_not_taken_for_the_users(emulated: Emulated) -> None:
    emulated.user("app")
    emulated.key("app", 400)
    emulated.user("z", 700)
    emulated.user("steady", 600)
    emulated.key("steady", 400)
    emulated.faults.plan("ListUsers", refuse("AccessDenied"))
    with old_report(emulated.iam):
        moved(emulated, ("app", "app2"), ("z", "app"))()
        result = emulated.check()
    assert (result.status, [one.name for one in result.unread]) == ("partial", ["app"])
    assert "the keys are not those of the credential report" in result.unread[0].reason
    assert [one.user for one in result.findings] == ["steady"]


def test_without_list_users_a_key_made_since_the_report_is_the_users(emulated: Emulated) -> None:
    emulated.user("u")
    key = emulated.key("u", 400)
    emulated.faults.plan("ListUsers", refuse("AccessDenied"))
    with old_report(emulated.iam):
        emulated.key("u", (NOW - datetime.now(UTC)).days - 2)  # the emulator's report is of the machine's present
        result = emulated.check()
    assert (result.status, result.unread) == ("evaluated", [])
    assert result.findings[0].access_key_id == key


def test_without_list_users_a_key_that_was_switched_since_may_be_another_users(emulated: Emulated) -> None:
    """The date in the report is that of the switch, so a younger key of another user fits it as well."""
    emulated.user("u")
    key = emulated.key("u", 400)
    emulated.faults.plan("ListUsers", refuse("AccessDenied"))
    with old_report(emulated.iam):
        emulated.iam.update_access_key("u", key, "Inactive")
        result = emulated.check()
    assert (result.status, [unread.name for unread in result.unread]) == ("partial", ["u"])


def test_a_key_of_a_name_that_moved_is_not_remembered(emulated: Emulated, tmp_path: Path) -> None:
    app, other = emulated.user("app"), emulated.user("z", 700)
    expected = {app.id: [emulated.key("app", 400)], other.id: [emulated.key("z", 300)]}
    state = State(tmp_path / "state")
    emulated.faults.plan("ListAccessKeys", after(moved(emulated, ("app", "app2"), ("z", "app"))), 1)
    for _run in range(3):
        assert keys_by_user_id(emulated, state) == expected
        emulated.iam.generate_report()


def test_a_name_is_taken_over_between_the_keys_and_the_tags(emulated: Emulated) -> None:
    app = emulated.user("app", tags={"env": "prod"})
    emulated.key("app", 60)
    emulated.user("z", 700)
    emulated.faults.plan("GetAccountAuthorizationDetails", refuse("AccessDenied"))
    emulated.faults.plan("ListUserTags", after(moved(emulated, ("app", "app2"), ("z", "app"))), 1)
    result = emulated.check(policy(BY_ENV))
    assert [(finding.user_id, finding.verdict) for finding in result.findings] == [(app.id, "NON_COMPLIANT")]


def test_a_user_whom_the_second_listing_misses_is_not_lost(emulated: Emulated) -> None:
    """Renamed between its two pages, from one that comes to one that was."""
    missed = emulated.user("b")
    old = emulated.key("b", 400)
    other = emulated.user("a", 700)
    first = emulated.key("a", 300)

    def hide() -> None:
        emulated.iam.users.pop("b", None)

    def back() -> None:
        emulated.iam.users["b"] = missed

    with old_report(emulated.iam):
        second = emulated.key("a", 1)
        emulated.faults.plan("ListUsers", lambda _asked: None, 1)
        emulated.faults.plan("ListUsers", after(hide), 1)
        emulated.faults.plan("ListUsers", after(back), 1)
        assert keys_by_user_id(emulated) == {missed.id: [old], other.id: [first, second]}


def test_users_and_keys_of_one_second_are_not_taken_for_each_other(emulated: Emulated) -> None:
    app, other = emulated.user("app"), emulated.user("z")
    expected = {app.id: [emulated.key("app", 400)], other.id: [emulated.key("z", 400)]}
    swap = moved(emulated, ("app", "x"), ("z", "app"), ("x", "z"))
    emulated.faults.plan("ListAccessKeys", after(swap), 1)
    assert keys_by_user_id(emulated) == expected


def test_one_path_that_is_denied_hides_no_other(emulated: Emulated) -> None:
    for number in range(30):
        emulated.user(f"a{number:02}", 800 + number, path="/closed/")
        emulated.key(f"a{number:02}", 400 + number)
    open_to_all = {}
    for number in range(15):
        user = emulated.user(f"z{number:02}", 700 + number)
        open_to_all[user.id] = [emulated.key(user.name, 300 + number)]
    closed = [f"a{number:02}" for number in range(30)]
    emulated.faults.plan("ListAccessKeys", of_users(refuse("AccessDenied"), *closed))
    result = emulated.check()
    assert (result.status, len(result.unread)) == ("partial", 30)
    assert {finding.user_id: [finding.access_key_id] for finding in result.findings} == open_to_all
