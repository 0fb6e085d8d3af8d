"""The Python that runs in AWS: the modules of rules/ as they stand, one after the other, with the resolved policy."""

import ast
import binascii
import bz2
import json
import re
from base64 import b64decode, b64encode
from importlib.resources import files
from textwrap import wrap
from typing import Any, NamedTuple

from checker.generate.templating import Quoted, render

EVALUATION = (
    *("selectors", "access_keys_rotated", "resolved_policy", "iam_listing", "whole_answers", "aws_clients"),
    *("iam_report", "iam_rows", "iam_keys", "iam_reader", "config_rule"),
)
REMEDIATION = ("remediation_settings", "remediation_steps", "iam_changes", "remediation")
READABLE = 32_000  # bytes of a policy that a person would still read; a larger one is compressed
LINE = 1_000  # characters of a compressed policy; CloudFormation counts the indentation of each line, three times
# In one file the modules see each other's names without importing them.
SIBLING_IMPORT = re.compile(r"^from \.\w+ import (?:\([^)]*\)|[^\n(]*)\n", re.MULTILINE)
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
# What some language around the script would take for its own: SSM `{{`, CloudFormation `${`, Python `'`.
UNSAFE = re.compile(r"[{}$%'<>&`]")

BEFORE_POLICY = "# ---- the policy, for every account"
MOST = 16 * 1024 * 1024  # bytes of a policy that is unpacked


class Taken(NamedTuple):
    """index.py taken apart."""

    policy: dict[str, Any] | None  # the resolved policy; None where there is none that can be read
    code: str  # everything else


def source(document: dict[str, Any], *, remediates: bool) -> str:
    """index.py of every function: `handler` judges for AWS Config, `remediate` is there if the policy remediates."""
    names = EVALUATION + (REMEDIATION if remediates else ())
    modules = [(name, _module(name)) for name in names]
    policy = inert_json(document)
    packed = len(policy) > READABLE
    imports = ("base64", "bz2", "json") if packed else ("json",)
    literal = Quoted(_packed(policy) if packed else f"json.loads(r'''{policy}''')")
    return render("python/index.py.j2", modules=modules, imports=imports, policy=literal, remediates=remediates)


def _module(name: str) -> str:
    text = files("checker.rules").joinpath(f"{name}.py").read_text("utf-8")
    return SIBLING_IMPORT.sub("", text).rstrip()


def _packed(policy: str) -> str:
    squeezed = b64encode(bz2.compress(policy.encode())).decode()
    lines = "\n".join(f'    "{line}"' for line in wrap(squeezed, LINE))
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


def taken_apart(text: str) -> Taken:
    """The inverse of `source`, for code that somebody may have changed: nothing of it is run."""
    start = text.rfind("\nPOLICY = ") + 1
    if not start:
        return Taken(None, text.rstrip())
    try:
        statement = ast.parse(text[start:]).body[0]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Taken(None, text.rstrip())
    after = "".join(text[start:].splitlines(keepends=True)[statement.end_lineno :])
    head, marker, _imports = text[:start].rpartition(BEFORE_POLICY)
    code = f"{head}{marker}{after}" if marker else f"{text[:start]}{after}"
    return Taken(_policy(getattr(statement, "value", None)), code.rstrip())


def _policy(value: ast.expr | None) -> dict[str, Any] | None:
    """What json.loads is called with in the code, as it stands there or compressed."""
    given = value.args[0] if isinstance(value, ast.Call) and len(value.args) == 1 else None
    try:
        if isinstance(given, ast.Call):
            given = given.args[0]
            squeezed = b64decode(ast.literal_eval(given.args[0] if isinstance(given, ast.Call) else given))
            text: Any = bz2.BZ2Decompressor().decompress(squeezed, MOST)
        else:
            text = ast.literal_eval(given) if given is not None else ""
        document = json.loads(text)
    except (ValueError, TypeError, OSError, EOFError, IndexError, RecursionError, binascii.Error):
        return None
    return document if isinstance(document, dict) else None
