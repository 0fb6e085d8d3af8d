"""`keyage schema`: the JSON Schema (draft-07) that editors complete policies.yaml from."""

import sys

from checker.errors import COMPLIANT_EXIT
from checker.policy.yaml.check import schema_text

NAMES = ("policy", "inventory", "tests")


def run(name: str) -> int:
    """Print the schema of that name."""
    sys.stdout.write(schema_text(name))
    return COMPLIANT_EXIT
