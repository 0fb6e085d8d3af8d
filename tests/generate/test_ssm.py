"""The Automation document is one that Systems Manager takes, and it does what it says with its functions."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import yaml

from checker.embedded import aws
from tests.fakes.lambda_functions import lambda_functions
from tests.fakes.stand_ins import refuse
from tests.generate import automation
from tests.generate.automation import InvalidDocument, InvalidOutput, InvalidParameters, run
from tests.generate.test_cloudformation import CASES, allowed, deployed
from tests.support.fixtures import ACCOUNT, NOW, Emulated, ago

VALID = """
schemaVersion: "0.3"
description: says hello
assumeRole: "{{ Role }}"
parameters:
  Role: {type: "AWS::IAM::Role::Arn"}
  Name: {type: String, default: you, allowedPattern: "^[a-z]+$"}
  Loud: {type: Boolean, default: false}
  Tone: {type: String, default: warm, allowedValues: [warm, cool]}
mainSteps:
  - name: greet
    action: aws:executeScript
    timeoutSeconds: 60
    inputs:
      Runtime: python3.11
      Handler: handler
      InputPayload: {Name: "{{ Name }}", Loud: "{{ Loud }}", Text: "{{Tone}} hello"}
      Script: |
        def handler(events, context, now=None):
            return {"Text": f"{events['Text']} {events['Name']}", "Items": [{"Loud": str(events["Loud"])}]}
    outputs:
      - {Name: Text, Selector: $.Payload.Text, Type: String}
      - {Name: Items, Selector: $.Payload.Items, Type: MapList}
  - name: again
    action: aws:executeScript
    isEnd: true
    inputs:
      Runtime: python3.11
      Handler: handler
      InputPayload: {Items: "{{ greet.Items }}"}
      Script: |
        def handler(events, context, now=None):
            return {"Number": len(events["Items"])}
    outputs:
      - {Name: Number, Selector: $.Payload.Number, Type: Integer}
outputs: [greet.Text, again.Number]
"""
ROLE = f"arn:aws:iam::{ACCOUNT}:role/keyage"


def test_a_valid_document_runs() -> None:
    assert run(VALID, {"Role": ROLE}) == {"greet.Text": "warm hello you", "again.Number": 1}
    loud = {"Role": ROLE, "Name": "all", "Loud": True, "Tone": "cool"}
    assert run(VALID, loud) == {"greet.Text": "cool hello all", "again.Number": 1}


def changed(change: Callable[[Any, Any, Any], object]) -> str:
    document = yaml.safe_load(VALID)
    step = document["mainSteps"][0]
    change(document, step, step["inputs"])
    return yaml.safe_dump(document, sort_keys=False)


MALFORMED: dict[str, Callable[[Any, Any, Any], object]] = {
    "schemaVersion '0.3'": lambda document, _step, _inputs: document.update(schemaVersion=0.3),
    "unknown key runtimeConfig": lambda document, _step, _inputs: document.update(runtimeConfig={}),
    "mainSteps is missing": lambda document, _step, _inputs: document.pop("mainSteps"),
    "there is no step": lambda document, _step, _inputs: document["mainSteps"].clear(),
    "parameters is not a mapping": lambda document, _step, _inputs: document.update(parameters=[]),
    "assumeRole: unknown variable Rolle": lambda document, _step, _inputs: document.update(assumeRole="{{ Rolle }}"),
    "Name: unknown type Text": lambda document, _step, _inputs: document["parameters"]["Name"].update(type="Text"),
    "Name: type is missing": lambda document, _step, _inputs: document["parameters"]["Name"].pop("type"),
    "Name: unknown key defualt": lambda document, _step, _inputs: document["parameters"]["Name"].update(defualt="x"),
    "Name: allowedPattern:": lambda document, _step, _inputs: document["parameters"]["Name"].update(allowedPattern="("),
    "Name: the default does not match": lambda document, _step, _inputs: document["parameters"]["Name"].update(
        default=""
    ),
    "Name: the default is no String": lambda document, _step, _inputs: document["parameters"]["Name"].update(default=1),
    "Tone: the default is none of": lambda document, _step, _inputs: document["parameters"]["Tone"].update(default="x"),
    "Loud: allowed value 'yes'": lambda document, _step, _inputs: document["parameters"]["Loud"].update(
        allowedValues=["yes"]
    ),
    "'a b' is no name of a step": lambda _document, step, _inputs: step.update(name="a b"),
    "two steps have one name": lambda document, step, _inputs: document["mainSteps"].insert(0, step),
    "unknown action aws:runScript": lambda _document, step, _inputs: step.update(action="aws:runScript"),
    "a step: unknown key timeout": lambda _document, step, _inputs: step.update(timeout=60),
    "at most 600 seconds": lambda _document, step, _inputs: step.update(timeoutSeconds=601),
    "isEnd is true or false": lambda _document, step, _inputs: step.update(isEnd="yes"),
    "unknown Runtime python3.9": lambda _document, _step, inputs: inputs.update(Runtime="python3.9"),
    "inputs: unknown key Payload": lambda _document, _step, inputs: inputs.update(Payload={}),
    "InputPayload is not a mapping": lambda _document, _step, inputs: inputs.update(InputPayload="x"),
    "one of Script, Attachment": lambda _document, _step, inputs: inputs.pop("Script"),
    "Handler is no function": lambda _document, _step, inputs: inputs.update(Handler="main"),
    "Script: invalid syntax": lambda _document, _step, inputs: inputs.update(Script="def handler(:"),
    "inputs: unknown variable Nobody": lambda _document, _step, inputs: inputs["InputPayload"].update(x="{{ Nobody }}"),
    "inputs: unknown variable events": lambda _document, _step, inputs: inputs.update(
        Script=inputs["Script"] + "# {{events}}\n"
    ),
    "{{ that is no variable": lambda _document, _step, inputs: inputs.update(
        Script=inputs["Script"] + "x = {{1: 2}}\n"
    ),
    "unknown variable again.Number": lambda _document, _step, inputs: inputs["InputPayload"].update(
        x="{{ again.Number }}"
    ),
    "unknown Selector Payload.Text": lambda _document, step, _inputs: step["outputs"][0].update(
        Selector="Payload.Text"
    ),
    "unknown Type Map": lambda _document, step, _inputs: step["outputs"][0].update(Type="Map"),
    "Type is missing": lambda _document, step, _inputs: step["outputs"][0].pop("Type"),
    "two outputs have one name": lambda _document, step, _inputs: step["outputs"][0].update(Name="Items"),
    "greet.Nothing is no output": lambda document, _step, _inputs: document.update(outputs=["greet.Nothing"]),
    "bytes, at most 63488": lambda document, _step, _inputs: document.update(description="x" * automation.MAX_DOCUMENT),
}


@pytest.mark.parametrize("message", MALFORMED)
def test_a_malformed_document_is_refused(message: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        run(changed(MALFORMED[message]), {"Role": ROLE})
    assert message in str(caught.value)


def test_what_is_no_document_is_refused() -> None:
    for text in ("", "[]", "a: [", "- x"):
        with pytest.raises(InvalidDocument):
            run(text, {})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "missing: Role"),
        ({"Role": "keyage"}, "is no AWS::IAM::Role::Arn"),
        ({"Role": ROLE, "Name": "A1"}, "does not match"),
        ({"Role": ROLE, "Tone": "shrill"}, "is none of"),
        ({"Role": ROLE, "Loud": "true"}, "is no Boolean"),
        ({"Role": ROLE, "Nmae": "x"}, "Nmae is no parameter"),
        ({"Role": ROLE, "Name": "x" * 2049}, "more than 2048 bytes"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParameters, match=message):
        run(VALID, given)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("None", "no mapping"),
        ("{'Text': object()}", "not JSON"),
        ("{'Text': float('nan')}", "not JSON"),
        ("{'Text': 1, 'Items': []}", "Text: no String"),
        ("{'Text': '', 'Items': ['x']}", "Items: no MapList"),
        ("{'Text': ''}", r"nothing at \$\.Payload\.Items"),
        ("{'Text': '', 'Items': [{}] * 101}", "101 items, at most 100"),
        ("{'Text': 'x' * 100_000, 'Items': []}", "bytes, at most 100000"),
    ],
)
def test_output_that_does_not_fit_is_refused(returned: str, message: str) -> None:
    script = f"def handler(events, context, now=None):\n    return {returned}\n"
    with pytest.raises(InvalidOutput, match=message):
        run(changed(lambda _document, _step, inputs: inputs.update(Script=script)), {"Role": ROLE})


def test_the_script_sees_the_time_and_fails_as_itself() -> None:
    script = "def handler(events, context, now=None):\n    raise ValueError(now)\n"
    with pytest.raises(ValueError, match="2026-11-23") as caught:
        run(changed(lambda _document, _step, inputs: inputs.update(Script=script)), {"Role": ROLE}, NOW)
    assert str(caught.traceback[-1].path).endswith("greet.py")


# The document that keyage renders


def rendered(case: str) -> str:
    document = deployed(CASES[case]).runbook
    assert document is not None
    return document


def started(case: str, given: dict[str, str], now: datetime) -> dict[str, Any]:
    """Start the document of a policy, with its functions, as if it were `now`."""
    made = deployed(CASES[case])
    handlers = dict.fromkeys(made.remediation_functions.values(), "remediate")
    with lambda_functions(made.code or "", handlers, ACCOUNT, now):
        return run(made.runbook or "", {"AutomationAssumeRole": ROLE} | given)


@pytest.mark.parametrize("case", [case for case in CASES if "-" in case])
def test_systems_manager_takes_what_is_rendered(case: str) -> None:
    document = automation.checked(rendered(case))
    assert {name: entry.get("default") for name, entry in document["parameters"].items()} == {
        "ResourceId": "",
        "Stage": "deactivate",
        "Trigger": "manual",
        "NamePrefix": "",
        "AutomationAssumeRole": None,
    }
    assert document["outputs"] == ["remediate.Summary", "remediate.Keys"]


@pytest.mark.parametrize(
    "given",
    [
        {"ResourceId": "alice"},
        {"ResourceId": "AIDA"},
        {"ResourceId": "AIDAEXAMPLE0123456789 x"},
        {"Stage": "Delete"},
        {"Trigger": ""},
        {"AutomationAssumeRole": ""},
        {"User": "alice"},
    ],
)
def test_the_rendered_document_starts_only_with_what_it_knows(given: dict[str, str]) -> None:
    with pytest.raises(InvalidParameters):
        run(rendered("custom-delete"), {"AutomationAssumeRole": ROLE} | given)


@pytest.fixture
def role(monkeypatch: pytest.MonkeyPatch, emulated: Emulated) -> Emulated:
    """The environment that the step finds: a role in the account."""
    credentials = aws.credentials_for(ACCOUNT)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", credentials["SessionToken"])
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    emulated.faults.requests.clear()
    return emulated


def a_user(emulated: Emulated, name: str) -> Any:
    """A user with an id as AWS makes them, and as the document wants them."""
    user = emulated.user(name)
    user.id = f"AIDA{name.upper():0>17}"
    return user


def operations(emulated: Emulated) -> set[str]:
    """What AWS was asked; IAM's operations are in the body, those of AWS Config in a header."""
    targets = {"ListDiscoveredResources": "config"}
    return {f"{targets.get(operation, 'iam')}:{operation}" for operation in emulated.faults.requests}


def test_the_document_deactivates_an_old_key_and_nothing_else(role: Emulated) -> None:
    user = a_user(role, "ci")
    old, young = role.key("ci", 91), role.key("ci", 89)
    other = role.user("other")
    role.key("other", 400)
    output = started("custom-automatic", {"ResourceId": user.id, "Trigger": "automatic"}, NOW)
    assert [(key["accessKeyId"], key["event"], key["step"]) for key in output["remediate.Keys"]] == [
        (old, "done", "deactivate"),
        (old, "done", "mark"),
        (young, "left", "keep"),
    ]
    assert output["remediate.Summary"] == "Stage deactivate: 1 deactivated, 1 marked, 1 left."
    assert [key.status for key in (*user.access_keys, *other.access_keys)] == ["Inactive", "Active", "Active"]
    assert operations(role) <= allowed("custom-automatic", "DeactivationRole")


def test_the_document_is_not_automatic_where_the_policy_is_not(role: Emulated) -> None:
    user = a_user(role, "ci")
    role.key("ci", 400)
    started("custom-remediation", {"ResourceId": user.id, "Trigger": "automatic"}, NOW)
    assert [key.status for key in user.access_keys] == ["Active"]
    started("custom-remediation", {"ResourceId": user.id}, NOW)
    assert [key.status for key in user.access_keys] == ["Inactive"]


def test_the_role_for_deactivation_may_forget_since_when_a_key_was_inactive(role: Emulated) -> None:
    user = a_user(role, "ci")
    key = role.key("ci", 400)
    role.iam.tag_user("ci", [{"Key": f"keyage:inactive-since:{key}", "Value": "2026-10-01T00:00:00Z"}])
    started("custom-delete", {"ResourceId": user.id}, NOW)
    assert [key.status for key in user.access_keys] == ["Inactive"]
    assert "iam:UntagUser" in operations(role)
    assert operations(role) <= allowed("custom-delete", "DeactivationRole")


def test_the_document_deletes_what_was_inactive_long_enough_with_the_role_for_deletion(role: Emulated) -> None:
    user = a_user(role, "ci")
    role.key("ci", 400, status="Inactive")
    role.key("ci", 10)
    given = {"Stage": "delete"}
    done = [started("custom-delete", given, moment)["remediate.Keys"][0]["step"] for moment in map(ago, (40, 11, 10))]
    assert done == ["mark", "wait-delete", "delete"]
    assert [key.status for key in user.access_keys] == ["Active"]
    assert operations(role) <= allowed("custom-delete", "DeletionRole")


def test_what_the_function_could_not_do_fails_the_step(role: Emulated) -> None:
    user = a_user(role, "ci")
    role.key("ci", 400)
    role.faults.plan("UpdateAccessKey", refuse("AccessDenied"))
    with pytest.raises(RuntimeError, match="1 failed, the rest is done"):
        started("custom-remediation", {"ResourceId": user.id}, NOW)


def test_hundreds_of_keys_fit_into_what_systems_manager_returns(role: Emulated) -> None:
    for number in range(120):
        role.user(f"u{number}")
        role.key(f"u{number}", 400, status="Inactive")
    output = started("custom-delete", {"Stage": "delete"}, NOW)
    assert len(output["remediate.Keys"]) == automation.MAX_ITEMS
    assert len(json.dumps(output)) < automation.MAX_PAYLOAD
    assert "120 marked" in output["remediate.Summary"]
