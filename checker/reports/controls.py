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
    description = yaml.safe_load(files("checker.rules").joinpath("access_keys_rotated.yaml").read_text("utf-8"))
    standards = {
        f"{control['framework']} {control['version']}": control["requirements"] for control in description["controls"]
    }
    return Rule(
        identifier=description["identifier"],
        name=description["name"],
        summary=description["summary"],
        parameter=description["parameter"]["name"],
        standards=list(standards),
        requirements=[f"{name} {number}" for name, numbers in standards.items() for number in numbers],
    )
