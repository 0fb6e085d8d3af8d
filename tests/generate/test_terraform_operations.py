"""What a platform team asks of a deployment, by the real provider: its inputs, and what is there already."""

import json
import re
from pathlib import Path

from checker.generate import terraform
from tests.generate.terraform_cli import InFolder, deployed, terraform_in, write
from tests.generate.terraform_course import (
    ACCOUNTS,
    OPTIONS,
    POLICY,
    PROVIDER,
    client,
    emulator,
    planned,
    what_is_there,
)

__all__ = ["terraform_in"]

INPUTS = {
    "name_prefix": "acme-",
    "iam_path": "/security/",
    "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
    "kms_key_arn": "arn:aws:kms:eu-north-1:123456789012:key/00000000-0000-0000-0000-000000000000",
    "log_retention_days": 30,
    "architecture": "arm64",
    "alarm_topic_arn": "arn:aws:sns:eu-north-1:123456789012:alarms",
    "compliance_topic_arn": "arn:aws:sns:eu-north-1:210987654321:compliance",
    "tags": {"cost-centre": "7"},
}
IMPORT = b"""import {
  to = aws_config_config_rule.this
  id = "key-age"
}
"""


def files() -> dict[str, bytes]:
    return terraform.account_files(deployed(POLICY, ACCOUNTS)) | {"provider.tf": PROVIDER}


def test_all_inputs_are_taken_and_a_second_plan_finds_nothing_to_do(tmp_path: Path, terraform_in: InFolder) -> None:
    write(tmp_path, files() | {"inputs.auto.tfvars.json": json.dumps(INPUTS).encode()})
    with emulator() as (endpoint, _unit):
        module = terraform_in(tmp_path, endpoint)
        module.run("apply", *OPTIONS)
        assert planned(module) == {}
        found = what_is_there(endpoint)
        assert found.pop("rules") == ["key-age"]
        names = [name.removeprefix("/aws/lambda/") for kind in found.values() for name in kind]
        names += [alarm["AlarmName"] for alarm in client("cloudwatch", endpoint).describe_alarms()["MetricAlarms"]]
        names += [rule["Name"] for rule in client("events", endpoint).list_rules()["Rules"]]
        names += [url.rpartition("/")[2] for url in client("sqs", endpoint).list_queues()["QueueUrls"]]
        assert [name for name in names if not name.startswith("acme-key-age-")] == []
        assert len(names) == 9 + 6 + 4 + 2 + 1
        fewer = INPUTS | {"kms_key_arn": None, "log_retention_days": 0, "architecture": "x86_64", "tags": {}}
        write(tmp_path, {"inputs.auto.tfvars.json": json.dumps(fewer).encode()})
        (actions,) = planned(module, "-refresh=false").values()
        assert set(actions.values()) == {"update"}


def test_a_rule_that_is_there_is_imported_and_a_second_deployment_stops_before_it(
    tmp_path: Path, terraform_in: InFolder
) -> None:
    rule = {"ConfigRuleName": "key-age", "Source": {"Owner": "AWS", "SourceIdentifier": "IAM_ROOT_ACCESS_KEY_CHECK"}}
    with emulator() as (endpoint, _unit):
        config = client("config", endpoint)
        config.put_config_rule(ConfigRule=rule)
        (before,) = config.describe_config_rules()["ConfigRules"]
        first = terraform_in(write(tmp_path / "first", files() | {"import.tf": IMPORT}), endpoint)
        said = first.run("apply", *OPTIONS)
        assert re.search(r"1 to import, \d+ to add, 1 to change, 0 to destroy", said)
        (after,) = config.describe_config_rules()["ConfigRules"]
        assert (before["ConfigRuleId"], after["Source"]["Owner"]) == (after["ConfigRuleId"], "CUSTOM_LAMBDA")
        second = terraform_in(write(tmp_path / "second", files()), endpoint)
        second.run("apply", *OPTIONS, expect=1)
        found = second.run("state", "list")
        assert [name for name in ("aws_config_config_rule", "aws_sqs_queue") if name in found] == []
        assert config.describe_config_rules()["ConfigRules"] == [after]
