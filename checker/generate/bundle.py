"""The Python that runs in AWS: the modules of rules/ as they stand, one after the other, with the group's policy."""

import bz2
import json
import re
from base64 import b64encode
from importlib.resources import files
from textwrap import wrap
from typing import Any

from checker.generate.templating import Quoted, render

SHARED = ("selectors", "access_keys_rotated", "iam_listing", "whole_answers", "aws_clients")
MODULES = {
    "config_rule": (*SHARED, "iam_report", "iam_rows", "iam_keys", "iam_reader", "config_rule"),
    "remediation": (*SHARED, "remediation_settings", "remediation"),
}
# In one file the modules see each other's names without importing them.
SIBLING_IMPORT = re.compile(r"^from \.\w+ import (?:\([^)]*\)|[^\n(]*)\n", re.MULTILINE)
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
# What some language around the script would take for its own: SSM `{{`, CloudFormation `${`, Python `'`.
UNSAFE = re.compile(r"[{}$%'<>&`]")


def source(entry: str, document: dict[str, Any], *, packed: bool = False) -> str:
    """The script whose last module is `entry`; `packed` compresses the policy, for where room is scarce."""
    modules = [(name, _module(name)) for name in MODULES[entry]]
    imports, policy = (("base64", "bz2", "json"), _packed(document)) if packed else (("json",), _literal(document))
    return render(f"python/{entry}.py.j2", modules=modules, imports=imports, policy=Quoted(policy))


def _module(name: str) -> str:
    text = files("checker.rules").joinpath(f"{name}.py").read_text("utf-8")
    return SIBLING_IMPORT.sub("", text).rstrip()


def _literal(document: dict[str, Any]) -> str:
    return f"json.loads(r'''{inert_json(document)}''')"


def _packed(document: dict[str, Any]) -> str:
    squeezed = b64encode(bz2.compress(inert_json(document).encode())).decode()
    lines = "\n".join(f'    "{line}"' for line in wrap(squeezed, 110))
    return f"json.loads(bz2.decompress(base64.b64decode(\n{lines}\n)))"


def inert_json(document: dict[str, Any]) -> str:
    """JSON in ASCII, a rule a line, in which no character means anything to the languages around it."""
    lines = ",\n".join(f" {_dump(key)}: {_entries(value)}" for key, value in document.items())
    return f"{{\n{lines}\n}}".replace("}}", "} }")


def _entries(value: object) -> str:
    if not isinstance(value, list) or not value:
        return _dump(value)
    lines = ",\n".join(f"  {_dump(entry)}" for entry in value)
    return f"[\n{lines}\n ]"


def _dump(value: object) -> str:
    return STRING.sub(lambda text: UNSAFE.sub(_escaped, text[0]), json.dumps(value))


def _escaped(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"
