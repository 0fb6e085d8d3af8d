"""`keyage rotate` killed before and after each request that changes something: typed again, it ends as undisturbed.

Only a key of which nothing says whether keyage made it is left to a person. Real processes are killed, and moto is
the AWS. A request that only reads leaves nothing, so whoever is killed before or after one leaves what the last
change left. At no point does the user have fewer working keys than before, nor more than two.
"""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import pytest

from checker.commands import rotate
from checker.remediate.rotate.states import IN_HAND
from tests.fakes.rotated_account import PARAMETER, SECRET, USER, RotatedAccount, rotated_account
from tests.support.killed_at_call import AFTER, BEFORE, killed, listing
from tests.support.processes import POLICY, here, keyage
from tests.support.rotating import without_stranger

CHANGES = (
    *("CreateAccessKey", "UpdateAccessKey", "DeleteAccessKey", "TagUser", "UntagUser"),
    *("CreateSecret", "PutSecretValue", "UpdateSecretVersionStage", "PutParameter", "LabelParameterVersion"),
)
AT_ONCE = ("--wait", "0s", "--quiet-for", "0s", "--yes")


class Course(NamedTuple):
    """A rotation from a beginning to an end."""

    store: str
    stored: bool  # the store holds the first key already
    back: bool = False  # what is killed is the way back from the end

    def arguments(self) -> tuple[str, ...]:
        return ("rotate", USER, "--to", self.store, *AT_ONCE, *(["--rollback"] if self.back else []))


COURSES = [
    Course(SECRET, stored=False),
    Course(PARAMETER, stored=True),
    Course(SECRET, stored=True, back=True),
    Course(PARAMETER, stored=True, back=True),
]


@pytest.fixture(scope="module")
def account() -> Iterator[RotatedAccount]:
    with rotated_account() as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policies.yaml").write_text(POLICY)
    return tmp_path


def later(folder: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """The command when no other run can have a key in hand any more."""
    clock = rotate.CLOCK._replace(now=lambda: datetime.now(UTC) + IN_HAND)
    with mock.patch.object(rotate, "CLOCK", clock):
        return here(folder, *arguments, **extra)


def begin(account: RotatedAccount, course: Course, folder: Path) -> None:
    account.begin(stored=course.store if course.stored else None)
    if course.back:
        there = here(folder, *course._replace(back=False).arguments(), **account.aws)
        assert there.returncode == 0, there.stderr


def end(account: RotatedAccount, course: Course) -> dict[str, object]:
    """What is left, with the keys by their order instead of their ids."""
    names = {key.access_key_id: f"key {number}" for number, key in enumerate(account.keys, start=1)}
    return {
        "keys": [key.status for key in account.keys],
        "tags": sorted(tag.replace(name, names[name]) for tag in account.tags for name in names if name in tag),
        "under way": "keyage:rotating" in account.tags,
        "held": {label: names.get(key_id, "gone") for label, key_id in account.held(course.store).items()},
        "wrong": account.wrong,
    }


def undisturbed(account: RotatedAccount, course: Course, folder: Path) -> tuple[list[str], dict[str, object]]:
    """The operations of an undisturbed run, and what it leaves."""
    begin(account, course, folder)
    calls = folder / "calls"
    done = keyage(folder, *course.arguments(), **account.aws, **listing(calls))
    assert done.returncode == 0, done.stderr
    return calls.read_text().split(), end(account, course)


@pytest.mark.parametrize("course", COURSES, ids=str)
def test_killed_anywhere_it_ends_as_if_nothing_had_happened(
    account: RotatedAccount, folder: Path, course: Course
) -> None:
    calls, wanted = undisturbed(account, course, folder)
    changing = [number for number, name in enumerate(calls, start=1) if name in CHANGES]
    places = [(side, number) for number in changing for side in (BEFORE, AFTER)]
    found = {}
    for side, number in places:
        begin(account, course, folder)
        died = keyage(folder, *course.arguments(), **account.aws, **killed(side, number))
        assert died.returncode == -9, f"{side} {number}: {died.stderr}"
        again = without_stranger(account, lambda: later(folder, *course.arguments(), **account.aws))
        found[side, number, calls[number - 1]] = (again.returncode, end(account, course))
    assert {place: left for place, left in found.items() if left != (0, wanted)} == {}


@pytest.mark.parametrize(
    ("course", "current", "previous"),
    [(COURSES[0], "key 2", None), (COURSES[1], "key 2", "key 1"), (COURSES[2], "key 1", "key 2")],
    ids=str,
)
def test_the_undisturbed_end_is_the_one_that_is_wanted(
    account: RotatedAccount, folder: Path, course: Course, current: str, previous: str | None
) -> None:
    calls, left = undisturbed(account, course, folder)
    labels = ("AWSCURRENT", "AWSPREVIOUS") if course.store == SECRET else ("keyage-current", "keyage-previous")
    held = {label: key for label, key in zip(labels, (current, previous), strict=True) if key}
    assert left == {
        "keys": ["Active" if course.back else "Inactive", "Active"],
        "tags": [] if course.back else ["keyage:inactive-since:key 1"],
        "under way": False,
        "held": held if course.store == SECRET else held | {"latest": current},
        "wrong": [],
    }
    assert len(calls) <= MOST_CALLS


MOST_CALLS = 60
