"""What the real Terraform and its provider do with every module in an AWS inside this process.

Each command of Terraform costs seconds, whatever it is about, so all modules are in one configuration, and all changes
of them in one plan.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
from moto import mock_aws

from checker.decision import Account, decision
from checker.generate import terraform
from tests.fakes.function_code import function_code
from tests.fakes.remediation_configurations import remediation_configurations
from tests.fakes.stack_sets import stack_sets
from tests.generate.terraform_cli import InFolder, Terraform, deployed, write, write_organization
from tests.support.moto_server import moto_server

REGION = "eu-north-1"
PROVIDER = b"""provider "aws" {
  region                      = "eu-north-1"
  access_key                  = "testing"
  secret_key                  = "testing"
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  default_tags {
    tags = { team = "security" }
  }
}
"""
OPTIONS = ("-auto-approve", "-input=false", "-no-color")
DEPLOY = "deploy: {ruleName: key-age, frequency: Six_Hours, region: eu-north-1}\n"
POLICY = f"""version: 1
default: {{maxAccessKeyAge: 90}}
rules:
  - {{id: payments, accounts: pay-*, users: svc-*, maxAccessKeyAge: 30}}
  - {{id: robots, users: bot-*, maxAccessKeyAge: 60}}
exemptions:
  - {{id: legacy, users: sftp, reason: an appliance, approvedBy: security@example.com, expires: 2027-01-31}}
remediation: {{action: delete, automatic: true, protectUsedWithinDays: 7, deleteAfterDays: 30}}
{DEPLOY}"""
VENDOR = """  - id: vendor
    accounts: "210987654321"
    users: vendor
    reason: a contract
    approvedBy: security@example.com
    expires: 2027-03-31
"""
ACCOUNTS = [
    decision.Account("123456789012", "pay-one", None, None),  # the emulator's
    decision.Account("210987654321", "data", None, None),
]
JOINED = decision.Account("345678901234", "pay-two", None, None)
ONE_NUMBER = "version: 1\ndefault: {maxAccessKeyAge: 90}\nremediation: {action: deactivate}\n" + DEPLOY.replace(
    "key-age", "one-number"
)
ANOTHER_UNIT = "ou-exam-12345678"


class Change(NamedTuple):
    """What a deployment is changed to, as policy and inventory."""

    text: str
    accounts: Sequence[Account] = ACCOUNTS
    before: str | None = None  # the policy that all but the first account keep


MORE = "a rule more"
CHANGES = {
    "an account added to the inventory": Change(POLICY, [*ACCOUNTS, JOINED]),
    "an account removed from the inventory": Change(POLICY, ACCOUNTS[:1]),
    "an exemption for one account": Change(POLICY.replace("remediation:", f"{VENDOR}remediation:")),
    "a renamed rule": Change(POLICY.replace("id: robots", "id: machines")),
    "the end of an exemption": Change(POLICY.replace("2027-01-31", "2027-06-30")),
    "an exemption that is gone": Change(POLICY[: POLICY.index("exemptions:")] + POLICY[POLICY.index("remediation:") :]),
    "another max age": Change(POLICY.replace("maxAccessKeyAge: 90", "maxAccessKeyAge: 45")),
    MORE: Change(POLICY.replace("rules:\n", "rules:\n  - {id: people, users: a-*, maxAccessKeyAge: 20}\n")),
}
IN_SOME_FIRST = f"{MORE}, in some accounts first"
CHANGES[IN_SOME_FIRST] = CHANGES[MORE]._replace(before=POLICY)
ANOTHER_AGE, OWN_RULE = "another age of the managed rule", "a policy that needs the own rule"
CHANGES_OF_ONE_NUMBER = {
    ANOTHER_AGE: Change(ONE_NUMBER.replace("90", "45")),
    OWN_RULE: Change(
        ONE_NUMBER.replace("remediation:", "rules: [{id: robots, users: bot-*, maxAccessKeyAge: 30}]\nremediation:")
    ),
}
# Folders of deployments; nothing that Terraform keeps of them has these words otherwise.
OWN, MANAGED = "with_own_rule", "with_managed_rule"
BUCKET = "plain"  # without versions

Plan = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Course:
    """What was there and what Terraform said, in the order in which it happened; plans are by module and resource."""

    at_first: dict[str, list[str]]
    without_versions: list[str]  # the stack sets after an organization was refused the bucket of its template
    applied: dict[str, list[str]]
    second_plan: Plan
    changes: Plan  # see changes()
    changed: str
    document: tuple[str, bool]  # its version in Systems Manager, and whether it says what the file says
    another_unit: Plan
    promoted: Plan  # what reaches all accounts after it reached some
    in_the_end: dict[str, list[str]]


def template(change: Change) -> bytes:
    """A template as far as Terraform looks: too big to be sent with the call, and another one for another policy."""
    document = json.dumps(deployed(*change).document)
    return b"Resources: {}\n" + b"#" * terraform.MAX_SENT + f"\n# {document}\n".encode()


@contextmanager
def emulator() -> Iterator[tuple[str, str]]:
    """The address of an AWS, and the root of its organization of two accounts beside the management account."""
    with pytest.MonkeyPatch.context() as patch, mock_aws(), remediation_configurations(), function_code():
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        with stack_sets(), moto_server() as endpoint:
            organizations = boto3.client("organizations", region_name="us-east-1", endpoint_url=endpoint)
            organizations.create_organization(FeatureSet="ALL")
            for name in ("pay-one", "data"):
                organizations.create_account(AccountName=name, Email=f"{name}@example.com")
            yield endpoint, organizations.list_roots()["Roots"][0]["Id"]


def client(service: Any, endpoint: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=endpoint)


def what_is_there(endpoint: str) -> dict[str, list[str]]:
    """The names of everything that the modules of accounts make, by kind."""
    config, iam = client("config", endpoint), client("iam", endpoint)
    rules = [rule["ConfigRuleName"] for rule in config.describe_config_rules()["ConfigRules"]]
    remediations = config.describe_remediation_configurations(ConfigRuleNames=["key-age", "one-number"])
    functions = client("lambda", endpoint).list_functions()["Functions"]
    documents = client("ssm", endpoint).list_documents(Filters=[{"Key": "Owner", "Values": ["Self"]}])
    schedules = client("scheduler", endpoint).list_schedules()["Schedules"]
    found = {
        "rules": rules,
        "remediations": [each["TargetId"] for each in remediations["RemediationConfigurations"]],
        "functions": [each["FunctionName"] for each in functions],
        "logs": [each["logGroupName"] for each in client("logs", endpoint).describe_log_groups()["logGroups"]],
        "documents": [each["Name"] for each in documents["DocumentIdentifiers"]],
        "schedules": [each["Name"] for each in schedules],
        "roles": [each["RoleName"] for each in iam.list_roles()["Roles"]],
    }
    return {kind: sorted(names) for kind, names in found.items()}


class Root:
    """A configuration that calls modules as `keyage render` writes them, for one or more deployments in folders."""

    def __init__(self, folder: Path, units: Sequence[str]) -> None:
        self.folder = folder
        self._units = units

    def deploy(self, name: str, change: Change) -> None:
        made = deployed(*change)
        write(self.folder / name / "terraform" / "account", terraform.account_files(made))
        write_organization(self.folder / name, made, template(change))

    def call(
        self, accounts: Sequence[str], organizations: Sequence[str], *more_units: str, bucket: str | None = None
    ) -> None:
        """The modules of which deployments it has; their names say what they are for and which deployment it is.

        `bucket` is where the organizations' templates are kept, instead of one that they make.
        """
        kept = f"  template_bucket         = {json.dumps(bucket)}\n" if bucket else ""
        units = json.dumps([*self._units, *more_units])
        modules = [f'module "account_{name}" {{\n  source = "./{name}/terraform/account"\n}}\n' for name in accounts]
        modules += [
            f'module "organization_{name}" {{\n  source = "./{name}/terraform/organization"\n'
            f"  organizational_unit_ids = {units}\n{kept}}}\n"
            for name in organizations
        ]
        write(self.folder, {"main.tf": PROVIDER + "".join(modules).encode()})


def planned(module: Terraform, *options: str) -> Plan:
    """What the plan would do, by module and resource; without those that stay as they are."""
    said = map(json.loads, module.run("plan", "-input=false", "-json", *options).splitlines())
    found: Plan = {}
    for change in (line["change"] for line in said if line["type"] == "planned_change"):
        found.setdefault(change["resource"]["module"], {})[change["resource"]["resource"]] = change["action"]
    return found


def copied(state: Path, names: Mapping[str, str]) -> bytes:
    """A state with what a state has of one deployment again for others, by their names."""
    content = json.loads(state.read_text())
    content["resources"] = [
        json.loads(json.dumps(resource).replace(original, name))
        for name, original in names.items()
        for resource in content["resources"]
        if resource["module"].endswith(original)
    ]
    return json.dumps(content | {"check_results": None}).encode()


def changes(root: Root, module: Terraform) -> Plan:
    """What every change alone would do to what has been applied, by `account` or `organization` and the change."""
    kinds = {f"change_{number}_": what for number, what in enumerate([*CHANGES, *CHANGES_OF_ONE_NUMBER])}
    for name, what in kinds.items():
        root.deploy(name, (CHANGES | CHANGES_OF_ONE_NUMBER)[what])
    of_own = [name for name, what in kinds.items() if what in CHANGES]
    root.call(list(kinds), of_own)
    names = {name: OWN if name in of_own else MANAGED for name in kinds}
    write(root.folder, {"copies.tfstate": copied(root.folder / "terraform.tfstate", names)})
    module.init()
    found = planned(module, "-refresh=false", "-state=copies.tfstate")
    return {
        f"{kind} {what}": found.get(f"module.{kind}_{name}", {})
        for name, what in kinds.items()
        for kind in (("account", "organization") if name in of_own else ("account",))
    } | {name: actions for name, actions in found.items() if not any(name.endswith(each) for each in kinds)}


def course(folder: Path, terraform_in: InFolder) -> Course:
    with emulator() as (endpoint, unit):
        root = Root(folder, [unit])
        root.deploy(OWN, Change(POLICY))
        root.deploy(MANAGED, Change(ONE_NUMBER))
        at_first = what_is_there(endpoint)
        root.call([], [OWN], bucket=BUCKET)
        configuration = {"LocationConstraint": REGION}
        client("s3", endpoint).create_bucket(Bucket=BUCKET, CreateBucketConfiguration=configuration)
        module = terraform_in(folder, endpoint)
        module.run("apply", *OPTIONS, expect=1)
        stack_sets_then = client("cloudformation", endpoint).list_stack_sets()["Summaries"]
        root.call([OWN, MANAGED], [OWN])
        module.init()
        module.run("apply", *OPTIONS)
        applied = what_is_there(endpoint)
        second_plan = planned(module)
        would_change = changes(root, module)

        root.deploy(OWN, CHANGES[IN_SOME_FIRST])
        document = folder / OWN / "terraform" / "account" / "remediation.yaml"
        document.write_text(document.read_text() + "# changed\n")
        root.call([OWN, MANAGED], [OWN])
        module.init()
        changed = module.run("apply", "-refresh=false", *OPTIONS)
        found = client("ssm", endpoint).get_document(Name="key-age-remediation", DocumentFormat="YAML")
        root.call([OWN, MANAGED], [OWN], ANOTHER_UNIT)
        another_unit = planned(module)
        root.call([OWN, MANAGED], [OWN])
        root.deploy(OWN, CHANGES[MORE])
        document.write_text(document.read_text() + "# changed\n")
        promoted = planned(module, "-refresh=false")
        # Not the organization's: the emulator keeps the stacks of a service-managed stack set.
        accounts = [f"-target=module.account_{name}" for name in (OWN, MANAGED)]
        module.run("destroy", "-refresh=false", *accounts, *OPTIONS)
        return Course(
            at_first=at_first,
            without_versions=[each["StackSetName"] for each in stack_sets_then],
            applied=applied,
            second_plan=second_plan,
            changes=would_change,
            changed=changed,
            document=(found["DocumentVersion"], found["Content"] == document.read_text()),
            another_unit=another_unit,
            promoted=promoted,
            in_the_end=what_is_there(endpoint),
        )
