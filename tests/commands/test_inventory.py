"""`keyage inventory` as a process."""

from pathlib import Path

import pytest

from tests.fakes.served_organization import Served
from tests.support.processes import here, keyage


def entry(account_id: str, name: str, ou: str) -> str:
    return f'  - id: "{account_id}"\n    name: {name}\n    ou: {ou}\n    tags: {{}}\n'


def text(served: Served) -> str:
    entries = {
        "123456789012": ("master", "Root"),
        served.ids["prod-payments"]: ("prod-payments", "Root/Workloads"),
        served.ids["dev-web"]: ("dev-web", "Root"),
    }
    return "version: 1\naccounts:\n" + "".join(entry(each, *entries[each]) for each in sorted(entries))


def test_every_active_account_is_written_and_the_second_run_changes_nothing(served: Served, tmp_path: Path) -> None:
    done = keyage(tmp_path, "inventory", **served.aws())
    skipped = f"note: {served.ids['old-team']} old-team is SUSPENDED: left out\n"
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"{skipped}accounts.yaml: 3 accounts, 3 added, 0 removed, 0 changed\n"
    assert (tmp_path / "accounts.yaml").read_text() == text(served)
    again = keyage(tmp_path, "inventory", **served.aws())
    assert again.stderr == f"{skipped}accounts.yaml: 3 accounts, 0 added, 0 removed, 0 changed\n"
    assert (tmp_path / "accounts.yaml").read_text() == text(served)
    checked = keyage(tmp_path, "inventory", "--check", "--quiet", **served.aws())
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "accounts.yaml: up to date\n", "")


def test_check_tells_and_writes_nothing(served: Served, tmp_path: Path) -> None:
    done = keyage(tmp_path, "inventory", "--check", "--quiet", "-o", "a.yaml", **served.aws())
    added = {"123456789012": "master", served.ids["prod-payments"]: "prod-payments", served.ids["dev-web"]: "dev-web"}
    told = "".join(f"  added    {account} {name}\n" for account, name in sorted(added.items()))
    assert (done.returncode, done.stdout) == (1, f"a.yaml: out of date: 3 added, 0 removed, 0 changed\n{told}")
    assert list(tmp_path.iterdir()) == []


def test_check_says_what_differs(served: Served, tmp_path: Path) -> None:
    before = text(served).replace("name: dev-web", "name: web").replace("ou: Root/Workloads", "ou: Root")
    before += entry("999999999999", "gone", "Root")
    (tmp_path / "accounts.yaml").write_text(before)
    done = here(tmp_path, "inventory", "--check", "--quiet", **served.aws())
    changed = {
        served.ids["prod-payments"]: "prod-payments: OU Root → Root/Workloads",
        served.ids["dev-web"]: "dev-web: name web → dev-web",
    }
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        "accounts.yaml: out of date: 0 added, 1 removed, 2 changed\n  removed  999999999999 gone\n"
        + "".join(f"  changed  {account} {what}\n" for account, what in sorted(changed.items()))
    )
    assert (tmp_path / "accounts.yaml").read_text() == before


def test_comments_stay(served: Served, tmp_path: Path) -> None:
    kept = "# who to ask: #cloud\n" + text(served).replace("  - id", "  # keep me\n  - id")
    (tmp_path / "accounts.yaml").write_text(kept.replace("name: dev-web", "name: web"))
    done = here(tmp_path, "inventory", "--quiet", **served.aws())
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "accounts.yaml").read_text() == kept


def test_a_comment_that_would_be_lost_is_an_error_with_its_place(served: Served, tmp_path: Path) -> None:
    before = text(served).replace("name: dev-web", "name: web # renamed last year")
    (tmp_path / "accounts.yaml").write_text(before)
    line = next(number for number, each in enumerate(before.splitlines(), start=1) if "renamed" in each)
    done = here(tmp_path, "inventory", **served.aws())
    assert done.returncode == 2
    assert f"error: accounts.yaml:{line}:15: " in done.stderr
    assert (tmp_path / "accounts.yaml").read_text() == before


@pytest.mark.parametrize("content", ["version: 1\naccounts: {}\n", "version: 2\naccounts: []\n"])
def test_a_file_with_problems_is_not_overwritten(served: Served, tmp_path: Path, content: str) -> None:
    (tmp_path / "accounts.yaml").write_text(content)
    done = keyage(tmp_path, "inventory", **served.aws())
    assert (done.returncode, done.stderr.startswith("error: accounts.yaml:")) == (2, True)
    assert (tmp_path / "accounts.yaml").read_text() == content
