"""Text of users in GitHub Markdown: it stays text, wherever it stands.

GitHub looks for mentions and issue numbers in the rendered page, so escaping them for Markdown is not enough: it
leaves alone what is in `<code>`, and elsewhere a zero-width space takes them apart.
"""

import re
from collections.abc import Iterable, Sequence

from checker.errors import printable

APART = "\u200b"
ENTITIES = {ord(character): f"&#{ord(character)};" for character in f"#$&*<>@[\\]_`|~{APART}"}
REFERENCE = re.compile(r"@|#|(?i:\bGH(?=-))")
ADDRESS = re.compile(r":(?=//)|(?i:(?<=www))\.")
AT = ENTITIES[ord("@")]


def code(text: str) -> str:
    """The text as code, on one line: for names and ids, which people copy. It may stand in a table."""
    # The comment keeps GitHub from taking user@host for a mail address.
    return f"<code>{_escaped(printable(text)).replace(AT, f'{AT}<!-- -->')}</code>"


def prose(text: str) -> str:
    """The text as part of a sentence, on one line. It may stand in a table, but not begin a line."""
    return _escaped(REFERENCE.sub(rf"\g<0>{APART}", printable(text)))


def fenced(lines: Iterable[str]) -> str:
    """The lines as a block of code."""
    text = "\n".join(map(printable, lines))
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`+", text))])
    return f"{fence}\n{text}\n{fence}\n"


def row(cells: Iterable[str]) -> str:
    """A row of a table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |\n"


def head(headings: Sequence[str], right: Iterable[str] = ()) -> str:
    """The heading of a table and the line below it; `right` are the headings of numbers."""
    numbers = set(right)
    return row(headings) + row("---:" if heading in numbers else "---" for heading in headings)


def _escaped(text: str) -> str:
    """The text without anything that Markdown, HTML or GitHub's search for addresses would read."""
    apart = ADDRESS.sub(lambda match: f"\0{match[0]}", text)
    return re.sub("\0(.)", lambda match: f"&#{ord(match[1])};", apart.translate(ENTITIES))
