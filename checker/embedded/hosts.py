"""Deploys and runs what `render` ships, as Lambda and Systems Manager would, in the AWS in this process."""

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import datetime
from typing import Any
from unittest.mock import patch

import boto3
import yaml

from checker.embedded.aws import credentials_for
from checker.embedded.config_service import result_token

REGION = "us-east-1"


def deploy(account_id: str, rule_name: str, archive: bytes, document_name: str, document: str) -> None:
    """Make the function, the rule and the Automation document."""
    function = {"FunctionName": rule_name, "Runtime": "python3.12", "Handler": "index.handler"}
    schedule = {"EventSource": "aws.config", "MessageType": "ScheduledNotification"}
    with _in_account(account_id):
        clients: Any = boto3
        role = clients.client("iam").create_role(RoleName=rule_name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        created = clients.client("lambda").create_function(**function, Role=role, Code={"ZipFile": archive})
        source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": created["FunctionArn"], "SourceDetails": [schedule]}
        clients.client("config").put_config_rule(ConfigRule={"ConfigRuleName": rule_name, "Source": source})
        clients.client("ssm").create_document(
            Name=document_name, Content=document, DocumentType="Automation", DocumentFormat="YAML"
        )


def deployed_document(account_id: str, name: str) -> str:
    """The text of a document as Systems Manager has it."""
    with _in_account(account_id):
        return str(boto3.client("ssm").get_document(Name=name)["Content"])


def run_config_rule(source: str, account_id: str, rule_name: str, now: datetime) -> dict[str, Any]:
    """Invoke the function's source as AWS Config does on schedule, as if it were `now`."""
    notification = {"awsAccountId": account_id, "messageType": "ScheduledNotification", "recordVersion": "1.0"}
    event = {
        "version": "1.0",
        "invokingEvent": json.dumps(notification | {"notificationCreationTime": f"{now:%Y-%m-%dT%H:%M:%S.000Z}"}),
        "ruleParameters": "{}",
        "resultToken": result_token(rule_name),
        "eventLeftScope": False,
        "configRuleName": rule_name,
        "accountId": account_id,
    }
    with _in_account(account_id), _unlogged():
        counts: dict[str, Any] = loaded(source, "index")["handler"](event, None, now)
    return counts


def run_remediation(document: str, account_id: str, parameters: dict[str, str], now: datetime) -> dict[str, Any]:
    """Run the Python step of an Automation document with its parameters, as if it were `now`."""
    content = yaml.safe_load(document)
    values = {name: parameters.get(name, declared.get("default")) for name, declared in content["parameters"].items()}
    inputs = content["mainSteps"][0]["inputs"]
    payload = {name: values[text.strip("{} ")] for name, text in inputs["InputPayload"].items()}
    with _in_account(account_id), _unlogged():
        output: dict[str, Any] = loaded(inputs["Script"], "script")[inputs["Handler"]](payload, None, now)
    return output


def loaded(source: str, name: str) -> dict[str, Any]:
    """The names that a shipped script defines."""
    names: dict[str, Any] = {"__name__": name}
    exec(compile(source, f"{name}.py", "exec"), names)  # noqa: S102 -- the code that keyage itself has just rendered
    return names


@contextmanager
def _in_account(account_id: str) -> Iterator[None]:
    """The environment that AWS gives to code that it runs: a region, and the credentials of a role."""
    credentials = credentials_for(account_id)
    given = {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "AWS_DEFAULT_REGION": REGION,
    }
    with patch.dict(os.environ, given), patch.object(boto3, "DEFAULT_SESSION", None):
        yield


@contextmanager
def _unlogged() -> Iterator[None]:
    """What code prints in AWS goes to a log that nobody reads here."""
    with redirect_stdout(io.StringIO()):
        yield
