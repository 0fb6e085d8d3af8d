"""No text gets into a template unquoted, and what is quoted comes out as the same text."""

import json
from unicodedata import category

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markdown_it import MarkdownIt

from checker.generate import bundle, templating
from tests.generate.hostile import HOSTILE

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(HOSTILE)


def test_a_text_without_a_filter_is_refused() -> None:
    template = templating.ENVIRONMENT.from_string("[= text =]")
    with pytest.raises(TypeError, match="without a filter"):
        template.render(text="anything")


def test_a_name_that_is_not_given_is_refused() -> None:
    with pytest.raises(UndefinedError):
        templating.ENVIRONMENT.from_string("[% if text %][% endif %]").render()


@pytest.mark.parametrize("text", ["a\nb", "${x}", "a'b", 'a"b', "a|b"])
def test_a_token_is_plain(text: str) -> None:
    with pytest.raises(ValueError, match="not a plain token"):
        templating.token(text)


@given(texts)
def test_yaml_reads_the_same_text(text: str) -> None:
    assert pyyaml.safe_load(f"key: {templating.yaml(text)}") == {"key": text}


@given(texts)
def test_markdown_shows_the_same_text(text: str) -> None:
    line = "".join(each if each in "\t\n\r" or category(each) not in ("Cc", "Cn", "Co") else "?" for each in text)
    tokens = MarkdownIt("commonmark").parseInline(f"x{templating.markdown(line)}x")[0].children or []
    assert {token.type for token in tokens} <= {"text", "text_special"}
    assert "".join(token.content for token in tokens) == f"x{line}x"


def test_markdown_shows_control_characters_instead_of_sending_them() -> None:
    assert templating.markdown("a\x1b[31m\0") == r"a\\x1b\[31m\\x00"


@given(texts)
def test_embedded_json_reads_the_same_text_and_disturbs_no_language(text: str) -> None:
    document = {"version": 1, "rules": [{"id": "a", "users": {"tags": {text: [text]}}, "description": text}]}
    written = bundle.inert_json(document)
    assert written.isascii()
    assert [mark for mark in ("{{", "}}", "${", "%{", "'", "<", "`") if mark in written] == []
    source = bundle.source(document, remediates=False)
    last = source[source.rindex("\nPOLICY = ") : source.rindex("\n\ndef handler(")]  # modules are the same every time
    space: dict[str, object] = {"json": json}
    exec(compile(last, "policy", "exec"), space)  # noqa: S102 -- what is rendered is code
    assert space["POLICY"] == document
