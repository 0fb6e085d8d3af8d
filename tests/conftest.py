"""One machine, one way to try examples, and fixtures, for every test."""

import gc
import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.served_organization import served
from tests.scan.aggregated import organization
from tests.support import plain_machine, run_of_tests
from tests.support.deployed_account import account
from tests.support.fixtures import emulated
from tests.support.rotating import rotating, served_account
from tests.support.runbook import runbook
from tests.support.spread import Together, longest_first
from tests.support.worked_out_once import worked_out_once

__all__ = ["account", "emulated", "organization", "rotating", "run_of_tests", "runbook", "served", "served_account"]

HOME = plain_machine.enter()
MADE_BEFORE_IT_LOOKS = 10_000  # objects, for the collector of garbage; Python's own is 700
# How long an example takes is the machine's affair.
settings.register_profile("keyage", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("keyage")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What was imported and collected stays to the end: looking for garbage in it took a tenth of all time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(MADE_BEFORE_IT_LOOKS, 10, 10)
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # of several processes
        longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    config.option.loadscopereorder = False  # by how many tests there are, which says little
    return Together(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: tests wait for servers and time-outs too."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session", autouse=True)
def version_of_golden_files() -> Iterator[None]:
    """Reports name this version here, so that a release changes no golden file."""
    with pytest.MonkeyPatch.context() as patch:
        for report in ("check.asff", "check.html", "check.ocsf", "syntax.sarif"):
            patch.setattr(f"checker.reports.{report}.__version__", "0.1.0")
        yield


@pytest.fixture(scope="session", autouse=True)
def models_of_aws() -> Iterator[None]:
    """Parsed anew for every session they take most of the tests' time."""
    with worked_out_once():
        yield
