"""`keyage render` and `render --check` against a real folder, as a real process once for every exit code."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from checker.errors import BUG_EXIT
from tests.support.processes import NOW, POLICY, here, keyage

INVENTORY = "version: 1\naccounts:\n  - {id: 111122223333, name: prod-web}\n"
RULE = "rules:\n  - {id: prod, accounts: prod-*, users: svc-*, maxAccessKeyAge: 30}\n"
SUMMARY = """\
build: 23 files, 23 new
  every account: custom rule, no remediation
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policies.yaml").write_text(POLICY + RULE)
    (tmp_path / "accounts.yaml").write_text(INVENTORY)
    return tmp_path


@pytest.fixture(scope="module")
def first_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered")
    (folder / "policies.yaml").write_text(POLICY + RULE)
    (folder / "accounts.yaml").write_text(INVENTORY)
    done = keyage(folder, "render", "--now", NOW)
    assert (done.returncode, done.stdout, done.stderr) == (0, SUMMARY, "")
    return folder / "build"


@pytest.fixture
def rendered(first_build: Path, folder: Path) -> Path:
    """The folder with what `render` wrote of its policy, for every test its own."""
    shutil.copytree(first_build, folder / "build")
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_nothing_to_do_the_second_time(rendered: Path) -> None:
    folder = rendered
    before = everything(folder)
    again = here(folder, "render", "-o", "build", "--now", NOW)
    assert again.stdout == SUMMARY.replace("23 new", "nothing changed")
    check = here(folder, "render", "-o", "build", "--check", "--now", NOW)
    assert (check.returncode, check.stdout) == (0, "build is what the policy renders: 23 files\n")
    assert everything(folder) == before


def test_the_bytes_depend_on_nothing_but_policy_and_inventory(rendered: Path, tmp_path: Path) -> None:
    elsewhere = {"TZ": "Asia/Kathmandu", "LC_ALL": "C", "PYTHONHASHSEED": "7", "HOME": str(tmp_path)}
    done = keyage(rendered, "render", "-o", "other", "--now", "2030-01-01", "--quiet", **elsewhere)
    assert (done.returncode, done.stdout) == (0, "")
    assert everything(rendered / "other") == everything(rendered / "build")


def test_the_manifest_is_what_the_design_says(first_build: Path) -> None:
    manifest = json.loads((first_build / "manifest.json").read_text())
    files = manifest.pop("files")
    policy = hashlib.sha256((POLICY + RULE).encode()).hexdigest()
    assert manifest == {"policySha256": policy, "rule": "custom", "maxAccessKeyAge": None}
    assert sorted([*files, "manifest.json"]) == sorted(everything(first_build))


def test_where_one_number_says_it_all_the_manifest_has_it(rendered: Path) -> None:
    (rendered / "policies.yaml").write_text(POLICY)
    assert here(rendered, "render").stdout.endswith("\n  every account: managed rule, 90 days, no remediation\n")
    manifest = json.loads((rendered / "build/manifest.json").read_text())
    assert (manifest["rule"], manifest["maxAccessKeyAge"]) == ("managed", 90)


def test_check_lists_what_differs_and_writes_nothing(rendered: Path) -> None:
    folder = rendered
    (folder / "policies.yaml").write_text(f"{POLICY.replace('90', '91')}remediation: {{action: deactivate}}\n")
    before = everything(folder)
    done = keyage(folder, "render", "--check", "--now", NOW)
    assert (done.returncode, done.stderr) == (1, "")
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0] == "build differs from what the policy renders:"
    assert "differs    policy.json  (+3 -5 lines)" in lines
    assert "missing    terraform/account/remediation.tf" in lines
    assert "left over  terraform/account/evaluation.tf" in lines
    assert lines[-1] == "Write them with: keyage render -o build"
    assert everything(folder) == before


def test_what_somebody_put_beside_the_modules_is_a_difference(rendered: Path) -> None:
    folder = rendered
    (folder / "build/terraform/organization/extra.tf").write_text("x")
    before = everything(folder)
    checked = here(folder, "render", "--check", "--now", NOW)
    move = "move it to a folder of your own that calls this one as a module"
    listed = "  stranger   terraform/organization/extra.tf  (Terraform reads it too)"
    heading = "build differs from what the policy renders:"
    assert (checked.returncode, checked.stderr) == (1, "")
    assert checked.stdout.splitlines() == [heading, listed, f"What keyage did not write: {move}"]
    done = here(folder, "render", "--now", NOW)
    warning = f"build/terraform/organization/extra.tf is not from keyage, but Terraform reads it too: {move}"
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (0, [f"warning: {warning}"])
    assert everything(folder) == before
    (folder / "build/terraform/account/main.tf").write_text("x")
    both = here(folder, "render", "--check", "--now", NOW).stdout.splitlines()
    assert both[-2:] == ["Write the others with: keyage render -o build", f"What keyage did not write: {move}"]


def test_a_file_that_is_rendered_no_more_is_removed_but_not_what_is_yours(rendered: Path) -> None:
    folder = rendered
    before = everything(folder / "build")
    (folder / "build/terraform/account/terraform.tfstate").write_text("state")
    (folder / "policies.yaml").write_text(POLICY)
    assert here(folder, "render").returncode == 0
    after = everything(folder / "build")
    removed = ("evaluation.tf", "lambda.zip", "lambda/index.py")
    assert before.keys() - after.keys() == {f"terraform/account/{name}" for name in removed}
    assert after.keys() - before.keys() == {"terraform/account/terraform.tfstate"}


def test_every_account_gets_the_same(first_build: Path) -> None:
    """Which account an entry is for stands in the code by ids, and in no file's name."""
    assert [path for path in everything(first_build) if "prod" in path or "111122223333" in path] == []
    policy = json.loads((first_build / "policy.json").read_text())
    assert policy["accountSets"] == {"set1": ["111122223333"]}
    assert [rule["accounts"] for rule in policy["rules"]] == [{"certain": ["set1"], "open": ["others"]}]


@pytest.mark.parametrize(
    ("inventory", "code", "said"),
    [
        (
            "version: 1\naccounts:\n  - {id: 111122223333}\n",
            2,
            "policies.yaml:4:26: prod: the inventory does not say the name of account 111122223333",
        ),
        ("version: 1\naccounts: x\n", 2, "accounts.yaml:2:11:"),
    ],
)
def test_what_cannot_be_resolved_leaves_the_old_tree(rendered: Path, inventory: str, code: int, said: str) -> None:
    folder = rendered
    (folder / "accounts.yaml").write_text(inventory)
    before = everything(folder)
    done = here(folder, "render")
    assert (done.returncode, said in done.stderr) == (code, True)
    assert everything(folder) == before


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_a_selector_that_selects_no_account_is_refused(check: list[str], folder: Path) -> None:
    (folder / "policies.yaml").write_text(POLICY + RULE.replace("prod-*", "nobody-*"))
    done = here(folder, "render", *check, "--now", NOW)
    message = "nobody-*: no account in the inventory has this name; there are: prod-web"
    assert (done.returncode, done.stderr) == (2, f"error: policies.yaml:4:26: {message}\n")
    assert not (folder / "build").exists()


def test_without_an_inventory_only_ids_select(folder: Path) -> None:
    (folder / "accounts.yaml").unlink()
    done = here(folder, "render", "--now", NOW)
    message = "prod-*: no account is in the inventory, so this selects none: write it with `keyage inventory`"
    assert (done.returncode, done.stderr) == (2, f"error: policies.yaml:4:26: {message}\n")
    (folder / "policies.yaml").write_text(POLICY + RULE.replace("prod-*", "'444455556666'"))
    done = here(folder, "render", "--now", NOW)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((folder / "build/policy.json").read_text())["accountSets"] == {"set1": ["444455556666"]}


def test_what_is_open_in_an_account_that_is_not_listed_is_warned_about_or_refused(folder: Path) -> None:
    exemption = "reason: r, approvedBy: a, expires: 2027-01-31"
    named = f"exemptions:\n  - {{id: box, accounts: '444455556666', users: x, {exemption}}}\n"
    (folder / "policies.yaml").write_text(POLICY + RULE + named)
    unlisted = "policies.yaml:6:25: the account 444455556666 is not in the inventory"
    message = (
        "policies.yaml:4:26: prod: the inventory does not list 444455556666, so whether this applies there is open:"
        " keys that depend on it get no verdict and are not touched; run `keyage inventory`"
    )
    done = here(folder, "render", "--now", NOW)
    assert (done.returncode, done.stderr) == (0, f"warning: {unlisted}\nwarning: {message}\n")
    assert here(folder, "render", "--strict", "-o", "other", "--now", NOW).returncode == 2
    assert not (folder / "other").exists()


def test_what_cfn_lint_refuses_is_a_bug_and_not_written(folder: Path) -> None:
    broken = folder / "sitecustomize.py"
    broken.write_text(
        "from checker.generate import cloudformation\n"
        "plain = cloudformation.template\n"
        "cloudformation.template = lambda each: plain(each).replace('SourceIdentifier', 'SourceIdentifer')\n"
    )
    done = keyage(folder, "render", PYTHONPATH=str(folder))
    assert done.returncode == BUG_EXIT
    assert "error: cfn-lint refuses what keyage rendered: a bug in keyage, please report it" in done.stderr
    assert "cloudformation/keyage.yaml:" in done.stderr
    assert not (folder / "build").exists()


def test_a_folder_that_cannot_be_written_is_a_usage_error(folder: Path) -> None:
    (folder / "build").write_text("a file")
    done = keyage(folder, "render")
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def test_the_cost_of_the_accounts_in_the_inventory_writes_nothing(folder: Path) -> None:
    before = everything(folder)
    done = keyage(folder, "render", "--cost", "--format", "json", "--now", NOW)
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(done.stdout)[name] for name in ("accounts", "users", "nonCompliant")] == [1, 50, 1]
    assert (
        here(folder, "render", "--cost", "--accounts", "7").stdout.splitlines()[1].startswith("7 accounts of 50 users")
    )
    assert everything(folder) == before


def test_the_cost_may_go_into_a_file_but_not_over_the_policy(folder: Path) -> None:
    done = here(folder, "render", "--cost", "--format", "json=policies.yaml")
    assert (done.returncode, (folder / "policies.yaml").read_text()) == (2, POLICY + RULE)
    assert here(folder, "render", "--cost", "--format", "table", "--format", "json=cost.json").returncode == 0
    assert json.loads((folder / "cost.json").read_text())["rule"] == "custom"


@pytest.mark.parametrize(
    "arguments", [("--accounts", "7"), ("--users", "7"), ("--non-compliant", "7"), ("--format", "json")]
)
def test_what_a_cost_is_for_says_nothing_without_it(folder: Path, arguments: tuple[str, str]) -> None:
    done = here(folder, "render", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{arguments[0]} is for --cost: add it, or leave this out" in done.stderr
    assert not (folder / "build").exists()


def test_what_the_environment_says_of_a_cost_is_in_nobodys_way(folder: Path) -> None:
    assert here(folder, "render", KEYAGE_FORMAT="json", KEYAGE_USERS="7").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--check",), "--check says nothing with --cost"),
        (("-o", "x"), "--output says nothing with --cost"),
        (("--users", "3", "--non-compliant", "100"), "--non-compliant 100 is more than --users 3"),
    ],
)
def test_what_a_cost_cannot_be_asked_with(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    done = here(folder, "render", "--cost", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_which_file_is_where_a_folder_should_be(folder: Path) -> None:
    done = here(folder, "render", "-o", "accounts.yaml/x")
    assert (done.returncode, done.stdout) == (4, "")
    assert "accounts.yaml is a file: move it away, or name another folder" in done.stderr


FIRST = ("--before", "before.yaml", "--first-account", "111122223333")
HELD = [
    "  1 account first: custom rule, no remediation",
    "  all others: custom rule, no remediation; they keep before.yaml until you render without --before",
]
WAS_STAGED = "build was rendered with --before and --first-account: 111122223333 first."


@pytest.fixture
def changing(folder: Path) -> Path:
    """A policy that differs from the one before in what it says of bot-*."""
    (folder / "before.yaml").write_text(POLICY + RULE)
    (folder / "policies.yaml").write_text(f"{POLICY}{RULE}  - {{id: bots, users: bot-*, maxAccessKeyAge: 30}}\n")
    return folder


def test_a_change_reaches_some_accounts_first_and_then_all(changing: Path) -> None:
    done = keyage(changing, "render", *FIRST, "--now", NOW)
    assert (done.returncode, done.stderr, done.stdout.splitlines()[1:]) == (0, "", HELD)
    shipped = json.loads((changing / "build/policy.json").read_text())
    assert (shipped["firstAccounts"], shipped["before"]["rules"]) == (["111122223333"], ["prod"])
    manifest = json.loads((changing / "build/manifest.json").read_text())
    sha256 = hashlib.sha256((POLICY + RULE).encode()).hexdigest()
    assert manifest["before"] == {"policySha256": sha256, "firstAccounts": ["111122223333"]}
    assert here(changing, "render", *FIRST, "--check").returncode == 0
    assert here(changing, "render", "--check").returncode == 1
    promoted = here(changing, "render")
    assert promoted.stdout.splitlines()[0].endswith(
        " files, 6 changed"
    )  # the policy, its code twice, the template, the README, the list
    assert promoted.stdout.splitlines()[2:] == [f"  {WAS_STAGED} Now every account has the change"]
    assert "before" not in json.loads((changing / "build/policy.json").read_text())
    assert len(here(changing, "render").stdout.splitlines()) == 2


def test_the_readme_tells_both_policies_and_who_has_which(changing: Path) -> None:
    readme = changing / "build/terraform/account/README.md"
    assert here(changing, "render").returncode == 0
    assert "The first accounts" not in readme.read_text()
    assert here(changing, "render", *FIRST).returncode == 0
    text = readme.read_text()
    first, others = text[text.index("### The first accounts") : text.index("## Usage")].split("### All other accounts")
    assert "The new policy: 111122223333." in first
    assert [("| `bots` | 30 days |" in each, "| `prod` | 30 days |" in each) for each in (first, others)] == [
        (True, True),
        (False, True),
    ]


def advice(folder: Path, *arguments: str) -> list[str]:
    """What `render --check` says below the list of what differs."""
    done = here(folder, "render", "--check", *arguments)
    assert done.returncode == 1
    return [line for line in done.stdout.splitlines()[1:] if not line.startswith("  ")]


def test_check_names_a_command_with_what_was_typed(changing: Path) -> None:
    write = f"Write them with: keyage render -o build {' '.join(FIRST)}"
    assert advice(changing, *FIRST) == [write]  # nothing is rendered yet
    assert here(changing, "render").returncode == 0
    was_for_all = "build was rendered without --before and --first-account: with one policy for every account."
    assert advice(changing, *FIRST) == [was_for_all, write]
    assert here(changing, "render", *FIRST).returncode == 0
    (changing / "before.yaml").write_text(POLICY)
    other = "build was rendered with another policy before, or for other first accounts: 111122223333."
    assert advice(changing, *FIRST) == [other, write]
    named = ("--policy", "before.yaml", "--inventory", "accounts.yaml")
    assert advice(changing, *named, "-o", "a b") == [f"Write them with: keyage render -o 'a b' {' '.join(named)}"]


def test_check_without_the_options_does_not_advise_to_end_a_change_of_some_accounts_first(changing: Path) -> None:
    assert here(changing, "render", *FIRST).returncode == 0
    said = "Check with the same options. To give the change to every account: keyage render -o build"
    assert advice(changing) == [WAS_STAGED, said]


def test_a_folder_of_an_older_release_does_not_tell_which_accounts_are_first(changing: Path) -> None:
    assert here(changing, "render", *FIRST).returncode == 0
    manifest = json.loads((changing / "build/manifest.json").read_text())
    del manifest["before"]["firstAccounts"]
    (changing / "build/manifest.json").write_text(json.dumps(manifest))
    assert advice(changing)[0] == WAS_STAGED.replace("111122223333", "some accounts")


def test_an_account_that_is_not_among_the_first_any_more_is_told(changing: Path) -> None:
    (changing / "accounts.yaml").write_text(f"{INVENTORY}  - {{id: 444455556666, name: dev}}\n")
    assert here(changing, "render", *FIRST, "--first-account", "444455556666").returncode == 0
    done = here(changing, "render", *FIRST)
    assert done.stdout.splitlines()[1:] == [
        *HELD,
        "  not among the first any more, back to before.yaml: 444455556666",
    ]


def test_the_policy_before_may_be_that_of_a_revision(changing: Path) -> None:
    (changing / "policies.yaml").write_text((changing / "before.yaml").read_text())
    for arguments in (
        ["init", "-q"],
        ["add", "policies.yaml"],
        ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "m"],
    ):
        subprocess.run(["git", *arguments], cwd=changing, check=True)  # noqa: S607 -- the machine's git
    (changing / "policies.yaml").write_text(f"{POLICY}{RULE}  - {{id: bots, users: bot-*, maxAccessKeyAge: 30}}\n")
    done = here(changing, "render", "--before", "git:HEAD", "--first-account", "111122223333")
    assert done.stdout.splitlines()[1:] == [line.replace("before.yaml", "git:HEAD") for line in HELD]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (FIRST[:2], "--before and --first-account belong together"),
        (FIRST[2:], "--before and --first-account belong together"),
        ((*FIRST[:3], "prod-web"), "--first-account prod-web: write the id of an account, 12 digits"),
        ((*FIRST[:3], "111122223334"), "the account is not in the inventory: did you mean 111122223333?"),
        (("--before", "none.yaml", *FIRST[2:]), "cannot read the policy none.yaml"),
        ((*FIRST, "--cost", "--format", "json=before.yaml"), "--before before.yaml, the same file"),
    ],
)
def test_what_cannot_reach_some_accounts_first_is_a_usage_error(
    changing: Path, arguments: tuple[str, ...], message: str
) -> None:
    before = everything(changing)
    done = here(changing, "render", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert everything(changing) == before
