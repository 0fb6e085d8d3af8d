"""How far the reading of accounts is, on standard error, where a person is looking."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checker.compare.drift.account import AccountDrift
    from checker.evaluate import AccountResult
    from checker.remediate.plan import AccountPlan
    from checker.scan.gather import Progress


@contextmanager
def progress(accounts: int, *, quiet: bool) -> Iterator["Progress | None"]:
    """What to call for every account that is done; None where nobody is looking, or there is only one account."""
    if quiet or accounts < 2 or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("accounts"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[found]}"),
    )
    found = unreadable = 0
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=accounts, found="")

        def advance(result: "AccountResult | AccountPlan | AccountDrift") -> None:
            nonlocal found, unreadable
            found += result.found
            unreadable += result.reason is not None
            bar.update(task, advance=1, found=f"{found} {result.FOUND}, {unreadable} unreadable")

        yield advance
