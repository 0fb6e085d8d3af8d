"""Fixtures for every test."""

from tests.aws.fixtures import emulated
from tests.aws.runbook import runbook

__all__ = ["emulated", "runbook"]
