"""What every report format gets and does. A format is one file here, one line in FORMATS, one test."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, NamedTuple, Protocol, TextIO, cast

from checker.evaluate import AccountResult, AccountSkipped

FORMATS = {
    "table": "checker.reports.table:TableReport",
    "json": "checker.reports.json_report:JsonReport",
}


class Run(NamedTuple):
    """What one evaluation was about."""

    evaluated_at: datetime
    policy_file: str
    policy_sha256: str
    source: str  # live, snapshot, credential-report or terraform-state
    exact: bool  # whether ages count from CreateDate
    warn: timedelta  # what falls due within this deserves a mention
    skipped: Sequence[AccountSkipped] = ()  # accounts that were not looked at because nobody can use a key there
    verbose: bool = False
    color: bool = False
    width: int | None = None  # columns of the terminal; None where there is none


class Report(Protocol):
    """Takes the results of one account after the other, by account id, and writes a text."""

    def account(self, result: AccountResult) -> None: ...
    def end(self) -> None: ...


def show_all_by_default(name: str) -> bool:
    """Data formats show every judged key, those for people what needs attention."""
    return name in ("json", "csv")


def make(name: str, run: Run, out: TextIO) -> Report:
    """The report of that format, writing to `out`."""
    module, _, class_name = FORMATS[name].partition(":")
    made: Any = getattr(import_module(module), class_name)
    return cast("Report", made(run, out))
