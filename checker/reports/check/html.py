"""`--format html`: one page that needs nothing else, for people who read reports and for those whose key is in it.

Nothing is loaded and nothing but the page's own style and script may run: its Content-Security-Policy names their
digests. Keys are data that the script shows as text, some at a time. The same state and `--now` give the same bytes.
"""

from collections.abc import Sequence
from typing import Any, TextIO

from markupsafe import Markup

from checker import __version__
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
from checker.reports.advice import resolve
from checker.reports.check.html_figures import Figures
from checker.reports.messages import exemption
from checker.reports.run import Run
from checker.reports.syntax.html import data, digest, environment, text_of
from checker.reports.words import due_day
from checker.reports.worst import Worst, by_due_date
from checker.spoken import account_label

MOST_KEYS = 50_000  # in the table; the figures count all
WITHOUT_SCRIPT = 200  # non-compliant keys for readers without scripts
ORDER = {NON_COMPLIANT: 0, UNDECIDED: 1, EXEMPT: 2, COMPLIANT: 3, NOT_APPLICABLE: 4}


class HtmlReport:
    """Keeps what the table shows, and writes at the end."""

    def __init__(self, run: Run, out: TextIO) -> None:
        self._run = run
        self._out = out
        self._figures = Figures(run.evaluated_at)
        self._keys: Worst[Finding] = Worst(MOST_KEYS, lambda finding: (ORDER[finding.verdict], *by_due_date(finding)))
        self._names: dict[str, str] = {}
        self._two_keys: dict[tuple[str, str], Sequence[AccessKey]] = {}
        self._doubtful: dict[str, list[tuple[str, str]]] = {PARTIAL: [], UNREADABLE: []}
        self._missing: dict[int, str] = {}  # of undecided findings, by identity
        self._notes: list[str] = []
        self._totals = Counts()
        self._accounts = 0

    def account(self, result: AccountResult) -> None:
        self._accounts += 1
        self._totals.add(result.counts)
        self._figures.account(result)
        who = account_label(result.id, result.name)
        self._notes += map(printable, result.notes)
        if result.reason is not None:
            self._doubtful[result.status].append((printable(who), printable(result.reason)))
        if result.id and result.name:
            self._names[result.id] = result.name
        self._two_keys |= {(result.id or "", user): keys for user, keys in result.two_keys.items()}
        for finding in result.findings:
            self._keys.add(finding)
        for undecided in result.undecided:
            self._keys.add(undecided.finding)
            self._missing[id(undecided.finding)] = (
                f"depends on {' or '.join(undecided.depends_on)}: {undecided.missing}"
            )

    def end(self) -> None:
        keys = self._keys.listed()
        worst = [finding for finding in keys if finding.verdict == NON_COMPLIANT]
        steps = {
            str(number): self._steps(finding) for number, finding in enumerate(keys) if finding.verdict == NON_COMPLIANT
        }
        style, script = text_of("style.css.j2"), text_of("script.js.j2")
        page = environment().get_template("page.html.j2")
        stream = page.stream(
            run=self._run,
            policy_file=printable(self._run.policy_file),
            version=__version__,
            totals=self._totals,
            accounts=self._accounts,
            unreadable=self._doubtful[UNREADABLE],
            partial=self._doubtful[PARTIAL],
            skipped=[printable(f"{account.id} {account.name or ''}: {account.state}") for account in self._run.skipped],
            notes=self._notes,
            figures=self._figures.figures(),
            style=Markup(style),  # noqa: S704 -- our own file
            script=Markup(script),  # noqa: S704 -- our own file
            style_digest=digest(style),
            script_digest=digest(script),
            keys=data([self._row(finding) for finding in keys]),
            steps=data(steps),
            left_out=self._keys.left_out,
            worst=[self._row(finding) for finding in worst[:WITHOUT_SCRIPT]],
            more_worst=max(0, len(worst) - WITHOUT_SCRIPT),
        )
        self._out.writelines(stream)

    def _row(self, finding: Finding) -> list[Any]:
        """In the order of the table's columns; the script knows it."""
        used = f"{finding.last_used:%Y-%m-%d}" if finding.last_used else "" if finding.last_used_known else None
        name = self._names.get(finding.account, "")
        return [
            finding.verdict,
            printable(f"{finding.account} {name}".strip()),
            printable(finding.user),
            printable(finding.access_key_id or ""),
            finding.age_days,
            finding.max_access_key_age,
            due_day(finding),
            finding.rule,
            used,
            printable(self._why(finding)),
        ]

    def _why(self, finding: Finding) -> str:
        """What there is to say about a status: the exemption, or what a verdict waits for."""
        if finding.exemption:
            return f"by {exemption(finding, self._run)}"
        return self._missing.get(id(finding), "")

    def _steps(self, finding: Finding) -> str:
        keys = self._two_keys.get((finding.account, finding.user), ())
        return "\n".join(map(printable, resolve(finding, self._run.evaluated_at, keys)))
