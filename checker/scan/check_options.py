"""What `keyage check` can be told."""

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from checker.shell.common import Common
from checker.sources.concurrency import CALLS_SIDE_BY_SIDE


class Options(NamedTuple):
    common: Common
    saved: Path | None = None
    formats: tuple[str, ...] = ("table",)
    show: str | None = None
    warn_days: int = 14
    verbose: bool = False
    exit_zero: bool = False
    color: bool = False
    width: int | None = None
    profile: str | None = None
    concurrency: int = CALLS_SIDE_BY_SIDE
    organization: bool = False
    role_name: str | None = None
    external_id: str | None = None
    account: tuple[str, ...] = ()  # filters of which any may select an account
    state: Path | None = None
    from_aggregator: str | None = None
    terraform_state: tuple[Path, ...] = ()
    deadline: float | None = None  # seconds

    @property
    def warn(self) -> timedelta:
        return timedelta(days=self.warn_days)
