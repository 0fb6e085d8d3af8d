"""`keyage rotate` where it is not known whether the new key was stored: what readers get is never deleted."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.models import SecretsManagerBackend
from moto.ssm.models import SimpleSystemManagerBackend

from checker.embedded import aws
from checker.remediate.rotate.states import IN_HAND
from tests.fakes.rotated_account import ACCOUNT, PARAMETER, REGION, SECRET, STORES, USER
from tests.fakes.stand_ins import refuse
from tests.support.rotating import AT_ONCE, Rotating

WRITES = {SECRET: (SecretsManagerBackend, "put_secret_value"), PARAMETER: (SimpleSystemManagerBackend, "put_parameter")}


class Broken(JsonRESTError):
    code = 500


def lost_then(store: str, second: Callable[[Any], Any]) -> Any:
    """The first write is carried out and its answer lost; then `second` gets the write as it is done."""
    backend, name = WRITES[store]
    write, tried = getattr(backend, name), []

    def written(self: Any, *given: Any, **named: Any) -> Any:
        tried.append(name)
        if len(tried) > 1:
            return second(lambda: write(self, *given, **named))
        write(self, *given, **named)
        raise Broken("InternalServerError", "oops")

    return patch.object(backend, name, written)


def busy(_write: Any) -> Any:
    raise JsonRESTError("TooManyUpdates", "There are concurrent updates for a resource")


def again(write: Any) -> Any:
    return write()


# moto takes the same version of a secret twice for two.
@pytest.mark.parametrize(("store", "second"), [*((store, busy) for store in STORES), (PARAMETER, again)])
@pytest.mark.parametrize("stored", [False, True])
def test_a_key_whose_write_was_tried_twice_is_not_taken_for_one_that_was_not_stored(
    rotating: Rotating, store: str, stored: bool, second: Callable[[Any], Any]
) -> None:
    rotating.account.begin(stored=store if stored else None)
    with lost_then(store, second):
        first = rotating(store, *AT_ONCE)
    assert "whose secret was not stored" not in first.stderr
    works = {key.access_key_id for key in rotating.account.keys if key.status == "Active"}
    assert rotating.account.readers_get(store) in {*works, None}
    assert set(rotating.account.held(store).values()) <= {key.access_key_id for key in rotating.account.keys}
    done = rotating(store, *AT_ONCE)
    assert (done.returncode, rotating.state()[0], rotating.account.wrong) == (0, ["Inactive", "Active"], [])
    assert rotating.account.readers_get(store) == rotating.account.keys[1].access_key_id


def test_what_the_store_holds_is_not_deleted_whatever_aws_said(rotating: Rotating) -> None:
    rotating.account.begin(stored=PARAMETER)
    put = SimpleSystemManagerBackend.put_parameter

    def refused(self: Any, *given: Any, **named: Any) -> Any:
        put(self, *given, **named)
        raise JsonRESTError("TooManyUpdates", "There are concurrent updates for a resource")

    with patch.object(SimpleSystemManagerBackend, "put_parameter", refused):
        assert rotating(PARAMETER, *AT_ONCE).returncode == 3
    assert (rotating.state()[0], rotating(PARAMETER, *AT_ONCE).returncode) == (["Active", "Active"], 0)


def test_a_key_that_a_person_made_after_a_refusal_is_not_deleted(rotating: Rotating) -> None:
    rotating.account.begin(stored=SECRET)
    rotating.faults.plan("CreateAccessKey", refuse("AccessDenied"), 1)
    assert (rotating(SECRET, *AT_ONCE).returncode, rotating.state()) == (3, (["Active"], {}))
    aws.add_key(ACCOUNT, USER, datetime.now(UTC))
    rotating.later = IN_HAND
    done = rotating(SECRET, *AT_ONCE)
    assert (done.returncode, "neither is of a rotation to this store" in done.stderr) == (2, True)
    assert rotating.state() == (["Active", "Active"], {})


@pytest.mark.parametrize("store", STORES)
def test_a_key_of_which_nothing_says_that_keyage_made_it_is_left_to_a_person(rotating: Rotating, store: str) -> None:
    (old,) = rotating.account.begin(stored=store)
    tags = {"keyage:rotating": f"before {old}"}
    rotating.iam.tag_user(UserName=USER, Tags=[{"Key": name, "Value": value} for name, value in tags.items()])
    new = aws.add_key(ACCOUNT, USER, datetime.now(UTC)).access_key_id
    early = rotating(store, *AT_ONCE)
    told = f"another run may have {new} in hand, and store it"
    assert (early.returncode, told in early.stdout, rotating.state()) == (1, True, (["Active", "Active"], tags))
    rotating.later = IN_HAND
    done = rotating(store, *AT_ONCE)
    told = f"{new} was made while a rotation was under way, was never used, and the store does not hold it"
    assert (done.returncode, told in done.stderr, rotating.state()) == (2, True, (["Active", "Active"], tags))


@pytest.mark.parametrize("store", STORES)
def test_a_key_that_keyage_made_is_deleted_once_no_run_can_store_it(rotating: Rotating, store: str) -> None:
    (old,) = rotating.account.begin(stored=store)
    new = aws.add_key(ACCOUNT, USER, datetime.now(UTC)).access_key_id
    value = f"before {old} made {new} to {store} in {REGION}"
    rotating.iam.tag_user(UserName=USER, Tags=[{"Key": "keyage:rotating", "Value": value}])
    assert (rotating(store, *AT_ONCE).returncode, rotating.state()[0]) == (1, ["Active", "Active"])
    rotating.later = IN_HAND
    done = rotating(store, *AT_ONCE)
    assert (done.returncode, f"deleted {new}, whose secret was not stored" in done.stderr) == (0, True)
    assert (rotating.state()[0], rotating.account.wrong) == (["Inactive", "Active"], [])


@pytest.mark.parametrize("store", STORES)
def test_a_key_that_is_deleted_while_it_is_stored_is_taken_from_readers(rotating: Rotating, store: str) -> None:
    (old,) = rotating.account.begin(stored=store)
    backend, name = WRITES[store]
    write = getattr(backend, name)

    def slow(self: Any, *given: Any, **named: Any) -> Any:
        if len(rotating.account.keys) == 2:
            rotating.account.iam.delete_access_key(rotating.account.keys[1].access_key_id, USER)
        return write(self, *given, **named)

    with patch.object(backend, name, slow):
        done = rotating(store, *AT_ONCE)
    assert (done.returncode, "was deleted while it was being stored" in done.stderr) == (3, True), done.stderr
    assert (rotating.state()[0], rotating.account.readers_get(store)) == (["Active"], old)
