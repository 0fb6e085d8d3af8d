"""accounts.yaml."""

from pathlib import Path

import pytest

from checker.decision import decision
from checker.errors import FileProblems, UsageError
from checker.policy import inventory


def load(folder: Path, text: str) -> inventory.Inventory:
    path = folder / "accounts.yaml"
    path.write_text(text)
    return inventory.load(path)


def test_what_is_left_out_is_not_known(tmp_path: Path) -> None:
    text = (
        "version: 1\naccounts:\n  - id: 012345670123\n  - {id: '000000000012', name: null, ou: Root, tags: {env: 1}}\n"
    )
    assert load(tmp_path, text) == {
        "012345670123": decision.Account("012345670123"),
        "000000000012": decision.Account("000000000012", None, "Root", {"env": "1"}),
    }


def test_every_problem_has_its_place(tmp_path: Path) -> None:
    text = "version: 1\naccounts:\n  - {id: 12, nam: x}\n  - {id: 000000000012}\n  - {id: 000000000012}\n"
    with pytest.raises(FileProblems) as raised:
        load(tmp_path, text)
    assert [str(problem).partition("accounts.yaml:")[2] for problem in raised.value.problems] == [
        '3:10: id: "12": an account id is exactly 12 digits',
        "3:14: nam: did you mean name?",
        "5:10: the account 000000000012 is listed twice",
    ]


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read the inventory .*: No such file"):
        inventory.load(tmp_path / "none.yaml")
