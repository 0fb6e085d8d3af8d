"""What a `remediation` block leaves out is filled in one place, for the checker and for what runs in AWS."""

import json
import re
from importlib import import_module
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
MODULE = import_module("checker.rules.remediation_settings")
remediation_settings, remediation_by_rule = MODULE.remediation_settings, MODULE.remediation_by_rule
NOTHING = ("none", False, 0, 0, None, False)


@pytest.mark.parametrize("block", [None, {}, {"action": "none"}])
def test_no_block_asks_for_nothing(block: dict[str, object] | None) -> None:
    assert remediation_settings(block) == NOTHING


def test_what_is_written_is_meant() -> None:
    block = {
        "action": "delete",
        "automatic": True,
        "graceDays": 1,
        "protectUsedWithinDays": 2,
        "deleteAfterDays": 3,
        "protectLastKey": True,
    }
    assert remediation_settings(block) == ("delete", True, 1, 2, 3, True)


def test_a_deletion_that_does_not_say_when_is_refused() -> None:
    with pytest.raises(ValueError, match="without deleteAfterDays"):
        remediation_settings({"action": "delete"})


def test_a_setting_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError, match="protectEverything"):
        remediation_settings({"action": "deactivate", "protectEverything": True})


def test_a_rule_has_its_own_block_or_that_of_the_policy() -> None:
    rules = [{"id": "own", "remediation": {"action": "none"}}, {"id": "other"}]
    found = remediation_by_rule({"rules": rules, "remediation": {"action": "deactivate", "graceDays": 7}})
    common = ("deactivate", False, 7, 0, None, False)
    assert found == {"own": NOTHING, "other": common, "default": common}


def test_a_policy_that_says_nothing_asks_for_nothing() -> None:
    assert remediation_by_rule({}) == {"default": NOTHING}


@pytest.mark.sources
def test_the_settings_are_those_of_the_schema_and_of_the_documentation() -> None:
    schema = json.loads((TOP / "schema/policies.schema.json").read_text())["definitions"]["remediation"]["properties"]
    page = (TOP / "docs/reference/language.md").read_text().partition("\n### remediation\n")[2].partition("\n##")[0]
    written = list(MODULE.AS_WRITTEN)
    assert (list(schema), re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == (written, written)
    assert tuple(MODULE.AS_WRITTEN.values()) == MODULE.RemediationSettings._fields
