"""An embedded account to read: what the tests of live reading share."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from checker.decision import Account, Policy
from checker.embedded import aws
from checker.evaluate import AccountResult, Reading, evaluate
from checker.policy import loader
from checker.sources import live
from checker.sources.aws.session import ReadOnlySession
from checker.sources.aws.workers import Workers
from checker.sources.key_memory import State
from tests.fakes.stand_ins import Faults, VirtualTime, faults, pages_of, virtual_time

ACCOUNT = "111122223333"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NINETY = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def policy(text: str = NINETY) -> Policy:
    return loader.parse(text.encode(), "policies.yaml").policy


@dataclass
class Emulated:
    """The account, the faults that may be planned for it, and the clock that retries wait on."""

    faults: Faults
    time: VirtualTime
    stack: ExitStack

    def user(self, name: str, age: float = 800, **settings: Any) -> Any:
        return aws.add_user(ACCOUNT, name, ago(age), **settings)

    def key(self, user: str, age: float, **settings: Any) -> str:
        return str(aws.add_key(ACCOUNT, user, ago(age), **settings).access_key_id)

    def rename(self, name: str, new_name: str) -> None:
        """As IAM does it: the user's keys and tags know the new name, which moto forgets to tell them."""
        tags = self.iam.list_user_tags(name)
        self.iam.update_user(name, None, new_name)
        self.iam.tag_user(new_name, tags)
        for key in self.iam.users[new_name].access_keys:
            key.user_name = new_name

    @property
    def iam(self) -> Any:
        return aws.backend(ACCOUNT)

    def pages(self, size: int) -> None:
        self.stack.enter_context(pages_of(size))

    def read(
        self,
        judged_by: Policy | None = None,
        inventory: dict[str, Account] | None = None,
        state: State | None = None,
    ) -> Reading:
        """Read with the real client, as `check --show all` does, asking for what the lines at NOW depend on."""
        judged_by = judged_by or policy()
        session = ReadOnlySession(credentials=aws.credentials_for(ACCOUNT))
        self.faults.requests.clear()
        self.faults.asked.clear()
        needs = live.verdict_needs(judged_by, NOW, NOW, every_line=True)
        workers = Workers(4)
        asking = live.Asking(needs, live.asks_for_names(judged_by), workers.map, state, self.time.sleep)
        try:
            return live.read_caller(session, inventory or {}, asking)
        finally:
            workers.leave()

    def check(
        self,
        judged_by: Policy | None = None,
        inventory: dict[str, Account] | None = None,
        state: State | None = None,
    ) -> AccountResult:
        judged_by = judged_by or policy()
        return evaluate(judged_by, self.read(judged_by, inventory, state), NOW, show_all=True)

    def verdicts(self, judged_by: Policy | None = None) -> dict[str, list[str]]:
        """Verdicts by user, oldest key first; fails the test if the account is unreadable."""
        result = self.check(judged_by)
        assert result.reason is None
        found: dict[str, list[str]] = {}
        for finding in result.findings:
            found.setdefault(finding.user, []).append(finding.verdict)
        return found


@pytest.fixture
def emulated() -> Iterator[Emulated]:
    with ExitStack() as stack:
        stack.enter_context(aws.embedded_aws())
        made = stack.enter_context(faults())
        yield Emulated(made, stack.enter_context(virtual_time()), stack)
