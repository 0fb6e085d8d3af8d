"""`check --from-aggregator --format table`: what a person needs first, first."""

from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from rich.text import Text

from checker.compare.aws_config_rows import AccountRow, UserRow, totals
from checker.errors import printable
from checker.evaluate import COMPLIANT, EXEMPT, NON_COMPLIANT, PARTIAL, UNREADABLE
from checker.reports.aggregate.run import AggregateRun, Terminal
from checker.reports.styles import STYLES
from checker.reports.syntax.columns import Column, print_columns, tell_left_out
from checker.reports.syntax.terminal import console, print_text
from checker.reports.words import IN_PART, UNREAD
from checker.spoken import account_label, plural

UNREADABLE_STYLE = "bold magenta"


def write(
    run: AggregateRun, accounts: Sequence[AccountRow], out: TextIO, terminal: Terminal, *, show_all: bool
) -> None:
    """Non-compliant users, differences and unreadable accounts, with one summary line last."""
    table = _AggregateTable(run, accounts, out, terminal)
    users = [user for account in accounts for user in account.users]
    table.section("Non-compliant in AWS Config", NON_COMPLIANT, _having(users, NON_COMPLIANT), ["Annotation"])
    differing = [user for user in users if user.differs]
    table.section("Different from the policy", EXEMPT, differing, ["AWS Config", "Policy", "Why the policy says so"])
    if show_all:
        certain = [user for account in accounts for user in account.users if account.is_certain(user)]
        fine = [user for user in _having(certain, COMPLIANT) if not user.differs]
        table.section("Compliant in AWS Config", COMPLIANT, fine, ["Annotation"])
    table.doubtful(IN_PART, PARTIAL)
    table.doubtful(UNREAD, UNREADABLE)
    table.summary()


def _having(users: Sequence[UserRow], compliance: str) -> list[UserRow]:
    return [user for user in users if user.compliance == compliance]


class _AggregateTable:
    def __init__(self, run: AggregateRun, accounts: Sequence[AccountRow], out: TextIO, terminal: Terminal) -> None:
        self._run, self._accounts, self._terminal = run, accounts, terminal
        self._names = {account.id: account.name or "" for account in accounts}
        self._console = console(out, color=terminal.color, width=terminal.width)
        self._left_out: dict[str, None] = {}  # headings of columns for which there was no room, in order

    def section(self, title: str, verdict: str, users: Sequence[UserRow], why: list[str]) -> None:
        if not users:
            return
        self._console.print(Text(f"{title} ({len(users)})", style=STYLES[verdict]))
        columns = self._columns(why)
        rows = [{name: printable(text) for name, text in self._cells(user).items()} for user in users]
        self._left_out |= dict.fromkeys(print_columns(self._console, columns, rows, self._terminal.width))
        self._console.print()

    def _columns(self, why: list[str]) -> list[Column]:
        """The columns of a section; account, user and what AWS Config says stay on the narrowest terminal."""
        named = [Column("Name", goes=1)] if any(self._names.values()) else []
        verdicts = [Column(heading) for heading in why[:-1]]
        ids = [Column("User"), Column("User id", goes=3), Column("Judged", goes=2)]
        return [Column("Account"), *named, *ids, *verdicts, Column(why[-1], goes=4, wraps=True)]

    def _cells(self, user: UserRow) -> dict[str, str]:
        return {
            "Account": user.account,
            "Name": self._names[user.account],
            "User": user.user or "(name not known)",
            "User id": user.user_id,
            "AWS Config": user.compliance or "no result",
            "Policy": user.expected or "no such user",
            "Judged": _minute(user.invoked_at) if user.compliance else "never",
            "Annotation": user.annotation or "",
            "Why the policy says so": user.because or "",
        }

    def doubtful(self, title: str, status: str) -> None:
        accounts = [account for account in self._accounts if account.status == status]
        if not accounts:
            return
        self._console.print(Text(f"{title} ({len(accounts)})", style=UNREADABLE_STYLE))
        for account in accounts:
            name = account_label(account.id, account.name)
            print_text(self._console, printable(f"  {name}: {account.reason}"), self._terminal.width)
        self._console.print()

    def summary(self) -> None:
        tell_left_out(self._console, self._left_out, self._terminal.width)
        self._incomplete()
        run, counts = self._run, totals(self._accounts)
        if run.snapshot:
            taken = _minute(run.snapshot.taken_at) if run.snapshot.taken_at else "at a time that it does not tell"
            compared = f"Compared with {run.snapshot.file}, taken {taken}: {counts.differing} different"
            print_text(self._console, printable(compared), self._terminal.width)
        parts = [f"{counts.non_compliant} non-compliant", f"{counts.compliant} compliant"]
        parts += [f"{counts.undecided} undecided"] if counts.undecided else []
        judged = f"{plural(counts.users, 'user')} judged by {run.rule} in {run.rule_region}"
        where = f"{plural(counts.accounts, 'account')} of the aggregator {run.aggregator} in {run.region}"
        unreadable = f"; {plural(counts.unreadable, 'account')} UNREADABLE" if counts.unreadable else ""
        line = f"{judged}, {where}: {', '.join(parts)}{unreadable}"
        print_text(self._console, printable(line), self._terminal.width, style="bold")

    def _incomplete(self) -> None:
        if self._run.reason:
            line = printable(f"Accounts may be MISSING: {self._run.reason}")
            print_text(self._console, line, self._terminal.width, style=UNREADABLE_STYLE)


def _minute(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "(not known)"
