"""validate, explain, schema and permissions."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.permissions import VERBS, policy_document
from checker.policy.yaml.check import schema_text
from tests.sources.saved.terraform_states import ONE, TWO, Thing, key, user, version_4
from tests.support.processes import NOW, environment, here, keyage

GOLDEN = Path(__file__).parent.parent / "golden" / "explain"
POLICY = """\
version: 1
default:
  maxAccessKeyAge: 90
rules:
  - id: crown
    accounts: {ou: Root/*/Prod, tags: {env: prod}}
    users: {tags: {team: pay*}}
    maxAccessKeyAge: 10
  - id: prod-service-users
    accounts: [prod-*, "000000000012"]
    users: {path: /service/*, name: [svc-*, bot-*]}
    maxAccessKeyAge: 30
  - id: people
    users: {path: /people/}
    maxAccessKeyAge: 60
exemptions:
  - {id: over, users: svc-ledger, reason: r, approvedBy: a, expires: 2026-11-01}
  - {id: one-key, users: svc-*, keys: [AKIAONE], reason: a vendor, approvedBy: security, expires: 2026-12-24}
"""
INVENTORY = "version: 1\naccounts:\n  - {id: 111122223333, name: prod-payments, ou: Root/W/Prod, tags: {env: dev}}\n"
ACCOUNT = ("--account", "111122223333")
EXPLANATIONS = {
    "explain-service-user.txt": (0, ["svc-ledger", *ACCOUNT, "--path", "/service/eu/", "--no-tags"]),
    "explain-person.txt": (0, ["joe", "--account", "prod-payments", "--path", "/people/", "--tag", "team=web"]),
    "explain-default.txt": (0, ["joe", "--account", "000000000012", "--path", "/x/", "--no-tags"]),
    "explain-unknown-path.txt": (3, ["svc-ledger", *ACCOUNT, "--no-tags"]),
    "explain-unknown-account.txt": (3, ["svc-ledger", "--path", "/service/", "--tag", "team=pay"]),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "policies.yaml").write_text(POLICY)
    (tmp_path / "accounts.yaml").write_text(INVENTORY)
    return tmp_path


@pytest.mark.golden
@pytest.mark.parametrize("golden", EXPLANATIONS)
def test_explain(folder: Path, golden: str, file_regression: FileRegressionFixture) -> None:
    code, arguments = EXPLANATIONS[golden]
    done = here(folder, "explain", *arguments, "--now", NOW, "--quiet")
    assert (done.returncode, done.stderr) == (code, "")
    file_regression.check(done.stdout, fullpath=GOLDEN / golden, encoding="utf-8")


def test_explain_is_told_the_groups_of_a_user_or_finds_them_in_a_snapshot(tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text(
        "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules: [{id: devs, users: {group: dev*}, maxAccessKeyAge: 30}]"
    )
    user = '{"name":"joe","path":"/","tags":null,"groups":["ops","devs"],"keys":[]}'
    (tmp_path / "iam.jsonl").write_text(f'{{"id":"111122223333","name":"a","users":[{user}]}}\n')
    ways = [["--group", "devs", "--group", "ops"], ["--from", "iam.jsonl"], ["--no-groups"], []]
    ends = [keyage(tmp_path, "explain", "joe", *ACCOUNT, *way, "--quiet") for way in ways]
    assert [done.returncode for done in ends] == [0, 0, 0, 3]
    said = ["days, by devs", "days, by devs", "days, by default", "user group is not known, wanted dev*"]
    assert [text for text, done in zip(said, ends, strict=True) if text not in done.stdout] == []


UNCERTAIN = key("AKIALOST", "joe", "lost", provider="aws.elsewhere")
OPEN = key("AKIAOPEN", "joe", "open", attributes={"status": None})
ANN, JOE = user("ann", ONE, "ann"), user("joe", ONE, "joe")


@pytest.mark.parametrize(
    ("name", "things", "account", "code", "out", "err"),
    [
        ("joe", [JOE, key("AKIA1", "joe")], None, 0, "Key AKIA1: Active, 114 days old: NON_COMPLIANT\n", ""),
        ("joe", [JOE, ANN, key("AKIAOPEN", "ann", attributes={"status": None})], None, 0, "matches everything\n", ""),
        ("joe", [JOE, UNCERTAIN], None, 3, "joe may have keys in an account that is not certain, which could not", ""),
        ("joe", [JOE, UNCERTAIN], ONE, 3, "joe may have keys in an account that is not certain, which could not", ""),
        ("joe", [JOE, key("AKIA1", "joe"), OPEN], None, 3, f"joe has keys in {ONE} that could not be read: no cre", ""),
        ("joe", [JOE, OPEN], None, 3, "", f"error: t.json: joe has keys in {ONE} that could not be read: no create_"),
        ("eve", [JOE, UNCERTAIN], None, 3, "", "error: t.json: eve may have keys in an account that is not certain,"),
        ("eve", [JOE, OPEN], None, 2, "", "error: t.json has no user eve\n"),
        ("joe", [JOE, OPEN], TWO, 2, "", f"error: --account {TWO}: t.json has no such account\n"),
    ],
)
def test_explain_says_what_could_not_be_read_of_the_user(
    folder: Path, name: str, things: list[Thing], account: str | None, code: int, out: str, err: str
) -> None:
    (folder / "policies.yaml").write_text("version: 1\ndefault: {maxAccessKeyAge: 90}\n")
    (folder / "t.json").write_text(version_4(things))
    which = ["--account", account] if account else []
    done = here(folder, "explain", name, "--from", "t.json", *which, "--now", NOW)
    assert (done.returncode, out in done.stdout, done.stdout == "") == (code, True, out == "")
    assert (err in done.stderr, done.stderr == "") == (True, err == "")


ASKING = """\
version: 1
default: {maxAccessKeyAge: 90}
rules:
  - {id: a, %s, maxAccessKeyAge: 30}
"""


@pytest.mark.parametrize(
    ("selectors", "given", "asked"),
    [
        ("users: {path: /a/}", [], "user path. Give --path"),
        ("users: {path: /a/, tags: {team: x}}", ["--path", "/a/"], "user tag team. Give --tag team=VALUE or --no-tags"),
        ("users: {tags: {cost center: x}}", [], "user tag cost center. Give --tag 'cost center=VALUE' or --no-tags"),
        ("users: {group: x}", ["--no-tags"], "user group. Give --group or --no-groups"),
        ("accounts: prod-*", [], "account name. Give --account"),
        ("accounts: '111122223333'", [], "account id. Give --account"),
        ("accounts: '111122223333'", ["--account", "a"], "account id. Give the account's id with --account"),
        ("accounts: prod-*", [*ACCOUNT], "account name. Give an inventory that has the account"),
        (
            "accounts: {ou: Root/*, name: prod-*}, users: {path: /a/}",
            [],
            "account OU, account name, user path. Give --account, an inventory that has the account, --path",
        ),
    ],
)
def test_explain_asks_for_what_is_missing_and_nothing_else(
    tmp_path: Path, selectors: str, given: list[str], asked: str
) -> None:
    (tmp_path / "policies.yaml").write_text(ASKING % selectors)
    done = here(tmp_path, "explain", "joe", *given, "--quiet")
    [line] = [line for line in done.stdout.splitlines() if "Give " in line]
    assert (done.returncode, line) == (3, f"  Not known: {asked}, or a snapshot with --from.")


TWINS = "version: 1\naccounts:\n  - {id: 111122223333, name: prod-a}\n  - {id: 444455556666, name: prod-b}\n"
SAVED = '{"id":"%s","name":"%s","users":[{"name":"joe","path":"/","tags":{},"keys":[]}]}\n'


def test_explain_takes_any_account_name_where_no_account_is_known(tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text(POLICY)
    done = keyage(tmp_path, "explain", "joe", "--account", "anything", "--path", "/people/", "--no-tags", "--quiet")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "joe (path /people/) in anything")


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("prod-a", None),
        ("444455556666", None),
        ("999999999999", None),  # an account that the inventory does not list
        ("Prod-B", "--account Prod-B: the inventory has no such account; the nearest: prod-b, prod-a"),
        ("web", "--account web: the inventory has no such account: give its id"),
    ],
)
def test_explain_says_which_account_is_not_known(tmp_path: Path, named: str, message: str | None) -> None:
    (tmp_path / "policies.yaml").write_text("version: 1\ndefault: {maxAccessKeyAge: 90}\n")
    (tmp_path / "accounts.yaml").write_text(TWINS)
    done = here(tmp_path, "explain", "joe", "--account", named)
    assert (done.returncode, done.stderr) == ((2, f"error: {message}\n") if message else (0, ""))


def test_explain_says_which_accounts_have_one_name(tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text("version: 1\ndefault: {maxAccessKeyAge: 90}\n")
    (tmp_path / "accounts.yaml").write_text(TWINS.replace("prod-b", "prod-a"))
    done = keyage(tmp_path, "explain", "joe", "--account", "prod-a")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: --account prod-a: 2 accounts have this name: give the id (111122223333, 444455556666)\n"
    )


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("web", "joe is in several accounts: name one with --account (111122223333, 444455556666)"),
        ("wep", "--account wep: s.jsonl has no such account; the nearest: web"),
        ("000000000009", "--account 000000000009: s.jsonl has no such account"),
    ],
)
def test_explain_says_which_saved_account_is_meant(tmp_path: Path, named: str, message: str) -> None:
    (tmp_path / "policies.yaml").write_text("version: 1\ndefault: {maxAccessKeyAge: 90}\n")
    (tmp_path / "s.jsonl").write_text(SAVED % ("111122223333", "web") + SAVED % ("444455556666", "web"))
    done = here(tmp_path, "explain", "joe", "--from", "s.jsonl", "--account", named)
    assert (done.returncode, done.stderr) == (2, f"error: {message}\n")


def test_validate_counts_what_is_valid(folder: Path) -> None:
    done = keyage(folder, "validate", "--now", NOW, "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert keyage(folder, "validate", "--now", NOW).stdout == (
        "policies.yaml: valid, 3 rules and 2 exemptions, 1 account in the inventory\n"
    )


def test_validate_lists_the_problems_of_both_files(folder: Path) -> None:
    (folder / "policies.yaml").write_text("version: 2\ndefault: {maxAccessKeyAge: 90}\n")
    (folder / "accounts.yaml").write_text("version: 2\naccounts: []\n")
    assert here(folder, "validate").stderr == (
        "error: accounts.yaml:1:10: version: 2 is not 1, the only version there is\n"
        "error: policies.yaml:1:10: version: 2 is not 1, the only version there is\n"
    )


@pytest.mark.parametrize("name", ["policy", "inventory"])
def test_schema_prints_the_schema_that_is_enforced(tmp_path: Path, name: str) -> None:
    assert here(tmp_path, "schema", name).stdout == schema_text(name)


@pytest.mark.parametrize("verb", ["check", "snapshot"])
def test_permissions_prints_the_policy_of_the_catalogue(tmp_path: Path, verb: str) -> None:
    assert json.loads(keyage(tmp_path, "permissions", verb).stdout) == policy_document(verb)


def test_permissions_tells_every_name_that_it_knows_and_what_it_is_for(tmp_path: Path) -> None:
    told = [line.split() for line in here(tmp_path, "permissions", "--help").stdout.splitlines()]
    assert {words[0] for words in told if len(words) > 1} >= set(VERBS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("remediate plan", "plan"),
        ("remediate apply", "remediate"),
        ("check  --organization", "organization"),
        ("snapshots", "snapshot"),
    ],
)
def test_permissions_of_a_verb_as_it_is_typed_are_suggested(tmp_path: Path, typed: str, meant: str) -> None:
    done = here(tmp_path, "permissions", typed)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"is none: did you mean {meant}?" in done.stderr


def test_permissions_of_what_is_like_nothing_lists_what_there_is(tmp_path: Path) -> None:
    assert "'remediate-organization', 'rotate'" in here(tmp_path, "permissions", "zzzz").stderr


@pytest.mark.parametrize("verb", ["validate", "schema", "permissions", "--help", "--version"])
def test_verbs_without_aws_do_not_import_boto3(folder: Path, verb: str) -> None:
    shows = "import sys; from checker.cli import main; main(sys.argv[1:]); "
    shows += "sys.exit(any(name.partition('.')[0] in ('boto3', 'botocore', 'rich', 'moto') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", shows, verb], cwd=folder, env=environment(), capture_output=True)
    assert done.returncode == 0
