"""A person is asked once at a terminal, and anything but yes is no."""

import io
import sys

import pytest

from checker.errors import UsageError
from checker.shell.confirmed import require_confirmed


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_was_answered_on_the_command_line_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    require_confirmed("3 steps. Do that?", yes=True)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("answer", ["y\n", "yes\n", " Y \n"])
def test_yes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal(f"{answer}no\n"))
    require_confirmed("3 steps. Do that?", yes=False)
    assert capsys.readouterr() == ("", "3 steps. Do that? [y/N]\n")


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "yess\n", "no\nyes\n"])
def test_anything_else_is_no(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(sys, "stdin", _Terminal(answer))
    with pytest.raises(UsageError, match="the answer was not yes: nothing was changed"):
        require_confirmed("3 steps. Do that?", yes=False)


@pytest.mark.parametrize("stdin", [io.StringIO("yes\n"), None])
def test_where_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch, stdin: io.StringIO | None) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(UsageError, match="nobody can be asked: give --yes; nothing was changed"):
        require_confirmed("3 steps. Do that?", yes=False)
