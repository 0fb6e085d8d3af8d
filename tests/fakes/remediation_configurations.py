"""A stand-in for what moto's AWS Config lacks: the remediation configurations of rules.

It keeps them in memory and refuses what AWS Config refuses; it never starts a remediation.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from moto.config.exceptions import InvalidParameterValueException
from moto.config.responses import ConfigResponse
from moto.core.exceptions import JsonRESTError

MAX_CONFIGURATIONS = 25  # a call
MAX_PARAMETERS = 25
ATTEMPTS = range(1, 26)
RETRY_SECONDS = range(1, 2_678_001)
PERCENTAGES = range(1, 101)

Remediations = dict[tuple[str, str, str], dict[str, Any]]  # by account, region and rule


@contextmanager
def remediation_configurations() -> Iterator[Remediations]:
    """While it lasts moto's AWS Config knows remediation configurations; yields them."""
    kept: Remediations = {}
    actions = {
        "put_remediation_configurations": _put(kept),
        "describe_remediation_configurations": _describe(kept),
        "delete_remediation_configuration": _delete(kept),
        "delete_config_rule": _delete_rule(kept, ConfigResponse.delete_config_rule),
    }
    with ExitStack() as stack:
        for name, action in actions.items():
            stack.enter_context(patch.object(ConfigResponse, name, action, create=True))
        yield kept


def _key(call: Any, rule: str) -> tuple[str, str, str]:
    return call.current_account, call.region, rule


def _put(kept: Remediations) -> Callable[[Any], str]:
    def put_remediation_configurations(call: Any) -> str:
        asked = call._get_param("RemediationConfigurations")  # noqa: SLF001 -- what moto's own methods call
        if not 1 <= len(asked) <= MAX_CONFIGURATIONS:
            raise InvalidParameterValueException(f"between 1 and {MAX_CONFIGURATIONS} remediation configurations")
        for configuration in asked:
            if configuration["ConfigRuleName"] not in call.config_backend.config_rules:
                raise InvalidParameterValueException(f"no rule {configuration['ConfigRuleName']}")
            _check(configuration)
        for configuration in asked:
            key = _key(call, configuration["ConfigRuleName"])
            arn = f"arn:aws:config:{call.region}:{call.current_account}:remediation-configuration/{key[2]}"
            kept[key] = {"Automatic": False, "Arn": arn} | configuration
        return json.dumps({"FailedBatches": []})

    return put_remediation_configurations


def _check(configuration: dict[str, Any]) -> None:
    parameters = configuration.get("Parameters", {})
    automatic = configuration.get("Automatic", False)
    controls = configuration.get("ExecutionControls", {}).get("SsmControls", {})
    refused = {
        "the target is no SSM document": configuration.get("TargetType") != "SSM_DOCUMENT",
        "more than 25 parameters": len(parameters) > MAX_PARAMETERS,
        "a parameter has not exactly one value": any(len(value) != 1 for value in parameters.values()),
        "a resource value is not RESOURCE_ID": any(
            value.get("ResourceValue", {"Value": "RESOURCE_ID"}) != {"Value": "RESOURCE_ID"}
            for value in parameters.values()
        ),
        "automatic, but without AutomationAssumeRole": automatic and "AutomationAssumeRole" not in parameters,
        "automatic, but without attempts and seconds between them": automatic
        and not {"MaximumAutomaticAttempts", "RetryAttemptSeconds"} <= set(configuration),
        "attempts": configuration.get("MaximumAutomaticAttempts", 1) not in ATTEMPTS,
        "seconds between attempts": configuration.get("RetryAttemptSeconds", 1) not in RETRY_SECONDS,
        "execution controls": any(value not in PERCENTAGES for value in controls.values()),
    }
    reasons = [reason for reason, applies in refused.items() if applies]
    if reasons:
        raise InvalidParameterValueException(f"stand-in: {'; '.join(reasons)}")


def _describe(kept: Remediations) -> Callable[[Any], str]:
    def describe_remediation_configurations(call: Any) -> str:
        names = call._get_param("ConfigRuleNames")  # noqa: SLF001 -- what moto's own methods call
        found = [kept[_key(call, name)] for name in names if _key(call, name) in kept]
        return json.dumps({"RemediationConfigurations": found})

    return describe_remediation_configurations


def _delete(kept: Remediations) -> Callable[[Any], str]:
    def delete_remediation_configuration(call: Any) -> str:
        name = call._get_param("ConfigRuleName")  # noqa: SLF001 -- what moto's own methods call
        if kept.pop(_key(call, name), None) is None:
            raise JsonRESTError("NoSuchRemediationConfigurationException", f"no remediation configuration of {name}")
        return "{}"

    return delete_remediation_configuration


def _delete_rule(kept: Remediations, plain: Callable[[Any], str]) -> Callable[[Any], str]:
    """AWS Config keeps a rule as long as it has a remediation configuration."""

    def delete_config_rule(call: Any) -> str:
        name = call._get_param("ConfigRuleName")  # noqa: SLF001 -- what moto's own methods call
        if _key(call, name) in kept:
            raise JsonRESTError("ResourceInUseException", f"a remediation action is associated with the rule {name}")
        return plain(call)

    return delete_config_rule
