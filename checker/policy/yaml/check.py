"""A parsed document and a JSON Schema → typed values, or problems with their places and what to do.

The schema that editors complete from is the schema that is enforced here, so the two cannot differ.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from checker.errors import Problem
from checker.policy.nearest import Known, meant
from checker.policy.yaml import forms
from checker.policy.yaml.parse import Document, Node, Plain, Steps

Schema = dict[str, Any]
TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
EMPTY = "empty, which matches nothing: leave it out to match everything"  # of a selector
NOTHING = {"", "~", "null", "Null", "NULL"}
KINDS = {
    "integer": "a whole number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}

# What may be meant by a text that breaks the pattern of a definition.
HINTS = {
    "userName": forms.user_hint,
    "groupName": forms.group_hint,
    "userPath": forms.path_hint,
    "path": forms.one_path_hint,
    "accountId": forms.account_id_hint,
}


@cache
def schema_text(name: str) -> str:
    """The text of a JSON Schema (draft-07) by name: `policy` or `inventory`."""
    # importlib.resources would cost validate a twentieth of its time; a package on disk needs none of it.
    return (Path(__file__).parents[1] / "schemas" / f"{name}.schema.json").read_text("utf-8")


@cache
def schema(name: str) -> Schema:
    loaded: Schema = json.loads(schema_text(name))
    return loaded


@cache
def _validator(name: str) -> jsonschema_rs.Draft7Validator:
    """Making one takes longer than all else that is done to a policy."""
    return jsonschema_rs.Draft7Validator(schema(name), validate_formats=True)


def check(document: Document, name: str) -> tuple[dict[str, Any], list[Problem]]:
    """The document's typed content, and every way in which it breaks the schema `name`."""
    root = schema(name)
    value = _typed(document.root, root, root)
    errors = _validator(name).iter_errors(value)
    plainest = list(_plainest(errors))
    misspelt = {(tuple(error.instance_path), known) for error in plainest for _key, known in _misspelt(error, root)}
    problems = [
        problem
        for error in plainest
        if not any((tuple(error.instance_path), wanted) in misspelt for wanted in _wanted(error))
        for problem in _problems(document, error, root)
    ]
    return value, document.problems + problems


def _resolve(node: Schema, root: Schema) -> Schema:
    reference = node.get("$ref")
    if reference is None:
        return node
    resolved: Schema = root["definitions"][reference.rpartition("/")[2]]
    return resolved


def _typed(node: Node, described: Schema, root: Schema) -> Any:
    """Plain scalars become numbers, booleans or nothing only where the schema wants them."""
    described = _resolve(described, root)
    if isinstance(node.value, dict):
        known, other = described.get("properties", {}), described.get("additionalProperties")
        fallback = other if isinstance(other, dict) else {}
        return {key: _typed(child, known.get(key, fallback), root) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [_typed(child, described.get("items", {}), root) for child in node.value]
    return _scalar(node.value, described.get("type", "string"))


def _scalar(text: str, types: str | list[str]) -> Any:
    if isinstance(text, Plain):
        if "integer" in types and re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text):
            return int(text)
        if "boolean" in types and text in TRUTHS:
            return TRUTHS[text]
        if "null" in types and text in NOTHING:
            return None
    return str(text)


def _plainest(errors: Iterable[Any]) -> Iterator[Any]:
    """Of several errors at one place the telling one: a wrong type breaks other keywords too."""
    by_place: dict[tuple[Any, ...], list[Any]] = {}
    for error in errors:
        by_place.setdefault(tuple(error.instance_path), []).append(error)
    for at_place in by_place.values():
        by_kind = {error.kind.name: error for error in at_place}
        telling = by_kind.get("type") or by_kind.get("pattern")
        yield from [telling] if telling else at_place


def _problems(document: Document, error: Any, root: Schema) -> Iterator[Problem]:
    path: Steps = tuple(error.instance_path)
    name = _name(path)
    match error.kind.name:
        case "additionalProperties":
            for key, known in _misspelt(error, root):
                yield document.problem((*path, key), f"{key}: {_suggestion(known, error, root)}", at_key=True)
        case "required":
            yield document.problem(path, _missing(error, name))
        case "anyOf":
            yield document.problem(path, f"{name}: at least one of {', '.join(_wanted(error))} is required")
        case _:
            yield document.problem(path, f"{name}: {_explain(document, path, error, root)}")


def _wanted(error: Any) -> list[str]:
    """The keys that an error misses."""
    if error.kind.name == "required":
        return [error.kind.property]
    if error.kind.name == "anyOf":
        return [errors[0].kind.property for errors in error.kind.context]
    return []


def _misspelt(error: Any, root: Schema) -> Iterator[tuple[str, str | None]]:
    """The unknown keys that an error is about, each with the known key that it resembles."""
    if error.kind.name != "additionalProperties":
        return
    known = Known(_known_keys(error, root))
    for key in error.kind.unexpected:
        yield key, known.closest(key)


def _known_keys(error: Any, root: Schema) -> list[str]:
    return list(_at(root, error.schema_path[:-1]).get("properties", ()))


def _suggestion(close: str | None, error: Any, root: Schema) -> str:
    return meant(close) if close else f"unknown key; known here: {', '.join(_known_keys(error, root))}"


def _name(path: Steps) -> str:
    keys = [step for step in path if isinstance(step, str)]
    return keys[-1] if keys else "the file"


def _missing(error: Any, name: str) -> str:
    reasons = {
        "protectUsedWithinDays": "required when automatic is true (0 = no protection)",
        "deleteAfterDays": "required with action: delete",
    }
    wanted = error.kind.property
    because = reasons.get(wanted) if "then" in error.schema_path else None
    return f"{wanted}: {because}" if because else f"{name}: {wanted} is missing"


def _explain(document: Document, path: Steps, error: Any, root: Schema) -> str:
    value = error.instance
    match error.kind.name:
        case "type":
            return _wrong_type(document, path, value, error.kind.types)
        case "pattern":
            wanted = _at(root, error.schema_path[:-1]).get("patternErrorMessage", "not of the right form")
            hint = HINTS[error.schema_path[-2]](str(value)) if error.schema_path[-2] in HINTS else None
            return f"{_quote(value)}: {wanted}" + (f"; {hint}" if hint else "")
        case "minimum" | "maximum":
            limits = _at(root, error.schema_path[:-1])
            return f"{value} is not from {limits['minimum']} to {limits['maximum']}"
        case "enum":
            return f"{_quote(value)} is not one of {', '.join(error.kind.options)}"
        case "const":
            return f"{value} is not {error.kind.expected_value}, the only version there is"
        case "not":
            return f"{_quote(value)} is reserved"
        case "format":
            return f"{_quote(value)} is not a day of the calendar"
        case "minLength" | "minItems" | "minProperties":
            return str(_at(root, error.schema_path[:-1]).get("emptyErrorMessage", EMPTY))
    return str(error.message)


def _wrong_type(document: Document, path: Steps, value: Any, types: list[str]) -> str:
    wanted = " or ".join(KINDS[kind] for kind in types)
    if isinstance(value, str):
        quoted = not isinstance(document.node(path).value, Plain)
        if value == "" and not quoted:
            return f"nothing here, expected {wanted}"
        if quoted and not {"integer", "boolean"}.isdisjoint(types):
            return f"expected {wanted} without quotes, found {_quote(value)}"
        return f"expected {wanted}, found {_quote(value)}"
    kind = "a list" if isinstance(value, list) else "a mapping" if isinstance(value, dict) else str(value)
    return f"expected {wanted}, found {kind}"


def _quote(text: Any) -> str:
    shown = str(text)
    return json.dumps(shown if len(shown) <= 80 else shown[:77] + "...", ensure_ascii=False)


def _at(root: Schema, path: list[str | int]) -> Schema:
    node: Any = root
    for step in path:
        node = node[step]
    part: Schema = node
    return part
