"""`--format markdown`: a comment on a pull request, or a job summary, that starts with the one number that matters.

GitHub takes 65,536 characters of a comment and 1 MiB of a job summary, and refuses what is longer as a whole. So the
text stays within a comment, or with `--verbose` within a job summary: tables end after a whole row, and say how many
rows were left out and how to see them. The last line is MARKER, hidden, by which a bot finds its comment again.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TextIO

from checker.decision import AccessKey
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
from checker.reports.run import Run
from checker.reports.syntax.markdown import code, fenced, head, prose, row
from checker.reports.syntax.markdown_page import COMMENT, SUMMARY, Page, Section
from checker.reports.words import IN_PART, UNKNOWN, UNREAD, due_day, last_used, limit
from checker.reports.worst import Worst, by_due_date
from checker.spoken import plural

MARKER = "<!-- keyage:check -->\n"
MOST_ROWS = 8_000  # of a kind; more of them than fit into SUMMARY
ADVISED, ADVISED_VERBOSE = 3, 25  # keys
NUMBERS = ("Age", "Limit")
KEY = ("Account", "User", "Access key", *NUMBERS, "Rule", "Last used", "Due")
DUE = "due"
OPEN = ("Account", "User", "Access key", "Age", "Depends on", "Not known")
COLUMNS = {EXEMPT: (*KEY[:-1], "Exemption", "Reason"), NOT_APPLICABLE: KEY[:-1], UNDECIDED: OPEN}  # the others have KEY


class Kept(NamedTuple):
    """A finding with what its account told of it."""

    finding: Finding
    account_name: str | None
    keys: Sequence[AccessKey] = ()  # all of the user's, where there are two
    depends_on: Sequence[str] = ()
    missing: str = ""


class MarkdownReport:
    """Keeps what can be shown, the most overdue first, and writes at the end."""

    def __init__(self, run: Run, out: TextIO) -> None:
        self._run = run
        self._out = out
        self._kept: dict[str, Worst[Kept]] = {}
        self._doubtful: dict[str, list[AccountResult]] = {PARTIAL: [], UNREADABLE: []}
        self._notes: list[str] = []
        self._totals = Counts()
        self._accounts = 0
        self._with_old_keys = 0

    def account(self, result: AccountResult) -> None:
        self._accounts += 1
        self._totals.add(result.counts)
        self._with_old_keys += result.counts.non_compliant > 0
        self._notes += map(prose, result.notes)
        if result.reason is not None:
            self._doubtful[result.status].append(result)
        for finding in result.findings:
            self._keep(Kept(finding, result.name, result.two_keys.get(finding.user, ())))
        for undecided in result.undecided:
            self._keep(Kept(undecided.finding, result.name, (), undecided.depends_on, undecided.missing))

    def _keep(self, kept: Kept) -> None:
        kind = DUE if self._run.is_due_soon(kept.finding) else kept.finding.verdict
        self._of(kind).add(kept)

    def _of(self, kind: str) -> Worst[Kept]:
        return self._kept.setdefault(kind, Worst(MOST_ROWS, lambda kept: by_due_date(kept.finding)))

    def end(self) -> None:
        page = Page(self._out, SUMMARY if self._run.verbose else COMMENT, tail=MARKER)
        page.write(self._headline())
        page.section(self._accounts_of(UNREADABLE, UNREAD))
        page.section(self._accounts_of(PARTIAL, IN_PART))
        page.write(self._summary())
        soon = f"Too old within {plural(self._run.warn.days, 'day')}"
        page.section(self._keys("Too old", NON_COMPLIANT, most=0.8))
        page.section(self._keys("Undecided", UNDECIDED, most=0.5))
        page.section(self._keys("Exempt", EXEMPT))
        page.section(self._keys(soon, DUE))
        page.section(self._advice())
        page.section(self._keys("Compliant", COMPLIANT))
        page.section(self._keys("Not active", NOT_APPLICABLE))
        skipped = [f"- {_who(account.id, account.name)}: {prose(account.state)}\n" for account in self._run.skipped]
        page.section(Section(f"Skipped accounts ({len(skipped)})", len(skipped), iter(skipped)))
        notes = (f"- {note}\n" for note in self._notes)
        page.section(Section("Notes", len(self._notes), notes, rest="Standard error has them all."))
        page.end()

    def _headline(self) -> str:
        old, unread, undecided = self._totals.non_compliant, len(self._doubtful[UNREADABLE]), self._totals.undecided
        known = " known to be" if unread or undecided or self._totals.unread else ""
        several = self._accounts > 1 and old
        where = f", in {self._with_old_keys} of {plural(self._accounts, 'account')}" if several else ""
        line = f"**{plural(old, 'access key')} {'is' if old == 1 else 'are'}{known} too old**{where}.\n"
        them = "it" if unread == 1 else "them"
        cautions = []
        if unread:
            cautions.append(
                f"> **{plural(unread, 'account')} could not be read.** Nothing is known about the keys in {them}.\n"
            )
        if self._totals.unread:
            users = plural(self._totals.unread, "user")
            cautions.append(f"> **The keys of {users} could not be read.** Of what is missing nothing is known.\n")
        if undecided:
            cautions.append(f"> **{plural(undecided, 'access key')} could not be judged.** Something is not known.\n")
        return f"{line}\n> [!CAUTION]\n{''.join(cautions)}" if cautions else line

    def _summary(self) -> str:
        totals, run = self._totals, self._run
        judged = (
            f"{plural(totals.keys, 'key')} of {plural(totals.users, 'user')} in {plural(self._accounts, 'account')}"
            f" {run.as_of}"
        ).rstrip()
        verdicts = (
            f"{totals.non_compliant} too old, {totals.exempt} exempt, {totals.compliant} compliant, "
            f"{totals.not_applicable} not active"
        )
        when = f"Judged by {code(run.policy_file)} on {run.evaluated_at:%Y-%m-%d %H:%M} UTC"
        exact = "" if run.exact else " Less exact: the ages come from a credential report, and keys may be older."
        keyless = run.keyless(totals.keyless)
        return f"\n{when}: {judged}; {verdicts}{'; ' if keyless else ''}{keyless}.{exact}\n"

    def _accounts_of(self, status: str, title: str) -> Section:
        results = self._doubtful[status]
        rows = (f"- {_who(result.id, result.name)}: {prose(result.reason or '')}\n" for result in results)
        return Section(f"{title} ({len(results)})", len(results), rows, most=0.25)

    def _keys(self, title: str, kind: str, most: float = 1.0) -> Section:
        columns, of_kind = COLUMNS.get(kind, KEY), self._of(kind)
        rows = (row(map(self._cells(kept).__getitem__, columns)) for kept in of_kind.listed())
        return Section(f"{title} ({of_kind.total})", of_kind.total, rows, head(columns, NUMBERS), most)

    def _cells(self, kept: Kept) -> dict[str, str]:
        finding = kept.finding
        written = self._run.written.get(finding.exemption or "")
        reason = "{reason} (approved by {approvedBy}, until {expires})".format_map(written.entry) if written else ""
        return {
            "Account": _who(finding.account, kept.account_name),
            "User": code(finding.user),
            "Access key": code(finding.access_key_id) if finding.access_key_id else "not known",
            "Age": f"{finding.age_days} d{'' if self._run.exact else ' or more'}",
            "Limit": limit(finding),
            "Rule": code(finding.rule) if finding.rule else UNKNOWN,
            "Last used": last_used(finding, self._run.evaluated_at),
            "Due": due_day(finding),
            "Exemption": code(finding.exemption or ""),
            "Reason": prose(reason),
            "Depends on": " or ".join(map(code, kept.depends_on)),
            "Not known": prose(kept.missing),
        }

    def _advice(self) -> Section:
        most = ADVISED_VERBOSE if self._run.verbose else ADVISED
        worst = self._of(NON_COMPLIANT).listed()[:most]
        of = "" if len(worst) == self._totals.non_compliant else f" the {plural(len(worst), 'key')} longest overdue"
        rest = "`keyage check --verbose` tells how to resolve each key."
        return Section(f"How to resolve{of}", len(worst), self._steps(worst), rest=rest)

    def _steps(self, worst: list[Kept]) -> Iterator[str]:
        for kept in worst:
            finding = kept.finding
            what = f"{code(finding.access_key_id or 'the key')} of {code(finding.user)} in {code(finding.account)}"
            _title, *steps = resolve(finding, self._run.evaluated_at, kept.keys)
            yield f"<details><summary>{what}</summary>\n\n{fenced(steps)}\n</details>\n\n"


def _who(account: str | None, name: str | None) -> str:
    """The account's id and name, as Markdown."""
    return " ".join([code(account) if account else "account not known", *([prose(name)] if name else [])])
