"""Every YAML and JSON block of the documentation is what it is meant to be."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from checker.policy import inventory, loader, policy_tests
from checker.policy.prowler import mutelist
from tests.docs.blocks import TOP, Block, blocks, pages
from tests.support.processes import keyage

pytestmark = pytest.mark.sources

ALL = [block for page in pages() for block in blocks(page)]
YAML = [block for block in ALL if block.language == "yaml"]
JSON = [block for block in ALL if block.language == "json"]
POLICY = {"version", "default", "rules", "exemptions", "remediation", "deploy"}
MINIMAL = {"version": "version: 1\n", "default": "default: {maxAccessKeyAge: 90}\n"}


def keys_of(block: Block) -> set[str]:
    """As texts: `on` is a truth to YAML."""
    return {str(key) for key in yaml.safe_load(block.text)}


def whole(block: Block) -> str:
    """A policy from a fragment: what every policy must have comes before it."""
    missing = [text for key, text in MINIMAL.items() if key not in keys_of(block)]
    return "".join(missing) + block.text


def kind(block: Block) -> str:
    if "not run" in block.said:
        return "foreign"
    if "wrong" in block.said:
        return "wrong policy"
    keys = keys_of(block)
    if keys <= POLICY:
        return "policy"
    if keys == {"version", "accounts"}:
        return "inventory"
    if keys <= {"now", "tests"}:
        return "policy tests"
    if keys == {"Mutelist"}:
        return "mute list"
    if keys == {"repos"}:
        return "pre-commit"
    if "jobs" in keys:
        return "vendor.github-workflows"
    jobs = yaml.safe_load(block.text).values()
    return "vendor.gitlab-ci" if any(isinstance(job, dict) and "script" in job for job in jobs) else "unknown"


KINDS = {block.place: kind(block) for block in YAML}


def parts(*kinds: str) -> list[Any]:
    return [pytest.param(block, id=block.place) for block in YAML if KINDS[block.place] in kinds]


def test_every_yaml_block_is_of_a_kind_that_is_tested() -> None:
    assert [place for place, found in KINDS.items() if found == "unknown"] == []


@pytest.mark.parametrize("block", parts("policy"))
def test_a_policy_is_valid(block: Block) -> None:
    assert loader.parse(whole(block).encode(), block.place).content["version"] == 1


@pytest.mark.parametrize("block", parts("wrong policy"))
def test_a_wrong_policy_is_refused(block: Block, tmp_path: Path) -> None:
    (tmp_path / "policies.yaml").write_text(block.text)
    assert keyage(tmp_path, "validate").returncode == 2


@pytest.mark.parametrize("block", parts("inventory"))
def test_an_inventory_is_valid(block: Block, tmp_path: Path) -> None:
    (tmp_path / "accounts.yaml").write_text(block.text)
    assert list(inventory.load(tmp_path / "accounts.yaml")) != []


@pytest.mark.parametrize("block", parts("policy tests"))
def test_policy_tests_are_valid(block: Block) -> None:
    assert policy_tests.parse(block.text.encode(), block.place, {}).tests != []


@pytest.mark.parametrize("block", parts("mute list"))
def test_a_mute_list_can_be_imported(block: Block) -> None:
    assert mutelist.parse(block.text.encode(), block.place).muted != []


@pytest.mark.parametrize("block", parts("pre-commit"))
def test_the_hooks_are_those_of_this_repository(block: Block) -> None:
    ours = {hook["id"] for hook in yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text())}
    named = [hook["id"] for repo in yaml.safe_load(block.text)["repos"] for hook in repo["hooks"]]
    assert set(named) == ours


@pytest.mark.parametrize("block", parts("foreign"))
def test_what_is_of_others_is_yaml(block: Block) -> None:
    assert isinstance(yaml.safe_load(block.text), dict)


@pytest.mark.parametrize("block", parts("vendor.github-workflows", "vendor.gitlab-ci"))
def test_a_pipeline_is_as_its_official_schema_says(block: Block, tmp_path: Path) -> None:
    (tmp_path / "pipeline.yml").write_text(block.text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", KINDS[block.place], "pipeline.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("block", JSON, ids=[block.place for block in JSON])
def test_json_parses(block: Block) -> None:
    lines = block.text.splitlines() if block.text.startswith('{"id"') else [block.text]
    assert [type(json.loads(line)) for line in lines] == [dict] * len(lines)
