"""What steers a terminal reaches none, wherever it was written; one case of each kind is a real process."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from checker.errors import printable
from tests.support.processes import ACCOUNT, KEYAGE, NOW, OLD, POLICY, STARTED_ANEW, environment, here

# A window's title, red in 8 bits, DEL, the begin of the line, text that runs backwards.
ODD = "\x1b]0;x\x07\x9b31m\x7f\r\u202e"
SHOWN = "0;x"  # in whatever way the rest is shown
QUOTED = json.dumps(ODD)  # for JSON, and for YAML between double quotes
SNAPSHOT = ("--from", "s.jsonl", "--now", NOW)
ODD_FILES = ("--policy", f"{ODD}.yaml", "--inventory", "odd.inventory.yaml")
ODD_OLD = OLD.replace('"old"', QUOTED).replace("AKIAOLD", "AKIA" + QUOTED.strip('"'))
ODD_ACCOUNT = (ACCOUNT % ODD_OLD).replace('"web"', QUOTED)
ENTRY = f"reason: {QUOTED}, approvedBy: {QUOTED}, expires: 2027-01-31}}"
REPORT = (
    "user,arn,user_creation_time,access_key_1_active,access_key_1_last_rotated,access_key_2_active,"
    "access_key_2_last_rotated\n"
)
MUTED = "{Mutelist: {Accounts: {%s: {Checks: {iam_rotate_access_key_90_days: {Regions: ['*'], Resources: [%s]}}}}}}"
STATE = {
    "format_version": "1.0",
    "values": {"root_module": {"resources": [{
        "address": f'aws_iam_access_key.k["{ODD}"]', "mode": "managed", "type": "aws_iam_access_key", "name": "k",
        "index": ODD, "provider_name": "registry.terraform.io/hashicorp/aws", "schema_version": 0,
        "values": {"id": "AKIAOLD", "user": ODD, "status": "Active", "create_date": "2026-01-01T00:00:00Z"},
    }]}},
}  # fmt: skip
FILES = {
    "policies.yaml": POLICY,
    "twice.yaml": f"{POLICY}{QUOTED}: 1\n{QUOTED}: 2\n",
    "values.yaml": f"{POLICY}rules: [{{id: {QUOTED}, users: {QUOTED}, maxAccessKeyAge: {QUOTED}}}]\n",
    "warned.yaml": f"{POLICY}rules: [{{id: a, accounts: [{QUOTED}, x], maxAccessKeyAge: 1}}]\n",
    "exempt.yaml": f"{POLICY}exemptions: [{{id: e, accounts: {{name: {QUOTED}}}, {ENTRY}]\n",
    "accounts.yaml": "version: 1\naccounts: [{id: '000000000001', name: x}]\n",
    "odd.inventory.yaml": f"version: 1\naccounts: [{{id: '000000000001', name: {QUOTED}, ou: {QUOTED}}}]\n",
    "odd.test.yaml": f"tests: [{{name: {QUOTED}, user: {{name: {QUOTED}}}, expect: {{rule: {QUOTED}}}}}]\n",
    "s.jsonl": ODD_ACCOUNT,
    "member.jsonl": (ACCOUNT % OLD).replace('"tags":{}', f'"tags":{{{QUOTED}:"a",{QUOTED}:"b"}}'),
    "status.jsonl": (ACCOUNT % ODD_OLD).replace('"Active"', QUOTED),
    "twice.jsonl": ACCOUNT % f"{ODD_OLD},{ODD_OLD}",
    "r.csv": REPORT + f'"{ODD}",arn:aws:iam::000000000001:user/x,2026-01-01T00:00:00Z,"{ODD}",N/A,false,N/A\n',
    "state.json": json.dumps(STATE),
    "member.json": json.dumps(STATE).replace('"index"', f'{QUOTED}: 1, {QUOTED}: 2, "index"'),
    "muted.yaml": MUTED % (QUOTED, QUOTED),
    "muted-well.yaml": MUTED.replace("Resources:", f"Description: {QUOTED}, Resources:")
    % ("'*'", "svc-*-access-key-.*"),
    "broken.yaml": f"Mutelist: {{Accounts: {{{QUOTED}: {QUOTED}}}}}\n",
}
CASES = [
    (ODD,),
    (f"--{ODD}",),
    ("check", "--now", ODD),
    ("check", "--format", ODD),
    ("check", "--role-name", ODD, "--organization"),
    ("check", "--profile", ODD),
    ("check", *SNAPSHOT, "--format", f"json={ODD}/x"),
    ("explain", "x", "--account", ODD, "--inventory", "odd.inventory.yaml"),
    ("explain", ODD, "--account", ODD, "--tag", f"{ODD}={ODD}", "--group", ODD),
    ("explain", ODD, *SNAPSHOT),
    ("validate", "--policy", "twice.yaml"),
    ("validate", "--policy", "values.yaml"),
    ("validate", "--policy", "values.yaml", "--format", "github"),
    ("validate", "--policy", "warned.yaml", "--inventory", "accounts.yaml"),
    ("validate", "--policy", f"{ODD}.yaml"),
    ("explain", "x", "--policy", "exempt.yaml", "--account", "000000000001", "--inventory", "odd.inventory.yaml"),
    ("test", "--tests", "odd.test.yaml"),
    ("diff", "policies.yaml", "exempt.yaml", *SNAPSHOT),
    ("diff", f"git:{ODD}", "policies.yaml"),
    *(("check", *SNAPSHOT, "--verbose", "--format", name) for name in ("table", "markdown", "github", "html")),
    *(("check", *SNAPSHOT, *ODD_FILES, "--format", name) for name in ("table", "markdown", "github", "html")),
    ("check", "--from", "member.jsonl"),
    ("check", "--from", "status.jsonl", "--now", NOW, "--show", "all"),
    ("check", "--from", "twice.jsonl"),
    ("check", "--from", "r.csv"),
    ("check", "--from", "state.json", "--now", NOW, "--verbose"),
    ("check", "--from", "member.json"),
    ("check", *SNAPSHOT, "--terraform-state", "state.json", "--verbose"),
    ("import-exemptions", "muted.yaml"),
    ("import-exemptions", "muted-well.yaml"),
    ("import-exemptions", "broken.yaml"),
    ("init", "--output", f"{ODD}.new"),
    ("render", "-o", ODD),
    ("render", "-o", ODD, "--check"),
    ("schema", ODD),
]
# By every way out: click's, the message of an error, standard output, a file that is written, another program's words.
AS_PROCESSES = (
    (f"--{ODD}",),
    ("validate", "--policy", "values.yaml"),
    ("check", *SNAPSHOT, "--verbose", "--format", "table"),
    ("diff", f"git:{ODD}", "policies.yaml"),
    ("import-exemptions", "muted-well.yaml"),
    ("init", "--output", f"{ODD}.new"),
)
CONFIGURATIONS = {
    "region": {"AWS_REGION": ODD},
    "profile": {"AWS_PROFILE": ODD},
    "endpoint": {"AWS_ENDPOINT_URL": ODD},
    "option of keyage": {"KEYAGE_WARN_DAYS": ODD},
    "file": {"AWS_CONFIG_FILE": "aws.ini", "AWS_PROFILE": "odd"},
    "process": {"AWS_CONFIG_FILE": "process.ini"},
}
SAID = ODD.encode("unicode_escape").decode()  # by printf
SOURCE = ODD.replace("\r", "")
INI = {
    "aws.ini": f"[profile odd]\nsource_profile = {SOURCE}\nrole_arn = arn:aws:iam::000000000001:role/x\n",
    "device.ini": (
        "[profile base]\naws_access_key_id = x\naws_secret_access_key = x\n"
        f"[default]\nsource_profile = base\nrole_arn = arn:aws:iam::000000000001:role/x\nmfa_serial = {SOURCE}\n"
    ),
    "process.ini": f"[default]\ncredential_process = /bin/sh -c 'printf \"{SAID}\" >&2; exit 1'\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (FILES | INI).items():
        (tmp_path / name).write_text(text, newline="")
    (tmp_path / f"{ODD}.yaml").write_text(POLICY)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)  # noqa: S607 -- the user's git
    return tmp_path


def printed(folder: Path, *arguments: str, **extra: str) -> str:
    """What keyage writes to both streams."""
    done = here(folder, *arguments, **extra)
    assert done.returncode != 70
    return done.stdout + done.stderr


def printed_by_a_process(folder: Path, *arguments: str, **extra: str) -> str:
    """As the terminal gets it; `text=True` would take a carriage return for the end of a line."""
    done = subprocess.run([*KEYAGE, *arguments], cwd=folder, env=environment(**extra), capture_output=True, timeout=60)
    assert done.returncode != 70
    return (done.stdout + done.stderr).decode()


def unprintable(text: str) -> list[str]:
    return [line for line in text.split("\n") if not line.isprintable()]


def test_what_is_only_foreign_is_as_it_was(folder: Path) -> None:
    text = printed_by_a_process(folder, "explain", "jürgen 日本", "--group", "é", PYTHONUTF8="1")
    assert text.startswith("jürgen 日本 in an account that is not known\n")


@pytest.mark.parametrize("arguments", CASES, ids=lambda arguments: printable(" ".join(arguments)))
def test_it_is_in_view(folder: Path, arguments: tuple[str, ...]) -> None:
    text = printed(folder, *arguments)
    assert (unprintable(text), SHOWN in text) == ([], True)


@pytest.mark.parametrize("arguments", AS_PROCESSES, ids=lambda arguments: printable(" ".join(arguments)))
def test_it_is_in_view_of_a_process(folder: Path, arguments: tuple[str, ...]) -> None:
    text = printed_by_a_process(folder, *arguments)
    assert (unprintable(text), SHOWN in text) == ([], True)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_so_it_is_of_the_environment_and_of_the_files_of_aws(folder: Path, name: str) -> None:
    written = printed_by_a_process if name == "process" else printed  # a program could write past this one's streams
    text = written(folder, "check", **CONFIGURATIONS[name])
    assert (unprintable(text), SHOWN in text) == ([], True)


def test_so_it_is_where_the_code_of_a_device_is_asked_for(folder: Path) -> None:
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(folder)
        os.execve(STARTED_ANEW[0], [*STARTED_ANEW, "check"], environment(AWS_CONFIG_FILE="device.ini"))  # noqa: S606 -- no shell is meant
    asked = b""
    while b"MFA" not in asked or not asked.endswith(b": "):
        asked += os.read(terminal, 1024)
    os.write(terminal, b"\x03")  # Ctrl-C
    _pid, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert (unprintable(asked.decode()), SHOWN in asked.decode()) == ([], True)
    assert os.waitstatus_to_exitcode(status) == 130
