"""What is deployed beside the policy, as a job summary: what a reader has to see first, within GitHub's limit."""

from collections.abc import Iterator, Sequence
from typing import TextIO

from checker.compare.drift.account import AccountDrift, State
from checker.reports.drift.run import DETAIL, WORDS, DriftRun, label, lines
from checker.reports.syntax.markdown import code, head, prose, row
from checker.reports.syntax.markdown_page import SUMMARY, Page, Section
from checker.spoken import plural

MARKER = "<!-- keyage:drift -->\n"
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
        accounts = [account for account in run.of(state) if state is not State.CURRENT or any(lines(account))]
        title = f"{WORDS[state].capitalize()} ({len(accounts)})"
        page.section(Section(title, len(accounts), _accounts(accounts), most=0.5, rest=REST))
    page.end()


def _accounts(accounts: Sequence[AccountDrift]) -> Iterator[str]:
    for account in accounts:
        runs = f": {prose(str(account.policy))}" if account.policy else ""
        texts = (line.removeprefix(DETAIL) for line in lines(account))
        depths = ("    " if line.startswith(DETAIL) else "  " for line in lines(account))
        items = (f"{depth}- {prose(line)}\n" for depth, line in zip(depths, texts, strict=True))
        yield f"- {code(label(account))}{runs}\n{''.join(items)}"
