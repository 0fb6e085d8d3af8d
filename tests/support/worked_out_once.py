"""What botocore and moto work out anew for every session, client or request, and which is the same each time."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType
from typing import Any
from unittest.mock import patch

import botocore.hooks
from moto import backends
from moto.moto_server.werkzeug_app import create_backend_app

from checker.embedded.aws import parsed_once


@contextmanager
def worked_out_once() -> Iterator[None]:
    """While it lasts each is worked out by the first session, client or request of this process, for all of them."""
    with (
        parsed_once(),
        _names_of_events(),
        patch.object(botocore.hooks, "accepts_kwargs", _by_code(botocore.hooks.accepts_kwargs)),
        patch.object(backends, "list_of_moto_modules", lru_cache(lambda: tuple(_MODULES()))),
        # An application has a service's addresses; what the service remembers is in its backend, which is forgotten.
        patch("moto.moto_server.threaded_moto_server.create_backend_app", lru_cache(create_backend_app)),
    ):
        yield


_MODULES = backends.list_of_moto_modules


@contextmanager
def _names_of_events() -> Iterator[None]:
    """Every session with botocore's own aliases shares one cache of them, instead of having one to itself."""
    aliaser, names = botocore.hooks.EventAliaser, dict[str, str]()
    plain = aliaser.__init__

    def made(self: Any, *given: Any, **named: Any) -> None:
        plain(self, *given, **named)
        if self._event_aliases == botocore.hooks.EVENT_ALIASES:
            self._alias_name_cache = names

    with patch.object(aliaser, "__init__", made):
        yield


def _by_code(ask: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Ask of every function's code once; whether it takes keywords lies in nothing else, and keeps no client alive."""
    known: dict[CodeType, Any] = {}

    def asked(function: Any) -> Any:
        code = getattr(function, "__code__", None)
        if not inspect.isroutine(function) or code is None or hasattr(function, "__signature__"):
            return ask(function)
        if code not in known:
            known[code] = ask(function)
        return known[code]

    return asked
