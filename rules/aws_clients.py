"""The clients with which the shipped code talks to AWS from inside AWS."""

from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from .whole_answers import ask_again

# Throttling slows a reading down, it must not end it: the adaptive client finds the rate that AWS accepts
# by itself, and a call is tried for more than a minute. A standard client that is throttled for long uses
# up its budget for retries and then fails: benchmarks/config_rule.py. IAM and AWS Config answer within a second.
SETTINGS = Config(
    connect_timeout=5,
    read_timeout=20,
    max_pool_connections=16,
    retries={"mode": "adaptive", "total_max_attempts": 12},
    user_agent_extra="keyage",
)


def aws_client(service: str) -> Any:
    """A client of the service in the region and with the role that the code runs with."""
    return _session().client(service, config=SETTINGS)


@cache
def _session() -> Any:
    core = botocore.session.get_session()
    ask_again(core)
    return boto3.Session(botocore_session=core)
