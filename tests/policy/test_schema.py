"""The schemas: valid draft-07, whole, and with ids that are text."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from checker.decision import selectors
from checker.policy.loader import parse
from checker.policy.yaml.check import check, schema, schema_text
from checker.policy.yaml.parse import parse as parse_text

SCHEMAS = ["policy", "inventory"]
ANNOTATIONS = {"$schema", "title", "description", "patternErrorMessage", "definitions"}
KEYWORDS = ANNOTATIONS | {
    "$ref", "additionalProperties", "allOf", "anyOf", "const", "enum", "format", "if", "items", "maximum", "minItems",
    "minLength", "minProperties", "minimum", "not", "pattern", "properties", "required", "then", "type",
}  # fmt: skip


def parts(node: Any, where: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within a schema, with its place."""
    if not isinstance(node, dict):
        return
    yield where, node
    for keyword in ("properties", "definitions"):
        for name, child in node.get(keyword, {}).items():
            yield from parts(child, f"{where}/{keyword}/{name}")
    for keyword in ("allOf", "anyOf"):
        for number, child in enumerate(node.get(keyword, ())):
            yield from parts(child, f"{where}/{keyword}/{number}")
    for keyword in ("items", "additionalProperties", "not", "if", "then"):
        yield from parts(node.get(keyword), f"{where}/{keyword}")


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_draft_07(name: str) -> None:
    assert schema(name)["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert jsonschema_rs.meta.is_valid(dict(schema(name)))


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_text_is_the_schema(name: str) -> None:
    assert json.loads(schema_text(name)) == schema(name)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_reference_resolves(name: str) -> None:
    known = {f"#/definitions/{key}" for key in schema(name).get("definitions", {})}
    assert [
        (where, node["$ref"]) for where, node in parts(schema(name)) if node.get("$ref", "#") not in {*known, "#"}
    ] == []


def test_every_definition_is_used() -> None:
    used = {node["$ref"].rpartition("/")[2] for _where, node in parts(schema("policy")) if "$ref" in node}
    assert used == set(schema("policy")["definitions"])


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_keyword_is_misspelt(name: str) -> None:
    assert [(where, set(node) - KEYWORDS) for where, node in parts(schema(name)) if set(node) - KEYWORDS] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_mapping_says_which_keys_it_takes(name: str) -> None:
    typed = [(where, node) for where, node in parts(schema(name)) if "object" in node.get("type", ())]
    assert [where for where, node in typed if "additionalProperties" not in node] == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_pattern_says_in_words_what_it_wants(name: str) -> None:
    wordless = [where for where, node in parts(schema(name)) if "pattern" in node and "patternErrorMessage" not in node]
    assert wordless == []


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_pattern_covers_the_whole_text(name: str) -> None:
    patterns = {where: node["pattern"] for where, node in parts(schema(name)) if "pattern" in node}
    loose = [where for where, pattern in patterns.items() if not (pattern[0] == "^" and pattern[-1] == "$")]
    assert loose == (["#/definitions/text"] if name == "policy" else [])


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (("rule", "id"), ["string"]),
        (("exemption", "id"), ["string"]),
        (("exemption", "keys"), ["string", "array"]),
        (("exemption", "expires"), ["string"]),
        (("rule", "accounts"), ["string", "array", "object"]),
        (("exemption", "accounts"), ["string", "array", "object"]),
        (("rule", "users"), ["string", "array", "object"]),
        (("exemption", "users"), ["string", "array", "object"]),
        (("accounts", "id"), ["string", "array"]),
        (("accounts", "name"), ["string", "array"]),
        (("accounts", "ou"), ["string", "array"]),
        (("users", "name"), ["string", "array"]),
        (("users", "path"), ["string", "array"]),
    ],
    ids=".".join,
)
def test_ids_and_patterns_are_text(place: tuple[str, str], expected: list[str]) -> None:
    definitions = schema("policy")["definitions"]
    node = definitions[place[0]]["properties"][place[1]]
    while "$ref" in node:
        node = definitions[node["$ref"].rpartition("/")[2]]
    types = {node["type"]} if isinstance(node["type"], str) else set(node["type"])
    assert types == set(expected)
    assert node.get("items", {"type": "string"})["type"] == "string"


def test_the_ids_of_the_inventory_are_text() -> None:
    assert schema("inventory")["definitions"]["accountId"]["type"] == "string"


def test_ids_without_quotes_keep_their_digits() -> None:
    loaded = parse(
        b"version: 1\n"
        b"default: {maxAccessKeyAge: 90}\n"
        b"rules:\n"
        b"- {id: 0012, accounts: 012345670123, users: 007, maxAccessKeyAge: 7}\n"
        b"- {id: 1e3, accounts: {id: [000000000012, 123456789012]}, users: {tags: {1: 010}}, maxAccessKeyAge: 7}\n"
        b"exemptions:\n"
        b"- {id: 08, keys: [0123, 1e3], reason: 1, approvedBy: 2, expires: 2027-01-31}\n",
        "p",
    )
    assert loaded.content["rules"] == [
        {"id": "0012", "accounts": "012345670123", "users": "007", "maxAccessKeyAge": 7},
        {
            "id": "1e3",
            "accounts": {"id": ["000000000012", "123456789012"]},
            "users": {"tags": {"1": "010"}},
            "maxAccessKeyAge": 7,
        },
    ]
    assert loaded.content["exemptions"] == [
        {"id": "08", "keys": ["0123", "1e3"], "reason": "1", "approvedBy": "2", "expires": "2027-01-31"}
    ]


def test_ids_without_quotes_keep_their_digits_in_the_inventory() -> None:
    document = parse_text(b"version: 1\naccounts: [{id: 012345670123, name: 0x10, ou: 1e3, tags: {a: 010}}]", "p")
    content, problems = check(document, "inventory")
    assert problems == []
    assert content["accounts"] == [{"id": "012345670123", "name": "0x10", "ou": "1e3", "tags": {"a": "010"}}]


def test_the_schema_and_the_rule_agree_on_what_an_account_id_is() -> None:
    pattern = jsonschema_rs.validator_for(dict(schema("policy")["definitions"]["accountId"]))
    texts = [
        "012345678901",
        "01234567890",
        "0123456789012",
        "01234567890a",
        "\uff10" * 12,
        "012345678901\n",
        "",
    ]
    assert [pattern.is_valid(text) for text in texts] == [selectors.is_account_id(text) for text in texts]
