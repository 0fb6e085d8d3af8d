"""What a `deploy` block leaves out is filled in one place, and the documentation says the same."""

import json
import re
from pathlib import Path

import botocore.session
import pytest

from checker.policy.deploy_settings import AS_WRITTEN, REGIONS, DeploySettings, deploy_settings

TOP = Path(__file__).parents[2]


def test_no_block_is_the_defaults() -> None:
    assert deploy_settings({}) == ("access-keys-rotated", "TwentyFour_Hours", "us-east-1", "auto")


def test_what_is_written_is_meant() -> None:
    block = {"ruleName": "ages", "frequency": "One_Hour", "region": "eu-west-1", "rule": "custom"}
    assert deploy_settings(block) == ("ages", "One_Hour", "eu-west-1", "custom")


@pytest.mark.sources
def test_the_documentation_has_the_defaults_and_the_schema_the_names() -> None:
    schema = json.loads((TOP / "schema/policies.schema.json").read_text())["definitions"]["deploy"]["properties"]
    page = (TOP / "docs/reference/language.md").read_text().partition("\n### deploy\n")[2].partition("\n##")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", page, re.MULTILINE))
    assert rows == {written: getattr(DeploySettings(), name) for written, name in AS_WRITTEN.items()}
    assert list(schema) == list(AS_WRITTEN)


def test_every_region_that_botocore_knows_is_known() -> None:
    session = botocore.session.get_session()
    partitions = session.get_available_partitions()
    known = {region for each in partitions for region in session.get_available_regions("ec2", each)}
    assert known == REGIONS
