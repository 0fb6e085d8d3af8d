"""The cases on which every engine must agree: a policy as its author writes it, one key, the verdict expected."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from checker.decision import AccessKey, Account, User, decision

LOADER_SUITES = Path(__file__).parent / "conformance" / "loader.yaml"


@dataclass(frozen=True)
class Case:
    """One access key at the instant `now` under a policy, and what every engine says of it."""

    suite: str
    why: str
    policy: str
    now: datetime
    account: Account
    user: User
    key: AccessKey
    report_last_rotated: datetime | None
    verdict: str
    max_age: int
    rule: str
    exemption: str | None

    def __str__(self) -> str:
        return f"{self.suite}: {self.why}"


def cases() -> Iterator[Case]:
    """Every case: the examples that belong to the rule, then those about reading a policy."""
    yield from rule_cases()
    yield from _suites(yaml.safe_load(LOADER_SUITES.read_text("utf-8")))


def rule_cases() -> Iterator[Case]:
    """The examples in rules/access_keys_rotated.yaml."""
    text = files("checker.rules").joinpath("access_keys_rotated.yaml").read_text("utf-8")
    yield from _suites(yaml.safe_load(text)["examples"])


def _suites(examples: dict[str, Any]) -> Iterator[Case]:
    for suite in examples["suites"]:
        for written in suite["cases"]:
            yield _case(suite, {"account": examples["account"], "user": examples["user"]} | written, examples["now"])


def _case(suite: dict[str, Any], written: dict[str, Any], moment: str) -> Case:
    now = datetime.fromisoformat(moment)
    days, seconds = written["age"]
    toggled = written.get("reportLastRotated")
    verdict, max_age, rule, *exemption = written["expect"]
    return Case(
        suite=suite["name"],
        why=written["why"],
        policy=suite["policy"],
        now=now,
        account=decision.Account(**{"tags": {}} | written["account"]),
        user=decision.User(**{"tags": {}} | written["user"]),
        key=decision.AccessKey(
            written.get("key", "AKIAEXAMPLE"),
            written.get("status", "Active"),
            now - timedelta(days=days, seconds=seconds),
        ),
        report_last_rotated=None if toggled is None else now - timedelta(days=toggled),
        verdict=verdict,
        max_age=max_age,
        rule=rule,
        exemption=exemption[0] if exemption else None,
    )
