"""Signing in: a wrong file or variable is 2, everything else that fails there is 3, never a traceback."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from checker import cli
from tests.fakes.served_organization import Served
from tests.support.processes import KEYAGE, environment, here, keyage, policy_folder

KEYS = "aws_access_key_id = x\naws_secret_access_key = x\n"
ROLE = "role_arn = arn:aws:iam::111122223333:role/keyage-audit\n"
STATIC = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"}
NOWHERE = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
PROCESS = 'credential_process = {python} -c "{code}"\n'
GIVEN = '"Version": 1, "AccessKeyId": "x", "SecretAccessKey": "x", "SessionToken": "x", "Expiration": "{ends}"'
EXPIRED = f"credential_process = echo '{{{{{GIVEN}}}}}'\n"

# What a profile says, and what keyage makes of it.
PROFILES = {
    "an option twice": (
        "region = us-east-1\nregion = eu-west-1\n",
        2,
        ["config:3: region stands twice in [prof"],
    ),
    "a profile twice": (f"{KEYS}[profile p]\n", 2, ["config:4: [profile p] stands twice"]),
    "no setting": ("region\n", 2, ["config:2: neither a section nor NAME = VALUE"]),
    "a region with a space": (f"{KEYS}region = us east\n", 2, ["'us east' is not a region", "region of profile p"]),
    "an address without a scheme": (f"{KEYS}endpoint_url = localhost:4566\n", 2, ["endpoint_url of profile p"]),
    "regional endpoints": (f"{KEYS}sts_regional_endpoints = near\n", 2, ["is 'near': write regional or legacy"]),
    "a services section that is not there": (f"{KEYS}services = gone\n", 2, ['"gone"']),
    "half a key": ("aws_access_key_id = x\n", 2, ["aws_secret_access_key"]),
    "no source_profile": (f"{ROLE}source_profile = gone\n", 2, ['source_profile "gone"', "does not exist"]),
    "roles in a circle": (f"{ROLE}source_profile = q\n[profile q]\n{ROLE}source_profile = p\n", 2, ["Infinite loop"]),
    "no source": (ROLE, 2, ["source_profile or credential_source"]),
    "an unknown source": (f"{ROLE}credential_source = Sky\n", 2, ['"Sky"']),
    "no role": (f"role_arn = x\nsource_profile = q\n[profile q]\n{KEYS}", 2, ["RoleArn"]),
    "half a single sign-on": ("sso_start_url = https://a.example/start\nsso_account_id = 1\n", 2, ["sso_role_name"]),
    "a program with an open quote": ('credential_process = "C:\\x.exe --a\n', 2, ["credential_process", "quotes"]),
    "a program that is not there": ("credential_process = /no/such/helper\n", 3, ["/no/such/helper"]),
    "a program that is a folder": ("credential_process = /\n", 3, ["credential_process", "Permission denied: /"]),
    "a program that fails": (
        PROCESS.format(python=sys.executable, code="raise SystemExit('no ticket')"),
        3,
        ["no tick"],
    ),
    "a login page": (PROCESS.format(python=sys.executable, code="print('<html>')"), 3, ["credential_process", "JSON"]),
    "a list": (
        PROCESS.format(python=sys.executable, code="print([])"),
        3,
        ["credential_process", "the form of"],
    ),
    "half the JSON": (PROCESS.format(python=sys.executable, code="print({})"), 3, ["credential_process", "Version"]),
    "no text": (
        PROCESS.format(python=sys.executable, code="import sys; sys.stdout.buffer.write(bytes([255]))"),
        3,
        ["credential_process", "UTF-8"],
    ),
    "expired already": (EXPIRED.format(ends="2020-01-01T00:00:00Z"), 3, ["credential_process", "have expired"]),
    "a date that is none": (EXPIRED.format(ends="soon"), 3, ["credential_process", "soon"]),
    "a program of the source": (
        f"{ROLE}source_profile = q\n[profile q]\ncredential_process = echo no\n",
        3,
        ["credential_process", "JSON"],
    ),
    "a code and no terminal": (
        f"{ROLE}source_profile = q\nmfa_serial = arn:aws:iam::1:mfa/j\n[profile q]\n{KEYS}",
        3,
        ["MFA", "terminal"],
    ),
    "a token that is a folder": (f"{ROLE}web_identity_token_file = /\n", 3, ["Is a directory: /"]),
    "no single sign-on yet": (
        "sso_start_url = https://a.example/start\nsso_region = us-east-1\nsso_account_id = 1\nsso_role_name = r\n",
        3,
        ["aws sso login --profile p"],
    ),
    "no login yet": ("login_session = arn:aws:sts::1:assumed-role/x/y\n", 3, ["aws login --profile p"]),
}

# What the environment says.
VARIABLES: dict[str, tuple[Mapping[str, str], int, list[str]]] = {
    "a region with a space": (STATIC | {"AWS_REGION": "us-east-1 "}, 2, ["'us-east-1 ' is not", "correct AWS_REGION"]),
    "an address without a scheme": (
        STATIC | {"AWS_ENDPOINT_URL": "127.0.0.1:5999"},
        2,
        ["AWS_ENDPOINT_URL is '127.0.0.1:5999'", "http://HOST:PORT"],
    ),
    "a service's address": (STATIC | {"AWS_ENDPOINT_URL_STS": "sts"}, 2, ["AWS_ENDPOINT_URL_STS is 'sts'"]),
    "regional endpoints": (STATIC | {"AWS_STS_REGIONAL_ENDPOINTS": "x"}, 2, ["AWS_STS_REGIONAL_ENDPOINTS"]),
    "a mode of defaults": (STATIC | {"AWS_DEFAULTS_MODE": "x"}, 2, ["defaults mode: x"]),
    "a profile that is not there": ({"AWS_PROFILE": "gone"}, 2, ["gone", "aws configure list-profiles"]),
    "half a key": ({"AWS_ACCESS_KEY_ID": "x"}, 2, ["AWS_SECRET_ACCESS_KEY"]),
    "a token without a role": ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/x"}, 2, ["AWS_ROLE_ARN"]),
    "another host's credentials": (
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://198.51.100.1/x"},
        2,
        ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "198.51.100.1"],
    ),
    "a token of two lines": (
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost:1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a\nb"},
        2,
        ["AWS_CONTAINER_AUTHORIZATION_TOKEN"],
    ),
    "no file of a token": (
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost:1/",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/no/token",
        },
        3,
        ["container", "/no/token"],
    ),
    "no token": (
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "/no/token", "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/x"},
        3,
        ["AWS_WEB_IDENTITY_TOKEN_FILE", "/no/token"],
    ),
    "nothing": ({}, 3, ["no AWS credentials were found", "keyage demo"]),
    "an address that refuses": (STATIC | NOWHERE, 3, ["127.0.0.1:1", "AWS_ENDPOINT_URL", "refused"]),
    "a proxy that refuses": (
        STATIC | {"https_proxy": "http://jane:secret@127.0.0.1:1"},
        3,
        ["http://***:***@127.0.0.1:1", "https_proxy", "refused"],
    ),
    "certificates that are not there": (STATIC | {"AWS_CA_BUNDLE": "/no/ca.pem"}, 2, ["/no/ca.pem", "AWS_CA_BUNDLE"]),
    "a port that is none": (STATIC | {"AWS_ENDPOINT_URL": "http://127.0.0.1:99999"}, 2, ["AWS_ENDPOINT_URL is"]),
    "a number that is none": ({"AWS_METADATA_SERVICE_TIMEOUT": "x"}, 2, ["an AWS_ variable", "'x'"]),
    "a token with a line break": (
        STATIC | NOWHERE | {"AWS_SESSION_TOKEN": "secret\n"},
        3,
        ["the session token or the region has a line break"],
    ),
    "another variable that is no address": (
        STATIC | {"AWS_ENDPOINT_URL_DYNAMODB": "http://[x", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1"},
        3,
        ["correct AWS_ENDPOINT_URL_STS"],
    ),
    "an end that is no time": (STATIC | {"AWS_CREDENTIAL_EXPIRATION": "soon"}, 2, ["has no meaning", "soon"]),
    "an address with a password": (
        STATIC | {"AWS_ENDPOINT_URL": "http://jane:secret@127.0.0.1:1/?token=secret"},
        3,
        ["http://***:***@127.0.0.1:1?***", "correct AWS_ENDPOINT_URL"],
    ),
    "a proxy that is no address": (STATIC | {"https_proxy": "http://a b"}, 3, ["Host 'a b'"]),
    "a host that nobody knows": (STATIC | {"AWS_REGION": "us-nowhere-1"}, 3, ["us-nowhere-1 is a region of AWS"]),
}
VERBS = {
    "check": ["check"],
    "json": ["check", "--format", "json"],
    "organization": ["check", "--organization"],
    "aggregator": ["check", "--from-aggregator", "a"],
    "drift": ["drift"],
    "snapshot": ["snapshot"],
    "inventory": ["inventory"],
    "diff": ["diff", "policies.yaml", "policies.yaml", "--live"],
}


def told(folder: Path, arguments: list[str], *, typed: str = "", **extra: str) -> tuple[int, str]:
    """Exit code and what stands on standard error, of a process that has no terminal."""
    done = subprocess.run(
        [*KEYAGE, *arguments],
        cwd=policy_folder(folder),
        env=environment(**extra),
        input=typed,
        start_new_session=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stdout + done.stderr
    if done.returncode == 2:
        assert done.stdout == ""
    return done.returncode, done.stderr


def told_here(folder: Path, *arguments: str, **extra: str) -> tuple[int, str]:
    """Exit code and what stands on standard error, in this process; other tests have real ones."""
    done = here(policy_folder(folder), *arguments, **extra)
    assert (done.stdout == "" or done.returncode == 3, "Traceback" in done.stderr) == (True, False)
    return done.returncode, done.stderr


def config(folder: Path, profile: str) -> dict[str, str]:
    (folder / "config").write_text(f"[profile p]\n{profile}")
    return {"AWS_CONFIG_FILE": "config", "AWS_PROFILE": "p", "AWS_REGION": ""} | NOWHERE


def test_an_organization_whose_credentials_are_renewed_all_the_time_is_read(served: Served, tmp_path: Path) -> None:
    code, accounts = renewed(served, tmp_path, times=1000, then="never")
    assert (code, set(accounts.values())) == (0, {None})


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile(tmp_path: Path, name: str) -> None:
    profile, expected, parts = PROFILES[name]
    given = config(tmp_path, profile)
    if "endpoint_url" in profile or "services" in profile:
        del given["AWS_ENDPOINT_URL"]
    code, said = told_here(tmp_path, "check", **given)
    assert [part for part in parts if part not in said] == [], said
    assert (code, said.count("\n")) == (expected, 1), said


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable(tmp_path: Path, name: str) -> None:
    given, expected, parts = VARIABLES[name]
    code, said = told_here(tmp_path, "check", **given)
    assert [part for part in parts if part not in said] == [], said
    assert (code, said.count("\n")) == (expected, 1), said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"\xef\xbb\xbf[profile p]\n", "config begins with a byte order mark"),
        ("[profile p]\n".encode("utf-16"), "config is not UTF-8 text"),
        (b"region = x\n[profile p]\n", "config:1: no section before this line"),
    ],
    ids=["BOM", "UTF-16", "no section"],
)
def test_a_config_file_of_another_form(tmp_path: Path, content: bytes, part: str) -> None:
    given = config(tmp_path, "")
    (tmp_path / "config").write_bytes(content)
    code, said = told_here(tmp_path, "check", **given)
    assert (code, part in said) == (2, True), said


def test_a_code_may_come_from_standard_input(tmp_path: Path) -> None:
    code, said = told(tmp_path, ["check"], typed="123456\n", **config(tmp_path, PROFILES["a code and no terminal"][0]))
    assert (code, "the role of profile p (role_arn) failed: AWS did not answer" in said) == (3, True), said


def test_a_secret_in_a_line_that_does_not_parse_is_not_shown(tmp_path: Path) -> None:
    code, said = told(tmp_path, ["check"], **config(tmp_path, "wJalrXUtnFEMI\n"))
    assert (code, "wJalr" in said) == (2, False)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_tells_a_wrong_file_from_a_sign_in_that_fails(tmp_path: Path, verb: str) -> None:
    twice = told_here(tmp_path, *VERBS[verb], **config(tmp_path, "region = a\nregion = b\n"))
    assert twice == (2, "error: config:3: region stands twice in [profile p]: keep one of them\n")
    code, said = told(tmp_path, VERBS[verb], **config(tmp_path, "credential_process = /no/such/helper\n"))
    assert (code, said.count("\n"), "/no/such/helper" in said) == (3, 1, True), said


def test_aws_login_without_its_package_names_the_extra(tmp_path: Path) -> None:
    (tmp_path / "awscrt").mkdir()
    (tmp_path / "awscrt" / "__init__.py").write_text("raise ImportError('not installed')\n")
    given = config(tmp_path, "login_session = arn:aws:sts::1:assumed-role/x/y\n")
    code, said = told(tmp_path, ["check"], PYTHONPATH=f"{tmp_path}:{Path.cwd()}", **given)
    assert (code, "package awscrt: pip install" in said) == (3, True), said


RENEWING = """\
import datetime, json, pathlib
count = pathlib.Path("count")
number = int(count.read_text()) + 1 if count.exists() else 1
count.write_text(str(number))
ends = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)  # botocore renews below ten
if number > {times}:
    {then}
given = {{"AccessKeyId": "x", "SecretAccessKey": "x", "SessionToken": "x", "Expiration": ends.isoformat()}}
print(json.dumps({{"Version": 1, **given}}))
"""
LATER = {
    "never": "pass",
    "login page": "raise SystemExit(print('<html>sign in</html>'))",
    "expired": "ends -= datetime.timedelta(days=1)",
    "failure": "raise SystemExit('your ticket has ended')",
    "list": "raise SystemExit(print('[]'))",
}


def renewed(served: Served, folder: Path, times: int, then: str) -> tuple[int, dict[str, str | None]]:
    """Why each of two accounts was not read, by credentials that can be renewed so many times."""
    (folder / "give.py").write_text(RENEWING.format(times=times, then=LATER[then]))
    given = config(folder, f"credential_process = {sys.executable} give.py\n") | {"AWS_ENDPOINT_URL": served.url}
    only = ("--account", "prod-*", "--account", "dev-*", "--concurrency", "1")
    done = keyage(policy_folder(folder), "check", "--organization", "--format", "json", *only, **given)
    assert "Traceback" not in done.stderr
    accounts = json.loads(done.stdout)["accounts"]
    return done.returncode, {account["name"]: account["reason"] for account in accounts}


@pytest.mark.parametrize("then", [name for name in LATER if name != "never"])
def test_credentials_that_cannot_be_renewed_half_way_leave_what_was_read(
    served: Served, tmp_path: Path, then: str
) -> None:
    # Once to find them, then before each call: GetCallerIdentity, ListAccounts, AssumeRole.
    code, accounts = renewed(served, tmp_path, times=4, then=then)
    first, second = accounts.values()
    assert (code, first) == (3, None)
    assert second is not None
    assert "the credential_process of profile p failed" in second


@pytest.mark.parametrize(
    ("role", "part"),
    [
        (
            "arn:aws:iam::111122223333:role/audit/reader",
            "is an ARN: write the name, the same in every account: audit/r",
        ),
        (
            "arn:aws:sts::111122223333:assumed-role/x/y",
            "is an ARN: write the name, the same in every account: keyage-a",
        ),
        ("/audit/reader", "begins with a slash: write audit/reader"),
        ("/", "begins with a slash"),
        ("audit/", "is not the name of a role"),
        ("", "is not the name of a role"),
        ("key age", "is not the name of a role"),
        ("k" * 65, "is not the name of a role"),
        ("keyage-äudit", "is not the name of a role"),
    ],
)
def test_a_role_that_cannot_be_one_is_refused_before_the_first_call(role: str, part: str) -> None:
    given = CliRunner().invoke(cli.keyage, ["check", "--organization", "--role-name", role])
    assert (given.exit_code, part in given.output) == (2, True), given.output
    if role:  # an empty variable is none
        named = CliRunner().invoke(cli.keyage, ["check", "--organization"], env={"KEYAGE_ROLE_NAME": role})
        assert (named.exit_code, part in named.output, "KEYAGE_ROLE_NAME" in named.output) == (2, True, True)


@pytest.mark.parametrize("external_id", ["", "x", "a b", "x" * 1225, "ä" * 9])
def test_an_external_id_that_cannot_be_one_is_refused_before_the_first_call(external_id: str) -> None:
    given = CliRunner().invoke(cli.keyage, ["check", "--organization", "--external-id", external_id])
    assert (given.exit_code, "2 to 1224 letters" in given.output) == (2, True)


@pytest.mark.parametrize("external_id", ["ab", "a1+=,.@:/-_" * 111])
def test_an_external_id_that_can_be_one_goes_on_to_the_sign_in(tmp_path: Path, external_id: str) -> None:
    code, said = told_here(tmp_path, "check", "--organization", "--role-name", "a/b", "--external-id", external_id)
    assert (code, "no AWS credentials were found" in said) == (3, True), said
