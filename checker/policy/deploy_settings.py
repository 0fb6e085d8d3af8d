"""How the rule is deployed: the policy's `deploy` block, with what it leaves out."""

from collections.abc import Mapping
from typing import Any, NamedTuple

# By the words of AWS Config for how often a rule runs (AWS Config API Reference, MaximumExecutionFrequency).
HOURS = {"One_Hour": 1, "Three_Hours": 3, "Six_Hours": 6, "Twelve_Hours": 12, "TwentyFour_Hours": 24}

# By the data of botocore, in every partition.
REGIONS = frozenset(
    f"{area}-{number}"
    for area, numbers in {
        "af-south": "1",
        "ap-east": "12",
        "ap-northeast": "123",
        "ap-south": "12",
        "ap-southeast": "1234567",
        "ca-central": "1",
        "ca-west": "1",
        "cn-north": "1",
        "cn-northwest": "1",
        "eu-central": "12",
        "eu-isoe-west": "1",
        "eu-north": "1",
        "eu-south": "12",
        "eu-west": "123",
        "eusc-de-east": "1",
        "il-central": "1",
        "me-central": "1",
        "me-south": "1",
        "mx-central": "1",
        "sa-east": "1",
        "us-east": "12",
        "us-gov-east": "1",
        "us-gov-west": "1",
        "us-iso-east": "1",
        "us-iso-west": "1",
        "us-isob-east": "1",
        "us-isob-west": "1",
        "us-isof-east": "1",
        "us-isof-south": "1",
        "us-west": "12",
    }.items()
    for number in numbers
)


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
