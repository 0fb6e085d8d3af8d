"""Files as people have them: every encoding that is read gives the same UTF-8, and what is refused is named."""

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.encoding import encoding_of, read_utf8, require_utf8
from checker.errors import KeyageError, Unreadable, UsageError
from checker.evaluate import AccountRead
from checker.policy import inventory, loader, policy_tests
from checker.policy.prowler import mutelist
from checker.sources.saved.kinds import open_saved

TEXT = '{"a":\r\n "ü\U0001f511"}\n'
FORMS = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with a mark": TEXT.encode("utf-8-sig"),
    "UTF-16-LE with a mark": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16-BE with a mark": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "UTF-16-LE": TEXT.encode("utf-16-le"),
    "UTF-16-BE": TEXT.encode("utf-16-be"),
    "UTF-32-LE with a mark": codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    "UTF-32-BE with a mark": codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
    "UTF-32-LE": TEXT.encode("utf-32-le"),
    "UTF-32-BE": TEXT.encode("utf-32-be"),
}
NOT_UTF8 = {name: data for name, data in FORMS.items() if "UTF-8" not in name}


@pytest.mark.parametrize("data", FORMS.values(), ids=FORMS)
def test_every_encoding_gives_the_same_text(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "f").write_bytes(data)
    assert read_utf8(tmp_path / "f") == TEXT.encode()


@pytest.mark.parametrize("data", [b"a", b"\0", b"\0\1", b"\0\0\0\0", b"a\0", "ü".encode(), b"\x89PNG\r\n"])
def test_what_is_not_certain_stays_as_it_is(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "f").write_bytes(data)
    assert (encoding_of(data), read_utf8(tmp_path / "f")) == (None, data)


@given(st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0")))
def test_no_text_in_utf_8_is_taken_for_another(text: str) -> None:
    assert encoding_of(text.encode()) is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a\n{b".encode("utf-16")[:-1], ":2: the file is UTF-16 and broken or cut off there: save the file as UTF-8"),
        (b"\xff\xfea\0\x00\xd8", ":1: the file is UTF-16 and broken or cut off there: save the file as UTF-8"),
    ],
)
def test_broken_utf_16_is_unreadable_with_its_line(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "f"
    path.write_bytes(data)
    with pytest.raises(Unreadable) as raised:
        read_utf8(path)
    assert str(raised.value) == f"{path}{message}"


def test_a_byte_that_is_not_utf_8_is_named_with_its_line() -> None:
    with pytest.raises(Unreadable, match=r"f:2: byte 0xe4 is not UTF-8: save the file as UTF-8"):
        require_utf8(b"a\n\xe4\n", Path("f"))


def test_a_file_that_cannot_be_opened_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Is a directory"):
        read_utf8(tmp_path)


@pytest.mark.parametrize("form", NOT_UTF8)
@pytest.mark.parametrize(
    "load",
    [
        loader.parse,
        mutelist.parse,
        inventory.parse,
        lambda data, file: policy_tests.parse(data, file, {}),
    ],
    ids=["policies.yaml", "mute list", "accounts.yaml", "policies.test.yaml"],
)
def test_yaml_in_another_encoding_is_refused_by_name(load: object, form: str) -> None:
    assert callable(load)
    with pytest.raises(KeyageError) as raised:
        load(NOT_UTF8[form], "p.yaml")
    assert str(raised.value).startswith(f"p.yaml:1:1: the file is {form[:6]}")
    assert str(raised.value).endswith(": save the file as UTF-8")


@pytest.mark.parametrize("form", NOT_UTF8)
def test_json_lines_in_another_encoding_are_refused_by_name(tmp_path: Path, form: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(NOT_UTF8[form])
    with pytest.raises(Unreadable) as raised:
        open_saved(path, {})
    assert str(raised.value).startswith(f"{path}:1: the file is {form[:6]}")


def test_json_lines_may_have_marks_where_files_were_joined(tmp_path: Path) -> None:
    line = '{"id":"00000000000%d","users":[]}\n'
    path = tmp_path / "s.jsonl"
    path.write_bytes(b"".join((line % number).encode("utf-8-sig") for number in (2, 1)) + codecs.BOM_UTF8)
    found = list(open_saved(path, {}).accounts)
    assert [(read.account.id, read.users) for read in found if isinstance(read, AccountRead)] == [
        ("000000000001", []),
        ("000000000002", []),
    ]
