"""`keyage completion SHELL`: what makes the shell complete verbs and options."""

import sys

import click
from click.shell_completion import get_completion_class

from checker.errors import COMPLIANT_EXIT

VARIABLE = "_KEYAGE_COMPLETE"


def run(shell: str, command: click.Command) -> int:
    """Print the script for that shell."""
    completion = get_completion_class(shell)
    assert completion is not None, shell  # noqa: S101 -- click has every shell that the command line takes
    sys.stdout.write(completion(command, {}, "keyage", VARIABLE).source())
    return COMPLIANT_EXIT
