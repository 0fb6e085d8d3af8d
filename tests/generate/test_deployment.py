"""What a group deploys: names within AWS's limits, and what Systems Manager would refuse is refused before."""

from hashlib import sha256

import pytest

from checker.errors import UsageError
from checker.generate.deployment import MAX_DOCUMENT, Deployment, deployment
from checker.generate.groups import resolve
from checker.policy import loader

NINETY = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
DEACTIVATE = "remediation: {action: deactivate}\n"


def made(text: str) -> Deployment:
    policy = loader.parse((NINETY + text).encode(), "policies.yaml")
    return deployment(policy, resolve(policy, {})[0])


def rules(count: int, *, incompressible: bool = False) -> str:
    """So many rules, with descriptions that no compression makes shorter if asked for."""
    texts = (sha256(str(n).encode()).hexdigest() if incompressible else "r" for n in range(count))
    entries = (
        f"  - {{id: r{n}, description: x{text}, maxAccessKeyAge: 9, users: u{n}-*}}\n" for n, text in enumerate(texts)
    )
    return "rules:\n" + "".join(entries)


def test_without_remediation_there_is_no_document_and_any_name_will_do() -> None:
    assert made("deploy: {ruleName: aws-keys}\n").document is None


def test_the_managed_rule_needs_no_function() -> None:
    assert made("").function is None


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


@pytest.mark.parametrize(("count", "readable"), [(10, True), (60, True), (1500, False)])
def test_a_large_policy_is_compressed_where_it_does_not_fit(count: int, readable: bool) -> None:
    document = made(DEACTIVATE + rules(count)).document
    assert document is not None
    assert len(document.encode()) <= MAX_DOCUMENT
    assert ("json.loads(r'''" in document, "import bz2" in document) == (readable, not readable)


def test_a_policy_that_does_not_fit_even_so_is_refused() -> None:
    with pytest.raises(UsageError, match="the group default does not fit into an Automation document, even compressed"):
        made(DEACTIVATE + rules(2000, incompressible=True))
