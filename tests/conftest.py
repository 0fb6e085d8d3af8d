"""One machine, one way to try examples, and fixtures, for every test."""

from hypothesis import HealthCheck, settings

from tests import plain_machine
from tests.aws.fixtures import emulated
from tests.aws.runbook import runbook
from tests.aws.served_organization import served
from tests.commands.aggregated import organization

__all__ = ["emulated", "organization", "runbook", "served"]

HOME = plain_machine.enter()
# How long an example takes is the machine's affair.
settings.register_profile("keyage", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("keyage")
