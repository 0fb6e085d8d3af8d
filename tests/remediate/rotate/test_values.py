"""What a store holds: what is no access key first, then that nothing else in it is lost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.remediate.rotate.secrecy import Pair
from checker.remediate.rotate.values import key_id_of, pair_of, value_of, why_unfit

PAIR = Pair("AKIANEW", "secret/of+it")


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", "hunter2", "[]", "null", "{}", '{"AccessKeyId": "AKIA"}', '{"SecretAccessKey": "s"}'),
        *('{"AccessKeyId": 1, "SecretAccessKey": "s"}', '{"AccessKeyId": "", "SecretAccessKey": "s"}', "[" * 100_000),
        '{"AccessKeyId": "A", "SecretAccessKey": "s"',
        "\ud800",
    ],
)
def test_what_is_no_access_key(text: str | None) -> None:
    assert (key_id_of(text), pair_of(text)) == (None, None)


WHOLE = '"AccessKeyId":"A","SecretAccessKey":"s"'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (f'{{{WHOLE},"SecretAccessKey":"t"}}', "JSON in which a member stands twice"),
        (f'{{{WHOLE},"x":1,"x":2}}', "JSON in which a member stands twice"),
        (f'{{{WHOLE},"x":1,"\\u0078":2}}', "JSON in which a member stands twice"),
        (f'{{{WHOLE},"x":{"[" * 9000}{"]" * 9000}}}', "JSON that is nested too deep"),
        (f'{{{WHOLE},"x":"\x01"}}', "something that is no access key"),
    ],
)
def test_what_could_not_be_kept_as_it_is(text: str, why: str) -> None:
    assert (why_unfit(text), pair_of(text)) == (why, None)


@pytest.mark.parametrize(
    "more",
    [
        *("1.10", "1e400", "-0", "1" * 5000, "0.1000000000000000055511151231257827", "[1, 2]", '{"b":1, "b":2}'),
        *('"\\u00e9"', "null", '{"c": {"SecretAccessKey":"t"}}'),
    ],
)
def test_what_else_was_there_stays_as_it_was_written(more: str) -> None:
    assert why_unfit(f'{{"x":{more},{WHOLE}}}') == ""
    stored = value_of(PAIR, None, f'{{"x":{more},{WHOLE}}}')
    assert stored == f'{{"x":{more},"AccessKeyId":"AKIANEW","SecretAccessKey":"secret/of+it"}}'


def test_what_else_was_there_stays_but_the_password_of_the_old_secret() -> None:
    old = json.dumps({"Region": "eu-central-1", "AccessKeyId": "A", "SecretAccessKey": "s", "SmtpPassword": "p"})
    found = json.loads(value_of(PAIR, None, old))
    assert found == {"Region": "eu-central-1", "AccessKeyId": "AKIANEW", "SecretAccessKey": "secret/of+it"}


def test_the_password_of_smtp_is_stored_where_it_is_asked_for() -> None:
    found = json.loads(value_of(Pair("A", "some+secret+key"), "eu-central-1", None))
    assert found["SmtpPassword"] == "BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2"


@given(st.text(min_size=1), st.text(min_size=1), st.none() | st.text())
def test_what_is_stored_is_read_again(key_id: str, secret: str, replaced: str | None) -> None:
    assert pair_of(value_of(Pair(key_id, secret), None, replaced)) == Pair(key_id, secret)


def test_a_pair_does_not_show_its_secret() -> None:
    assert [text for text in (repr(PAIR), str(PAIR), f"{PAIR}", f"{[PAIR]}") if "secret/of+it" in text] == []
