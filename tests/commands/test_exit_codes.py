"""Every exit code, reached by the real command in a process; further ways to a code in this one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import (
    ACCOUNT,
    NOW,
    OLD,
    POLICY,
    STARTED_ANEW,
    YOUNG,
    environment,
    here,
    keyage,
    policy_folder,
)

CHECK = ("check", "--from", "s.jsonl", "--now", NOW)
BY_OU = "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules:\n  - {id: ou, accounts: {ou: Root/*}, maxAccessKeyAge: 9}\n"
UNREACHABLE = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "AWS_REGION": "us-east-1",
}


def test_0_when_every_key_is_compliant(tmp_path: Path) -> None:
    done = keyage(policy_folder(tmp_path), *CHECK)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout
        == "1 key judged of 1 user in 000000000001 web as of a time that is not known: 0 non-compliant, 0 exempt,"
        " 1 compliant, 0 not active\n"
    )


def test_0_for_exempt_keys(tmp_path: Path) -> None:
    policy = "version: 1\ndefault: {maxAccessKeyAge: 90}\nexemptions:\n"
    policy += "  - {id: e, users: old, reason: r, approvedBy: a, expires: 2027-01-31}\n"
    assert keyage(policy_folder(tmp_path, policy, OLD), *CHECK).returncode == 0


def test_1_for_a_non_compliant_key(tmp_path: Path) -> None:
    assert keyage(policy_folder(tmp_path, users=f"{YOUNG},{OLD}"), *CHECK).returncode == 1


def test_exit_zero_turns_1_into_0(tmp_path: Path) -> None:
    assert keyage(policy_folder(tmp_path, users=OLD), *CHECK, "--exit-zero").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["bogus"], "No such command 'bogus'"),
        (["check", "--bogus"], "No such option"),
        (["check", "--now", "yesterday"], "is not an ISO 8601 instant"),
        (["check", "--format", "xml"], "unknown format; there are table, json"),
        (["check", "--format", "table", "--format", "json"], "two formats for standard output"),
        (["check", "--from", "none.json"], "cannot read none.json: No such file or directory"),
        (["check", "--profile", "none"], "aws configure list-profiles"),
        (["check", "--now", "9999-12-31"], "is not between 1970 and 2999"),
        (["validate", "--now", "0001-01-01T00:00:00+14:00"], "is not between 1970 and 2999"),
        (["check", "--deadline", "inf"], "is not in the range"),
        (["explain", "a", "--path", "/people"], "begins and ends with /, such as /service/; did you mean /people/?"),
        (["explain", "a", "--path", "people"], "did you mean /people/?"),
        (["explain", "a", "--tag", "a=b", "--no-tags"], "contradict each other: leave one of them out"),
        (["explain", "a", "--group", "b", "--no-groups"], "--group and --no-groups contradict each other"),
        (["check", "--format", "json=x", "--format", "csv=x"], "two formats for x; give each a file of its own"),
        (["check", "--format", "json=x", "--format", "csv=./y/../x"], "two formats for x; give each a file of its own"),
        (["validate", "--policy", "none.yaml"], "cannot read the policy none.yaml"),
        (["explain"], "Missing argument 'USER'"),
        (["explain", "u", "--tag", "x"], "write KEY=VALUE"),
        (["explain", "nobody", "--from", "s.jsonl"], "s.jsonl has no user nobody"),
        (["schema", "bogus"], "is not one of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_2_for_wrong_usage(tmp_path: Path, arguments: list[str], message: str) -> None:
    run = keyage if arguments[0] in ("bogus", "schema") or arguments == ["explain"] else here
    done = run(policy_folder(tmp_path), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        (0, "diff policies.yaml strict.yaml --from s.jsonl", "1 becomes non-compliant"),  # a change is no finding
        (1, "test --tests failing.test.yaml", "0 passed, 1 failed"),
        (2, "explain nobody --from s.jsonl", "s.jsonl has no user nobody"),
        (2, "diff none.yaml policies.yaml", "none.yaml"),
        (2, "diff policies.yaml policies.yaml --from s.jsonl --live", "leave one of them out"),
        (2, "snapshot --inventory broken.yaml", "broken.yaml:1:10: version: 2 is not 1"),
        (2, "inventory -o broken.yaml", "broken.yaml:1:10: version: 2 is not 1"),
        (2, "drift --policy broken.yaml", "broken.yaml:1:10: version: 2 is not 1"),
        (2, "render --policy by-ou.yaml", "no account is in the inventory"),
        (2, "permissions bogus", "is not one of"),
        (3, "diff policies.yaml by-ou.yaml --from s.jsonl", "ou is not known"),
        (3, "inventory", "no AWS credentials were found"),
        (3, "drift", "no AWS credentials were found"),
        (3, "diff policies.yaml strict.yaml --live", "no AWS credentials were found"),
        (4, "init -o none/p.yaml", "cannot write none/p.yaml"),
        (4, "import-exemptions muted.yaml -o none/e.yaml", "cannot write none/e.yaml"),
        (4, "render -o policies.yaml/below", "cannot write policies.yaml/below"),
        (4, "diff policies.yaml policies.yaml --format json=none/d.json", "cannot write none/d.json"),
        (4, "test --tests failing.test.yaml --format junit=none/t.xml", "cannot write none/t.xml"),
    ],
)
def test_the_codes_of_the_other_verbs(tmp_path: Path, code: int, arguments: str, said: str) -> None:
    folder = policy_folder(tmp_path)
    files = {
        "strict.yaml": POLICY.replace("90", "3"),
        "by-ou.yaml": BY_OU,
        "broken.yaml": "version: 2\n",
        "failing.test.yaml": "tests: [{name: a, user: {name: x}, expect: {maxAccessKeyAge: 1}}]\n",
        "muted.yaml": "Mutelist: {Accounts: {}}\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    done = keyage(folder, *arguments.split(), KEYAGE_NOW=NOW)
    assert (done.returncode, said in done.stdout + done.stderr) == (code, True), done.stdout + done.stderr


def test_2_for_a_broken_policy_with_every_problem(tmp_path: Path) -> None:
    done = keyage(policy_folder(tmp_path, "version: 1\ndefault: {maxAccesKeyAge: 90}\nrules: 3\n"), *CHECK)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: policies.yaml:2:11: maxAccesKeyAge: did you mean maxAccessKeyAge?\n"
        'error: policies.yaml:3:8: rules: expected a list, found "3"\n'
    )


def test_2_for_warnings_where_they_are_strict(tmp_path: Path) -> None:
    policy = "version: 1\ndefault: {maxAccessKeyAge: 9}\nrules:\n  - {id: a, maxAccessKeyAge: 1}\n"
    policy += "  - {id: b, maxAccessKeyAge: 2}\n"
    warning = "policies.yaml:5:5: b: can never apply, because a in line 4 covers it completely\n"
    folder = policy_folder(tmp_path, policy)
    lax, strict = keyage(folder, "validate"), keyage(folder, "validate", "--strict")
    assert (lax.returncode, lax.stderr) == (0, "warning: " + warning)
    assert (strict.returncode, strict.stderr) == (2, "error: " + warning)


def test_2_without_a_policy(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    done = keyage(tmp_path, "validate")
    assert (done.returncode, "no policies.yaml in" in done.stderr) == (2, True)


def test_3_for_a_key_that_could_not_be_decided_whatever_else_was_found(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path, BY_OU, OLD)
    (folder / "s.jsonl").write_text(ACCOUNT % OLD + (ACCOUNT % YOUNG).replace("01", "02", 1))
    done = keyage(folder, *CHECK, "--exit-zero")
    assert done.returncode == 3
    assert "Undecided (1)\n" in done.stdout
    assert "1 key judged of 2 users in 2 accounts as of a time that is not known: 1 non-compliant," in done.stdout


def test_3_for_a_broken_snapshot(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path)
    (folder / "s.jsonl").write_text("{")
    done = keyage(folder, *CHECK)
    assert (done.returncode, "s.jsonl:1: the file is cut off: save it again" in done.stderr) == (3, True)


def test_3_for_a_snapshot_in_which_a_member_is_there_twice(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path)
    (folder / "s.jsonl").write_text((ACCOUNT % OLD).replace('"keys":', '"keys":[],"keys":'))
    done = keyage(folder, *CHECK)
    why = 's.jsonl:1: not a keyage snapshot: "keys" is there twice in $.users[0] (old): keep one of them'
    assert (done.returncode, f"  000000000001: {why}\n" in done.stdout, "1 account UNREADABLE" in done.stdout) == (
        3,
        True,
        True,
    )


def test_3_without_credentials(tmp_path: Path) -> None:
    done = keyage(policy_folder(tmp_path), "check")
    assert done.returncode == 3
    assert "account not known: no AWS credentials were found" in done.stdout


def test_3_when_aws_does_not_answer(tmp_path: Path) -> None:
    done = keyage(policy_folder(tmp_path), "snapshot", **UNREACHABLE)
    assert done.returncode == 3
    assert "the account could not be read: AWS did not answer" in done.stderr


def test_3_when_an_explanation_depends_on_what_is_not_known(tmp_path: Path) -> None:
    done = keyage(policy_folder(tmp_path, BY_OU), "explain", "u", "--account", "000000000001")
    assert (done.returncode, "cannot be told" in done.stdout) == (3, True)


def test_70_for_a_bug(tmp_path: Path) -> None:
    breaking = "import sys, checker.commands.validate as verb\n"
    breaking += "def run(*_): raise ValueError('\\x9b31m')\nverb.run = run\n"
    breaking += "from checker.cli import main; sys.exit(main(['validate']))"
    done = subprocess.run(
        [sys.executable, "-c", breaking], cwd=policy_folder(tmp_path), env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 70
    assert done.stderr.endswith("This is a bug in keyage: please report it with the lines above.\n")
    assert (r"\x9b31m" in done.stderr, "\x9b" in done.stderr) == (True, False)


def test_the_variable_is_named_where_the_value_came_from_it(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path)
    typed, exported = keyage(folder, "check", "--now", "x"), keyage(folder, "check", KEYAGE_NOW="x")
    said = [done.stderr.splitlines()[-1].partition(": ")[2].partition(': "')[0] for done in (typed, exported)]
    assert said == ["Invalid value for '--now'", "Invalid value for '--now' (env var: 'KEYAGE_NOW')"]


def test_130_when_interrupted(tmp_path: Path) -> None:
    folder = policy_folder(tmp_path)
    os.mkfifo(folder / "s.json")
    arguments = [*STARTED_ANEW, "check", "--from", "s.json"]
    with subprocess.Popen(arguments, cwd=folder, env=environment(), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        with (folder / "s.json").open("w"):  # opens when the command waits for what is written
            process.send_signal(signal.SIGINT)
            assert (process.stderr.read(), process.wait(timeout=30)) == ("interrupted\n", 130)


@pytest.mark.parametrize("output", ["json", "json=pipe"])
def test_4_where_the_reader_leaves_before_the_end(tmp_path: Path, output: str) -> None:
    many = ",".join(OLD.replace("OLD", f"OLD{number}").replace('"old"', f'"old{number}"') for number in range(5000))
    folder = policy_folder(tmp_path, users=many)
    os.mkfifo(folder / "pipe")
    pipe = subprocess.PIPE
    arguments = [*STARTED_ANEW, *CHECK, "--format", output]
    with subprocess.Popen(arguments, cwd=folder, env=environment(), stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        with process.stdout if output == "json" else (folder / "pipe").open("rb") as reader:
            reader.read(10)
        assert (process.stderr.read(), process.wait(timeout=30)) == (b"", 4)
