"""Fixtures for every test."""

from tests.aws.fixtures import emulated

__all__ = ["emulated"]
