"""`keyage rotate` where it is not known whether the new key was stored: what readers get is never deleted."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from moto.core.exceptions import JsonRESTError
from moto.secretsmanager.models import SecretsManagerBackend
from moto.ssm.models import SimpleSystemManagerBackend

from tests.fakes.rotated_account import PARAMETER, SECRET, STORES
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
