"""`remediate plan` as a page, for the person who has to say yes: it needs nothing else, and no script."""

from typing import TextIO

from markupsafe import Markup

from checker import __version__
from checker.errors import printable
from checker.reports.remediate.rows import DONE, cells, doubtful, headings, summary, waiting, why_kept
from checker.reports.remediate.run import PlanRun
from checker.reports.syntax.html import digest, environment, text_of
from checker.spoken import account_label

CLASSES = {"Account": "key", "Access key": "key", "Then": "day"}  # of the style, by heading


def write(run: PlanRun, out: TextIO, *, color: bool) -> None:  # noqa: ARG001 -- the page has its own
    """Every step, every key that waits, and how many are kept and why."""
    style = text_of("style.css.j2")
    page = environment().get_template("plan.html.j2")
    done = [step.step for step in run.steps]
    doubts = [
        (title, [(printable(account_label(each.id, each.name)), printable(each.reason or "")) for each in accounts])
        for title, accounts in doubtful(run)
    ]
    stream = page.stream(
        run=run,
        policy_file=printable(run.policy_file),
        version=__version__,
        summary=summary(run),
        totals=[(words, done.count(step)) for step, words in DONE.items()],
        headings=headings(run),
        classes=CLASSES,
        steps=cells(run, run.steps),
        waiting=cells(run, waiting(run)),
        kept=[(printable(why), number) for why, number in why_kept(run).most_common()],
        doubts=doubts,
        style=Markup(style),  # noqa: S704 -- our own file
        style_digest=digest(style),
    )
    out.writelines(stream)
