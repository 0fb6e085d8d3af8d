"""A policy for ten thousand accounts keeps within the limits of AWS, arrives whole, and one too large is refused."""

import io
from functools import cache
from typing import Any
from zipfile import ZipFile

import pytest
import yaml

from checker.embedded.hosts import loaded
from checker.errors import UsageError
from checker.generate import cloudformation
from checker.generate.archive import zipped
from checker.generate.deployment import Before, Deployment, deployment
from checker.generate.rendering import render
from checker.generate.terraform import MAX_SENT
from checker.policy import loader
from tests.support import cfn_yaml
from tests.support.large_organization import organization

KIB, MIB = 1024, 1024 * 1024
ACCOUNTS, RULES, EXEMPTIONS = 10_000, 50, 100
# CloudFormation: a template in Amazon S3. AWS Config: a conformance pack's TemplateBody. Systems Manager: a document.
MAX_TEMPLATE, MAX_CONFORMANCE_PACK, MAX_DOCUMENT = 1_000_000, 51_200, 64 * KIB
# Lambda: a zip that is uploaded, what it unpacks to, and the zip that CloudFormation makes of Code.ZipFile.
MAX_UPLOAD, MAX_UNPACKED, MAX_INLINE = 50 * MIB, 250 * MIB, 4 * MIB
FUNCTIONS = ("Function", "DeactivationFunction", "DeletionFunction")


@cache
def deployed(accounts: int, rules: int, exemptions: int, seed: int = 0) -> Deployment:
    made = organization(accounts, rules, exemptions, seed)
    return deployment(loader.parse(made.policy, "policies.yaml"), made.inventory)


@pytest.fixture(scope="module")
def large() -> Deployment:
    return deployed(ACCOUNTS, RULES, EXEMPTIONS)


@pytest.fixture(scope="module")
def resources(large: Deployment) -> Any:
    """By their logical ids, as CloudFormation reads the template."""
    return cfn_yaml.loads(cloudformation.template(large))["Resources"]


def test_a_policy_for_no_account_in_particular_names_none() -> None:
    assert "accountSets" not in deployed(10, 0, 0).document


def test_the_policy_is_as_large_as_it_is_meant_to_be(large: Deployment) -> None:
    by_set = large.document["accountSets"]
    assert sum(map(len, by_set.values())) > ACCOUNTS * 0.99  # nearly every account is in some selector
    assert len(by_set) > 1_000
    assert (len(large.document["rules"]), len(large.document["exemptions"])) == (RULES, EXEMPTIONS)


@pytest.mark.parametrize("seed", range(3))
def test_everything_keeps_within_the_limits(seed: int) -> None:
    made = deployed(ACCOUNTS, RULES, EXEMPTIONS, seed)
    assert len(cloudformation.template(made).encode()) < MAX_TEMPLATE
    assert len(cloudformation.conformance_pack(made).encode()) < MAX_CONFORMANCE_PACK
    assert len((made.runbook or "").encode()) < MAX_DOCUMENT
    code = (made.code or "").encode()
    assert len(zipped("index.py", code)) < min(MAX_UPLOAD, MAX_INLINE)
    assert len(code) < MAX_UNPACKED


def test_a_change_that_reaches_some_accounts_first_keeps_within_them_too(large: Deployment) -> None:
    made = organization(ACCOUNTS, RULES, EXEMPTIONS, 0)
    content = yaml.safe_load(made.policy)
    content["default"]["maxAccessKeyAge"] += 1
    content["rules"][0]["maxAccessKeyAge"] += 1
    del content["exemptions"][-10:]
    changed = loader.parse(yaml.safe_dump(content).encode(), "policies.yaml")
    before = Before(loader.parse(made.policy, "policies.yaml"), sorted(made.inventory)[:100])
    found = deployment(changed, made.inventory, before)
    assert len(cloudformation.template(found).encode()) < MAX_TEMPLATE
    one = cloudformation.template(large).encode()
    assert len(cloudformation.template(found).encode()) < len(one) * 1.02


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_policy_is_the_same_after_unpacking(large: Deployment, resources: Any, function: str) -> None:
    source = str(resources[function]["Properties"]["Code"]["ZipFile"])
    assert loaded(source, "index")["POLICY"] == large.document


def test_the_policy_is_the_same_in_the_archive(large: Deployment) -> None:
    code = (large.code or "").encode()
    with ZipFile(io.BytesIO(zipped("index.py", code))) as archive:
        assert loaded(archive.read("index.py").decode(), "index")["POLICY"] == large.document


def test_however_many_accounts_are_at_most_25_files() -> None:
    """All that there can be: a template that goes through Amazon S3, and a remediation that deletes."""
    made = organization(ACCOUNTS, RULES, EXEMPTIONS)
    rendering = render(loader.parse(made.policy, "policies.yaml"), made.inventory)
    assert rendering.deployment.deletes
    assert len(rendering.files["cloudformation/keyage.yaml"]) > MAX_SENT
    assert len(rendering.files) <= 25


def test_a_policy_that_is_too_large_is_refused_with_its_size() -> None:
    made = deployed(3 * ACCOUNTS, RULES, EXEMPTIONS)
    with pytest.raises(UsageError) as caught:
        cloudformation.template(made)
    said = str(caught.value)
    size, over, limit = (int(word.replace(",", "")) for word in said.split() if word[0].isdigit())
    assert (limit, over) == (MAX_TEMPLATE, size - MAX_TEMPLATE)
    assert said.startswith("the CloudFormation template has ")
    assert said.endswith("merge rules and exemptions, or let fewer of them select accounts")
