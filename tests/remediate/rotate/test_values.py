"""What a store holds: what is no access key first, then that nothing else in it is lost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.remediate.rotate.secrecy import Pair
from checker.remediate.rotate.values import key_id_of, pair_of, value_of

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
