"""How the rule is deployed: the policy's `deploy` block, with what it leaves out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

# By the words of AWS Config for how often a rule runs (AWS Config API Reference, MaximumExecutionFrequency).
HOURS = {"One_Hour": 1, "Three_Hours": 3, "Six_Hours": 6, "Twelve_Hours": 12, "TwentyFour_Hours": 24}


class DeploySettings(NamedTuple):
    """A block as it applies; every default of it is here and nowhere else."""

    rule_name: str = "access-keys-rotated"
    frequency: str = "TwentyFour_Hours"
    region: str = "us-east-1"  # IAM is global: the one region in which the rule is deployed
    rule: str = "auto"  # AWS's managed rule where one number says it all; or "custom": keyage's everywhere


def every(frequency: str) -> str:
    """How often a rule of that frequency runs, to be said after `every`."""
    hours = HOURS[frequency]
    return "hour" if hours == 1 else f"{hours} hours"


AS_WRITTEN = {"ruleName": "rule_name", "frequency": "frequency", "region": "region", "rule": "rule"}


def deploy_settings(block: Mapping[str, Any]) -> DeploySettings:
    """The settings of a block as it is written, which the schema has checked; an empty one is none."""
    return DeploySettings(**{AS_WRITTEN[key]: value for key, value in block.items()})
