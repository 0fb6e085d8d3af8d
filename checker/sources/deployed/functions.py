"""Lambda functions of an account: which of them are keyage's, and how one is set up."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from checker.pieces import Owned, owned
from checker.sources.deployed.code import Codes
from checker.sources.deployed.parts import Function, every, found


class Listed(NamedTuple):
    """A function as ListFunctions tells it."""

    name: str
    arn: str
    owned: Owned | None  # what it is of keyage, if anything


def listed(client: Any) -> list[Listed]:
    """Every function of the region, by name."""
    functions = every(client, "list_functions", "Functions")
    return sorted(
        Listed(each["FunctionName"], each["FunctionArn"], owned(each.get("Description"))) for each in functions
    )


def name_of(piece: str, wanted: str, rule: str, functions: list[Listed]) -> str:
    """The name of the function that is the piece for the rule: as `render` writes it, or with a prefix."""
    if any(each.name == wanted for each in functions):
        return wanted
    candidates = [each for each in functions if each.owned and each.owned.piece == piece]
    return next((each.name for each in candidates if each.owned and each.owned.rule.endswith(rule)), wanted)


def read(client: Any, name: str, codes: Codes, ca_bundle: str | None, *, by_config: bool) -> Function | None:
    """The function with its code; None if there is none. `by_config`: AWS Config is to invoke it."""
    answer = found(client.get_function, FunctionName=name)
    if answer is None:
        return None
    settings = answer["Configuration"]
    invoking = None if by_config else found(client.get_function_event_invoke_config, FunctionName=name)
    return Function(
        settings.get("FunctionName", name),
        settings.get("Handler"),
        codes.of(answer, ca_bundle),
        settings.get("Runtime"),
        settings.get("Timeout"),
        settings.get("Role"),
        (invoking or {}).get("MaximumRetryAttempts"),
        answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        _invokers(client, name) if by_config else None,
    )


def _invokers(client: Any, name: str) -> frozenset[str]:
    """The services that the function's own policy lets invoke it."""
    answer = found(client.get_policy, FunctionName=name)
    return services(json.loads(answer["Policy"])) if answer else frozenset()


def services(document: Mapping[str, Any]) -> frozenset[str]:
    """The services that a policy allows something."""
    allowed = [each for each in statements(document) if each.get("Effect") == "Allow"]
    principals = [each.get("Principal", {}) for each in allowed]
    named = [each.get("Service", []) if isinstance(each, dict) else [] for each in principals]
    return frozenset(name for names in named for name in texts(names))


def statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Of an IAM policy, where one may stand for a list of one."""
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def texts(value: Any) -> list[str]:
    """A text or a list of texts in an IAM policy, as a list."""
    return [value] if isinstance(value, str) else [str(each) for each in value or ()]
