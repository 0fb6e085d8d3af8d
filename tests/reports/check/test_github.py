"""GitHub annotations: ten a level, the worst first, and no text can end a command."""

import msgspec
import pytest
from hypothesis import given

from checker.evaluate import COMPLIANT, EXEMPT, NOT_APPLICABLE
from tests.reports.many import FINDING, ODD, overdue, report, result
from tests.reports.test_reports import RUN
from tests.support.fixtures import ago


@pytest.mark.parametrize("verdict", [COMPLIANT, NOT_APPLICABLE])
def test_what_needs_no_attention_is_not_annotated(verdict: str) -> None:
    far = msgspec.structs.replace(FINDING, verdict=verdict, due_date=ago(-100))
    assert report("github", RUN, result(far)) == ""


def test_ten_of_a_level_the_worst_first_then_how_many_more() -> None:
    exempt = [msgspec.structs.replace(overdue(number), verdict=EXEMPT) for number in range(11)]
    lines = report("github", RUN, result(*map(overdue, range(15)), *exempt)).splitlines()
    errors = [line for line in lines if line.startswith("::error ")]
    assert [line.partition("key AKIA")[2][:16] for line in errors] == [f"{n:016d}" for n in range(14, 4, -1)]
    assert sum(line.startswith("::notice ") for line in lines) == 10
    assert [line for line in lines if not line.startswith("::")] == [
        "5 more errors: GitHub shows 10 of a level. Another --format lists them all.",
        "1 more notice: GitHub shows 10 of a level. Another --format lists them all.",
    ]


def test_an_account_that_nobody_could_read_comes_before_keys() -> None:
    lines = report("github", RUN, result(overdue(1)), result(reason="denied")).splitlines()
    assert ["could not be read" in line for line in lines] == [True, False]


@given(user=ODD, reason=ODD, path=ODD)
def test_odd_text_makes_no_command_of_its_own(user: str, reason: str, path: str) -> None:
    odd = msgspec.structs.replace(FINDING, user=user)
    text = report("github", RUN._replace(repository_path=path), result(odd), result(reason=reason))
    lines = text.split("\n")
    assert [line.startswith("::error ") for line in lines] == [True, True, False]
    assert len(text.splitlines()) == 2
    for line in lines[:2]:
        properties = line.removeprefix("::error ").partition("::")[0].split(",")
        assert [one.partition("=")[0] for one in properties] == ["file", "line", "col", "title"]
