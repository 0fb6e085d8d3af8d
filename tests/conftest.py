"""Fixtures for every test."""

from tests.aws.fixtures import emulated
from tests.aws.runbook import runbook
from tests.aws.served_organization import served
from tests.commands.aggregated import organization

__all__ = ["emulated", "organization", "runbook", "served"]
