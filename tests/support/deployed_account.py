"""An account of the emulator in which a policy is deployed, as the templates do it and as far as `drift` looks."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import boto3
import pytest
from moto import mock_aws

from checker.commands.drift import sought
from checker.compare.drift.account import AccountDrift, judged
from checker.decision import decision
from checker.generate.archive import zipped
from checker.generate.deployment import RUNTIME, Deployment, deployment
from checker.permissions import DEPLOYED
from checker.pieces import PIECES
from checker.policy import inventory, loader
from checker.sources.aws.session import ReadOnlySession
from checker.sources.deployed.account import read
from checker.sources.deployed.parts import Deployed, DeployedIn
from tests.fakes.function_code import function_code
from tests.fakes.remediation_configurations import remediation_configurations
from tests.support.moto_server import moto_server

ACCOUNT = "123456789012"  # moto's, of credentials that it does not know
RULE = "access-keys-rotated"
EVALUATION, DEACTIVATION, DELETION = (f"{RULE}-{piece}" for piece in PIECES)
SERVICES = ("config", "lambda", "ssm", "iam", "scheduler")
TRUSTED = {"automation": "ssm", "schedule": "scheduler"}
DAY = "rate(1 day)"
REGION = "eu-west-1"
DEPLOY = f"deploy: {{region: {REGION}}}\n"
MANAGED = f"version: 1\ndefault: {{maxAccessKeyAge: 45}}\n{DEPLOY}"
CUSTOM = f"""version: 1
default: {{maxAccessKeyAge: 90}}
rules: [{{id: robots, users: svc-*, maxAccessKeyAge: 30}}]
remediation: {{action: delete, automatic: true, protectUsedWithinDays: 7, deleteAfterDays: 30}}
{DEPLOY}"""


def expected(text: str, accounts: inventory.Inventory | None = None) -> Deployment:
    return deployment(loader.parse(text.encode(), "policies.yaml"), accounts or {})


@contextmanager
def emulated_aws() -> Iterator[None]:
    """In this process, with what moto lacks of what `drift` reads."""
    with ExitStack() as stack:
        for context in (mock_aws(), remediation_configurations(), function_code()):
            stack.enter_context(context)
        yield


@contextmanager
def served_aws() -> Iterator[str]:
    """The same behind an address, for keyage as a process."""
    with emulated_aws(), moto_server() as url:
        yield url


class DeployedAccount:
    """An account of the emulator, with clients that may write."""

    def __init__(
        self, region: str, endpoint: str | None = None, session: Any = boto3, account_id: str = ACCOUNT
    ) -> None:
        self.endpoint, self.region, self.id = endpoint, region, account_id
        made = {name: session.client(name, region_name=region, endpoint_url=endpoint) for name in SERVICES}
        self.config, self.functions, self.ssm, self.iam, self.scheduler = made.values()

    def read(self, wanted: Deployment) -> Deployed:
        """What `drift` reads of it, in this process."""
        return read(ReadOnlySession(), sought(wanted))

    def drift(self, wanted: Deployment) -> AccountDrift:
        """What `drift` finds, in this process."""
        return judged(wanted, DeployedIn(decision.Account(self.id), self.read(wanted)))

    def differences(self, wanted: Deployment) -> list[str]:
        """Its lines."""
        return [str(difference) for difference in self.drift(wanted).differences]

    def record(self, **group: Any) -> None:
        """Switch AWS Config's recorder on; `group`: what it records, by default all."""
        everything = {"allSupported": True, "includeGlobalResourceTypes": True}
        recorder = {"name": "default", "roleARN": self.arn("r"), "recordingGroup": group or everything}
        self.config.put_configuration_recorder(ConfigurationRecorder=recorder)
        self.config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "bucket"})
        self.config.start_configuration_recorder(ConfigurationRecorderName="default")

    def arn(self, role: str) -> str:
        return f"arn:aws:iam::{self.id}:role/{role}"

    def deploy(self, wanted: Deployment, prefix: str = "") -> None:
        """What the templates make, every name but the rule's after the prefix."""
        self.record()
        source: dict[str, Any] = {"Owner": "AWS", "SourceIdentifier": "ACCESS_KEYS_ROTATED"}
        rule: dict[str, Any] = {
            "ConfigRuleName": wanted.rule_name,
            "Description": f"Access keys are no older than {wanted.max_age or 'policies.yaml allows'}.",
            "Source": source,
        }
        if wanted.max_age is not None:
            rule["InputParameters"] = json.dumps({"maxAccessKeyAge": str(wanted.max_age)})
            rule["MaximumExecutionFrequency"] = wanted.frequency
        else:
            trigger = {"EventSource": "aws.config", "MessageType": "ScheduledNotification"}
            details = [trigger | {"MaximumExecutionFrequency": wanted.frequency}]
            arn = self.put_function(wanted, "evaluation", prefix)
            rule["Source"] = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": arn, "SourceDetails": details}
        self.config.put_config_rule(ConfigRule=rule)
        if wanted.runbook is not None:
            self.put_function(wanted, "deactivation", prefix)
            self.put_document(wanted, prefix)
            self.remediate(wanted, prefix)
        if wanted.deletes:
            function = self.put_function(wanted, "deletion", prefix)
            role = self.put_role(prefix + wanted.name("schedule"), "schedule")
            self.schedule(prefix + wanted.name("deletion"), function, role)

    def put_role(self, name: str, piece: str) -> str:
        statement = {"Effect": "Allow", "Principal": {"Service": f"{TRUSTED.get(piece, 'lambda')}.amazonaws.com"}}
        trust = {"Version": "2012-10-17", "Statement": [statement | {"Action": "sts:AssumeRole"}]}
        description = f"Lets the function {name} do its work."
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Description=description)
        statements = [
            {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": "*"}
            for sid, actions in DEPLOYED[piece].items()
        ]
        self.allow(name, piece, statements)
        return str(made["Role"]["Arn"])

    def allow(self, role: str, policy: str, statements: list[dict[str, Any]]) -> None:
        document = {"Version": "2012-10-17", "Statement": statements}
        self.iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))

    def put_function(self, wanted: Deployment, piece: str, prefix: str = "") -> str:
        name = prefix + wanted.name(piece)
        made = self.functions.create_function(
            FunctionName=name,
            Description=f"{PIECES[piece].does} for the AWS Config rule {wanted.rule_name}.",
            Runtime=RUNTIME,
            Handler=PIECES[piece].handler,
            Timeout=PIECES[piece].timeout,
            Code={"ZipFile": zipped("index.py", str(wanted.code).encode())},
            Role=self.put_role(name, piece),
        )
        if piece == "evaluation":
            allowed = {"StatementId": "config", "Action": "lambda:InvokeFunction", "Principal": "config.amazonaws.com"}
            self.functions.add_permission(FunctionName=name, **allowed)
        else:
            self.functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
        return str(made["FunctionArn"])

    def put_document(self, wanted: Deployment, prefix: str = "") -> None:
        self.ssm.create_document(
            Name=prefix + wanted.name("remediation"),
            Content=str(wanted.runbook),
            DocumentType="Automation",
            DocumentFormat="YAML",
        )

    def remediate(self, wanted: Deployment, prefix: str = "", **others: Any) -> None:
        role = prefix + wanted.name("automation")
        if role not in {each["RoleName"] for each in self.iam.list_roles()["Roles"]}:
            self.put_role(role, "automation")
        values = {"Stage": "deactivate", "Trigger": wanted.trigger, "AutomationAssumeRole": self.arn(role)}
        values |= {"NamePrefix": prefix} if prefix else {}
        static = {name: {"StaticValue": {"Values": [value]}} for name, value in values.items()}
        configuration = {
            "ConfigRuleName": wanted.rule_name,
            "TargetType": "SSM_DOCUMENT",
            "TargetId": prefix + wanted.name("remediation"),
            "Automatic": wanted.automatic,
            "MaximumAutomaticAttempts": 5,
            "RetryAttemptSeconds": 60,
            "Parameters": static | {"ResourceId": {"ResourceValue": {"Value": "RESOURCE_ID"}}},
            "ExecutionControls": {"SsmControls": {"ConcurrentExecutionRatePercentage": 10, "ErrorPercentage": 50}},
        }
        self.config.put_remediation_configurations(RemediationConfigurations=[configuration | others])

    def schedule(self, name: str, function: str, role: str, **others: Any) -> None:
        given = json.dumps({"Stage": "delete", "Trigger": "automatic"})
        wanted: dict[str, Any] = {
            "Name": name,
            "Description": "Deletes access keys that were inactive for long enough, for the AWS Config rule x.",
            "ScheduleExpression": DAY,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": function, "RoleArn": role, "Input": given},
        }
        self.scheduler.create_schedule(**wanted | others)


@pytest.fixture
def account() -> Iterator[DeployedAccount]:
    with emulated_aws():
        yield DeployedAccount(REGION)
