"""The one template environment. A text gets into a template only through a filter that quotes for the language.

The delimiters are those that neither SSM (`{{ }}`), Terraform (`${ }`) nor Python uses.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from textwrap import indent
from typing import Any
from unicodedata import category

from jinja2 import Environment, FunctionLoader, StrictUndefined

from checker.errors import printable

TOKEN = re.compile(r"[A-Za-z0-9_.:/ -]*")
ESCAPES = {'"': r"\"", "\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"}
MOST_IN_A_LINE = 3  # actions of an IAM statement
MARKDOWN = re.compile(r"[\\`*_\[\]<>&|~#$]")


class Quoted(str):
    """A text that is safe where it stands, because a filter made it so."""

    __slots__ = ()


def hcl(value: object) -> Quoted:
    """A string, number, boolean or list of strings in Terraform's language."""
    if isinstance(value, str):
        return Quoted(_double_quoted(value).replace("${", "$${").replace("%{", "%%{"))
    if isinstance(value, bool | int):
        return Quoted(json.dumps(value))
    if isinstance(value, list):
        return Quoted(f"[{', '.join(map(hcl, value))}]")
    raise TypeError(f"{type(value).__name__} has no form in Terraform's language here")


def in_lines(actions: Sequence[str]) -> bool:
    """Whether Terraform's language has what an IAM statement allows in several lines; see hcl_actions."""
    return len(actions) > MOST_IN_A_LINE


def hcl_actions(actions: Sequence[str], width: int) -> Quoted:
    """What an IAM statement allows, in Terraform's language; many a line each, after `width` spaces."""
    if len(actions) == 1:
        return hcl(actions[0])
    if not in_lines(actions):
        return hcl(list(actions))
    lines = "".join(f"{' ' * (width + 2)}{hcl(each)},\n" for each in actions)
    return Quoted(f"[\n{lines}{' ' * width}]")


def hcl_map(texts: Mapping[str, str], width: int) -> Quoted:
    """A map of strings in Terraform's language, aligned as Terraform does it, after `width` spaces."""
    longest = max(map(len, texts))
    lines = "".join(f"{' ' * (width + 2)}{token(name):{longest}} = {hcl(text)}\n" for name, text in texts.items())
    return Quoted(f"{{\n{lines}{' ' * width}}}")


def yaml_actions(actions: Sequence[str], width: int) -> Quoted:
    """What an IAM statement allows, after `Action:` in YAML; several a line each, after `width` spaces."""
    if len(actions) == 1:
        return Quoted(f" {token(actions[0])}")
    return Quoted("".join(f"\n{' ' * width}- {token(each)}" for each in actions))


def hcl_own(resource: str) -> Quoted:
    """What an IAM statement is about, in Terraform's language; ARNs of any account become those of the module's."""
    return Quoted(f'"{_of(resource, "${local.partition}", "${local.account}")}"')


def yaml_own(resource: str) -> Quoted:
    """What an IAM statement is about, in CloudFormation's YAML; ARNs of any account become those of the stack's."""
    own = _of(resource, "${AWS::Partition}", "${AWS::AccountId}")
    return Quoted(f'"{own}"' if own == resource else f"!Sub {own}")


def _of(resource: str, partition: str, account: str) -> str:
    if resource == "*":
        return resource
    arn, _partition, service, region, _account, rest = resource.split(":", 5)
    return ":".join((arn, partition, service, region, account, rest))


def yaml(value: object) -> Quoted:
    """A string as YAML's double-quoted scalar; a number or boolean as it is."""
    return Quoted(_double_quoted(value) if isinstance(value, str) else json.dumps(value))


def markdown(value: str) -> Quoted:
    """A text in a line or a table cell of Markdown; control characters, which it cannot hold, are in view."""
    return Quoted("".join(map(_inline, value)))


def token(value: str) -> Quoted:
    """A text that keyage made or checked itself, in the few characters that no language minds."""
    if not TOKEN.fullmatch(value):
        raise ValueError(f"not a plain token: {value!r}")
    return Quoted(value)


def code(value: str, width: int = 0) -> Quoted:
    """Source that keyage ships, indented; never a user's text."""
    return Quoted(indent(value, " " * width))


def render(template: str, **context: Any) -> str:
    """The text of a template below checker/templates with the names given, and no others."""
    return ENVIRONMENT.get_template(template).render(**context)


def _double_quoted(text: str) -> str:
    """The double-quoted string that YAML and Terraform read alike."""
    return f'"{"".join(ESCAPES.get(each) or (each if each.isprintable() else _escape(ord(each))) for each in text)}"'


def _escape(code_point: int) -> str:
    return f"\\u{code_point:04x}" if code_point < 0x10000 else f"\\U{code_point:08x}"


def _inline(character: str) -> str:
    if MARKDOWN.match(character):
        return f"\\{character}"
    if character.isprintable():
        return character
    writable = character in "\t\n\r" or category(character) in ("Cf", "Zl", "Zp", "Zs")
    return f"&#{ord(character)};" if writable else printable(character).replace("\\", "\\\\")


def _source(name: str) -> str:
    return files("checker.templates").joinpath(name).read_text("utf-8")


def _quoted_only(value: object) -> object:
    if isinstance(value, Quoted) or type(value) is int:
        return value
    raise TypeError(f"a template may not print {value!r} without a filter that quotes it")


def _environment(filters: Iterable[Any]) -> Environment:
    # No HTML is written here: every text passes a filter of its language, or _quoted_only refuses it.
    environment = Environment(  # noqa: S701
        loader=FunctionLoader(_source),
        undefined=StrictUndefined,
        finalize=_quoted_only,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[=",
        variable_end_string="=]",
        comment_start_string="[#",
        comment_end_string="#]",
    )
    environment.globals.clear()
    environment.filters = {each.__name__: each for each in filters}
    return environment


ENVIRONMENT = _environment(
    (hcl, hcl_actions, hcl_map, hcl_own, in_lines, yaml, yaml_actions, yaml_own, markdown, token, code)
)
