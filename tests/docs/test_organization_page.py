"""From nothing to the nightly run, as the page says it: the real Terraform, and an organization that moto emulates.

moto lets everybody assume every role and do everything, so that who may do what is read from the documents.
"""

import json
import os
import re
import shutil
from ast import literal_eval
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from checker.permissions import AUDIT_ROLE, statements
from tests.docs.blocks import ORGANIZATION, TOP
from tests.docs.running import folder_for, run, shell, variables
from tests.docs.world import ACCOUNTS, CALLER, documented_aws
from tests.fakes.stack_sets import stack_sets
from tests.generate.terraform_cli import UNREACHABLE

pytestmark = [
    pytest.mark.sources,
    # The managed rule of AWS Config in the accounts, of which this page asks nothing.
    pytest.mark.filterwarnings("ignore:Tried to parse AWS..Config..ConfigRule"),
]

TEMPLATE = TOP / "examples" / "gitlab" / "keyage.gitlab-ci.yml"
PIPELINE = f"arn:aws:iam::{CALLER}:role/keyage-pipeline"
READER = f"arn:aws:iam::{CALLER}:role/keyage-organization"
PULL_REQUEST = f"arn:aws:iam::{CALLER}:role/keyage-pull-request"
AUDITORS = [f"arn:aws:iam::{account}:role/{AUDIT_ROLE}" for account in ACCOUNTS.values()]
EXTERNAL_ID = "7Gr3cRhPYpUw"
SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


class Done(NamedTuple):
    """What is there at the end of the page, and what the nightly run found with it."""

    roles: dict[str, Any]  # by ARN: the statements of its trust policy and of its policy
    code: int
    report: Any
    assumed: list[tuple[str, str | None]]  # roles by ARN with their external ids, in the order in which they were


def documents(role: Any) -> Any:
    """moto keeps a policy of a template as the text of a Python object, and others as they were sent."""
    texts = [role.assume_role_policy_document, *role.policies.values()]
    return [literal_eval(text)["Statement"] if isinstance(text, str) else text["Statement"] for text in texts]


def made() -> dict[str, Any]:
    roles = [role for account in (CALLER, *ACCOUNTS.values()) for role in iam_backends[account]["aws"].roles.values()]
    return {role.arn: documents(role) for role in roles if role.name != "OrganizationAccountAccessRole"}  # AWS's own


def nightly(folder: Path, url: str) -> tuple[int, Any]:
    """The scheduled job of the template for GitLab, without any other credentials than its token."""
    job = yaml.safe_load(TEMPLATE.read_text())["access-keys"]
    given = {
        "CI_PROJECT_DIR": str(folder),
        "KEYAGE_PIPELINE_ROLE_ARN": PIPELINE,
        "KEYAGE_ORGANIZATION_ROLE_ARN": READER,
        "KEYAGE_EXTERNAL_ID": EXTERNAL_ID,
        "AWS_TOKEN": "a token",
    }
    kept = {name: value for name, value in variables(folder, url).items() if name not in SECRETS}
    own = {name: value.replace("$CI_PROJECT_DIR", str(folder)) for name, value in job["variables"].items()}
    done = shell("\n".join(job["script"]), folder, kept | given | own)
    report = folder / "keyage.json"
    assert report.exists(), done.stdout
    return done.returncode, json.loads(report.read_text())


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    in_ci = os.environ.get("CI") == "true"
    if shutil.which("terraform") is None and not in_ci:
        pytest.skip("there is no terraform on the PATH")
    folder = folder_for(ORGANIZATION, tmp_path_factory.mktemp("page") / "project")
    with documented_aws() as url, stack_sets():
        found = list(run(ORGANIZATION, folder, url))
        if not in_ci and any(UNREACHABLE in each for each in found):
            pytest.skip("the AWS provider cannot be installed")
        assert found == []
        sts_backends[CALLER]["aws"].assumed_roles.clear()
        code, report = nightly(folder, url)
        roles = [role for backends in sts_backends.values() for role in backends["aws"].assumed_roles]
        yield Done(made(), code, report, [(role.role_arn, role.external_id) for role in roles])


def allowed(done: Done, role: str) -> set[str]:
    return {action for statement in done.roles[role][1] for action in actions(statement)}


def actions(statement: Any) -> list[str]:
    return [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]


def test_there_are_the_roles_of_the_page_and_no_other(done: Done) -> None:
    assert sorted(done.roles) == sorted([PIPELINE, READER, PULL_REQUEST, *AUDITORS])


def test_the_pipeline_is_trusted_by_the_token_of_one_branch(done: Done) -> None:
    host = "token.actions.githubusercontent.com"
    for role, run_of in ((PIPELINE, "ref:refs/heads/main"), (PULL_REQUEST, "pull_request")):
        subject = f"repo:example/policies:{run_of}"
        assert done.roles[role][0] == [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": f"arn:aws:iam::{CALLER}:oidc-provider/{host}"},
                "Condition": {"StringEquals": {f"{host}:aud": "sts.amazonaws.com", f"{host}:sub": [subject]}},
            }
        ]


@pytest.mark.parametrize(
    ("role", "before", "asked"),
    [(READER, PIPELINE, {}), *((role, READER, {"sts:ExternalId": EXTERNAL_ID}) for role in AUDITORS)],
)
def test_each_role_trusts_the_one_before_alone_and_that_may_assume_it(
    done: Done, role: str, before: str, asked: dict[str, str]
) -> None:
    (trust,) = done.roles[role][0]
    named = trust["Condition"]["StringEquals"].pop("aws:PrincipalArn")
    assert (named if isinstance(named, list) else [named]) == [before]
    assert trust["Condition"] == {"StringEquals": asked}
    root = trust["Principal"]["AWS"]
    assert (root if isinstance(root, list) else [root]) == [f"arn:aws:iam::{CALLER}:root"]
    (assuming,) = [each for each in done.roles[before][1] if actions(each) == ["sts:AssumeRole"]]
    assert fnmatchcase(role, assuming["Resource"])


def test_the_pipeline_may_do_nothing_else(done: Done) -> None:
    assert [(actions(each), each["Resource"]) for each in done.roles[PIPELINE][1]] == [(["sts:AssumeRole"], READER)]


def narrowed(resource: str, account: str) -> str:
    """The ARNs of one account; roles that are assumed and the StackSet are others'."""
    own = account if AUDIT_ROLE not in resource and ":stackset/" not in resource else "*"
    return re.sub(r"^arn:\*:(\w+):(\*?):\*:", rf"arn:aws:\1:\2:{own}:", resource)


@pytest.mark.parametrize("role", [READER, PULL_REQUEST, *AUDITORS])
def test_a_role_that_reads_may_do_what_permissions_prints_in_its_account(done: Done, role: str) -> None:
    verbs = {READER: ("organization", "organization-drift", "plan"), PULL_REQUEST: ("check",)}.get(
        role, ("check", "drift", "plan")
    )
    account = role.split(":")[4]
    wanted = [each | {"Resource": narrowed(each["Resource"], account)} for each in statements(*verbs)]
    found = [{name: value for name, value in each.items() if name != "Condition"} for each in done.roles[role][1]]
    assert [each | {"Action": actions(each)} for each in found] == wanted


def test_the_reader_is_not_led_out_of_its_organization(done: Done) -> None:
    conditions = [each["Condition"] for each in done.roles[READER][1] if "Condition" in each]
    assert conditions == [{"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}]


def test_the_nightly_run_reads_every_account(done: Done) -> None:
    read = {account["id"]: account["status"] for account in done.report["accounts"]}
    assert read == dict.fromkeys((CALLER, *ACCOUNTS.values()), "evaluated")
    found = {key["user"] for key in done.report["keys"] if key["verdict"] == "NON_COMPLIANT"}
    assert (done.code, found) == (1, {"svc-ledger", "svc-reports", "sftp-legacy", "svc-invoices"})


def test_the_nightly_run_goes_from_role_to_role(done: Done) -> None:
    assert done.assumed[:2] == [(PIPELINE, None), (READER, None)]
    assert sorted(done.assumed[2:]) == sorted((role, EXTERNAL_ID) for role in AUDITORS)
