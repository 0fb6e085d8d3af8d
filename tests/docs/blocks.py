"""The fenced blocks of the documentation, and what the HTML comments directly before a block say about it.

<!-- file: policies.yaml -->     the block is this file of the page's folder, for the commands after it
<!-- wrong -->                   a policy that `keyage validate` must refuse
<!-- exits: 1 -->                the exit code of the block's last command; without it every command exits with 0
<!-- not run: why -->            this cannot run or be parsed here
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

TOP = Path(__file__).parent.parent.parent
DOCS = TOP / "docs"
# Runs in tests/docs/test_organization_page.py, which then looks at what it has made.
ORGANIZATION = DOCS / "how-to" / "read-an-organization.md"
# tests/test_scale_document.py is about the one, tests/docs/test_commands_page.py makes the other.
ELSEWHERE = {"scale.md", "reference/commands.md"}
COMMENT = re.compile(r"^<!-- (file|wrong|exits|not run)(?:: (.+))? -->$")


class Block(NamedTuple):
    page: Path
    line: int  # of the fence, from 1
    language: str
    text: str
    said: dict[str, str]  # by the comments before it

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(TOP)}:{self.line}"


class Command(NamedTuple):
    """A line after `$ `, and the lines that are shown as its output; none means that nothing is compared."""

    line: str
    output: str


def pages() -> list[Path]:
    """Every page whose blocks are run and parsed as its comments say."""
    found = sorted(DOCS.rglob("*.md"))
    return [page for page in found if page.relative_to(DOCS).as_posix() not in ELSEWHERE]


@cache
def blocks(page: Path) -> tuple[Block, ...]:
    """The fenced blocks of a page, in order; MyST's directives, which are for Sphinx, are left out."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8"))
    return tuple(block for block in _blocks(page, tokens) if not block.language.startswith("{"))


def _blocks(page: Path, tokens: list[Token]) -> Iterator[Block]:
    said: dict[str, str] = {}
    for token in tokens:
        if token.type == "html_block":
            said |= _comments(token.content)
            continue
        if token.type == "fence" and token.map:
            yield Block(page, token.map[0] + 1, token.info.strip(), token.content, said)
        said = {}


def _comments(text: str) -> dict[str, str]:
    found = (COMMENT.match(line) for line in text.splitlines())
    return {match[1]: match[2] or "" for match in found if match}


def commands(block: Block) -> list[Command]:
    """Those of a `console` block (`$ command`, then its output) or of a `shell` block (commands alone)."""
    if block.language == "shell":
        lines = block.text.replace("\\\n", " ").splitlines()
        return [Command(line, "") for line in lines if line and not line.startswith("#")]
    found: list[Command] = []
    for line in block.text.splitlines(keepends=True):
        if line.startswith("$ "):
            found.append(Command(line.removeprefix("$ ").rstrip("\n"), ""))
        elif not found:
            raise ValueError(f"{block.place}: output before the first command")
        else:
            found[-1] = found[-1]._replace(output=found[-1].output + line)
    return found
