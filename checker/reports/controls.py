"""What the rule is called, and the requirements it answers: from rules/access_keys_rotated.yaml."""

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

# "Update access keys" of the IAM user guide.
RESOLVE = (
    "If no use of the key is on record, make it inactive, and create a new one only if something breaks. "
    "Otherwise create a new access key, update every application that uses the old one, make the old one inactive, "
    "see that everything works, then delete it."
)
RESOLVE_URL = "https://docs.aws.amazon.com/IAM/latest/UserGuide/id-credentials-access-keys-update.html"


class Rule(NamedTuple):
    """The rule as other tools are told of it."""

    identifier: str
    name: str
    summary: str
    parameter: str
    standards: list[str]  # framework and version
    requirements: list[str]  # framework, version and the requirement's number


@cache
def rule() -> Rule:
    """The rule; the file comes with keyage, so nothing can be wrong with it."""
    told = yaml.safe_load(files("checker.rules").joinpath("access_keys_rotated.yaml").read_text("utf-8"))
    standards = {f"{one['framework']} {one['version']}": one["requirements"] for one in told["controls"]}
    return Rule(
        identifier=told["identifier"],
        name=told["name"],
        summary=told["summary"],
        parameter=told["parameter"]["name"],
        standards=list(standards),
        requirements=[f"{name} {number}" for name, numbers in standards.items() for number in numbers],
    )
