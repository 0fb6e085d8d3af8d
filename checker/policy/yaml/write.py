"""Text that becomes a scalar of YAML and is read back as the same text."""

import re
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import yaml

PLAIN = re.compile(r"[A-Za-z][\w./@+-]*(?: [\w.@+/][\w./@+-]*)*", re.ASCII)
# What YAML 1.1 takes for something else than text (yaml.org/type/bool.html, yaml.org/type/null.html).
NO_TEXT = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}


def scalar(text: str | None) -> str:
    """The text as it can stand on a line: plain where nobody could take it for anything else."""
    if text is None:
        return "null"
    if PLAIN.fullmatch(text) and text.lower() not in NO_TEXT:
        return text
    # Escaped if need be: what runs backwards or is not seen would hide from who reads it.
    dumped: str = yaml.dump(text, default_style='"', allow_unicode=text.isprintable(), width=inf)
    return dumped.rstrip("\n")


def flow(value: Any) -> str:
    """Mappings and lists of texts on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(name)}: {flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)
