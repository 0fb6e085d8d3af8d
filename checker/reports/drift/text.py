"""What is deployed beside the policy, for people: one account, or a table of an organization's first."""

from collections.abc import Iterator
from typing import TextIO

from checker.compare.drift.account import State
from checker.errors import printable
from checker.reports.drift.run import WORDS, DriftRun, count, groups, label, lines
from checker.spoken import plural


def write(run: DriftRun, out: TextIO) -> None:
    """The account, or the states with their counts, the policies in use, then every account that differs."""
    texts = _organization(run) if run.organization else _one_account(run)
    out.write("".join(f"{printable(line)}\n" for line in texts))


def _one_account(run: DriftRun) -> Iterator[str]:
    account = run.accounts[0]
    rule = "keyage's rule" if run.wanted.rule == "custom" else "the managed rule"
    yield f"account {account.id}, {run.region}, {rule} {run.rule}: {count(account) or 'as the policy says'}"
    yield from (f"  {line}" for line in lines(account))


def _organization(run: DriftRun) -> Iterator[str]:
    yield f"{plural(len(run.accounts), 'account')}, {run.region}, rule {run.rule}, this policy: {run.wanted}"
    yield ""
    yield from _table([(WORDS[state], number) for state, number in run.states.items() if number])
    yield ""
    if run.policies:
        yield "Policies in use"
        yield from _table([(run.named(policy), len(who)) for policy, who in run.policies])
        yield ""
    for state in State:
        yield from _section(run, state)
    if run.skipped:
        yield f"Skipped accounts ({len(run.skipped)})"
        yield from (f"  {each.id} {each.name or ''}: {each.state}" for each in run.skipped)


def _section(run: DriftRun, state: State) -> Iterator[str]:
    """The accounts in a state of which there is something to say."""
    grouped = groups(run, state)
    if not grouped:
        return
    yield f"{WORDS[state].capitalize()} ({sum(map(len, grouped))})"
    for accounts in grouped:
        first, several = accounts[0], len(accounts) > 1
        who = plural(len(accounts), "account") if several else label(first)
        yield f"  {who}: {first.policy}" if first.policy else f"  {who}"
        if several:
            yield f"    {', '.join(map(label, accounts))}"
        yield from (f"    {line}" for line in lines(first))
    yield ""


def _table(rows: list[tuple[str, int]]) -> Iterator[str]:
    width = max(len(name) for name, _number in rows)
    yield from (f"  {name:{width}}  {number:>6}" for name, number in rows)
