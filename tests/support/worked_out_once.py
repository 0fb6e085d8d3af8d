"""What botocore and moto work out anew for every session, client or request, and which is the same each time."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType
from typing import Any
from unittest.mock import patch

import botocore.hooks
from botocore import useragent
from botocore.client import ClientCreator
from botocore.loaders import Loader
from botocore.model import ServiceModel
from moto import backends
from moto.moto_server.werkzeug_app import create_backend_app

from checker.embedded.aws import parsed_once

CREATOR: Any = ClientCreator


@contextmanager
def worked_out_once() -> Iterator[None]:
    """While it lasts each is worked out by the first session, client or request of this process, for all of them."""
    with (
        parsed_once(),
        _names_of_events(),
        patch.object(botocore.hooks, "accepts_kwargs", _by_code(botocore.hooks.accepts_kwargs)),
        patch.object(CREATOR, "_load_service_model", _service_of),
        patch.object(CREATOR, "_create_methods", _methods_of),
        patch.object(useragent, "sanitize_user_agent_string_component", lru_cache(_SANITIZED)),
        patch("moto.core.responses.method_names_from_class", _Methods),
        patch.object(backends, "list_of_moto_modules", lru_cache(lambda: tuple(_MODULES()))),
        # An application has a service's addresses; what the service remembers is in its backend, which is forgotten.
        patch("moto.moto_server.threaded_moto_server.create_backend_app", lru_cache(create_backend_app)),
    ):
        yield


_MODULES = backends.list_of_moto_modules
_SANITIZED = useragent.sanitize_user_agent_string_component
_METHODS = CREATOR._create_methods  # noqa: SLF001 -- nothing public leaves them out
_METHODS_OF: dict[ServiceModel, dict[str, Any]] = {}


def _service_of(creator: Any, name: str, version: str | None = None) -> ServiceModel:
    return _service(creator._loader, name, version)  # noqa: SLF001 -- likewise


@lru_cache
def _service(loader: Loader, name: str, version: str | None) -> ServiceModel:
    return ServiceModel(loader.load_service_model(name, "service-2", api_version=version), service_name=name)


def _methods_of(creator: Any, service: ServiceModel) -> dict[str, Any]:
    """The methods of a client's class: functions that know nothing of the client that they are called on."""
    if service not in _METHODS_OF:
        _METHODS_OF[service] = _METHODS(creator, service)
    return dict(_METHODS_OF[service])


class _Methods:
    """The names of a class's methods, of which moto makes a list for each request to look for one."""

    def __init__(self, of: type) -> None:
        self._of = of

    def __contains__(self, name: str) -> bool:
        return inspect.isfunction(getattr(self._of, name, None))


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
