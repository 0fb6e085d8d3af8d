"""`keyage check` as people call it."""

import html
import json
from pathlib import Path

import pytest

from tests.sources.saved.terraform_states import ONE, key, user, version_4
from tests.support.processes import KEY, NOW, OLD, YOUNG, here, keyage, policy_folder

CHECK = ("check", "--from", "s.jsonl", "--now", NOW)
CSV = "user,arn,user_creation_time,access_key_1_active,access_key_1_last_rotated,access_key_2_active,"
CSV += "access_key_2_last_rotated\n"
ROW = "u,arn:aws:iam::000000000001:user/u,2020-01-01T00:00:00+00:00,true,2026-11-01T00:00:00+00:00,false,N/A\n"


def test_json_is_one_document_on_standard_output(tmp_path: Path) -> None:
    done = here(policy_folder(tmp_path, users=f"{YOUNG},{OLD}"), *CHECK, "--format", "json")
    report = json.loads(done.stdout)
    assert report["summary"] == {
        "accounts": 1,
        "users": 2,
        "keys": 2,
        "compliant": 1,
        "nonCompliant": 1,
        "exempt": 0,
        "notApplicable": 0,
        "undecided": 0,
        "partial": 0,
        "unreadUsers": 0,
        "unreadable": 0,
    }
    assert report["keys"][0] == {
        "account": "000000000001",
        "user": "old",
        "userId": None,
        "arn": None,
        "accessKeyId": "AKIAOLD",
        "status": "Active",
        "createDate": "2026-01-01T00:00:00Z",
        "ageDays": 326,
        "lastUsed": None,
        "maxAccessKeyAge": 90,
        "rule": "default",
        "exemption": None,
        "verdict": "NON_COMPLIANT",
        "dueDate": "2026-04-01T00:00:00Z",
        "terraformAddress": None,
        "lastUsedKnown": False,
    }


def test_two_runs_print_identical_bytes(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path, users=f"{YOUNG},{OLD}")
    arguments = (*CHECK, "--format", "json")
    assert keyage(folder, *arguments).stdout == keyage(folder, *arguments).stdout


def test_several_formats_at_once(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path, users=f"{YOUNG},{OLD}")
    done = here(folder, *CHECK, "--format", "table", "--format", "json=out.json")
    assert done.stdout.startswith("Non-compliant (1)\n")
    assert len(json.loads((folder / "out.json").read_text())["keys"]) == 2
    assert sorted(path.name for path in folder.iterdir()) == ["out.json", "policies.yaml", "s.jsonl"]


@pytest.mark.parametrize(("show", "users"), [("findings", ["old"]), ("all", ["old", "young"])])
def test_show_chooses_what_is_listed(tmp_path: Path, show: str, users: list[str]) -> None:
    done = here(policy_folder(tmp_path, users=f"{YOUNG},{OLD}"), *CHECK, "--format", "json", "--show", show)
    assert [key["user"] for key in json.loads(done.stdout)["keys"]] == users


@pytest.mark.parametrize(("days", "shown"), [("67", False), ("68", True)])
def test_warn_days_decide_what_is_due_soon(tmp_path: Path, days: str, shown: bool) -> None:
    done = here(policy_folder(tmp_path), *CHECK, "--warn-days", days)
    assert ("Due within" in done.stdout) is shown


def test_the_environment_sets_options(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path, users=OLD)
    done = keyage(folder, "check", KEYAGE_FROM="s.jsonl", KEYAGE_NOW=NOW, KEYAGE_FORMAT="json", KEYAGE_EXIT_ZERO="1")
    assert (done.returncode, json.loads(done.stdout)["evaluatedAt"]) == (0, NOW)


def test_what_is_typed_wins_over_the_environment(tmp_path: Path) -> None:
    done = keyage(policy_folder(tmp_path), *CHECK, "--warn-days", "68", KEYAGE_WARN_DAYS="67")
    assert "Due within 68 days" in done.stdout


def test_now_without_an_offset_is_utc(tmp_path: Path) -> None:
    done = keyage(
        policy_folder(tmp_path),
        "check",
        "--from",
        "s.jsonl",
        "--now",
        "2026-11-23 12:00",
        "--format",
        "json",
        TZ="Asia/Tokyo",
    )
    assert json.loads(done.stdout)["evaluatedAt"] == NOW


@pytest.mark.parametrize(
    ("arguments", "extra", "colored"),
    [((), {}, False), (("--color", "always"), {"NO_COLOR": "1"}, True), (("--color", "never"), {}, False)],
    ids=["no terminal", "always", "never"],
)
def test_color(tmp_path: Path, arguments: tuple[str, ...], extra: dict[str, str], colored: bool) -> None:
    done = keyage(policy_folder(tmp_path, users=OLD), *CHECK, *arguments, **extra)
    assert ("\x1b[" in done.stdout) is colored


def test_a_policy_is_found_upwards_to_the_repository_root(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path)
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    assert here(below, "validate").returncode == 0
    (folder / "a" / ".git").mkdir()
    assert here(below, "validate").returncode == 2


def test_a_credential_report_is_marked_as_less_exact_in_every_output(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path)
    (folder / "report.csv").write_text(CSV + ROW)
    arguments = ("check", "--from", "report.csv", "--now", NOW)
    table, data = here(folder, *arguments), here(folder, *arguments, "--format", "json")
    assert table.stdout.endswith("(less exact: from a credential report)\n")
    assert "as of a time that is not known" in table.stdout
    assert json.loads(data.stdout)["source"] == {"kind": "credential-report", "exact": False, "takenAt": None}
    assert data.stderr.startswith("note: judged from a credential report")


def test_quiet_drops_notes_and_warnings_but_not_errors(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path)
    (folder / "report.csv").write_text(CSV + ROW)
    assert here(folder, "check", "--from", "report.csv", "--now", NOW, "--quiet").stderr == ""
    assert here(folder, "check", "--from", "none", "--quiet").stderr != ""


def test_an_unknown_use_is_unknown_in_text_and_json_and_its_advice_is_for_a_key_in_use(tmp_path: Path) -> None:
    policy_folder(tmp_path, users=OLD)  # without lastUsed
    told = {name: here(tmp_path, *CHECK, "--quiet", "--verbose", "--format", name).stdout for name in SAYING}
    assert [name for name in SAYING if "no record" in told[name].replace('|| "no record"', "")] == []
    assert [name for name, words in SAYING.items() if words not in told[name]] == []
    assert "make it inactive first" not in "".join(told.values())


SAYING = {
    "table": "90 d  default  unknown    2026-04-01",
    "markdown": "| <code>default</code> | unknown | 2026-04-01 |",
    "html": '"default",null,""',
    "json": '"lastUsedKnown":false',
    "csv": ",,false,",
}


def test_verbose_tells_how_to_resolve(tmp_path: Path) -> None:
    used = OLD.replace('"}]}', '","lastUsed":"2026-11-22T00:00:00Z"}]}')
    second = used.replace("]}", "," + KEY % ("NEW", "2026-11-20T00:00:00Z") + "]}")
    done = here(policy_folder(tmp_path, users=second), *CHECK, "--verbose")
    steps = ["create-access-key", "--status Inactive", "delete-access-key", "list-access-keys"]
    text = done.stdout.partition("   1. ")[2]
    assert [text.find(step) for step in steps] == sorted(text.find(step) for step in steps)
    assert "aws iam update-access-key --user-name old --access-key-id AKIAOLD --status Inactive" in text
    assert "The user already has two keys" in done.stdout
    assert "Time left: none, the key was due on 2026-04-01 00:00 UTC, 236 days ago." in text


def test_an_account_that_matters_but_is_not_in_the_inventory_is_warned_about(tmp_path: Path) -> None:
    policy = (
        "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules:\n  - {id: a, accounts: '000000000009', maxAccessKeyAge: 9}"
    )
    folder = policy_folder(tmp_path, policy)
    (folder / "accounts.yaml").write_text("version: 1\naccounts: [{id: 000000000001}]\n")
    assert here(folder, *CHECK).stderr == (
        'warning: policies.yaml:4:23: the account 000000000009 is not in the inventory: did you mean "000000000001"?\n'
    )


TERRAFORM = {
    "version": 4,
    "terraform_version": "1.11.4",
    "serial": 1,
    "lineage": "x",
    "outputs": {},
    "resources": [
        {
            "mode": "managed",
            "type": "aws_iam_access_key",
            "name": "this",
            "provider": 'provider["registry.terraform.io/hashicorp/aws"]',
            "instances": [{"index_key": "a b", "attributes": {"id": "AKIAOLD", "user": "old", "secret": "s3cr3t"}}],
        }
    ],
}


def test_a_key_of_terraform_has_its_address_and_the_advice_of_terraform(tmp_path: Path) -> None:
    policy_folder(tmp_path, users=OLD)
    (tmp_path / "t.tfstate").write_text(json.dumps(TERRAFORM))
    command = ("check", "--from", "s.jsonl", "--now", NOW, "--terraform-state", "t.tfstate")
    data = here(tmp_path, *command, "--format", "json")
    assert json.loads(data.stdout)["keys"][0]["terraformAddress"] == 'aws_iam_access_key.this["a b"]'
    told = here(tmp_path, *command, "--verbose")
    assert "terraform apply -replace='aws_iam_access_key.this[\"a b\"]'" in told.stdout
    assert "aws iam delete-access-key" not in told.stdout
    assert "s3cr3t" not in data.stdout + told.stdout + told.stderr


UNREAD_STATES = {
    "cut.tfstate": ('{"version": 4, "serial": 1, "resources": [', "cut.tfstate: broken or cut off: "),
    "newer.tfstate": ('{"version": 5, "serial": 1}', "newer.tfstate: state of version 5 is not known, "),
    "empty.tfstate": ("", "empty.tfstate: the file is empty: save it again; "),
    "sealed.tfstate": ('{"serial": 1, "encrypted_data": ""}', "sealed.tfstate is encrypted: let OpenTofu decrypt it"),
}


@pytest.mark.parametrize("name", UNREAD_STATES)
@pytest.mark.parametrize(("users", "arguments"), [(OLD, []), (YOUNG, []), (OLD, ["--exit-zero", "--quiet"])])
def test_a_broken_terraform_state_keeps_no_verdict_back(
    name: str, users: str, arguments: list[str], tmp_path: Path
) -> None:
    policy_folder(tmp_path, users=users)
    (tmp_path / "t.tfstate").write_text(json.dumps(TERRAFORM))
    text, message = UNREAD_STATES[name]
    (tmp_path / name).write_text(text)
    states = ("--terraform-state", name, "--terraform-state", "t.tfstate")
    done = here(tmp_path, *CHECK, *states, *arguments, "--format", "json")
    keys = json.loads(done.stdout)["keys"]
    expected = {"OLD": 'aws_iam_access_key.this["a b"]', "YOUNG": None}
    assert [key["terraformAddress"] for key in keys] == [expected["OLD" if users == OLD else "YOUNG"]]
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.endswith("; the keys in it are shown without their Terraform address\n")


def test_a_terraform_state_that_is_not_there_is_a_mistake_before_anything_is_read(tmp_path: Path) -> None:
    policy_folder(tmp_path)
    done = here(tmp_path, "check", "--from", "none.jsonl", "--terraform-state", "none.tfstate")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: cannot read none.tfstate: No such file or directory\n"


def test_terraform_state_that_does_not_tell_the_account_is_unreadable(tmp_path: Path) -> None:
    policy_folder(tmp_path)
    (tmp_path / "t.tfstate").write_text(json.dumps(TERRAFORM))
    done = keyage(tmp_path, "check", "--from", "t.tfstate", "--now", NOW)
    assert (done.returncode, "1 account UNREADABLE" in done.stdout) == (3, True)
    explained = keyage(tmp_path, "explain", "old", "--from", "t.tfstate")
    assert explained.returncode == 3
    where = "an account that is not certain, which could not be read: the account of "
    assert explained.stderr.startswith(f"error: t.tfstate: old may have keys in {where}")


@pytest.mark.parametrize("name", ["table", "json", "markdown", "html", "csv", "junit"])
def test_one_key_of_terraform_that_cannot_be_judged_hides_no_other(name: str, tmp_path: Path) -> None:
    policy_folder(tmp_path)
    twice = [key("AKIATWICE", "ann", "b"), key("AKIATWICE", "ann", "c", attributes={"status": "Inactive"})]
    things = [user("ann", ONE, "a"), user("bob", ONE, "b"), key("AKIABOB", "bob", "d"), *twice]
    (tmp_path / "t.tfstate").write_text(version_4(things))
    done = here(tmp_path, "check", "--from", "t.tfstate", "--now", NOW, "--format", name)
    told = html.unescape(done.stdout)
    assert (done.returncode, "AKIABOB" in told, "AKIATWICE" in told) == (3, True, False)
    assert "contradicts itself about" in told


def test_a_terraform_file_that_is_none_is_a_mistake(tmp_path: Path) -> None:
    policy_folder(tmp_path)
    done = here(tmp_path, "check", "--from", "s.jsonl", "--terraform-state", "policies.yaml")
    assert (done.returncode, "terraform show -json" in done.stderr) == (2, True)


@pytest.mark.parametrize("created", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+14:00"])
@pytest.mark.parametrize("name", ["table", "json", "csv"])
def test_a_key_of_no_time_of_ours_is_open_and_hides_no_other(created: str, name: str, tmp_path: Path) -> None:
    odd = OLD.replace("2026-01-01T00:00:00Z", created).replace("AKIAOLD", "AKIAODD").replace('"old"', '"odd"')
    policy_folder(tmp_path, users=f"{OLD},{odd}")
    done = here(tmp_path, "check", "--from", "s.jsonl", "--now", NOW, "--format", name)
    assert (done.returncode, "AKIAOLD" in done.stdout, "end of the calendar" in done.stdout) == (3, True, True)


@pytest.mark.parametrize("status", ["active", "Active ", ""])
def test_a_status_that_iam_does_not_know_is_not_taken_for_inactive(status: str, tmp_path: Path) -> None:
    policy_folder(tmp_path, users=OLD.replace('"Active"', f'"{status}"'))
    done = here(tmp_path, "check", "--from", "s.jsonl", "--now", NOW)
    assert (done.returncode, "s.jsonl:1: not a keyage snapshot" in done.stdout + done.stderr) == (3, True)
