"""`remediate plan` for a review: what would be done first, within what GitHub takes of a comment."""

from collections.abc import Iterator, Sequence
from typing import TextIO

from checker.remediate.plan import PlannedStep
from checker.reports.remediate.rows import cells, doubtful, headings, summary, waiting, why_kept
from checker.reports.remediate.run import PlanRun
from checker.reports.syntax.markdown import code, head, prose, row
from checker.reports.syntax.markdown_page import COMMENT, Page, Section
from checker.spoken import account_label, plural

MARKER = "<!-- keyage:remediate-plan -->\n"
REST = "`keyage remediate plan --format json` lists them all."
AS_CODE = ("Account", "Name", "User", "Access key", "Step", "Rule")


def write(run: PlanRun, out: TextIO, *, color: bool) -> None:  # noqa: ARG001 -- Markdown has no colours
    """Steps, then accounts that are not known in full, then keys that wait, then how many are kept and why."""
    page = Page(out, COMMENT, tail=MARKER)
    page.write(f"**{prose(summary(run))}**\n")
    titles = head(headings(run))
    page.section(Section(f"To do ({len(run.steps)})", len(run.steps), _rows(run, run.steps), titles, 0.7, REST))
    for title, accounts in doubtful(run):
        lines = (f"- {code(account_label(each.id, each.name))}: {prose(each.reason or '')}\n" for each in accounts)
        page.section(Section(f"{title} ({len(accounts)})", len(accounts), lines, most=0.3, rest=REST))
    later = waiting(run)
    page.section(Section(f"Waiting ({len(later)})", len(later), _rows(run, later), titles, 0.7, REST))
    kept = why_kept(run)
    reasons = (f"- {plural(number, 'key')}: {prose(why)}\n" for why, number in kept.most_common())
    page.section(Section(f"Kept ({kept.total()})", len(kept), reasons, rest=REST))
    page.end()


def _rows(run: PlanRun, steps: Sequence[PlannedStep]) -> Iterator[str]:
    wanted = headings(run)
    for texts in cells(run, steps):
        yield row(code(texts[each]) if each in AS_CODE and texts[each] else prose(texts[each]) for each in wanted)
