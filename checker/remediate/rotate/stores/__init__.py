"""The stores that `--to` can name: one file each."""

from collections.abc import Callable

from checker.remediate.rotate.places import CLIENTS, PARAMETER_STORE, SECRETS_MANAGER, Place, address
from checker.remediate.rotate.stores.parameter_store import ParameterStore
from checker.remediate.rotate.stores.secrets_manager import SecretsManager
from checker.remediate.rotate.stores.store import Making, Store
from checker.sources.aws.session import RotatingSession

_MADE_BY: dict[str, Callable[[Making], Store]] = {SECRETS_MANAGER: SecretsManager, PARAMETER_STORE: ParameterStore}


def opened(place: Place, session: RotatingSession, smtp_region: str | None, say: Callable[[str], object]) -> Store:
    """The store at that place, in the region of the session; nothing is asked of AWS yet."""
    client = session.client(CLIENTS[place.kind])
    return _MADE_BY[place.kind](Making(client, place.name, smtp_region, say, address(place, client.meta.region_name)))
