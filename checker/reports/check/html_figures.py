"""What the figures of the page count: ages against limits, accounts, what falls due."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from checker.errors import printable
from checker.evaluate import COMPLIANT, EXEMPT, NON_COMPLIANT, AccountResult, Finding
from checker.reports.syntax.svg import horizontal_bars, vertical_bars
from checker.spoken import account_label

SHOWN = {COMPLIANT: "compliant", EXEMPT: "exempt", NON_COMPLIANT: "non-compliant"}
SHARES = (25, 50, 75, 100, 150, 200, 300)  # per cent of the limit, inclusive: exactly the limit is within it
WEEKS = 8
MOST_ACCOUNTS = 20


Draw = Callable[[Sequence[str], Mapping[str, Sequence[int]]], str]


class Figure(NamedTuple):
    """A chart with its numbers as a table."""

    title: str
    caption: str
    svg: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int]]


class Figures:
    """Counts findings as they come."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._ages: Counter[tuple[int, str]] = Counter()
        self._weeks: Counter[int] = Counter()
        self._accounts: list[tuple[int, str, dict[str, int]]] = []
        self._rest: list[dict[str, int]] = []

    def account(self, result: AccountResult) -> None:
        counts = result.counts
        by_verdict = {COMPLIANT: counts.compliant, EXEMPT: counts.exempt, NON_COMPLIANT: counts.non_compliant}
        if any(by_verdict.values()):
            name = printable(account_label(result.id, result.name))
            self._accounts.append((-counts.non_compliant, name, by_verdict))
            if len(self._accounts) > 2 * MOST_ACCOUNTS + 1:
                self._merge()
        for finding in result.findings:
            self._finding(finding)

    def _finding(self, finding: Finding) -> None:
        if finding.verdict not in SHOWN or finding.due_date is None:
            return
        limit = finding.due_date - finding.create_date
        share = 100 * (self._now - finding.create_date) / limit
        self._ages[sum(share > bound for bound in SHARES), finding.verdict] += 1
        left = finding.due_date - self._now
        if finding.verdict == COMPLIANT and left < timedelta(weeks=WEEKS):
            self._weeks[left // timedelta(weeks=1)] += 1

    def _merge(self) -> None:
        """All but the worst accounts become one."""
        self._accounts.sort(key=lambda account: (account[0], account[1]))
        rest = self._accounts[MOST_ACCOUNTS:]
        del self._accounts[MOST_ACCOUNTS:]
        self._rest.extend(by_verdict for _order, _name, by_verdict in rest)

    def figures(self) -> list[Figure]:
        """Those that have something to show."""
        return [figure for figure in (self._histogram(), self._by_account(), self._due()) if figure.rows]

    def _histogram(self) -> Figure:
        labels = [*(f"≤ {share}" for share in SHARES), f"> {SHARES[-1]}"]
        series = {
            words: [self._ages[number, verdict] for number in range(len(labels))] for verdict, words in SHOWN.items()
        }
        caption = "Age of each active key in per cent of its limit; over 100 it is too old."
        return _figure("Ages against limits", caption, "Age, % of the limit", labels, series, vertical_bars)

    def _by_account(self) -> Figure:
        self._accounts.sort(key=lambda account: (account[0], account[1]))
        shown = self._accounts[:MOST_ACCOUNTS]
        others = [account[2] for account in self._accounts[MOST_ACCOUNTS:]] + self._rest
        rows = [(name, by_verdict) for _order, name, by_verdict in shown]
        if others:
            summed = {verdict: sum(by_verdict[verdict] for by_verdict in others) for verdict in SHOWN}
            rows.append((f"{len(others)} other accounts", summed))
        series = {words: [by_verdict[verdict] for _name, by_verdict in rows] for verdict, words in SHOWN.items()}
        caption = "Active keys of each account, those with most non-compliant keys first."
        return _figure("Accounts", caption, "Account", [name for name, _by_verdict in rows], series, horizontal_bars)

    def _due(self) -> Figure:
        labels = [f"{self._now + timedelta(weeks=number):%-d %b}" for number in range(WEEKS)]
        values = [self._weeks[number] for number in range(WEEKS)]
        caption = f"Keys that pass their limit in the {WEEKS} weeks to come, by the day on which the week begins."
        series = {"fall due": values} if any(values) else {}
        return _figure("Falls due", caption, "Week from", labels, series, vertical_bars)


def _figure(
    title: str, caption: str, heading: str, labels: Sequence[str], series: dict[str, list[int]], draw: Draw
) -> Figure:
    if not labels or not any(any(values) for values in series.values()):
        return Figure(title, caption, "", (), ())
    rows: list[list[str | int]] = [
        [label, *(values[number] for values in series.values())] for number, label in enumerate(labels)
    ]
    return Figure(title, caption, draw(labels, series), (heading, *series), rows)
