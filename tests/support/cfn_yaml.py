"""CloudFormation's YAML as cfn-lint reads it, with the short forms of its functions such as `!Sub`."""

from typing import Any


def loads(text: str) -> Any:
    """The template of a text."""
    # Takes a second, which no process that only collects the tests should spend.
    from cfnlint.decode import cfn_yaml

    return cfn_yaml.loads(text)
