"""A policy change as a comment on the pull request that makes it: what loosens first, within GitHub's limit."""

from collections.abc import Iterator, Sequence
from typing import TextIO

from checker.compare.effects import Effect
from checker.compare.policies import Change
from checker.compare.verdicts import LimitChange, VerdictChange
from checker.reports.diff.run import BECOME, DOUBTFUL, DiffRun, headline, limit_change, place, title
from checker.reports.syntax.markdown import code, head, prose, row
from checker.reports.syntax.markdown_page import COMMENT, Page, Section
from checker.reports.words import UNKNOWN, limit

MARKER = "<!-- keyage:diff -->\n"
REST = "`keyage diff --format json` lists them all."
TITLES = {Effect.LOOSENS: "Loosens", Effect.TIGHTENS: "Tightens", Effect.NEITHER: "Other changes"}


def write(run: DiffRun, out: TextIO, *, color: bool) -> None:  # noqa: ARG001 -- Markdown has no colours
    """The changes, then whom they hit."""
    page = Page(out, COMMENT, tail=MARKER)
    page.write(f"**{prose(headline(run))}**\n")
    if run.loosening:
        page.write("\n> [!WARNING]\n> Keys may live longer than before: look at what loosens.\n")
    for status, heading in DOUBTFUL.items():
        unread = [account for account in run.unreadable if account.status == status]
        rows = (f"- {code(account.id or 'account not known')}: {prose(account.reason or '')}\n" for account in unread)
        page.section(Section(f"{heading} ({len(unread)})", len(unread), rows, most=0.25, rest=REST))
    for effect, words in TITLES.items():
        changes = [change for change in run.changes if change.effect is effect]
        page.section(Section(f"{words} ({len(changes)})", len(changes), _changes(changes, run), most=0.5, rest=REST))
    for verdict, words in BECOME.items():
        keys = run.verdicts(verdict)
        page.section(_keys(f"Keys that {words} ({len(keys)})", keys))
    page.section(_limits(run.limits))
    page.end()


def _changes(changes: Sequence[Change], run: DiffRun) -> Iterator[str]:
    for change in changes:
        details = "".join(f"  - {prose(detail)}\n" for detail in change.details)
        yield f"- {prose(title(change))} ({code(place(change, run))})\n{details}"


def _keys(heading: str, keys: Sequence[VerdictChange]) -> Section:
    columns = ("Account", "User", "Access key", "Age", "Limit", "Rule", "Exemption")
    rows = (
        row(
            [
                code(change.finding.account),
                code(change.finding.user),
                code(change.finding.access_key_id) if change.finding.access_key_id else "not known",
                f"{change.finding.age_days} d",
                limit(change.finding),
                code(change.finding.rule) if change.finding.rule else UNKNOWN,
                code(change.finding.exemption) if change.finding.exemption else "",
            ]
        )
        for change in keys
    )
    return Section(heading, len(keys), rows, head(columns, ("Age", "Limit")), most=0.6, rest=REST)


def _limits(limits: Sequence[LimitChange]) -> Section:
    rows = (row([code(change.account), code(change.user), prose(limit_change(change))]) for change in limits)
    return Section(
        f"Users with another limit ({len(limits)})", len(limits), rows, head(("Account", "User", "Limit")), rest=REST
    )
