"""What comes up while a command runs is said on standard error, or with --quiet not at all."""

import pytest

from checker.shell.common import teller


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    teller(quiet=True)("AWS throttles")
    assert capsys.readouterr() == ("", "")


def test_a_note_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    teller(quiet=False)("AWS throttles")
    assert capsys.readouterr() == ("", "note: AWS throttles\n")
