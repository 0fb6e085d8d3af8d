"""How far the reading of accounts is, on standard error, where a person is looking."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def progress(
    accounts: int, counting: Mapping[str, Callable[[T], int]], *, quiet: bool
) -> Iterator[Callable[[T], None] | None]:
    """What to call for every account that is done; None where nobody is looking, or there is only one account.

    `counting`: what is counted beside them, by what it is called.
    """
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
    counts = dict.fromkeys(counting, 0)
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=accounts, found="")

        def advance(result: T) -> None:
            for name, count in counting.items():
                counts[name] += count(result)
            bar.update(task, advance=1, found=", ".join(f"{number} {name}" for name, number in counts.items()))

        yield advance
