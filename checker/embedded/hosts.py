"""Deploys and runs what `render` ships, as Lambda and Systems Manager would, in the AWS in this process."""

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from datetime import datetime
from functools import lru_cache
from types import CodeType, SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3

from checker.embedded.aws import credentials_for
from checker.embedded.config_service import result_token

REGION = "us-east-1"


def deploy(account_id: str, rule_name: str, archive: bytes) -> None:
    """Make the function and the rule."""
    function = {"FunctionName": rule_name, "Runtime": "python3.13", "Handler": "index.handler"}
    schedule = {"EventSource": "aws.config", "MessageType": "ScheduledNotification"}
    with _in_account(account_id):
        clients: Any = boto3
        role = clients.client("iam").create_role(RoleName=rule_name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        created = clients.client("lambda").create_function(**function, Role=role, Code={"ZipFile": archive})
        source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": created["FunctionArn"], "SourceDetails": [schedule]}
        clients.client("config").put_config_rule(ConfigRule={"ConfigRuleName": rule_name, "Source": source})


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


def run_remediation(source: str, account_id: str, asked: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Invoke the function's source as its Automation document does for a person, as if it were `now`."""
    arn = f"arn:aws:lambda:{REGION}:{account_id}:function:remediation"
    event = {"ResourceId": "", "Stage": "deactivate", "Trigger": "manual"} | dict(asked)
    with _in_account(account_id), _unlogged():
        context = SimpleNamespace(invoked_function_arn=arn)
        output: dict[str, Any] = loaded(source, "index")["remediate"](event, context, now)
    return output


def loaded(source: str, name: str) -> dict[str, Any]:
    """The names that a shipped script defines."""
    names: dict[str, Any] = {"__name__": name}
    exec(_compiled(source, name), names)  # noqa: S102 -- the code that keyage itself has just rendered
    return names


@lru_cache(maxsize=2)
def _compiled(source: str, name: str) -> CodeType:
    """Both functions, in every account, are of one source."""
    return compile(source, f"{name}.py", "exec")


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
