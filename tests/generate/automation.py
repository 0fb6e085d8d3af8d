"""Checks an Automation document as Systems Manager does, and runs its Python steps: a stand-in, without AWS.

What is checked: the "Systems Manager Automation actions reference" and "Data elements and parameters" of the
Systems Manager User Guide. Only aws:executeScript with Python runs; other actions are known, but refused.
"""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import yaml

# The quota of a document is 64 KiB and "also includes the content specified for input parameters at runtime".
RESERVED = 2 * 1024  # bytes
MAX_DOCUMENT = 64 * 1024 - RESERVED  # bytes
MAX_PAYLOAD = 100_000  # bytes that aws:executeScript takes or returns
MAX_ITEMS = 100  # of a list that aws:executeScript returns
MAX_SECONDS = 600  # that aws:executeScript runs

TOP = {"schemaVersion", "description", "assumeRole", "parameters", "variables", "mainSteps", "outputs", "files"}
PARAMETER = {
    *("type", "description", "default", "allowedValues", "allowedPattern", "displayType"),
    *("minItems", "maxItems", "minChars", "maxChars"),
}
STEP = {
    *("name", "action", "description", "inputs", "outputs", "timeoutSeconds", "maxAttempts"),
    *("onFailure", "onCancel", "isCritical", "isEnd", "nextStep"),
}
SCRIPT_INPUTS = {"Runtime", "Handler", "InputPayload", "Script", "Attachment"}
RUNTIMES = {"python3.11", "PowerShell 7.4"}
ACTIONS = {
    f"aws:{name}"
    for name in (
        *("approve", "assertAwsResourceProperty", "branch", "changeInstanceState", "copyImage", "createImage"),
        *("createStack", "createTags", "deleteImage", "deleteStack", "executeAutomation", "executeAwsApi"),
        *("executeScript", "executeStateMachine", "invokeLambdaFunction", "invokeWebhook", "loop", "pause"),
        *("runCommand", "runInstances", "sleep", "updateVariable", "waitForAwsResourceProperty"),
    )
}
TYPES: dict[str, type] = {
    "String": str,
    "StringList": list,
    "Boolean": bool,
    "Integer": int,
    "StringMap": dict,
    "MapList": list,
}
ITEMS: dict[str, type] = {"StringList": str, "MapList": dict}
RESOURCES = {"AWS::IAM::Role::Arn": re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+")}
STEP_NAME = re.compile(r"[a-zA-Z0-9_]{3,128}")
VARIABLE = re.compile(r"\{\{\s*([\w.:]+)\s*\}\}")
BUILT_IN = re.compile(r"global:(DATE|DATE_TIME|REGION)|automation:EXECUTION_ID")
SELECTOR = re.compile(r"\$\.Payload((?:\.\w+)+)")


class InvalidDocument(Exception):
    """Systems Manager would not take the document."""


class InvalidParameters(Exception):
    """Systems Manager would not start the document with these parameters."""


class InvalidOutput(Exception):
    """The script returned what Systems Manager does not take, or not what the document says."""


def run(text: str, parameters: Mapping[str, Any], now: datetime | None = None) -> dict[str, Any]:
    """Check the document, run its steps and return its outputs by their names, such as `step.Name`.

    `now` is handed to the handler as a keyword. What the script raises comes out as it is.
    """
    document = checked(text)
    values: dict[str, Any] = _accepted(document.get("parameters", {}), parameters)
    for step in document["mainSteps"]:
        if step["action"] != "aws:executeScript" or not step["inputs"]["Runtime"].startswith("python"):
            raise InvalidDocument(f"{step['name']}: only Python steps run here")
        payload = _called(step["name"], _substituted(step["inputs"], values), now)
        for output in step.get("outputs", []):
            values[f"{step['name']}.{output['Name']}"] = _selected(payload, output)
    return {name: values[name] for name in document.get("outputs", [])}


def checked(text: str) -> dict[str, Any]:
    """The parsed document; raises InvalidDocument."""
    if len(text.encode()) > MAX_DOCUMENT:
        raise InvalidDocument(f"{len(text.encode())} bytes, at most {MAX_DOCUMENT} leave room for the inputs")
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidDocument(f"not YAML: {error}") from None
    _mapping(document, "the document", TOP, {"schemaVersion", "mainSteps"})
    _require(document["schemaVersion"] == "0.3", "Automation documents have schemaVersion '0.3'")
    _require(isinstance(document.get("assumeRole", ""), str), "assumeRole is a text")
    parameters = document.get("parameters", {})
    _mapping(parameters, "parameters")
    for name, parameter in parameters.items():
        _check_parameter(name, parameter)
    known = set(parameters)
    _variables(document.get("assumeRole", ""), known, "assumeRole")
    steps = _list(document["mainSteps"], "mainSteps")
    _require(steps, "mainSteps: there is no step")
    for step in steps:
        known |= _check_step(step, known)
    names = [step["name"] for step in steps]
    _require(len(set(names)) == len(names), "two steps have one name")
    for output in _list(document.get("outputs", []), "outputs"):
        _require(output in known - set(parameters), f"outputs: {output} is no output of a step")
    return dict(document)


def _require(condition: object, message: str) -> None:
    if not condition:
        raise InvalidDocument(message)


def _mapping(value: Any, where: str, allowed: set[str] | None = None, required: set[str] | None = None) -> None:
    _require(isinstance(value, dict), f"{where} is not a mapping")
    for name in value:
        _require(isinstance(name, str), f"{where}: the key {name!r} is not a text")
        _require(allowed is None or name in allowed, f"{where}: unknown key {name}")
    for name in required or ():
        _require(name in value, f"{where}: {name} is missing")


def _list(value: Any, where: str) -> list[Any]:
    _require(isinstance(value, list), f"{where} is not a list")
    return list(value)


def _check_parameter(name: str, parameter: Any) -> None:
    _mapping(parameter, name, PARAMETER, {"type"})
    _require(re.fullmatch(r"\w+", name), f"{name}: not a name")
    _require(parameter["type"] in TYPES.keys() | RESOURCES.keys(), f"{name}: unknown type {parameter['type']}")
    try:
        re.compile(parameter.get("allowedPattern", ""))
    except re.error as error:
        raise InvalidDocument(f"{name}: allowedPattern: {error}") from None
    for value in _list(parameter.get("allowedValues", []), f"{name}: allowedValues"):
        _require(_is_of(value, parameter["type"]), f"{name}: allowed value {value!r} is not of the type")
    if "default" in parameter:
        problem = _problem(parameter, parameter["default"])
        _require(problem is None, f"{name}: the default {problem}")


def _problem(parameter: dict[str, Any], value: Any) -> str | None:
    """What is wrong with a value for a parameter, if anything."""
    if not _is_of(value, parameter["type"]):
        return f"is no {parameter['type']}"
    if "allowedValues" in parameter and value not in parameter["allowedValues"]:
        return f"is none of {parameter['allowedValues']}"
    if "allowedPattern" in parameter and not re.search(parameter["allowedPattern"], value):
        return f"does not match {parameter['allowedPattern']}"
    return None


def _is_of(value: Any, kind: str) -> bool:
    if kind in RESOURCES:
        return isinstance(value, str) and bool(RESOURCES[kind].fullmatch(value))
    fits = isinstance(value, TYPES[kind]) and not (kind == "Integer" and isinstance(value, bool))
    return fits and (kind not in ITEMS or all(isinstance(item, ITEMS[kind]) for item in value))


def _check_step(step: Any, known: set[str]) -> set[str]:
    """Check a step that may use the known variables; returns the names of its outputs."""
    _mapping(step, "a step", STEP, {"name", "action", "inputs"})
    name = step["name"]
    _require(isinstance(name, str) and STEP_NAME.fullmatch(name), f"{name!r} is no name of a step")
    _require(step["action"] in ACTIONS, f"{name}: unknown action {step['action']}")
    _require(type(step.get("isEnd", False)) is bool, f"{name}: isEnd is true or false")
    seconds = step.get("timeoutSeconds", 1)
    _require(type(seconds) is int and seconds > 0, f"{name}: timeoutSeconds is a number")
    _mapping(step["inputs"], f"{name}: inputs")
    if step["action"] == "aws:executeScript":
        _require(seconds <= MAX_SECONDS, f"{name}: a script runs for at most {MAX_SECONDS} seconds")
        _check_script(name, step["inputs"])
    _variables(step["inputs"], known, f"{name}: inputs")
    outputs = [_check_output(name, each) for each in _list(step.get("outputs", []), f"{name}: outputs")]
    _require(len(set(outputs)) == len(outputs), f"{name}: two outputs have one name")
    return {f"{name}.{output}" for output in outputs}


def _check_script(name: str, inputs: dict[str, Any]) -> None:
    _mapping(inputs, f"{name}: inputs", SCRIPT_INPUTS, {"Runtime"})
    _require(inputs["Runtime"] in RUNTIMES, f"{name}: unknown Runtime {inputs['Runtime']}")
    _mapping(inputs.get("InputPayload", {}), f"{name}: InputPayload")
    _require(isinstance(inputs.get("Script"), str) != ("Attachment" in inputs), f"{name}: one of Script, Attachment")
    if inputs["Runtime"].startswith("python") and "Script" in inputs:
        try:
            body = ast.parse(inputs["Script"]).body
        except SyntaxError as error:
            raise InvalidDocument(f"{name}: Script: {error}") from None
        defined = {each.name: each.args for each in body if isinstance(each, ast.FunctionDef)}
        handler = defined.get(str(inputs.get("Handler")))
        _require(handler and len(handler.args) >= 2, f"{name}: Handler is no function (events, context) of Script")


def _check_output(name: str, output: Any) -> str:
    _mapping(output, f"{name}: an output", {"Name", "Selector", "Type"}, {"Name", "Selector", "Type"})
    _require(re.fullmatch(r"[a-zA-Z0-9_]+", str(output["Name"])), f"{name}: {output['Name']!r} is no name of an output")
    _require(SELECTOR.fullmatch(str(output["Selector"])), f"{name}: unknown Selector {output['Selector']}")
    _require(output["Type"] in TYPES, f"{name}: unknown Type {output['Type']}")
    return str(output["Name"])


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from (name, *_texts(each))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _variables(value: Any, known: set[str], where: str) -> None:
    """Every `{{` is a variable that there is, in the script too."""
    for text in _texts(value):
        for name in VARIABLE.findall(text):
            _require(name in known or BUILT_IN.fullmatch(name), f"{where}: unknown variable {name}")
        _require("{{" not in VARIABLE.sub("", text), f"{where}: {{{{ that is no variable")


def _accepted(declared: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: parameter["default"] for name, parameter in declared.items() if "default" in parameter} | dict(
        given
    )
    for name, value in values.items():
        if name not in declared:
            raise InvalidParameters(f"{name} is no parameter")
        problem = _problem(declared[name], value)
        if problem:
            raise InvalidParameters(f"{name}: {value!r} {problem}")
    missing = declared.keys() - values.keys()
    if missing:
        raise InvalidParameters(f"missing: {', '.join(sorted(missing))}")
    if sum(len(json.dumps(value).encode()) for value in given.values()) > RESERVED:
        raise InvalidParameters(f"more than {RESERVED} bytes")
    return values


def _substituted(value: Any, values: Mapping[str, Any]) -> Any:
    """Variables replaced: by the value itself where nothing stands beside, else by its text."""
    if isinstance(value, dict):
        return {name: _substituted(each, values) for name, each in value.items()}
    if isinstance(value, list):
        return [_substituted(each, values) for each in value]
    if not isinstance(value, str):
        return value
    alone = VARIABLE.fullmatch(value)
    if alone and alone[1] in values:
        return values[alone[1]]
    return VARIABLE.sub(lambda found: _text(values.get(found[1], found[0])), value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _called(name: str, inputs: dict[str, Any], now: datetime | None) -> dict[str, Any]:
    """What the step's handler returns, having gone through JSON on both ways."""
    script: dict[str, Any] = {"__name__": name}
    exec(compile(inputs["Script"], f"{name}.py", "exec"), script)  # noqa: S102 -- running the step is what this is for
    events = json.loads(_within(name, inputs.get("InputPayload", {})))
    context = {"global:REGION": "us-east-1"}
    keywords = {} if now is None else {"now": now}
    payload = json.loads(_within(name, script[inputs["Handler"]](events, context, **keywords)))
    if not isinstance(payload, dict):
        raise InvalidOutput(f"{name}: the handler returned no mapping")
    return payload


def _within(name: str, payload: Any) -> str:
    try:
        text = json.dumps(payload, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidOutput(f"{name}: not JSON: {error}") from None
    if len(text.encode()) > MAX_PAYLOAD:
        raise InvalidOutput(f"{name}: {len(text.encode())} bytes, at most {MAX_PAYLOAD}")
    return text


def _selected(payload: dict[str, Any], output: dict[str, Any]) -> Any:
    value: Any = {"Payload": payload}
    for part in output["Selector"].split(".")[1:]:
        if not isinstance(value, dict) or part not in value:
            raise InvalidOutput(f"{output['Name']}: nothing at {output['Selector']}")
        value = value[part]
    if not _is_of(value, output["Type"]):
        raise InvalidOutput(f"{output['Name']}: no {output['Type']}: {value!r}")
    if isinstance(value, list) and len(value) > MAX_ITEMS:
        raise InvalidOutput(f"{output['Name']}: {len(value)} items, at most {MAX_ITEMS}")
    return value
