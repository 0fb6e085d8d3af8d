"""A key whose verdict is not known hides no other: every format prints both, and the exit code is 3."""

import json
from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.reports.formats import names
from tests.support.processes import NOW, here

GOLDEN = Path(__file__).parent.parent / "golden" / "check"
POLICY = """\
version: 1
default: {maxAccessKeyAge: 90}
rules:
  - {id: team, users: {tags: {team: payments}}, maxAccessKeyAge: 365}
"""
ACCOUNT = "012345678901"
CREATED = {  # of a key each; one is too old by every limit, one by none, and one by the strictest alone
    "ancient": "2025-01-01T00:00:00Z",
    "known": "2026-01-01T00:00:00Z",
    "open": "2026-06-01T00:00:00Z",
    "young": "2026-11-01T00:00:00Z",
}
TAGS = {"known": {"team": "ledger"}}
PAGES = {"html"}  # the golden page is that of the other tests; this one differs in its rows


def user(name: str) -> dict[str, object]:
    key = {"id": f"AKIA{name.upper():0<16}", "status": "Active", "created": CREATED[name], "lastUsed": None}
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    created = "2024-01-01T00:00:00Z"
    return {
        "name": name,
        "id": f"AIDA{name.upper():0<16}",
        "arn": arn,
        "path": "/",
        "tags": TAGS.get(name),
        "created": created,
        "keys": [key],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policies.yaml").write_text(POLICY)
    account = {"id": ACCOUNT, "name": "web", "users": [user(name) for name in CREATED]}
    (tmp_path / "s.json").write_text(json.dumps({"schemaVersion": 1, "takenAt": NOW, "accounts": [account]}))
    return tmp_path


def report(folder: Path, *options: str) -> str:
    done = here(folder, "check", "--from", "s.json", "--now", NOW, *options, AWS_DEFAULT_REGION="us-east-1")
    assert (done.returncode, done.stderr) == (3, "")
    return done.stdout


@pytest.mark.golden
@pytest.mark.parametrize("name", sorted(set(names("check")) - PAGES))
def test_as_in_the_golden_file(name: str, folder: Path, file_regression: FileRegressionFixture) -> None:
    text = report(folder, "--format", name, "--show", "all")
    file_regression.check(text, fullpath=GOLDEN / f"partial.{name}", encoding="utf-8")


@pytest.mark.parametrize("show", ["all", "findings"])
@pytest.mark.parametrize("name", sorted(names("check")))
def test_what_is_certain_and_what_is_open_are_in_every_format(name: str, show: str, folder: Path) -> None:
    text = report(folder, "--format", name, "--show", show)
    assert [who for who in ("ancient", "known", "open") if f"AKIA{who.upper():0<16}" not in text] == []
    assert "the user's tags are not known" in text.replace("&#39;", "'").replace("&#x27;", "'").replace("&apos;", "'")


def test_another_output_that_shows_everything_hides_nothing(folder: Path) -> None:
    both = report(folder, "--format", "table", "--format", "json=all.json")
    assert both == report(folder, "--format", "table")


def test_a_line_has_the_rule_that_decides_or_none(folder: Path) -> None:
    said = json.loads(report(folder, "--format", "json"))
    lines = {key["user"]: (key["verdict"], key["rule"], key["maxAccessKeyAge"]) for key in said["keys"]}
    assert lines == {
        "ancient": ("NON_COMPLIANT", None, None),
        "known": ("NON_COMPLIANT", "default", 90),
        "young": ("COMPLIANT", None, None),
    }
    assert [key["dueDate"] for key in said["keys"]] == [None, "2026-04-01T00:00:00Z", None]
    counts = {"users": 4, "keys": 3, "compliant": 1, "nonCompliant": 2, "undecided": 1, "partial": 1, "unreadable": 0}
    assert {name: said["summary"][name] for name in counts} == counts
    assert [(one["status"], [who["user"] for who in one["undecided"]]) for one in said["accounts"]] == [
        ("partial", ["open"])
    ]
