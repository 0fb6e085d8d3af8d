"""`keyage permissions rotate`: each permission is needed, and the account is unharmed where it is taken away."""

from datetime import UTC, datetime, timedelta

import pytest

from checker.commands import rotate
from checker.permissions import ROTATION, policy_document
from checker.remediate.rotate.states import IN_HAND
from checker.sources.aws.session import RotatingSession, WriteRefused
from tests.fakes.rotated_account import PARAMETER, SECRET, USER
from tests.fakes.stand_ins import Act, refuse, refuse_json
from tests.support.rotating import AT_ONCE, Rotating

NEXT_YEAR = f"{datetime.now(UTC) + timedelta(days=300):%Y-%m-%d}"
POLICY = f"""\
version: 1
default: {{maxAccessKeyAge: 90}}
rules:
  - {{id: team, users: {{group: none}}, maxAccessKeyAge: 30}}
exemptions:
  - {{id: vendor, accounts: legacy-*, reason: r, approvedBy: a@example.com, expires: {NEXT_YEAR}}}
"""
HARMLESS = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}'
NEEDED = sorted({call.operation for call in ROTATION if call.verbs})
# Denied, it is not known whose account this is, so that the exemption is open.
OPEN = {"ListAccountAliases": "is undecided between vendor, so it is not touched"}


def everything_matters(rotating: Rotating, store: str) -> str:
    """A rotation that needs every call for its store: one that was killed before the new key was stored."""
    rotating.policy(POLICY)
    (old,) = rotating.account.begin(stored=PARAMETER if store == PARAMETER else None)
    iam = rotating.iam
    iam.create_account_alias(AccountAlias="prod-web")
    iam.put_user_policy(UserName=USER, PolicyName="own", PolicyDocument=HARMLESS)
    arn = iam.create_policy(PolicyName="attached", PolicyDocument=HARMLESS)["Policy"]["Arn"]
    iam.attach_user_policy(UserName=USER, PolicyArn=arn)
    made = iam.create_access_key(UserName=USER)["AccessKey"]["AccessKeyId"]
    iam.tag_user(UserName=USER, Tags=[{"Key": "keyage:rotating", "Value": f"before {old} made {made}"}])
    rotating.later = IN_HAND
    return old


def denied(operation: str) -> Act:
    json = any(call.operation == operation and call.service in ("secretsmanager", "ssm") for call in ROTATION)
    return refuse_json("AccessDeniedException") if json else refuse("AccessDenied")


def test_a_rotation_makes_exactly_the_calls_that_its_policy_allows(rotating: Rotating) -> None:
    rotating.faults.requests.clear()
    for store in (SECRET, PARAMETER):
        everything_matters(rotating, store)
        assert rotating(store, *AT_ONCE).returncode == 0
        assert rotating.account.wrong == []
    of_the_test = {"CreateAccountAlias", "PutUserPolicy", "CreatePolicy", "AttachUserPolicy", "GetCallerIdentity"}
    assert rotating.faults.requests.keys() - of_the_test == set(NEEDED)
    allowed = {action for statement in policy_document("rotate")["Statement"] for action in statement["Action"]}
    assert allowed == {f"{call.service}:{call.operation}" for call in ROTATION if call.verbs}


@pytest.mark.parametrize("operation", NEEDED)
def test_without_a_permission_it_says_which_and_harms_nothing(rotating: Rotating, operation: str) -> None:
    of_store = [call.service for call in ROTATION if call.operation == operation]
    store = PARAMETER if of_store == ["ssm"] else SECRET
    old = everything_matters(rotating, store)
    rotating.faults.plan(operation, denied(operation))
    done = rotating(store, *AT_ONCE)
    told = OPEN.get(operation, f"{operation} was denied: allow what `keyage permissions rotate` prints")
    assert (done.returncode, told in done.stderr) == (3, True), done.stderr
    assert rotating.account.wrong == []
    works = {key.access_key_id for key in rotating.account.keys if key.status == "Active"}
    readers = rotating.account.readers_get(store)
    assert old in works or readers in works
    assert readers is None or readers in works
    rotating.faults.forget()
    assert rotating.to_its_end(store).returncode == 0
    assert (rotating.state()[0], rotating.account.wrong) == (["Inactive", "Active"], [])


def test_whatever_a_rotation_does_not_need_is_refused_before_it_leaves() -> None:
    session = RotatingSession()
    for service in ("iam", "secretsmanager", "ssm", "sts"):
        model = session.client(service, "us-east-1").meta.service_model
        allowed = {name for of, name in RotatingSession.allowed if of == service}
        for name in set(model.operation_names) - allowed:
            with pytest.raises(WriteRefused, match=f"refused to call {service}:{name}: a rotation does not need it"):
                session.guard(model=model.operation_model(name))


def test_the_verb_has_no_other_session() -> None:
    assert "ReadOnlySession" not in vars(rotate)
