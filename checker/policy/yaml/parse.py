"""Text of a YAML file → plain values with the place of each.

A subset of YAML on purpose: one document, no tags, no merge keys, bounded size and depth. Scalars stay
the text that was written, because what they mean depends on where they stand: `012345670123` is an
account id in a selector. libyaml parses; the tree is built here from its events, without recursion.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml

from checker.encoding import REMEDY, encoding_of, not_utf8
from checker.errors import FileProblems, Problem

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 32
GROWTH = 8  # times its bytes is what aliases may blow a file up to, each value weighing VALUE beside its text
VALUE = 10

Steps = tuple[str | int, ...]  # the keys and positions that lead from the root to a value
Mark = tuple[int, int]  # line and column, from 0


class Plain(str):
    """A scalar written without quotes: the only kind that can stand for a number, a boolean or nothing."""

    __slots__ = ()


@dataclass
class Node:
    """A value in the file, with the 0-based line and column where it starts."""

    value: Any  # str, Plain, list[Node] or dict[str, Node]
    mark: Mark
    keys: dict[str, Mark] = field(default_factory=dict)  # where each key of a mapping stands
    size: int = VALUE  # with everything in it, aliases followed
    height: int = 0


class Document:
    """One parsed file, with the problems that did not keep it from being parsed."""

    def __init__(self, file: str, root: Node, problems: Sequence[Problem] = ()) -> None:
        self.file = file
        self.root = root
        self.problems = list(problems)

    def node(self, path: Steps) -> Node:
        """The node that `path` leads to; the nearest one there is."""
        return self._find(path)[0]

    def problem(self, path: Steps, message: str, *, at_key: bool = False) -> Problem:
        """A problem at the value that `path` leads to, or at its key; the nearest value there is."""
        node, place = self._find(path)
        line, column = place if at_key else node.mark
        return Problem(self.file, line + 1, column + 1, message)

    def line(self, path: Steps) -> int:
        """The line, from 1, on which the value at `path` starts."""
        return self.node(path).mark[0] + 1

    def _find(self, path: Steps) -> tuple[Node, tuple[int, int]]:
        node, place = self.root, self.root.mark
        for step in path:
            if isinstance(node.value, dict) and step in node.value:
                place = node.keys[str(step)]
                node = node.value[str(step)]
            elif isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                place = node.mark
            else:
                break
        return node, place


class _Stop(Exception):
    """Reading cannot go on after this problem."""


def parse(data: bytes, file: str, max_bytes: int = MAX_BYTES) -> Document:
    """Parse the bytes of a YAML file; raises FileProblems where no whole tree can be had."""
    text = _decode(data, file, max_bytes)
    _refuse_directives(text, file)
    composer = _Composer(file, GROWTH * max_bytes)
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            composer.take(event)
    except _Stop:
        raise FileProblems(composer.problems) from None
    except yaml.MarkedYAMLError as error:
        raise FileProblems([*composer.problems, _syntax_problem(error, file)]) from None
    except yaml.reader.ReaderError:
        raise FileProblems([*composer.problems, _character_problem(text, file)]) from None
    if composer.root is None:
        raise FileProblems([Problem(file, 1, 1, "the file is empty")])
    return Document(file, composer.root, composer.problems)


def _decode(data: bytes, file: str, max_bytes: int) -> str:
    if len(data) > max_bytes:
        raise FileProblems([Problem(file, 1, 1, f"larger than {max_bytes >> 20} MiB: split the file")])
    encoding = encoding_of(data)
    if encoding:
        raise FileProblems([Problem(file, 1, 1, f"the file is {encoding}: {REMEDY}")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        raise FileProblems([Problem(file, line, column, not_utf8(data, error))]) from None


def _refuse_directives(text: str, file: str) -> None:
    """Refuse %TAG and %YAML before libyaml sees them: it takes seconds over many."""
    directive = re.match(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*%", text)
    if directive:
        line = text.count("\n", 0, directive.end()) + 1
        raise FileProblems([Problem(file, line, 1, "directives such as %TAG are not supported: remove the line")])


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    what = ", ".join(part for part in (error.context, error.problem) if part)
    return Problem(file, mark.line + 1 if mark else 1, mark.column + 1 if mark else 1, f"not valid YAML: {what}")


def _character_problem(text: str, file: str) -> Problem:
    # libyaml gives an offset in bytes, PyYAML one in characters; looking for the character serves both.
    character = re.search(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    place = character.start() if character else 0
    line, column = text.count("\n", 0, place) + 1, place - (text.rfind("\n", 0, place) + 1) + 1
    code = ord(text[place]) if character else 0
    return Problem(file, line, column, f"the character U+{code:04X} is not allowed: remove it")


class _Composer:
    """Builds nodes from parser events, with the open collections on a stack of its own."""

    def __init__(self, file: str, max_size: int) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._max_size = max_size
        self.root: Node | None = None
        self._documents = 0
        self._open: list[tuple[Node, str | None]] = []  # with their anchors
        self._pending: list[tuple[str, Mark] | None] = []  # per open collection, the key that awaits its value
        self._anchors: dict[str, Node] = {}
        self._handlers: dict[type, Callable[[Any, Mark], None]] = {
            yaml.DocumentStartEvent: self._document,
            yaml.AliasEvent: self._alias,
            yaml.ScalarEvent: self._scalar,
            yaml.SequenceStartEvent: lambda event, mark: self._begin(event, Node([], mark)),
            yaml.MappingStartEvent: lambda event, mark: self._begin(event, Node({}, mark)),
            yaml.SequenceEndEvent: self._end,
            yaml.MappingEndEvent: self._end,
        }

    def take(self, event: Any) -> None:
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event, (event.start_mark.line, event.start_mark.column))

    def _report(self, mark: Mark, message: str) -> None:
        self.problems.append(Problem(self.file, mark[0] + 1, mark[1] + 1, message))

    def _stop(self, mark: Mark, message: str) -> NoReturn:
        self._report(mark, message)
        raise _Stop

    def _document(self, _event: Any, mark: Mark) -> None:
        self._documents += 1
        if self._documents > 1:
            self._stop(mark, "a second document starts here: keep one per file")

    def _alias(self, event: Any, mark: Mark) -> None:
        if any(anchor == event.anchor for _node, anchor in self._open):
            self._stop(mark, f"*{event.anchor} stands inside itself")
        node = self._anchors.get(event.anchor)
        if node is None:
            self._stop(mark, f"*{event.anchor}: there is no &{event.anchor} before it")
        self._place(node, mark)

    def _scalar(self, event: Any, mark: Mark) -> None:
        self._refuse_tag(event, mark)
        node = Node(Plain(event.value) if event.implicit[0] else event.value, mark, size=VALUE + len(event.value))
        if event.anchor:
            self._anchors[event.anchor] = node
        self._place(node, mark)

    def _begin(self, event: Any, node: Node) -> None:
        self._refuse_tag(event, node.mark)
        if self._awaits_key():
            self._stop(node.mark, "a key must be text, not a list or a mapping")
        if len(self._open) >= MAX_DEPTH:
            self._stop(node.mark, f"nested deeper than {MAX_DEPTH} levels")
        self._open.append((node, event.anchor))
        self._pending.append(None)

    def _end(self, _event: Any, _mark: Mark) -> None:
        node, anchor = self._open.pop()
        self._pending.pop()
        children = node.value.values() if isinstance(node.value, dict) else node.value
        node.size += sum(child.size for child in children)
        node.height = 1 + max((child.height for child in children), default=0)
        if node.size > self._max_size:
            self._stop(node.mark, "larger than 8 MiB, once aliases are followed")
        if anchor:
            self._anchors[anchor] = node
        self._place(node, node.mark)

    def _refuse_tag(self, event: Any, mark: Mark) -> None:
        if event.tag is not None:
            self._report(mark, f"the tag {event.tag} is not supported: put text in quotes instead")

    def _awaits_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1][0].value, dict) and self._pending[-1] is None

    def _place(self, node: Node, mark: Mark) -> None:
        if not self._open:
            self.root = node
            return
        if self._awaits_key():
            self._take_key(node, mark)
            return
        if len(self._open) + node.height > MAX_DEPTH:
            self._stop(mark, f"nested deeper than {MAX_DEPTH} levels")
        parent = self._open[-1][0]
        if isinstance(parent.value, list):
            parent.value.append(node)
            return
        pending, self._pending[-1] = self._pending[-1], None
        if pending is not None and pending[0] not in parent.value:
            parent.value[pending[0]] = node
            parent.keys[pending[0]] = pending[1]

    def _take_key(self, node: Node, mark: Mark) -> None:
        key, parent = node.value, self._open[-1][0]
        if not isinstance(key, str):
            self._stop(mark, "a key must be text, not a list or a mapping")
        if key == "<<" and isinstance(key, Plain):
            self._report(mark, "merge keys (<<) are not supported: write the entries out")
        elif key in parent.value:
            self._report(mark, f"{key}: given twice, first in line {parent.keys[key][0] + 1}")
        self._pending[-1] = (str(key), mark)
