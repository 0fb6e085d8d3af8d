"""What a policy deploys: names within AWS's limits, and what Systems Manager would refuse is refused before."""

import pytest

from checker.errors import UsageError
from checker.generate.deployment import Deployment, deployment
from checker.policy import loader

NINETY = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
DEACTIVATE = "remediation: {action: deactivate}\n"


def made(text: str) -> Deployment:
    policy = loader.parse((NINETY + text).encode(), "policies.yaml")
    return deployment(policy, {})


def test_without_remediation_there_is_no_document_and_any_name_will_do() -> None:
    assert made("deploy: {ruleName: aws-keys}\n").runbook is None


def test_the_managed_rule_needs_no_function() -> None:
    assert made("").code is None


@pytest.mark.parametrize("name", ["aws-keys", "AWSConfigRemediation-x", "amazon", "Amzn1"])
def test_a_name_that_systems_manager_reserves_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"deploy.ruleName: {name}: Systems Manager takes no document"):
        made(f"{DEACTIVATE}deploy: {{ruleName: {name}}}\n")


@pytest.mark.parametrize("length", [1, 50, 53, 64])
def test_names_keep_within_64_characters(length: int) -> None:
    found = made(f"deploy: {{ruleName: {'k' * length}}}\n")
    for suffix in ("evaluation", "deactivation", "remediation"):
        name = found.name(suffix)
        assert (len(name), name.endswith(f"k-{suffix}")) == (min(64, length + len(suffix) + 1), True)


def test_the_functions_that_remediate_are_those_of_the_stages_that_the_policy_has() -> None:
    stages = ("", DEACTIVATE, "remediation: {action: delete, deleteAfterDays: 30}\n")
    assert [made(text).remediation_functions for text in stages] == [
        {},
        {"deactivate": "access-keys-rotated-deactivation"},
        {"deactivate": "access-keys-rotated-deactivation", "delete": "access-keys-rotated-deletion"},
    ]


@pytest.mark.parametrize("count", [10, 1500])
def test_the_automation_document_is_as_large_for_a_large_policy_as_for_a_small_one(count: int) -> None:
    rules = "".join(f"  - {{id: r{number}, maxAccessKeyAge: 9, users: u{number}-*}}\n" for number in range(count))
    assert made(f"{DEACTIVATE}rules:\n{rules}").runbook == made(DEACTIVATE).runbook


@pytest.mark.parametrize("length", [1, 40, 51, 60, 64])
def test_a_prefix_keeps_names_within_64_characters(length: int) -> None:
    for text in ("", DEACTIVATE, "remediation: {action: delete, deleteAfterDays: 30}\n"):
        found = made(f"{text}deploy: {{ruleName: {'k' * length}}}\n")
        assert max(map(len, found.names)) + found.longest_prefix == 64
        assert len(found.longest_name) + found.longest_prefix == 64


def test_a_region_without_the_managed_rule_is_refused_for_it_alone() -> None:
    made("deploy: {region: eu-south-2, rule: custom}\n")
    made("deploy: {region: eu-south-1}\n")
    with pytest.raises(UsageError, match=r"no managed rule ACCESS_KEYS_ROTATED in eu-south-2; write `rule: custom`"):
        made("deploy: {region: eu-south-2}\n")
