"""What the figures of the page count: ages against limits, accounts, what falls due."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import NamedTuple

from checker.errors import printable
from checker.evaluate import COMPLIANT, EXEMPT, NON_COMPLIANT, AccountResult, Finding
from checker.reports.syntax.svg import vertical_bars
from checker.spoken import account_label, plural

SHOWN = {COMPLIANT: "compliant", EXEMPT: "exempt", NON_COMPLIANT: "non-compliant"}
SHARES = (25, 50, 75, 100, 150, 200, 300)  # per cent of the limit, inclusive: exactly the limit is within it
WEEKS = 8
MOST_ACCOUNTS = 20


class Bar(NamedTuple):
    """One stack that lies, beside its label: each part from where it begins, of the longest stack's length."""

    label: str
    parts: Sequence[tuple[int, int]]  # start and length, in the order of the figure's columns
    said: str


class Figure(NamedTuple):
    """A chart with its numbers as a table: one that stands, as SVG, or bars that lie, which the page draws."""

    title: str
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int]]
    svg: str = ""
    bars: Sequence[Bar] = ()
    longest: int = 0  # of the bars
    rest: str = ""  # what has no bar


class Figures:
    """Counts findings as they come."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._ages: Counter[tuple[int, str]] = Counter()
        self._weeks: Counter[int] = Counter()
        self._accounts: list[tuple[int, str, dict[str, int]]] = []
        self._rest: list[dict[str, int]] = []
        self._without_limit = 0
        self._unseen = 0  # active keys that are counted, but not among the findings

    def account(self, result: AccountResult) -> None:
        counts = result.counts
        by_verdict = {COMPLIANT: counts.compliant, EXEMPT: counts.exempt, NON_COMPLIANT: counts.non_compliant}
        if any(by_verdict.values()):
            name = printable(account_label(result.id, result.name))
            self._accounts.append((-counts.non_compliant, name, by_verdict))
            if len(self._accounts) > 2 * MOST_ACCOUNTS + 1:
                self._merge()
        self._unseen += sum(by_verdict.values())
        for finding in result.findings:
            self._finding(finding)

    def _finding(self, finding: Finding) -> None:
        if finding.verdict not in SHOWN:
            return
        self._unseen -= 1
        if finding.due_date is None:
            self._without_limit += 1
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
        """Those that have something to show; the findings alone tell of all accounts, but not of all keys."""
        of_keys = [] if self._unseen else [self._histogram(), self._due()]
        return [figure for figure in (*of_keys, self._by_account()) if figure.rows]

    def _histogram(self) -> Figure:
        labels = [*(f"≤ {share}" for share in SHARES), f"> {SHARES[-1]}"]
        series = {
            words: [self._ages[number, verdict] for number in range(len(labels))] for verdict, words in SHOWN.items()
        }
        caption = "Age of each active key in per cent of its limit; over 100 it is too old."
        if self._without_limit:
            caption += f" Left out: {plural(self._without_limit, 'key')} whose limit is not known."
        return _figure("Ages against limits", caption, "Age, % of the limit", labels, series)

    def _by_account(self) -> Figure:
        """What is summed up has no bar: beside it those of the accounts would be too short to be seen."""
        self._accounts.sort(key=lambda account: (account[0], account[1]))
        shown = self._accounts[:MOST_ACCOUNTS]
        others = [account[2] for account in self._accounts[MOST_ACCOUNTS:]] + self._rest
        rows: list[list[str | int]] = [_account_row(name, by_verdict) for _order, name, by_verdict in shown]
        rest = ""
        if others:
            summed = {verdict: sum(by_verdict[verdict] for by_verdict in others) for verdict in SHOWN}
            label = f"{plural(len(others), 'other account')}"
            rest = f"{label}: {_said(summed)}"
            rows.append(_account_row(label, summed))
        caption = "Judged active keys of each account, and how many of them are non-compliant; the worst first."
        bars = [Bar(name, _parts(by_verdict), _said(by_verdict)) for _order, name, by_verdict in shown]
        longest = max((sum(by_verdict.values()) for _order, _name, by_verdict in shown), default=0)
        columns = ("Account", *SHOWN.values())
        return Figure("Accounts", caption, columns, rows, bars=bars, longest=longest, rest=rest)

    def _due(self) -> Figure:
        labels = [f"{self._now + timedelta(weeks=number):%-d %b}" for number in range(WEEKS)]
        values = [self._weeks[number] for number in range(WEEKS)]
        caption = f"Keys that pass their limit in the {WEEKS} weeks to come, by the day on which the week begins."
        series = {"fall due": values} if any(values) else {}
        return _figure("Falls due", caption, "Week from", labels, series)


def _account_row(label: str, by_verdict: Mapping[str, int]) -> list[str | int]:
    return [label, *(by_verdict[verdict] for verdict in SHOWN)]


def _parts(by_verdict: Mapping[str, int]) -> list[tuple[int, int]]:
    lengths = [by_verdict[verdict] for verdict in SHOWN]
    return list(zip(accumulate(lengths, initial=0), lengths, strict=False))


def _said(by_verdict: Mapping[str, int]) -> str:
    return f"{by_verdict[NON_COMPLIANT]:,} of {sum(by_verdict.values()):,}"


def _figure(title: str, caption: str, heading: str, labels: Sequence[str], series: dict[str, list[int]]) -> Figure:
    if not labels or not any(any(values) for values in series.values()):
        return Figure(title, caption, (), ())
    rows: list[list[str | int]] = [
        [label, *(values[number] for values in series.values())] for number, label in enumerate(labels)
    ]
    return Figure(title, caption, (heading, *series), rows, vertical_bars(labels, series))
