"""Reading YAML text: every hostile input is a problem with a place, every accepted one keeps its text."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from checker.errors import FileProblems
from checker.policy.yaml.parse import MAX_BYTES, MAX_DEPTH, Node, Plain, parse

PYTHON_TAG = (
    "p.yaml:1:4: the tag tag:yaml.org,2002:python/object/apply:os.system is not supported: put text in quotes instead"
)


def problems(data: bytes | str) -> list[str]:
    try:
        document = parse(data.encode() if isinstance(data, str) else data, "p.yaml")
    except FileProblems as error:
        return [str(problem) for problem in error.problems]
    return [str(problem) for problem in document.problems]


def plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: plain(child) for key, child in node.value.items()}
    return [plain(child) for child in node.value] if isinstance(node.value, list) else str(node.value)


def content(data: bytes | str) -> Any:
    document = parse(data.encode() if isinstance(data, str) else data, "p.yaml")
    assert document.problems == []
    return plain(document.root)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("a: b", {"a": "b"}),
        ("\ufeffa: b\n", {"a": "b"}),
        ("a: b\r\nc:\r\n  - d\r\n", {"a": "b", "c": ["d"]}),
        ("a: b\rc: d\r", {"a": "b", "c": "d"}),
        ("--- \na: b\n...\n", {"a": "b"}),
        ("a: é\U0001f511", {"a": "é\U0001f511"}),
        ("a: &x [1]\nb: *x\nc: *x\n", {"a": ["1"], "b": ["1"], "c": ["1"]}),
        ("a: &x 1\nb: &x 2\nc: *x\n", {"a": "1", "b": "2", "c": "2"}),
        ("&k a: b\nc: *k\n", {"a": "b", "c": "a"}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("a:\n", {"a": ""}),
        ("'<<': 1", {"<<": "1"}),
        ("a: <<", {"a": "<<"}),
        ("hello", "hello"),
        ("---\n", ""),
        ("[no, on, 1e3, 012, 0x1F, 1:30:00, ~, null]", ["no", "on", "1e3", "012", "0x1F", "1:30:00", "~", "null"]),
        ("[2026-01-02, .inf, 1_000, +1, '', \"\\u0041\"]", ["2026-01-02", ".inf", "1_000", "+1", "", "A"]),
        (b"a: b #" + b"x" * (MAX_BYTES - 6), {"a": "b"}),
    ],
)
def test_what_is_accepted_keeps_its_text(data: bytes | str, expected: Any) -> None:
    assert content(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param("", ["p.yaml:1:1: the file is empty"], id="empty"),
        pytest.param("\ufeff", ["p.yaml:1:1: the file is empty"], id="only a byte order mark"),
        pytest.param("# a comment\n", ["p.yaml:1:1: the file is empty"], id="only a comment"),
        pytest.param("a: 1\nb: 2\na: 3\n", ["p.yaml:3:1: a: given twice, first in line 1"], id="duplicate key"),
        pytest.param(
            "x: {a: 1, 'a': 2, \"a\": 3}",
            ["p.yaml:1:11: a: given twice, first in line 1", "p.yaml:1:19: a: given twice, first in line 1"],
            id="duplicate keys in other quotes",
        ),
        pytest.param("&x a: 1\n*x : 2\n", ["p.yaml:2:1: a: given twice, first in line 1"], id="duplicate by alias"),
        pytest.param(
            "a: 1\n---\nb: 2\n", ["p.yaml:2:1: a second document starts here: keep one per file"], id="two documents"
        ),
        pytest.param(
            "a: 1\n...\n---\n", ["p.yaml:3:1: a second document starts here: keep one per file"], id="an empty second"
        ),
        pytest.param(
            "a: !!python/object/apply:os.system [x]",
            [PYTHON_TAG],
            id="python tag",
        ),
        pytest.param(
            "- !!int 1\n- !mine {}\n- ! x\n- !!str y\n",
            [
                "p.yaml:1:3: the tag tag:yaml.org,2002:int is not supported: put text in quotes instead",
                "p.yaml:2:3: the tag !mine is not supported: put text in quotes instead",
                "p.yaml:3:3: the tag ! is not supported: put text in quotes instead",
                "p.yaml:4:3: the tag tag:yaml.org,2002:str is not supported: put text in quotes instead",
            ],
            id="every tag",
        ),
        pytest.param(
            "!!str a: 1",
            ["p.yaml:1:1: the tag tag:yaml.org,2002:str is not supported: put text in quotes instead"],
            id="tag on a key",
        ),
        pytest.param(
            "a: &x {b: 1}\nc:\n  <<: *x\n",
            ["p.yaml:3:3: merge keys (<<) are not supported: write the entries out"],
            id="merge key",
        ),
        pytest.param(
            "a: {<<: [], <<: []}",
            [
                "p.yaml:1:5: merge keys (<<) are not supported: write the entries out",
                "p.yaml:1:13: merge keys (<<) are not supported: write the entries out",
            ],
            id="merge keys",
        ),
        pytest.param("a: &x [*x]", ["p.yaml:1:8: *x stands inside itself"], id="self-reference"),
        pytest.param("a: &x {b: [{c: *x}]}", ["p.yaml:1:16: *x stands inside itself"], id="deep self-reference"),
        pytest.param(
            "a: &x 1\nb: &x [*x]", ["p.yaml:2:8: *x stands inside itself"], id="self-reference under a used anchor"
        ),
        pytest.param("a: *x", ["p.yaml:1:4: *x: there is no &x before it"], id="alias of nothing"),
        pytest.param("a: *x\nb: &x 1", ["p.yaml:1:4: *x: there is no &x before it"], id="alias before its anchor"),
        pytest.param("? [a]\n: 1\n", ["p.yaml:1:3: a key must be text, not a list or a mapping"], id="list as key"),
        pytest.param("{{a: 1}: 2}", ["p.yaml:1:2: a key must be text, not a list or a mapping"], id="mapping as key"),
        pytest.param(
            "a: &x []\n*x : 1\n", ["p.yaml:2:1: a key must be text, not a list or a mapping"], id="aliased list as key"
        ),
        pytest.param("[" * 33 + "]" * 33, ["p.yaml:1:33: nested deeper than 32 levels"], id="33 lists"),
        pytest.param("[" * 100_000, ["p.yaml:1:33: nested deeper than 32 levels"], id="100000 lists"),
        pytest.param("{a: " * 100_000, ["p.yaml:1:129: nested deeper than 32 levels"], id="100000 mappings"),
        pytest.param("- " * 100_000, ["p.yaml:1:65: nested deeper than 32 levels"], id="100000 dashes"),
        pytest.param("? " * 100_000, ["p.yaml:1:3: a key must be text, not a list or a mapping"], id="100000 keys"),
        pytest.param(
            "a: &a " + "[" * 20 + "]" * 20 + "\nb: " + "[" * 12 + "*a" + "]" * 12,
            ["p.yaml:2:16: nested deeper than 32 levels"],
            id="deep by alias",
        ),
        pytest.param(
            b"#" * (MAX_BYTES + 1),
            ["p.yaml:1:1: larger than 1 MiB: split the file"],
            id="over a MiB",
        ),
        pytest.param(
            b"a: 1\n# \xc3\xa9 \xff", ["p.yaml:2:5: byte 0xff is not UTF-8: save the file as UTF-8"], id="not UTF-8"
        ),
        pytest.param(
            b"a: \xed\xa0\x80", ["p.yaml:1:4: byte 0xed is not UTF-8: save the file as UTF-8"], id="surrogate"
        ),
        pytest.param(b"a: \xc0\xaf", ["p.yaml:1:4: byte 0xc0 is not UTF-8: save the file as UTF-8"], id="overlong"),
        pytest.param(b"a: \xe2\x82", ["p.yaml:1:4: byte 0xe2 is not UTF-8: save the file as UTF-8"], id="broken off"),
        pytest.param(
            "a: 1\n".encode("utf-16"), ["p.yaml:1:1: the file is UTF-16: save the file as UTF-8"], id="UTF-16"
        ),
        pytest.param(
            "a: é\n# \x07\n", ["p.yaml:2:3: the character U+0007 is not allowed: remove it"], id="control character"
        ),
        pytest.param("a: \0", ["p.yaml:1:4: the character U+0000 is not allowed: remove it"], id="NUL"),
        pytest.param("é: \x9b", ["p.yaml:1:4: the character U+009B is not allowed: remove it"], id="C1 control"),
        pytest.param("a: \uffff", ["p.yaml:1:4: the character U+FFFF is not allowed: remove it"], id="noncharacter"),
        pytest.param(
            "a: [\n",
            ["p.yaml:2:1: not valid YAML: while parsing a flow node, did not find expected node content"],
            id="unclosed list",
        ),
        pytest.param(
            "a: b: c", ["p.yaml:1:5: not valid YAML: mapping values are not allowed in this context"], id="two colons"
        ),
        pytest.param(
            'a: "\\ud800"',
            ["p.yaml:1:7: not valid YAML: while parsing a quoted scalar, found invalid Unicode character escape code"],
            id="escaped surrogate",
        ),
        pytest.param(
            "a: 1\na: 2\nb: !x 1\nc: [",
            [
                "p.yaml:2:1: a: given twice, first in line 1",
                "p.yaml:3:4: the tag !x is not supported: put text in quotes instead",
                "p.yaml:5:1: not valid YAML: while parsing a flow node, did not find expected node content",
            ],
            id="what was found before reading had to stop",
        ),
    ],
)
def test_what_is_refused_says_where_and_why(data: bytes | str, expected: list[str]) -> None:
    assert problems(data) == expected


def test_nesting_of_32_levels_is_accepted() -> None:
    assert problems("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []


def test_aliases_may_repeat_what_they_stand_for() -> None:
    assert problems("- &a [" + "x," * 1000 + "]\n- [" + "*a," * 197 + "]\n") == []


def test_a_billion_laughs_are_refused() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)]
    bomb = "\n".join(["l0: &l0 [" + ",".join(["lol"] * 10) + "]", *levels])
    assert problems(bomb) == ["p.yaml:6:5: larger than 8 MiB, once aliases are followed"]


def test_a_million_short_values_by_aliases_are_refused() -> None:
    bomb = "- &a [" + "''," * 1000 + "]\n- [" + "*a," * 1000 + "]\n"
    assert [each.rpartition(", ")[2] for each in problems(bomb)] == ["once aliases are followed"]


def test_the_first_of_repeated_keys_keeps_its_value() -> None:
    assert plain(parse(b"a: 1\na: 2\n", "p.yaml").root) == {"a": "1"}


@pytest.mark.parametrize("data", ['"a\\nb": 1\n"a\\nb": 2', '"\\e[31m": 1\n"\\e[31m": 2', "!%0a%1b x", "a: !<%0d> x"])
def test_a_problem_is_one_printable_line(data: str) -> None:
    assert [each for each in problems(data) if not each.isprintable()] == []


@pytest.mark.parametrize(("text", "expected"), [("a", Plain), ("'a'", str), ('"a"', str), ("|\n a", str), ("~", Plain)])
def test_only_scalars_without_quotes_are_plain(text: str, expected: type) -> None:
    assert type(parse(text.encode(), "p.yaml").root.value) is expected


def test_places_lead_to_values_and_keys() -> None:
    document = parse(b"a:\n  - x\n  - {b: 1,  c: [y]}\n", "p.yaml")
    paths: list[tuple[str | int, ...]] = [("a",), ("a", 1), ("a", 1, "b"), ("a", 1, "c", 0), ("a", 1, "d"), ("a", 7)]
    values = [str(document.problem(path, "m")) for path in paths]
    keys = [str(document.problem(path, "m", at_key=True)) for path in paths]
    assert values == [f"p.yaml:{place}: m" for place in ("2:3", "3:5", "3:9", "3:17", "3:5", "2:3")]
    assert keys == [f"p.yaml:{place}: m" for place in ("1:1", "3:5", "3:6", "3:17", "3:5", "1:1")]
    assert [document.line(path) for path in paths] == [2, 3, 3, 3, 3, 2]


def test_a_byte_order_mark_does_not_shift_places() -> None:
    assert problems("\ufeffa: 1\na: 1") == problems("a: 1\na: 1")


def test_windows_line_ends_do_not_shift_places() -> None:
    assert problems("# x\r\na: 1\r\na: 1\r\n") == problems("# x\na: 1\na: 1\n")


trees = st.recursive(
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc<", max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(trees, st.sampled_from([True, False]))
def test_every_tree_of_text_comes_back_as_written(tree: Any, flow: bool) -> None:
    written = yaml.safe_dump(tree, default_flow_style=flow, default_style='"', allow_unicode=True)
    assert content(written) == tree


@pytest.mark.parametrize("head", ["%YAML 1.1\n", "\n# comment\n  \n%TAG ! tag:x,2000:\n", "%TAG !n! x\n" * 70_000])
def test_directives_are_refused_before_the_parser_takes_its_time(head: str) -> None:
    line = head.splitlines().index(head.strip().splitlines()[-1]) + 1
    message = f"p.yaml:{line}:1: directives such as %TAG are not supported: remove the line"
    assert problems(head + "---\nversion: 1\n") == [message]
