"""`--format table`: what a person needs first, first."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

from rich.text import Text

from checker.decision import AccessKey
from checker.errors import printable
from checker.evaluate import (
    COMPLIANT,
    EXEMPT,
    NON_COMPLIANT,
    NOT_APPLICABLE,
    PARTIAL,
    UNDECIDED,
    UNREADABLE,
    AccountResult,
    Counts,
    Finding,
)
from checker.reports.advice import resolve, whole_sentences
from checker.reports.run import Run
from checker.reports.styles import STYLES
from checker.reports.syntax.columns import Column, print_columns, tell_left_out
from checker.reports.syntax.terminal import console, print_text
from checker.reports.words import IN_PART, UNREAD, due_day, last_used, limit, rule
from checker.spoken import account_label, plural

COMMAND = re.compile(r" {2}(aws|terraform) ")  # on a line of its own, to be copied whole


class TableReport:
    """Collects what needs attention and prints it worst first, with one summary line last."""

    def __init__(self, run: Run, out: TextIO) -> None:
        self._run = run
        self._console = console(out, color=run.color, width=run.width)
        self._findings: dict[str, list[Finding]] = {verdict: [] for verdict in STYLES}
        self._two_keys: dict[tuple[str, str], Sequence[AccessKey]] = {}
        self._doubtful: dict[str, list[AccountResult]] = {PARTIAL: [], UNREADABLE: []}
        self._depends_on: dict[int, str] = {}  # of undecided findings, by identity
        self._accounts: list[str] = []
        self._names: dict[str, str] = {}
        self._totals = Counts()
        self._left_out: dict[str, list[str]] = {}  # by heading of a column, the sections without room for it, in order
        self._shown: set[str] = set()  # headings

    def account(self, result: AccountResult) -> None:
        self._accounts.append(_who(result))
        if result.id and result.name:
            self._names[result.id] = result.name
        self._totals.add(result.counts)
        if result.reason is not None:
            self._doubtful[result.status].append(result)
        for finding in result.findings:
            self._findings[finding.verdict].append(finding)
        for undecided in result.undecided:
            self._findings[UNDECIDED].append(undecided.finding)
            self._depends_on[id(undecided.finding)] = " or ".join(undecided.depends_on)
        self._two_keys |= {(result.id or "", user): keys for user, keys in result.two_keys.items()}

    def end(self) -> None:
        now, findings = self._run.evaluated_at, self._findings
        soon = now + self._run.warn
        due = [finding for finding in findings[COMPLIANT] if finding.due_date is not None and finding.due_date < soon]
        due_ids = set(map(id, due))
        fine = [finding for finding in findings[COMPLIANT] if id(finding) not in due_ids]
        self._section("Non-compliant", sorted(findings[NON_COMPLIANT], key=self._overdue, reverse=True))
        if self._run.verbose:
            self._advise(sorted(findings[NON_COMPLIANT], key=self._overdue, reverse=True))
        self._section("Exempt", findings[EXEMPT])
        self._section(f"Due within {plural(self._run.warn.days, 'day')}", sorted(due, key=self._overdue, reverse=True))
        self._section("Compliant", fine)
        self._section("Not applicable (not active)", findings[NOT_APPLICABLE])
        self._section("Undecided", findings[UNDECIDED])
        self._list_doubtful(IN_PART, PARTIAL)
        self._list_doubtful(UNREAD, UNREADABLE)
        self._list_skipped()
        tell_left_out(self._console, list(self._missing()), self._run.width)
        print_text(self._console, printable(self._summary()), self._run.width, style="bold")

    def _overdue(self, finding: Finding) -> float:
        """Seconds past the limit; negative before it."""
        due = finding.due_date or self._run.evaluated_at
        return (self._run.evaluated_at - due).total_seconds()

    def _section(self, title: str, findings: Sequence[Finding]) -> None:
        if not findings:
            return
        self._console.print(Text(f"{title} ({len(findings)})", style=STYLES[findings[0].verdict]))
        columns = self._columns(findings[0].verdict)
        rows = [{name: printable(text) for name, text in self._cells(finding).items()} for finding in findings]
        left_out = print_columns(self._console, columns, rows, self._run.width)
        self._shown |= {column.heading for column in columns} - set(left_out)
        for heading in left_out:
            self._left_out.setdefault(heading, []).append(title)
        self._console.print()

    def _missing(self) -> Iterator[str]:
        """The columns for which there was no room, and in which sections if others have them."""
        for heading, titles in self._left_out.items():
            yield f"{heading} (of {', '.join(titles)})" if heading in self._shown else heading

    def _columns(self, verdict: str) -> list[Column]:
        """The columns of a section; ids and the due date stay on every terminal, and the title tells the verdict."""
        several, named = len(self._accounts) > 1, len(self._accounts) > 1 and self._names
        who = [
            *([Column("Account")] if several else []),
            *([Column("Name", goes=1)] if named else []),
            *(Column("User"), Column("Access key")),
        ]
        if verdict == UNDECIDED:
            return [*who, Column("Age", goes=2, right=True), Column("Depends on", wraps=True)]
        return [
            *who,
            Column("Age", goes=5, right=True),
            Column("Limit", goes=4, right=True),
            Column("Rule", goes=3),
            *([Column("Exemption", goes=6)] if verdict == EXEMPT else []),
            Column("Last used", goes=2),
            Column("Due"),
        ]

    def _cells(self, finding: Finding) -> dict[str, str]:
        return {
            "Account": finding.account,
            "Name": self._names.get(finding.account, ""),
            "User": finding.user,
            "Access key": finding.access_key_id or "(not known)",
            "Age": self._age(finding),
            "Limit": limit(finding),
            "Rule": rule(finding),
            "Exemption": finding.exemption or "",
            "Last used": last_used(finding, self._run.evaluated_at),
            "Due": due_day(finding),
            "Depends on": self._depends_on.get(id(finding), ""),
        }

    def _age(self, finding: Finding) -> str:
        return f"{finding.age_days} d{'' if self._run.exact else ' or more'}"

    def _advise(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            keys = self._two_keys.get((finding.account, finding.user), ())
            lines = resolve(finding, self._run.evaluated_at, keys)
            for line in lines if self._run.width is None else whole_sentences(lines):
                width = None if COMMAND.search(line) else self._run.width
                print_text(self._console, printable(line), width)
            self._console.print()

    def _list_doubtful(self, title: str, status: str) -> None:
        results = self._doubtful[status]
        if not results:
            return
        self._console.print(Text(f"{title} ({len(results)})", style="bold magenta"))
        for result in results:
            name = _who(result)
            print_text(self._console, printable(f"  {name}: {result.reason}"), self._run.width)
        self._console.print()

    def _list_skipped(self) -> None:
        if not self._run.skipped:
            return
        self._console.print(Text(f"Skipped accounts ({len(self._run.skipped)})", style="dim"))
        for account in self._run.skipped:
            name = account_label(account.id, account.name)
            print_text(self._console, printable(f"  {name}: {account.state}"), self._run.width)
        self._console.print()

    def _summary(self) -> str:
        totals = self._totals
        parts = [
            f"{totals.non_compliant} non-compliant",
            f"{totals.exempt} exempt",
            f"{totals.compliant} compliant",
            f"{totals.not_applicable} not active",
        ]
        if len(self._doubtful[UNREADABLE]) == len(self._accounts) == 1:
            return "Nothing could be judged: 1 account UNREADABLE"
        judged = f"{plural(totals.keys, 'key')} judged of {plural(totals.users, 'user')}"
        where = self._accounts[0] if len(self._accounts) == 1 else plural(len(self._accounts), "account")
        where = f"{where} {self._run.as_of}".rstrip()
        undecided = f", {totals.undecided} UNDECIDED" if totals.undecided else ""
        unread = {"user": totals.unread, "account": len(self._doubtful[UNREADABLE])}
        lost = [plural(number, noun) for noun, number in unread.items() if number]
        unreadable = f"; {' and '.join(lost)} UNREADABLE" if lost else ""
        exact = "" if self._run.exact else " (less exact: from a credential report)"
        keyless = self._run.keyless(totals.keyless)
        rest = f"{'; ' if keyless else ''}{keyless}{unreadable}{exact}"
        return f"{judged} in {where}: {', '.join(parts)}{undecided}{rest}"


def _who(result: AccountResult) -> str:
    return account_label(result.id, result.name)
