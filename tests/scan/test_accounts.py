"""`keyage check --organization` as processes against a server that plays a small organization."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checker.decision import decision
from checker.errors import UsageError
from checker.scan.accounts import parse_filters, selected
from tests.fakes.served_organization import Served, credentials
from tests.fakes.silent_server import Silent, silent_server
from tests.support.processes import STARTED_ANEW, environment, keyage

LATER = "2036-01-01T00:00:00Z"
POLICY = """\
version: 1
default: {maxAccessKeyAge: 3650}
rules:
  - {id: prod, accounts: {ou: Root/Workloads*}, maxAccessKeyAge: 30}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policies.yaml").write_text(POLICY)
    return tmp_path


def check(served: Served, folder: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    done = keyage(folder, "check", "--organization", "--format", "json", *arguments, **served.aws())
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def users(report: dict[str, Any]) -> list[str]:
    return [key["user"] for key in report["keys"]]


def test_young_keys_are_no_findings_anywhere(served: Served, folder: Path) -> None:
    code, report, _said = check(served, folder)
    assert (code, users(report), report["summary"]["accounts"]) == (0, [], 3)


def test_every_active_account_is_judged_by_its_own_rules(served: Served, folder: Path) -> None:
    code, report, _said = check(served, folder, "--now", "2027-06-01T00:00:00Z")
    assert (code, users(report)) == (1, ["svc-prod-payments"])
    assert report["keys"][0] | {"account": served.ids["prod-payments"], "rule": "prod"} == report["keys"][0]
    names = {account["name"]: account["status"] for account in report["accounts"]}
    assert names == {"master": "evaluated", "prod-payments": "evaluated", "dev-web": "evaluated"}
    assert [account["id"] for account in report["accounts"]] == sorted(account["id"] for account in report["accounts"])
    assert report["skipped"] == [{"id": served.ids["old-team"], "name": "old-team", "state": "SUSPENDED"}]


def test_the_table_lists_what_was_skipped(served: Served, folder: Path) -> None:
    done = keyage(folder, "check", "--organization", **served.aws())
    assert f"Skipped accounts (1)\n  {served.ids['old-team']} old-team: SUSPENDED\n" in done.stdout
    assert "of 2 users in 3 accounts" in done.stdout


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["prod-*"], ["prod-payments"]),
        (["ou=Root/Workloads"], ["prod-payments"]),
        (["ou=Root*"], ["dev-web", "master", "prod-payments"]),
        (["dev-???", "prod-*"], ["dev-web", "prod-payments"]),
    ],
)
def test_filters(served: Served, folder: Path, filters: list[str], expected: list[str]) -> None:
    arguments = [argument for text in filters for argument in ("--account", text)]
    code, report, _said = check(served, folder, *arguments)
    assert (code, sorted(account["name"] for account in report["accounts"])) == (0, expected)


def test_an_account_by_its_id(served: Served, folder: Path) -> None:
    code, report, _said = check(served, folder, "--account", served.ids["dev-web"])
    assert (code, [account["name"] for account in report["accounts"]]) == (0, ["dev-web"])


def test_a_filter_that_selects_nothing_is_a_mistake(served: Served, folder: Path) -> None:
    code, report, said = check(served, folder, "--account", "nope")
    there = "there are: dev-web, master, prod-payments"
    assert (code, report, said) == (2, {}, f"error: --account: none of the 3 accounts is selected; {there}\n")


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        (["dev-wep"], "none of the 2 accounts is selected: did you mean dev-web?"),
        (["x", "prod-pey?"], "none of the 2 accounts is selected: did you mean prod-pays?"),
        (["ou=Root/Prd"], "none of the 2 accounts is selected: did you mean ou=Root/Prod?"),
        (["000000000022"], "none of the 2 accounts is selected: did you mean 000000000002?"),
        (["zzz"], "none of the 2 accounts is selected; there are: dev-web, prod-pays"),
    ],
)
def test_a_filter_that_selects_nothing_is_told_what_there_is(filters: list[str], message: str) -> None:
    accounts = [
        decision.Account("000000000001", "dev-web", "Root/Dev"),
        decision.Account("000000000002", "prod-pays", "Root/Prod"),
    ]
    with pytest.raises(UsageError) as raised:
        selected(accounts, parse_filters(filters))
    assert str(raised.value) == f"--account: {message}"
    with pytest.raises(UsageError, match="--account: the only account is not selected"):
        selected(accounts[:1], parse_filters(["zzz"]))


@pytest.mark.parametrize("option", ["--account=x", "--role-name=r", "--role-name=keyage-audit", "--external-id=xy"])
def test_options_of_the_organization_alone_are_refused(folder: Path, option: str) -> None:
    done = keyage(folder, "check", option)
    name = option.partition("=")[0]
    assert (done.returncode, done.stderr) == (2, f"error: {name} is for --organization: add it, or leave this out\n")


@pytest.mark.parametrize("option", ["--organization", "--state=s", "--deadline=5"])
def test_saved_state_goes_with_nothing_live(folder: Path, option: str) -> None:
    done = keyage(folder, "check", "--from", "s.json", option)
    name = option.partition("=")[0]
    said = f"error: {name} is for live IAM, --from for saved state: leave one of them out\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_the_inventory_that_is_named_says_which_accounts_there_are(served: Served, folder: Path) -> None:
    listed = (
        f"version: 1\naccounts:\n  - {{id: '{served.ids['dev-web']}', name: web, ou: Root/Workloads, tags: {{}}}}\n"
    )
    (folder / "named.yaml").write_text(listed)
    code, report, said = check(served, folder, "--inventory", "named.yaml", "--now", "2027-06-01T00:00:00Z")
    assert (code, users(report), said) == (1, ["svc-dev-web"], "")
    assert [account["name"] for account in report["accounts"]] == ["web"]
    assert report["skipped"] == []


def test_an_inventory_that_is_out_of_date_is_told(served: Served, folder: Path) -> None:
    listed = (
        f"version: 1\naccounts:\n  - {{id: '{served.ids['dev-web']}', name: web, ou: Root/Workloads, tags: {{}}}}\n"
    )
    (folder / "accounts.yaml").write_text(listed)
    code, report, said = check(served, folder)
    assert (code, report["summary"]["accounts"]) == (0, 3)
    moved = f"account {served.ids['dev-web']} has another name, OU or tags than the inventory says"
    missing = [account["id"] for account in report["accounts"] if account["id"] != served.ids["dev-web"]]
    expected = [
        *(f"warning: {unlisted(account_id)}" for account_id in missing),
        f"warning: {moved}, which select other rules: run `keyage inventory`",
    ]
    assert [line for line in said.splitlines() if line.startswith("warning")] == expected


def unlisted(account_id: str) -> str:
    return (
        f"account {account_id} is not in the inventory, which is all that deployed code knows of accounts: in AWS it is"
        " undecided whether the account is one of those of prod: run `keyage inventory`, and deploy what"
        " `keyage render` writes then"
    )


@pytest.mark.parametrize(
    "rules",
    ["rules: []\n", "rules: [{id: mine, accounts: '123456789012', maxAccessKeyAge: 30}]\n"],
    ids=["no selector", "by id"],
)
def test_an_inventory_without_the_accounts_is_no_matter_where_ids_decide(
    served: Served, folder: Path, rules: str
) -> None:
    (folder / "policies.yaml").write_text(f"version: 1\ndefault: {{maxAccessKeyAge: 3650}}\n{rules}")
    (folder / "accounts.yaml").write_text("version: 1\naccounts: [{id: '444455556666'}]\n")
    _code, _report, said = check(served, folder)
    assert [line for line in said.splitlines() if "inventory, which" in line] == []


def test_of_one_account_it_is_said_too_and_once(served: Served, folder: Path) -> None:
    (folder / "accounts.yaml").write_text("version: 1\naccounts: [{id: '444455556666', ou: Root/Workloads/A}]\n")
    done = keyage(folder, "check", "--now", LATER, **served.aws())
    [warning] = [line for line in done.stderr.splitlines() if line.startswith("warning")]
    assert warning.endswith(unlisted("123456789012"))
    assert "warning" not in keyage(folder, "check", "--quiet", "--now", LATER, **served.aws()).stderr


def test_a_second_run_with_state_asks_less_and_finds_the_same(served: Served, folder: Path) -> None:
    soon = ("--now", "2026-12-31T00:00:00Z", "--state", "keyage.state")
    first = check(served, folder, *soon)
    assert (folder / "keyage.state").read_text().startswith('{"keyage":"state","version":1}\n')
    second = check(served, folder, *soon)
    assert second[1]["keys"] == first[1]["keys"]
    assert first[2] == second[2]


def test_a_foreign_state_file_is_left_alone(served: Served, folder: Path) -> None:
    (folder / "other.yaml").write_text(POLICY)
    code, report, said = check(served, folder, "--state", "other.yaml")
    assert (code, report["summary"]["accounts"]) == (0, 3)
    assert "warning: other.yaml: no state of keyage, ignored and left as it is: name another file" in said
    assert (folder / "other.yaml").read_text() == POLICY


@pytest.fixture
def silent(served: Served) -> Iterator[Silent]:
    """Nobody answers when the role of dev-web is to be assumed."""
    with silent_server(served.url, f"{served.ids['dev-web']}%3Arole".encode()) as server:
        yield server


def statuses(report: dict[str, Any]) -> dict[str, str | None]:
    return {account["name"]: account["reason"] for account in report["accounts"]}


def only_the_silent(report: dict[str, Any], reason: str) -> bool:
    """Whether the silent account alone was not read, for that reason."""
    return statuses(report) == {"master": None, "prod-payments": None, "dev-web": reason}


def test_after_the_deadline_what_is_known_is_told(folder: Path, silent: Silent) -> None:
    arguments = ("check", "--organization", "--format", "json", "--now", "2027-06-01T00:00:00Z", "--deadline")
    for seconds in ("4", "8", "16", "32"):  # as long as this machine needs to read the other two accounts
        done = keyage(folder, *arguments, seconds, **credentials(silent.url))
        report = json.loads(done.stdout)
        passed = f"the deadline of {seconds} s passed before this account was read"
        as_wanted = only_the_silent(report, f"{passed}: give --deadline more time, or run again")
        if as_wanted:
            break
    assert (as_wanted, done.returncode, users(report)) == (True, 3, ["svc-prod-payments"])


def test_after_the_deadline_nobody_waits_for_who_has_not_answered_at_all(served: Served, folder: Path) -> None:
    with silent_server(served.url, b"") as nobody:
        done = keyage(folder, "check", "--organization", "--deadline", "1", **credentials(nobody.url))
    assert (done.returncode, done.stderr.count("\n"), "deadline" in done.stderr) == (3, 1, True)


def interrupted_after(seconds: float, folder: Path, silent: Silent) -> tuple[int, list[str], dict[str, Any]]:
    """Exit code, messages and report of a check that is interrupted so long after it asked for the silent account."""
    command = [
        *STARTED_ANEW,
        "check",
        "--organization",
        "--format",
        "json=keys.json",
        "--concurrency",
        "2",
        "--state",
        "st",
    ]
    silent.met.clear()
    process = subprocess.Popen(
        command, cwd=folder, env=environment(**credentials(silent.url)), stderr=subprocess.PIPE, text=True
    )
    assert silent.met.wait(timeout=120)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    _nothing, said = process.communicate(timeout=120)
    return process.returncode, said.splitlines(), json.loads((folder / "keys.json").read_text())


def test_ctrl_c_tells_what_is_known(served: Served, folder: Path, silent: Silent) -> None:
    for seconds in (1, 4, 16):  # as long as this machine needs to read the other two accounts
        code, said, report = interrupted_after(seconds, folder, silent)
        as_wanted = only_the_silent(report, "it was interrupted before this account was read: run again")
        if as_wanted:
            break
    assert (as_wanted, code, said[-1]) == (True, 130, "interrupted")
    assert served.ids["prod-payments"] in (folder / "st").read_text()
    assert served.ids["dev-web"] not in (folder / "st").read_text()
