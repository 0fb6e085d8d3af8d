"""Fixtures for every test."""

from tests.aws.fixtures import emulated
from tests.aws.runbook import runbook
from tests.aws.served_organization import served

__all__ = ["emulated", "runbook", "served"]
