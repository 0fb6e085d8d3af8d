"""How to resolve a key: what is advised, for whom, and in which order."""

import re
import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_regressions.file_regression import FileRegressionFixture

from checker.decision import AccessKey, decision
from checker.errors import printable
from checker.evaluate import Finding
from checker.reports.advice import resolve, time_left, whole_sentences
from checker.spoken import coming, gone
from tests.reports.many import FINDING
from tests.reports.test_reports import GOLDEN
from tests.support.fixtures import NOW, ago

TERRAFORM = "aws_iam_access_key.ledger"
CREATE, INACTIVE, DELETE = "create-access-key", "update-access-key", "delete-access-key"
SEEN = "get-access-key-last-used"


def finding(user: str, address: str | None, used: float | None = 1, *, known: bool = True) -> Finding:
    last_used = None if used is None else ago(used)
    told: dict[str, Any] = {"terraform_address": address, "last_used": last_used, "last_used_known": known}
    return msgspec.structs.replace(FINDING, user=user, user_id=None, arn=None, **told)


def unknown(address: str | None = None) -> Finding:
    return finding("ann", address, None, known=False)


def keys(
    of: Finding, used: float | None, status: str = "Active", key_id: str | None = "AKIA2", *, known: bool = True
) -> list[AccessKey]:
    """Both keys of the user, the second one used so many days ago."""
    second = decision.AccessKey(key_id, status, ago(50), None if used is None else ago(used), known)
    return [
        decision.AccessKey(of.access_key_id, "Active", of.create_date, of.last_used, of.last_used_known),
        second,
    ]


def in_order(lines: list[str], *words: str) -> list[str]:
    """Those of the words that occur, in the order of their first occurrence."""
    text = "\n".join(lines)
    found = {word: re.search(rf"{word}\b", text) for word in words}
    return sorted((word for word in words if found[word]), key=lambda word: found[word].start())  # type: ignore[union-attr]


# ---- a key that nobody is known to have used


def test_a_key_without_a_record_of_use_goes_inactive_before_anything_is_created() -> None:
    lines = resolve(finding("ann", None, None), NOW)
    assert in_order(lines, CREATE, INACTIVE, DELETE) == [INACTIVE, DELETE, CREATE]
    assert "only if something breaks" in lines[1]


def test_what_is_on_record_is_asked_for_again_before_the_key_goes_inactive() -> None:
    lines = resolve(finding("ann", None, None), NOW)
    assert in_order(lines, INACTIVE, "get-access-key-last-used") == ["get-access-key-last-used", INACTIVE]


def test_with_terraform_it_goes_inactive_before_it_is_replaced() -> None:
    lines = resolve(finding("ann", TERRAFORM, None), NOW)
    assert in_order(lines, "-replace", "Inactive") == ["Inactive", "-replace"]


def test_a_key_in_use_gets_its_successor_first() -> None:
    assert in_order(resolve(finding("ann", None), NOW), CREATE, INACTIVE, DELETE) == [CREATE, INACTIVE, DELETE]


# ---- a key of which nobody can tell whether it was used


def test_a_key_of_unknown_use_gets_its_successor_first_as_one_in_use() -> None:
    lines = resolve(unknown(), NOW)
    assert in_order(lines, CREATE, INACTIVE, DELETE) == [CREATE, INACTIVE, DELETE]
    assert "only if something breaks" not in "\n".join(lines)
    assert "on record" not in "\n".join(lines)
    assert in_order(lines, SEEN, CREATE) == [SEEN, CREATE]


def test_with_terraform_too_a_key_of_unknown_use_is_replaced_as_one_in_use() -> None:
    text = "\n".join(resolve(unknown(TERRAFORM), NOW))
    assert "terraform apply -replace" in text
    assert "only if something breaks" not in text
    assert SEEN in text


@pytest.mark.parametrize("address", [None, TERRAFORM])
@pytest.mark.parametrize(
    ("old", "other"),
    [
        ((None, False), (None, False)),
        ((None, False), (2, True)),
        ((None, False), (None, True)),
        ((2, True), (None, False)),
    ],
)
def test_of_two_keys_none_is_called_the_one_used_last_where_that_is_not_known(
    address: str | None, old: tuple[float | None, bool], other: tuple[float | None, bool]
) -> None:
    one = finding("ann", address, old[0], known=old[1])
    text = "\n".join(resolve(one, NOW, keys(one, other[0], known=other[1])))
    assert "that one was used last" not in text
    assert "This one was used last" not in text
    assert "the other was used last" in text.replace("AKIA2", "the other")
    assert text.count(SEEN) == (not old[1]) + (not other[1])


def test_a_second_key_of_unknown_use_is_not_said_to_have_none() -> None:
    old = finding("ann", None, None)
    text = "\n".join(resolve(old, NOW, keys(old, None, known=False)))
    assert "AKIA2, which may be in use (its last use is not known)" in text
    assert "AKIA2, which has no record of use" not in text


def test_an_inactive_second_key_of_unknown_use_makes_room() -> None:
    lines = resolve(unknown(), NOW, keys(unknown(), None, status="Inactive", known=False))
    assert "AKIA2 is not active, and its last use is not known." in "\n".join(lines)
    room = "aws iam delete-access-key --user-name ann --access-key-id AKIA2"
    assert in_order(lines, room, CREATE) == [room, CREATE]


# ---- two keys


@pytest.mark.parametrize("used", [2, None])
def test_of_two_keys_the_one_used_last_is_named_as_the_new_one(used: float | None) -> None:
    old = finding("ann", None, used)
    text = "\n".join(resolve(old, NOW, keys(old, used=0.5)))
    assert "AKIA2" in text
    assert "was last used on 2026-11-23 00:00 UTC" in text
    assert CREATE not in text


def test_of_two_keys_the_one_that_is_not_used_makes_room() -> None:
    old = finding("ann", None, 1)
    lines = resolve(old, NOW, keys(old, used=None))
    assert "AKIA2 has no record of use" in "\n".join(lines)
    room = "aws iam delete-access-key --user-name ann --access-key-id AKIA2"
    assert in_order(lines, room, CREATE) == [room, CREATE]


def test_an_inactive_key_is_not_taken_for_the_new_one_though_it_was_used_last() -> None:
    old = finding("ann", None, 2)
    lines = resolve(old, NOW, keys(old, used=1, status="Inactive"))
    assert "AKIA2 is not active and was last used on 2026-11-22 12:00 UTC" in "\n".join(lines)
    assert CREATE in "\n".join(lines)


def test_of_two_keys_that_nobody_used_neither_gets_a_successor_at_once() -> None:
    old = finding("ann", None, None)
    lines = resolve(old, NOW, keys(old, used=None))
    assert "The other is AKIA2, which has no record of use" in "\n".join(lines)
    assert in_order(lines, CREATE, INACTIVE) == [INACTIVE, CREATE]


def test_a_second_key_without_an_id_is_named_by_its_day() -> None:
    old = msgspec.structs.replace(finding("ann", None, 2), access_key_id=None)
    assert "the key created on 2026-10-04" in "\n".join(resolve(old, NOW, keys(old, used=1, key_id=None)))


def test_with_terraform_too_the_key_used_last_is_named() -> None:
    old = finding("ann", TERRAFORM, 2)
    newer, older = ("\n".join(resolve(old, NOW, keys(old, used=used))) for used in (1, 3))
    assert "a second key, AKIA2, and that one was used last" in newer
    assert "-replace" not in newer
    assert "This one was used last, on 2026-11-21 12:00 UTC; AKIA2 was last used on 2026-11-20 12:00 UTC" in older


USES = st.tuples(st.none(), st.booleans()) | st.tuples(st.integers(0, 99), st.just(value=True))


@given(used=USES, other=USES, active=st.booleans())
def test_of_two_keys_never_both_are_called_the_one_used_last(
    used: tuple[int | None, bool], other: tuple[int | None, bool], active: bool
) -> None:
    old = finding("ann", None, used[0], known=used[1])
    both = keys(old, used=other[0], status="Active" if active else "Inactive", known=other[1])
    told: dict[str, Any] = {"last_used": both[1].last_used, "last_used_known": both[1].use_known}
    second = msgspec.structs.replace(old, access_key_id="AKIA2", create_date=both[1].created, **told)
    texts = ["\n".join(resolve(one, NOW, both)) for one in (old, second)]
    assert sum("one was used last: it" in text or "other key, which was" in text for text in texts) <= 1


# ---- Terraform


KEYS_OF_TERRAFORM = [
    ("ledger", 'module.payments["eu west"].aws_iam_access_key.ledger[0]', 1, False),
    ("ledger", "aws_iam_access_key.unused", None, False),
    ("ledger", TERRAFORM, 1, True),
    ("ledger", "aws_iam_access_key.ledger (deposed object 0a1b2c3d)", 1, True),
    ("a b; rm -rf ~ $(id)\r", 'aws_iam_access_key.k["$(reboot) `id`; \'x\' \\" $${y} ü"]\x1b[31m\n', 1, False),
]


@pytest.mark.golden
def test_the_advice_for_keys_of_terraform_is_as_in_the_golden_file(file_regression: FileRegressionFixture) -> None:
    found = [(finding(user, address, used), two) for user, address, used, two in KEYS_OF_TERRAFORM]
    advice = [resolve(one, NOW, keys(one, used=2) if two else ()) for one, two in found]
    text = "\n\n".join("\n".join(map(printable, lines)) for lines in advice) + "\n"
    file_regression.check(text, fullpath=GOLDEN / "advice-terraform.txt", encoding="utf-8")


def commands(lines: list[str], start: str) -> list[list[str]]:
    """The arguments of the commands that start so and end their line, as a shell reads them."""
    text = [line.rpartition(f"  {start} ")[2] for line in lines if f"  {start} " in line]
    return [shlex.split(one) for one in text]


@pytest.mark.parametrize("two_keys", [False, True])
@pytest.mark.parametrize("used", [1, None])
@given(user=st.text(), address=st.text())
def test_a_shell_reads_user_and_address_as_they_are(user: str, address: str, used: int | None, two_keys: bool) -> None:
    managed, by_hand = finding(user, address, used), finding(user, None, used)
    lines = resolve(managed, NOW, keys(managed, used=None) if two_keys else ())
    replace = [f"-replace={address}"]
    assert (commands(lines, "terraform plan"), commands(lines, "terraform apply")) == ([replace], [replace])
    lines = resolve(by_hand, NOW, keys(by_hand, used=None) if two_keys else ())
    assert commands(lines, "aws iam list-access-keys") == [["--user-name", user]]


@pytest.mark.parametrize("two_keys", [False, True])
def test_nothing_is_advised_that_would_be_drift(two_keys: bool) -> None:
    changes = (CREATE, INACTIVE, "-replace", DELETE)
    found = {}
    for address in (None, TERRAFORM, f"{TERRAFORM} (deposed object 0a1b2c3d)"):
        of = finding("ann", address)
        text = "\n".join(resolve(of, NOW, keys(of, used=None) if two_keys else ()))
        found[address] = [change for change in changes if re.search(rf"{change}\b", text)]
    assert found == {
        None: [CREATE, INACTIVE, DELETE],
        TERRAFORM: ["-replace", DELETE] if two_keys else ["-replace"],
        f"{TERRAFORM} (deposed object 0a1b2c3d)": [],
    }


@pytest.mark.parametrize(
    "address", ['aws_iam_access_key.k[" (deposed object 0a1b2c3d)"]', "a (deposed object )", "a()"]
)
def test_only_a_deposed_object_is_taken_for_one(address: str) -> None:
    assert commands(resolve(finding("ann", address), NOW), "terraform apply") == [[f"-replace={address}"]]


# ---- when


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (-36, "Time left: none, the key was due on 2026-11-22 00:00 UTC, yesterday."),
        (-11, "Time left: none, the key was due on 2026-11-23 01:00 UTC, today."),
        (11, "Time left: the key is due today, on 2026-11-23 23:00 UTC."),
        (13, "Time left: the key is due tomorrow, on 2026-11-24 01:00 UTC."),
        (36, "Time left: the key is due in 2 days, on 2026-11-25 00:00 UTC."),
    ],
)
def test_the_day_is_told_as_people_say_it(hours: int, told: str) -> None:
    due = msgspec.structs.replace(FINDING, due_date=NOW + timedelta(hours=hours))
    assert time_left(due, NOW) == told


@given(st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_no_day_is_counted_as_none_or_as_one(apart: timedelta) -> None:
    told = [coming(NOW + apart, NOW), gone(NOW - apart, NOW)]
    assert [text for text in told if re.search(r"\b[01] days?\b", text)] == []


def test_days_are_those_of_utc() -> None:
    moment = datetime.fromisoformat("2026-11-24T00:30:00+02:00")
    assert coming(moment, datetime(2026, 11, 23, 12, tzinfo=UTC)) == "today"


def test_lines_that_are_one_sentence_are_put_together_and_steps_stay_apart() -> None:
    lines = resolve(finding("ann", None, None), NOW)
    whole = whole_sentences(lines)
    assert " ".join(" ".join(whole).split()) == " ".join(" ".join(lines).split())
    [third] = [line for line in whole if "monthly job" in line]
    assert third.endswith("the same command with --status Active brings the key back.")
    typed = [line for line in lines if "aws iam" in line]
    assert [line for line in whole if "aws iam" in line] == typed
