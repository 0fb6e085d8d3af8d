"""A page that needs nothing else: style and script are in it, and its Content-Security-Policy names their digests."""

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape
from markupsafe import Markup


@cache
def environment() -> Environment:
    """Of the templates of pages: every text is escaped, and nothing is there that is not handed in."""
    environment = Environment(
        loader=FunctionLoader(text_of),
        undefined=StrictUndefined,
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.clear()
    environment.filters["svg"] = Markup  # of our own charts alone
    return environment


@cache
def text_of(name: str) -> str:
    """A template of a page, a style or a script as it stands."""
    return files("checker.templates").joinpath("report", name).read_text("utf-8")


def data(value: Any) -> Markup:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704


def digest(text: str) -> str:
    """As the Content-Security-Policy of a page names its own style or script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
