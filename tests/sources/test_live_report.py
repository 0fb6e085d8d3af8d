"""A credential report from AWS that cannot be about this account as it is: every user is listed instead."""

from collections.abc import Callable

import pytest

from tests.support.fixtures import ACCOUNT, Emulated

OTHER = "999988887777"


def without_key(row: str) -> str:
    return row.replace("true", "false")


def answers(emulated: Emulated, changed: Callable[[list[str]], list[str]]) -> None:
    """AWS gives the report of now with other lines."""
    emulated.iam.generate_report()
    lines = emulated.iam.get_credential_report().splitlines()
    emulated.iam.get_credential_report = lambda: "\n".join(changed(lines)) + "\n"


@pytest.mark.parametrize(
    "changed",
    [lambda lines: [*lines, lines[-1]], lambda lines: [*lines, *lines], lambda lines: [lines[0], *reversed(lines[1:])]],
    ids=["a row twice", "the report twice", "another order"],
)
def test_the_same_said_twice_or_in_another_order_is_believed(
    emulated: Emulated, changed: Callable[[list[str]], list[str]]
) -> None:
    for name in ("keyless", "u"):
        emulated.user(name)
    emulated.key("u", 200)
    answers(emulated, changed)
    result = emulated.check()
    assert (emulated.verdicts(), result.notes) == ({"u": ["NON_COMPLIANT"]}, [])


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (lambda lines: [*lines, without_key(lines[-1])], "contradicts itself in line 3: line 2 says"),
        (lambda lines: [lines[0], without_key(lines[-1]), *lines], "contradicts itself in line 4: line 2 says"),
        (
            lambda lines: [*lines, without_key(lines[-1]).replace(ACCOUNT, OTHER)],
            f"is about several accounts, {ACCOUNT}, {OTHER}",
        ),
        (lambda lines: [without_key(line).replace(ACCOUNT, OTHER) for line in lines], "is about another account, arn:"),
        (lambda lines: [lines[0], lines[1].replace("true", "yes", 1)], "has 'yes' for access_key_1_active in line 2"),
    ],
    ids=["contradiction", "contradiction after a header", "a row of another account", "another account", "no flag"],
)
def test_a_report_that_is_not_plain_hides_no_key(
    emulated: Emulated, changed: Callable[[list[str]], list[str]], why: str
) -> None:
    emulated.user("u")
    emulated.key("u", 200)
    answers(emulated, changed)
    result = emulated.check()
    assert [(one.verdict, one.last_used, one.last_used_known) for one in result.findings] == [
        ("NON_COMPLIANT", None, False)
    ]
    [note] = result.notes
    assert why in note
    assert note.endswith(": the keys of every user were listed instead, and their last use is not known")
