"""The models of AWS's services are parsed once in a test process: anew for every session took most of the tests' time."""

from functools import lru_cache

import botocore.loaders
import botocore.session


@lru_cache
def _loader(search_path: str | None) -> botocore.loaders.Loader:
    return botocore.loaders.create_loader(search_path)


def share() -> None:
    """Give every session of this process the same loader, which only reads."""
    botocore.session.create_loader = _loader  # type: ignore[attr-defined]
