"""What of a policy is deployed in the account of the current credentials, as it stands there."""

import io
import json
import os
import time
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml
from botocore.awsrequest import AWSRequest
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from checker.errors import Unreadable
from checker.sources.aws.failures import FAILURES, explain
from checker.sources.aws.reader import listing
from checker.sources.aws.session import READ_TIMEOUT, ReadOnlySession

EVALUATION = "evaluation"
MISSING = {
    "NoSuchConfigRuleException",
    "NoSuchRemediationConfigurationException",
    "ResourceNotFoundException",
    "InvalidDocument",
}


CODE_DELAYS = (0.1, 0.5, 2)  # seconds before a Lambda's code that did not come whole is fetched again


class _Failed(Exception):
    """The store of Lambda code failed; it may not the next time."""


BROKEN = (HTTPClientError, zipfile.BadZipFile, zlib.error, _Failed)


class Function(NamedTuple):
    """A Lambda function."""

    handler: str | None
    code: str | None  # its index.py


@dataclass(frozen=True)
class Deployed:
    """The Config rule, the code behind it and the remediation; None for what is not there."""

    rule: dict[str, Any] | None
    functions: Mapping[str, Function | None]  # that behind the rule as EVALUATION, the others by their names
    remediation: dict[str, Any] | None
    document: dict[str, Any] | None  # the Automation document, parsed
    schedule: dict[str, Any] | None


def read(
    session: ReadOnlySession, region: str, rule_name: str, schedule_name: str, function_names: Iterable[str]
) -> Deployed:
    """Read the rule of that name and whatever it names, the schedule and these functions.

    Raises Unreadable, with what to do.
    """
    try:
        return _read(session, region, rule_name, schedule_name, function_names)
    except (*FAILURES, HTTPClientError) as error:
        raise Unreadable(explain(error)) from None


def _read(
    session: ReadOnlySession, region: str, rule_name: str, schedule_name: str, function_names: Iterable[str]
) -> Deployed:
    config = session.client("config", region)
    rules = _found(config.describe_config_rules, "ConfigRules", ConfigRuleNames=[rule_name])
    rule = rules[0] if rules else None
    configured = _found(
        config.describe_remediation_configurations, "RemediationConfigurations", ConfigRuleNames=[rule_name]
    )
    remediation = configured[0] if configured else None
    source = (rule or {}).get("Source", {})
    names = {name: name for name in function_names}
    if source.get("Owner") == "CUSTOM_LAMBDA":
        names[EVALUATION] = source["SourceIdentifier"]
    return Deployed(
        rule,
        {called: _function(session, region, name) for called, name in names.items()},
        remediation,
        _document(session, region, remediation),
        _schedule(session, region, schedule_name),
    )


def _found(call: Any, member: str, **arguments: Any) -> Any:
    """A member of the answer, or None if AWS says that there is no such thing."""
    try:
        return call(**arguments)[member]
    except FAILURES as error:
        if getattr(error, "response", None) and listing.error_code(error) in MISSING:
            return None
        raise


def _function(session: ReadOnlySession, region: str, name: str) -> Function | None:
    client = session.client("lambda", region)
    try:
        found = client.get_function(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        return None
    location = found.get("Code", {}).get("Location")
    return Function(found["Configuration"].get("Handler"), _code(location, session.ca_bundle) if location else None)


def _code(location: str, ca_bundle: str | None = None) -> str | None:
    """index.py in the code that AWS hands out by a signed address; None if the code has no such file.

    No client of a service fetches it, so it is asked for again here, by the proxy and with the certificates that
    clients have.
    """
    verify: Any = ca_bundle or os.environ.get("REQUESTS_CA_BUNDLE") or True
    session = URLLib3Session(verify=verify, proxies=get_environ_proxies(location), timeout=READ_TIMEOUT)
    for delay in CODE_DELAYS:
        try:
            return _index(session, location)
        except BROKEN:
            time.sleep(delay)
    try:
        return _index(session, location)
    except BROKEN as error:
        raise Unreadable(f"the Lambda's code could not be fetched whole: {error}; run again") from None


def _index(session: URLLib3Session, location: str) -> str | None:
    answer = session.send(AWSRequest("GET", location).prepare())
    if answer.status_code >= 500:
        raise _Failed(f"HTTP {answer.status_code}")
    if answer.status_code != 200:
        raise Unreadable(f"the Lambda's code could not be fetched: HTTP {answer.status_code}; run again")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        if "index.py" not in archive.namelist():
            return None
        return archive.read("index.py").decode("utf-8", "replace")


def _document(session: ReadOnlySession, region: str, remediation: dict[str, Any] | None) -> Any:
    if remediation is None or remediation.get("TargetType") != "SSM_DOCUMENT":
        return None
    arguments = {"Name": remediation["TargetId"], "DocumentFormat": "YAML"}
    if remediation.get("TargetVersion"):
        arguments["DocumentVersion"] = remediation["TargetVersion"]
    content = _found(session.client("ssm", region).get_document, "Content", **arguments)
    return None if content is None else parsed(content)


def parsed(document: str) -> Any:
    """An Automation document without its layout: AWS may give YAML back in another one."""
    try:
        return yaml.safe_load(document)
    except yaml.YAMLError:
        return document


def _schedule(session: ReadOnlySession, region: str, name: str) -> dict[str, Any] | None:
    client = session.client("scheduler", region)
    try:
        found: dict[str, Any] = client.get_schedule(Name=name)
    except client.exceptions.ResourceNotFoundException:
        return None
    return found | {"Input": _input(found["Target"].get("Input", "{}"))}


def _input(text: str) -> dict[str, Any]:
    """What a schedule calls its target with; nothing where somebody wrote another thing than an object by hand."""
    try:
        given = json.loads(text)
    except ValueError:
        return {}
    return given if isinstance(given, dict) else {}
