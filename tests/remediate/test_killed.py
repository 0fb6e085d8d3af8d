"""`apply` and `undo` killed before and after every call and every line of its journal, by SIGKILL, and typed again.

However it was killed: no step is lost, none is done twice, the account ends as after an undisturbed run, and the
journal says what happened.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import IAMBackend

from checker.embedded import aws
from tests.fakes.served_organization import credentials
from tests.support.killed import killed_at
from tests.support.moto_server import moto_server
from tests.support.processes import here, keyage

POLICY = "version: 1\ndefault: {maxAccessKeyAge: 90}\nremediation: {action: delete, deleteAfterDays: 30}\n"
APPLY = ("remediate", "apply", "plan.json", "--journal", "j.jsonl", "--yes")
UNDO = ("remediate", "undo", "j.jsonl", "--yes")
MARK = "keyage:inactive-since:"
KILLED = -9
Change = tuple[str, str]  # the operation and the user


class World:
    """One user with one key, as it was before each run."""

    def __init__(self, url: str, folder: Path, age: int, status: str, marked: int | None) -> None:
        self.url, self.folder, self.marked = url, folder, marked
        self.now = datetime.now(UTC)
        self.user = aws.add_user(DEFAULT_ACCOUNT_ID, "u", self.now - timedelta(days=400))
        self.key = aws.add_key(DEFAULT_ACCOUNT_ID, "u", self.now - timedelta(days=age), status=status)
        self.tag, self.status = f"{MARK}{self.key.access_key_id}", status
        self.changes: Counter[str] = Counter()
        self.restore()
        (folder / "policies.yaml").write_text(POLICY)
        assert keyage(folder, "remediate", "plan", "-o", "plan.json", **credentials(url)).returncode == 1

    def restore(self) -> None:
        iam = aws.backend(DEFAULT_ACCOUNT_ID)
        self.key.status = self.status
        self.user.access_keys[:] = [self.key]
        iam.access_keys[self.key.access_key_id] = self.key
        iam.untag_user("u", [self.tag])
        if self.marked is not None:
            since = self.now - timedelta(days=self.marked)
            iam.tag_user("u", [{"Key": self.tag, "Value": f"{since:%Y-%m-%dT%H:%M:%SZ}"}])
        self.changes.clear()
        (self.folder / "j.jsonl").unlink(missing_ok=True)

    def state(self) -> tuple[str | None, bool]:
        """The key's status, None where it is gone, and whether it has a mark."""
        tags = [tag["Key"] for tag in aws.backend(DEFAULT_ACCOUNT_ID).list_user_tags("u")]
        return self.key.status if self.user.access_keys else None, tags == [self.tag]

    def lines(self) -> list[dict[str, Any]]:
        """Of the journal, but for one that was cut off."""
        path = self.folder / "j.jsonl"
        text = path.read_text() if path.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def kill(self, at: int, command: tuple[str, ...] = APPLY) -> int:
        return keyage(self.folder, *command, **credentials(self.url), **killed_at(at)).returncode

    @property
    def counting(self) -> Any:
        """While it lasts every change is counted that reaches the account."""

        def counted(name: str) -> Callable[..., Any]:
            plain = getattr(IAMBackend, name)

            def call(*given: Any, **named: Any) -> Any:
                self.changes[name] += 1
                return plain(*given, **named)

            return call

        names = ("update_access_key", "delete_access_key", "tag_user", "untag_user")
        made: dict[str, Any] = {name: counted(name) for name in names}
        return patch.multiple(IAMBackend, **made)


@pytest.fixture
def endpoint() -> Iterator[str]:
    with moto_server() as url:
        yield url


KINDS: dict[str, dict[str, Any]] = {
    "deactivate": {"age": 100, "status": "Active", "marked": None},
    "mark": {"age": 100, "status": "Inactive", "marked": None},
    "delete": {"age": 100, "status": "Inactive", "marked": 31},
    "unmark": {"age": 10, "status": "Active", "marked": 31},
}
POINTS = {"deactivate": 24, "mark": 16, "delete": 26, "unmark": 14}  # twice a call, three times a line


@pytest.mark.parametrize("kind", KINDS)
def test_killed_anywhere_it_goes_on_where_it_was(endpoint: str, tmp_path: Path, kind: str) -> None:
    world = World(endpoint, tmp_path, **KINDS[kind])
    before = world.state()
    with world.counting:
        world.restore()
        assert keyage(tmp_path, *APPLY, **credentials(endpoint)).returncode == 0
        undisturbed, changes = world.state(), dict(world.changes)
        points = 0
        world.restore()
        while world.kill(points + 1) == KILLED:
            points += 1
            require_truth(world, before, kind)
            done = here(tmp_path, *APPLY, **credentials(endpoint))
            assert (points, done.returncode, done.stdout.splitlines()[-1]) == (points, 0, "1 step: 1 done.")
            assert (points, world.state(), dict(world.changes)) == (points, undisturbed, changes)
            ends = [(line["event"], line["step"]) for line in world.lines() if line["event"] != "begin"]
            assert (points, sorted(ends)) == (points, sorted(ends_of(kind)))
            world.restore()
    assert points == POINTS[kind]


def ends_of(kind: str) -> list[tuple[str, str]]:
    following = {"deactivate": "mark", "delete": "unmark"}.get(kind)
    return [("done", kind), *([("done", following)] if following else [])]


def require_truth(world: World, before: tuple[str | None, bool], kind: str) -> None:
    """What a journal says is done is done, what it does not name is not, and one step at most is in doubt."""
    events = {(line["step"], line["event"]) for line in world.lines()}
    begun = [step for step, event in events if event == "begin"]
    assert len([step for step in begun if (step, "done") not in events]) <= 1
    if not begun:
        assert (world.state(), world.changes) == (before, {})
    after = {"deactivate": ("Inactive", False), "delete": (None, True), "mark": ("Inactive", True)}.get(kind)
    if (kind, "done") in events and len(events) == 2 and after:
        assert world.state() == after


UNDO_POINTS = 18  # GetCallerIdentity, then five calls and two lines


def test_an_undo_killed_anywhere_goes_on_where_it_was(endpoint: str, tmp_path: Path) -> None:
    world = World(endpoint, tmp_path, **KINDS["deactivate"])
    before = world.state()
    assert here(tmp_path, *APPLY, **credentials(endpoint)).returncode == 0
    journal, after = (tmp_path / "j.jsonl").read_bytes(), world.state()
    marked = aws.backend(DEFAULT_ACCOUNT_ID).list_user_tags("u")
    points = 0
    with world.counting:
        while world.kill(points + 1, UNDO) == KILLED:
            points += 1
            ends = [line["event"] for line in world.lines()]
            assert ("undone" not in ends) or world.state() == before
            assert len(ends) > 4 or (world.state(), world.changes) == (after, {})
            done = here(tmp_path, *UNDO, **credentials(endpoint))
            assert (points, done.returncode, done.stdout.splitlines()[-1]) == (points, 0, "1 step: 1 undone.")
            assert (points, world.state(), world.changes) == (points, before, UNDONE_ONCE)
            assert [line["event"] for line in world.lines()].count("undone") == 1
            world.key.status = "Inactive"
            aws.backend(DEFAULT_ACCOUNT_ID).tag_user("u", marked)
            world.changes.clear()
            (tmp_path / "j.jsonl").write_bytes(journal)
    assert points == UNDO_POINTS


UNDONE_ONCE = {"update_access_key": 1, "untag_user": 1}
