"""What is deployed beside the policy, as a job summary: what a reader has to see first, within GitHub's limit."""

from collections.abc import Sequence
from typing import TextIO

from checker.compare.drift.account import AccountDrift, State
from checker.reports.drift.run import DETAIL, WORDS, DriftRun, groups, label, lines
from checker.reports.syntax.markdown import code, head, prose, row
from checker.reports.syntax.markdown_page import SUMMARY, Page, Section
from checker.spoken import plural

MARKER = "<!-- keyage:drift -->\n"
NAMED = 20  # accounts of which the same is said
REST = "`keyage drift --format json` lists them all."


def write(run: DriftRun, out: TextIO) -> None:
    """States with their counts, policies in use, then the accounts that differ."""
    page = Page(out, SUMMARY, tail=MARKER)
    title = f"{run.states[State.CURRENT]} of {plural(len(run.accounts), 'account')} as the policy says"
    page.write(f"**{title}**: {code(run.rule)} in {code(run.region)}, {prose(str(run.wanted))}\n\n")
    page.write(head(("State", "Accounts"), ("Accounts",)))
    page.write("".join(row([WORDS[state], str(number)]) for state, number in run.states.items() if number))
    running = run.policies
    rows = (row([prose(run.named(policy)), str(len(who))]) for policy, who in running)
    heading = head(("Policy", "Accounts"), ("Accounts",))
    page.section(Section(f"Policies in use ({len(running)})", len(running), rows, heading, most=0.2, rest=REST))
    for state in State:
        grouped = groups(run, state)
        title = f"{WORDS[state].capitalize()} ({sum(map(len, grouped))})"
        page.section(Section(title, len(grouped), map(_same, grouped), most=0.5, rest=REST))
    page.end()


def _same(accounts: Sequence[AccountDrift]) -> str:
    """Accounts of which the same is said, and what that is."""
    first = accounts[0]
    runs = f": {prose(str(first.policy))}" if first.policy else ""
    more = f" and {plural(len(accounts) - NAMED, 'more account')}" if len(accounts) > NAMED else ""
    who = ", ".join(code(label(account)) for account in accounts[:NAMED]) + more
    texts = (line.removeprefix(DETAIL) for line in lines(first))
    depths = ("    " if line.startswith(DETAIL) else "  " for line in lines(first))
    items = (f"{depth}- {prose(line)}\n" for depth, line in zip(depths, texts, strict=True))
    return f"- {who}{runs}\n{''.join(items)}"
