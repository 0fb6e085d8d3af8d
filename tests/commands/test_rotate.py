"""`keyage rotate` as a person types it: first what it refuses, then each way it may go."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from checker.embedded import aws
from tests.fakes.rotated_account import ACCOUNT, PARAMETER, SECRET, STORES, USER
from tests.fakes.stand_ins import answer, refuse, refuse_json
from tests.support.processes import POLICY
from tests.support.rotating import AT_ONCE, Rotating

EXEMPT = """\
version: 1
default: {maxAccessKeyAge: 365}
exemptions:
  - {id: vendor, %s: "%s", reason: r, approvedBy: a@example.com, expires: %s}
"""
NEXT_YEAR = f"{datetime.now(UTC) + timedelta(days=300):%Y-%m-%d}"
SENDS = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["ses:SendRawEmail"],"Resource":"*"}}'


def refused(rotating: Rotating, *arguments: str, code: int = 2, store: str = SECRET, **more: str) -> str:
    """What is said; nothing may have been changed."""
    before, held = rotating.state(), rotating.account.held(store)
    done = rotating(store, *arguments, **more)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert (rotating.state(), rotating.account.held(store), rotating.account.wrong) == (before, held, [])
    return done.stderr


def test_without_a_terminal_nothing_is_done_without_yes(rotating: Rotating) -> None:
    rotating.account.begin()
    assert "standard input is no terminal, so nobody can be asked: give --yes; nothing was changed" in refused(rotating)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--wait", "1w"), "'1w' is no duration: write a whole number and s, m, h or d, such as 15m"),
        (("--quiet-for", "1.5h"), "is no duration"),
        (("--to", "vault:x"), "'vault:x' names no store: write secretsmanager:NAME or ssm:NAME"),
        (("--to", "ssm:arn:aws:ssm:x"), "cannot be the name of a parameter: no ARN and no blank"),
        (("--to", "ssm:/aws/x"), "cannot be the name of a parameter"),
        (("--ses-smtp", "Frankfurt"), "'Frankfurt' is no region: write one such as eu-central-1"),
        (("--account", "prod"), "--account prod: write the account's id, of 12 digits"),
        (("--rollback", "--status"), "leave one of them out"),
    ],
)
def test_what_was_typed_wrong_is_told(rotating: Rotating, arguments: tuple[str, ...], told: str) -> None:
    rotating.account.begin()
    assert told in refused(rotating, *AT_ONCE, *arguments)


def test_without_a_region_no_store_is_guessed(rotating: Rotating) -> None:
    rotating.account.begin()
    told = refused(rotating, *AT_ONCE, AWS_REGION="")
    assert told == f"error: in which region is {SECRET}? set AWS_REGION, or the region of the profile\n"


@pytest.mark.parametrize(
    ("user", "told"),
    [
        ("nobody", f"{ACCOUNT} has no IAM user nobody: `aws iam list-users` says how they are called"),
        ("root", "the keys of the root user are nobody else's to rotate: sign in as root, and delete them"),
    ],
)
def test_a_user_who_is_not_there(rotating: Rotating, user: str, told: str) -> None:
    rotating.account.begin()
    done = rotating(SECRET, *AT_ONCE, user=user)
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("user", ["", "a\x1bb", "a\nb", "a b", "/service/x", "arn:aws:iam::1:user/x", "é", "a" * 129])
def test_what_is_no_name_of_a_user_is_refused_before_anything_is_asked(rotating: Rotating, user: str) -> None:
    done = rotating(SECRET, *AT_ONCE, user=user)
    assert (done.returncode, "is not the name of a user: 1 to 128 letters" in done.stderr) == (2, True), done.stderr
    assert rotating.faults.asked == []


def test_two_active_keys_are_told_with_the_one_that_looks_unused(rotating: Rotating) -> None:
    first, second = rotating.account.begin(keys=2)
    rotating.account.uses[second] = datetime(2026, 11, 1, tzinfo=UTC)
    told = refused(rotating, *AT_ONCE)
    assert f"{USER} has two active access keys, as many as IAM allows" in told
    assert f"{first} looks unused: if nothing needs it, make it inactive, and delete it later" in told


def test_a_fresh_key_that_somebody_made_is_not_taken_for_a_lost_one(rotating: Rotating) -> None:
    rotating.account.begin(keys=2)
    assert "neither is of a rotation to this store" in refused(rotating, *AT_ONCE)


@pytest.mark.parametrize("exemption", [("users", USER), ("accounts", ACCOUNT)])
def test_an_exempt_key_is_needed_by_something(rotating: Rotating, exemption: tuple[str, str]) -> None:
    rotating.account.begin()
    rotating.policy(EXEMPT % (*exemption, NEXT_YEAR))
    assert f"is exempt by vendor until {NEXT_YEAR}, so something needs this key" in refused(rotating, *AT_ONCE)


def test_a_user_of_whom_the_verdict_is_open(rotating: Rotating) -> None:
    rotating.account.begin()
    rotating.policy(EXEMPT % ("accounts", "legacy-*", NEXT_YEAR))
    told = refused(rotating, *AT_ONCE, code=3)
    assert "is undecided between vendor, so it is not touched: `keyage explain svc-ledger` says" in told


def test_the_key_that_keyage_itself_uses(rotating: Rotating) -> None:
    (old,) = rotating.account.begin()
    secret = rotating.account.keys[0].secret_access_key
    told = refused(rotating, *AT_ONCE, AWS_ACCESS_KEY_ID=old, AWS_SECRET_ACCESS_KEY=secret)
    assert "is the key that keyage itself uses now, so it would never be quiet: use other credentials" in told


def test_a_key_that_terraform_manages_is_replaced_by_terraform(rotating: Rotating) -> None:
    (old,) = rotating.account.begin()
    state = (
        '{"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": "l", "outputs": {}, "resources": [%s]}'
    )
    resource = (
        '{"mode": "managed", "type": "aws_iam_access_key", "name": "ledger",'
        ' "provider": "provider[\\"registry.terraform.io/hashicorp/aws\\"]",'
        ' "instances": [{"attributes": {"id": "%s", "user": "%s", "status": "Active"}}]}'
    )
    user = (
        '{"mode": "managed", "type": "aws_iam_user", "name": "ledger", "instances": [{"attributes": {"name": "%s"}}]}'
    )
    (rotating.folder / "state.json").write_text(state % f"{resource % (old, USER)}, {user % USER}")
    told = refused(rotating, *AT_ONCE, "--terraform-state", "state.json")
    assert f"Terraform manages {USER}, as aws_iam_user.ledger, and its next apply takes away the tags keyage:…" in told
    assert f"error: Terraform manages {old} of {USER}, so it is Terraform that replaces it\n" in told
    assert "aws_iam_access_key.ledger" in told


@pytest.mark.parametrize("stored", ["hunter2", '{"user": "x", "password": "y"}'])
@pytest.mark.parametrize("store", STORES)
def test_a_store_of_something_else_is_left_alone(rotating: Rotating, store: str, stored: str) -> None:
    rotating.account.begin()
    rotating.account.put(store, stored)
    assert "the store holds something that is no access key: name another" in refused(rotating, *AT_ONCE, store=store)
    assert set(rotating.account.texts(store).values()) == {stored}


@pytest.mark.parametrize("store", STORES)
def test_a_store_of_another_users_key_is_left_alone(rotating: Rotating, store: str) -> None:
    rotating.account.begin()
    rotating.account.store(store, "AKIAOTHER", "s")
    assert f"the store holds AKIAOTHER, which is no access key of {USER}" in refused(rotating, *AT_ONCE, store=store)


def test_a_parameter_that_is_not_encrypted(rotating: Rotating) -> None:
    rotating.account.begin()
    rotating.account.put(PARAMETER, "x", kind="String")
    told = refused(rotating, *AT_ONCE, store=PARAMETER)
    assert "the parameter /prod/ledger is a String, not encrypted: name a SecureString" in told


def test_a_secret_that_rotates_by_itself_or_is_to_be_deleted(rotating: Rotating) -> None:
    rotating.account.begin(stored=SECRET)
    rotating.account.secret.rotation_requested = rotating.account.secret.rotation_enabled = True
    assert "is rotated by a function: switch that off, or name another" in refused(rotating, *AT_ONCE)
    rotating.account.secret.rotation_enabled = False
    rotating.account.secret.deleted_date = 1.0
    assert "is to be deleted: restore it, or name another with --to" in refused(rotating, *AT_ONCE)


def test_a_user_of_ses_smtp_by_policy_group_or_name(rotating: Rotating) -> None:
    rotating.account.begin()
    iam = rotating.iam
    iam.put_user_policy(UserName=USER, PolicyName="mail", PolicyDocument=SENDS)
    told = refused(rotating, *AT_ONCE)
    assert "may send mail by SMTP, for its policy mail allows ses:SendRawEmail" in told
    assert "that password is made from the secret access key, so add --ses-smtp REGION" in told
    iam.delete_user_policy(UserName=USER, PolicyName="mail")
    arn = iam.create_policy(PolicyName="sending", PolicyDocument=SENDS)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=USER, PolicyArn=arn)
    assert "for its policy sending allows" in refused(rotating, *AT_ONCE)
    iam.detach_user_policy(UserName=USER, PolicyArn=arn)
    iam.create_group(GroupName="AWSSESSendingGroupDoNotRename")
    iam.add_user_to_group(GroupName="AWSSESSendingGroupDoNotRename", UserName=USER)
    assert "it is in the group AWSSESSendingGroupDoNotRename" in refused(rotating, *AT_ONCE)
    iam.create_user(UserName="ses-smtp-user.20200101-120000")
    done = rotating(SECRET, *AT_ONCE, user="ses-smtp-user.20200101-120000")
    assert (done.returncode, "its name begins with ses-smtp-user." in done.stderr) == (2, True)


def test_whoever_may_do_everything_is_not_taken_for_a_user_of_smtp(rotating: Rotating) -> None:
    rotating.account.begin()
    everything = SENDS.replace('["ses:SendRawEmail"]', '"*"')
    rotating.iam.put_user_policy(UserName=USER, PolicyName="admin", PolicyDocument=everything)
    assert rotating(SECRET, *AT_ONCE).returncode == 0


def test_the_password_of_smtp_is_stored_beside_the_key(rotating: Rotating) -> None:
    rotating.account.begin()
    rotating.iam.put_user_policy(UserName=USER, PolicyName="mail", PolicyDocument=SENDS)
    assert rotating(SECRET, *AT_ONCE, "--ses-smtp", "eu-central-1").returncode == 0
    text = rotating.account.texts(SECRET)["AWSCURRENT"]
    assert re.fullmatch(r'\{"AccessKeyId":"AKIA\w+","SecretAccessKey":"[^"]+","SmtpPassword":"B[^"]{43}"\}', text)


@pytest.mark.parametrize("store", STORES)
def test_a_store_with_a_password_of_smtp_keeps_one(rotating: Rotating, store: str) -> None:
    (old,) = rotating.account.begin()
    rotating.account.put(store, f'{{"AccessKeyId": "{old}", "SecretAccessKey": "s", "SmtpPassword": "p"}}')
    told = refused(rotating, *AT_ONCE, store=store)
    assert "may send mail by SMTP, for the store has its password" in told


@pytest.mark.parametrize("store", STORES)
def test_a_key_that_another_run_took_for_a_lost_one_is_not_stored(rotating: Rotating, store: str) -> None:
    (old,) = rotating.account.begin(stored=store)
    iam, listed = rotating.account.iam, 0

    def deleted(_asked: object) -> None:
        nonlocal listed
        listed += 1
        if listed == 2:  # the first is the look at the beginning
            iam.delete_access_key(rotating.account.keys[1].access_key_id, USER)

    rotating.faults.plan("ListAccessKeys", deleted)
    done = rotating(store, *AT_ONCE)
    assert (done.returncode, rotating.state()[0], rotating.account.readers_get(store)) == (3, ["Active"], old)
    assert set(rotating.account.held(store).values()) == {old}


def test_there_is_nothing_to_go_back_to(rotating: Rotating) -> None:
    rotating.account.begin()
    assert "there is nothing to go back to: svc-ledger has no older key" in refused(rotating, "--rollback", "--yes")


@pytest.mark.parametrize("store", STORES)
def test_a_key_that_a_person_switched_off_is_not_switched_on(rotating: Rotating, store: str) -> None:
    old, new = rotating.account.begin(keys=2)
    rotating.account.keys[0].status = "Inactive"
    rotating.account.store(store, new, rotating.account.keys[1].secret_access_key)
    told = refused(rotating, "--rollback", "--yes", store=store)
    assert f"no rotation of {USER} is under way: {old} is Inactive, and no tag says that keyage made it so" in told


@pytest.mark.parametrize("retired", [False, True])
@pytest.mark.parametrize("store", STORES)
def test_a_new_key_that_was_deleted_is_no_dead_end(rotating: Rotating, store: str, retired: bool) -> None:
    (old,) = rotating.account.begin(stored=store)
    rotating.account.adopts = retired
    assert rotating(store, *AT_ONCE).returncode == (0 if retired else 1)
    new = rotating.account.keys[1]
    new.status = "Inactive"
    told = refused(rotating, *AT_ONCE, store=store)
    assert told.endswith(f"make it active, and type this again; --rollback goes back to {old}\n")
    rotating.account.iam.delete_access_key(new.access_key_id, USER)
    rotating.account.wrong.clear()
    told = refused(rotating, *AT_ONCE, store=store)
    assert f"--rollback lets its readers get {old} again, which it holds too" in told
    back = rotating(store, "--rollback", "--yes")
    assert (back.returncode, rotating.state(), rotating.account.readers_get(store)) == (0, (["Active"], {}), old)
    assert back.stdout.endswith("The new key is gone. The same command without --rollback begins anew.\n")
    assert rotating(store, "--status").stdout.startswith(f"{USER} in {ACCOUNT}: ready\n")


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("stored", [False, True])
def test_from_the_old_key_to_the_new_one_and_back(rotating: Rotating, store: str, stored: bool) -> None:
    (old,) = rotating.account.begin(stored=store if stored else None)
    status = rotating(store, "--status")
    assert (status.returncode, rotating.state()) == (0, (["Active"], {}))
    assert status.stdout.startswith(f"{USER} in {ACCOUNT}: ready\n  {old}  Active    never used")
    assert f"Next: create a second access key beside {old}" in status.stdout
    assert rotating(store, *AT_ONCE).returncode == 0
    new = rotating.account.keys[1].access_key_id
    assert rotating.state()[0] == ["Inactive", "Active"]
    assert list(rotating.state()[1]) == [f"keyage:inactive-since:{old}"]
    assert rotating.account.readers_get(store) == new
    again = rotating(store, *AT_ONCE)
    assert (again.returncode, again.stderr, rotating.state()[0]) == (0, "", ["Inactive", "Active"])
    back = rotating(store, "--rollback", "--yes")
    assert (back.returncode, rotating.state()[0]) == (0, ["Active", "Active"])
    assert rotating.account.readers_get(store) == (old if stored else new)
    assert [tag for tag in rotating.state()[1] if tag.startswith("keyage:inactive")] == []
    twice = rotating(store, "--rollback", "--yes")
    assert (twice.returncode, twice.stderr) == (0, "")
    assert rotating(store, *AT_ONCE).returncode == 0
    assert (rotating.state()[0], rotating.account.readers_get(store)) == (["Inactive", "Active"], new)
    assert rotating.account.wrong == []


@pytest.mark.parametrize("store", STORES)
def test_the_first_key_of_a_user_without_any(rotating: Rotating, store: str) -> None:
    rotating.account.begin(keys=0)
    rotating.account.adopts = False
    done = rotating(store, *AT_ONCE)
    assert (done.returncode, rotating.state()[0]) == (1, ["Active"])
    rotating.account.adopts = True
    done = rotating(store, *AT_ONCE)
    assert (done.returncode, rotating.state()) == (0, (["Active"], {}))
    assert done.stdout.endswith("Done: there was no older key.\n")


def test_it_waits_as_long_as_it_was_told_and_exits_with_1(rotating: Rotating) -> None:
    rotating.account.begin()
    rotating.account.adopts = False
    done = rotating(SECRET, "--wait", "0s", "--yes")
    assert (done.returncode, rotating.waited) == (1, [])
    new = rotating.account.keys[1].access_key_id
    assert done.stdout.endswith(f"Next: wait until {new} is used by something else than keyage\n")
    rotating.account.adopts = True
    done = rotating(SECRET, "--wait", "1h", "--yes")
    assert (done.returncode, rotating.waited) == (1, [])
    assert re.search(r"Next: make AKIA\w+ inactive once it was not used for 1d: not before 20\d\d-", done.stdout)
    assert rotating.state()[0] == ["Active", "Active"]


def test_a_new_key_that_does_not_work_yet_is_tried_for_two_minutes(rotating: Rotating) -> None:
    (old,) = rotating.account.begin(stored=SECRET)
    rotating.faults.plan("GetCallerIdentity", lambda _asked: None, 2)
    rotating.faults.plan("GetCallerIdentity", refuse("InvalidClientTokenId"))
    done = rotating(SECRET, *AT_ONCE)
    assert (done.returncode, sum(rotating.waited)) == (3, 120)
    assert "AWS does not accept AKIA" in done.stderr
    assert (rotating.state()[0], rotating.account.readers_get(SECRET)) == (["Active", "Active"], old)


@pytest.mark.parametrize("store", STORES)
def test_where_the_new_key_cannot_be_stored_it_is_deleted_at_once(rotating: Rotating, store: str) -> None:
    (old,) = rotating.account.begin(stored=store)
    for operation in ("PutSecretValue", "PutParameter"):
        rotating.faults.plan(operation, refuse_json("AccessDeniedException"))
    done = rotating(store, *AT_ONCE)
    assert (done.returncode, rotating.state()[0]) == (3, ["Active"])
    assert "whose secret was not stored" in done.stderr
    assert rotating.account.readers_get(store) == old


def test_a_label_that_no_version_has_is_told_in_the_words_of_aws(rotating: Rotating) -> None:
    rotating.account.begin(stored=PARAMETER)

    def missing(asked: dict[str, str]) -> tuple[int, str] | Exception | None:
        label = asked["Name"].partition(":")[2]
        there = not label or label in rotating.account.held(PARAMETER)
        return None if there else refuse_json("ParameterVersionNotFound")(asked)

    rotating.faults.plan("GetParameter", missing)
    assert rotating(PARAMETER, *AT_ONCE).returncode == 0
    assert sorted(rotating.account.held(PARAMETER)) == ["keyage-current", "keyage-previous", "latest"]


def test_a_key_is_not_made_twice_where_the_answer_was_lost(rotating: Rotating) -> None:
    rotating.account.begin()
    rotating.faults.plan("CreateAccessKey", answer("<CreateAccessKeyResponse><CreateAccessKeyResult>"))
    done = rotating(SECRET, *AT_ONCE)
    assert (done.returncode, rotating.faults.requests["CreateAccessKey"]) == (3, 1)
    assert done.stderr == "error: half an answer came, or something else than AWS answered: type this again\n"


def test_a_policy_with_errors_is_told_as_check_tells_it(rotating: Rotating) -> None:
    rotating.account.begin()
    rotating.policy(POLICY.replace("90", "x"))
    assert "policies.yaml:2" in refused(rotating, *AT_ONCE)


OTHER = "111122223333"


def test_another_account_by_its_role(rotating: Rotating) -> None:
    rotating.account.begin()
    aws.add_user(OTHER, USER, datetime.now(UTC) - timedelta(days=300))
    aws.add_key(OTHER, USER, datetime.now(UTC) - timedelta(days=200))
    status = rotating(SECRET, "--status", "--account", OTHER)
    assert (status.returncode, status.stdout.startswith(f"{USER} in {OTHER}: ready\n")) == (0, True), status.stderr
    assumed = [asked for name, asked in rotating.faults.asked if name == "AssumeRole"]
    assert [asked["RoleArn"] for asked in assumed] == [f"arn:aws:iam::{OTHER}:role/keyage-remediate"]
    rotating(SECRET, "--status", "--account", ACCOUNT)
    assert [name for name, _asked in rotating.faults.asked].count("AssumeRole") == 1


def test_the_role_that_reads_is_not_taken_to_change(rotating: Rotating) -> None:
    rotating.account.begin()
    told = refused(rotating, *AT_ONCE, "--account", OTHER, KEYAGE_ROLE_NAME="keyage-audit")
    assert told == "error: keyage-audit is the role that reads: name one that may change keys with --role-name\n"


def test_a_role_that_cannot_be_assumed(rotating: Rotating) -> None:
    rotating.account.begin()
    rotating.faults.plan("AssumeRole", refuse("AccessDenied"))
    told = refused(rotating, *AT_ONCE, "--account", OTHER, code=3)
    assert f"arn:aws:iam::{OTHER}:role/keyage-remediate cannot be assumed: see that its trust policy names you" in told
