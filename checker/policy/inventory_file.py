"""accounts.yaml as text: the accounts of an organization written into a file in which people write too."""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import NamedTuple

import yaml

from checker.decision import Account
from checker.errors import FileProblems, Problem
from checker.policy.inventory import Inventory, parse
from checker.policy.yaml.write import scalar

NEW = "version: 1\naccounts:\n"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
INDENT = "  "
WITHOUT_TEXT = (yaml.BlockEndToken, yaml.DocumentEndToken, yaml.StreamEndToken)
UNKNOWN = "(not known)"
LOST = "this comment would be lost: move it to a line above an account that stays as it is, or remove it"


class Changes(NamedTuple):
    """Ids of accounts."""

    added: list[str]
    removed: list[str]
    changed: list[str]


def changes(before: Inventory, accounts: Sequence[Account]) -> Changes:
    """What a new list of accounts changes in an inventory."""
    now = {account.id: account for account in accounts}
    return Changes(
        sorted(now.keys() - before.keys()),
        sorted(before.keys() - now.keys()),
        sorted(account_id for account_id in now.keys() & before.keys() if now[account_id] != before[account_id]),
    )


def differences(before: Inventory, accounts: Sequence[Account]) -> Iterator[str]:
    """What differs, an account a line: added, removed, renamed, moved to another OU, other tags."""
    now = {account.id: account for account in accounts}
    difference = changes(before, accounts)
    yield from (f"added    {_who(now[account_id])}" for account_id in difference.added)
    yield from (f"removed  {_who(before[account_id])}" for account_id in difference.removed)
    yield from (
        f"changed  {_who(now[account_id])}: {'; '.join(_parts(before[account_id], now[account_id]))}"
        for account_id in difference.changed
    )


def _who(account: Account) -> str:
    return f"{account.id} {account.name or ''}".rstrip()


def _parts(before: Account, now: Account) -> Iterator[str]:
    if before.name != now.name:
        yield f"name {_shown(before.name)} → {_shown(now.name)}"
    if before.ou != now.ou:
        yield f"OU {_shown(before.ou)} → {_shown(now.ou)}"
    if before.tags is None or now.tags is None:
        if before.tags != now.tags:
            yield f"tags {_count(before.tags)} → {_count(now.tags)}"
        return
    for key in sorted(before.tags.keys() | now.tags.keys()):
        old, new = before.tags.get(key), now.tags.get(key)
        if old != new:
            yield f"tag {key} {_shown(old, '(none)')} → {_shown(new, '(none)')}"


def _count(tags: Mapping[str, str] | None) -> str:
    return UNKNOWN if tags is None else ", ".join(f"{key}={value}" for key, value in sorted(tags.items())) or "(none)"


def _shown(value: str | None, absent: str = UNKNOWN) -> str:
    return absent if value is None else value or '""'


class Span(NamedTuple):
    """The lines of one account in a file, from 0."""

    lead: int  # where the comments and blank lines above it begin
    start: int
    end: int  # the line after its last one


class Layout(NamedTuple):
    """A file whose accounts stand in a block, each on lines of its own."""

    lines: list[str]  # with their ends
    indent: str
    spans: list[Span]  # in the order of the file
    head: int  # lines before the first account and what belongs to it
    tail: int  # the first line after the last account


def merged(existing: bytes | None, file: str, accounts: Sequence[Account]) -> str:
    """The new text of the inventory: sorted by id, one attribute a line.

    What a person wrote stays as it is: comments, the head and the end of the file, and accounts that did
    not change. Raises FileProblems for a file that has problems, and with every comment that would be lost.
    """
    if existing is None:
        return _anew(accounts)
    before = parse(existing, file)
    text = existing.decode("utf-8-sig")
    tokens = list(yaml.scan(text, Loader=LOADER))
    comments = dict(_comments(text, tokens))
    layout = _layout(text, tokens, len(before)) if accounts else None
    if layout is None:
        _refuse(file, comments)
        return _anew(accounts)
    kept = _kept(layout, before, {account.id: account for account in accounts})
    written = {number for first, last in kept.values() for number in range(first, last)}
    written |= {*range(layout.head), *range(layout.tail, len(layout.lines))}
    _refuse(file, {line: column for line, column in comments.items() if line not in written})
    return _written(layout, kept, accounts, before)


def _refuse(file: str, comments: Mapping[int, int]) -> None:
    if comments:
        raise FileProblems([Problem(file, line + 1, column + 1, LOST) for line, column in comments.items()])


def _comments(text: str, tokens: Sequence[yaml.Token]) -> Iterator[tuple[int, int]]:
    """Lines with a comment, and the column where it begins, from 0: `#` after a space and in no text."""
    texts: dict[int, list[tuple[int, float]]] = {}
    for token in tokens:
        if isinstance(token, yaml.ScalarToken):
            start, end = token.start_mark, token.end_mark
            for line in range(start.line, end.line + 1):
                last = end.column if line == end.line else inf
                texts.setdefault(line, []).append((start.column if line == start.line else 0, last))
    for number, written in enumerate(text.splitlines()):
        for comment in re.finditer(r"(?:^|(?<=\s))#", written):
            if not any(first <= comment.start() < last for first, last in texts.get(number, ())):
                yield number, comment.start()
                break


def _layout(text: str, tokens: Sequence[yaml.Token], accounts: int) -> Layout | None:
    """None for a file whose accounts do not stand in a block, or depend on each other by aliases."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"
    if not accounts:
        return _empty(lines)
    dashes = [token for token in tokens if isinstance(token, yaml.BlockEntryToken)]
    if len(dashes) != accounts or any(isinstance(token, yaml.AnchorToken | yaml.AliasToken) for token in tokens):
        return None
    filled = list(_filled(tokens))
    head = filled[0][0]
    while lines[head - 1].lstrip().startswith("#"):
        head -= 1
    leads = [head, *(end for _start, end in filled[:-1])]
    spans = [Span(lead, start, end) for lead, (start, end) in zip(leads, filled, strict=True)]
    return Layout(lines, " " * dashes[0].start_mark.column, spans, head, filled[-1][1])


def _empty(lines: Sequence[str]) -> Layout | None:
    """A file with `accounts: []`: what is in it goes before the first account, or after the last."""
    opened = [re.sub(r"^accounts:[ \t]*\[[ \t]*\]", "accounts:", line) for line in lines]
    changed = [number for number, line in enumerate(lines) if line != opened[number]]
    return Layout(opened, INDENT, [], changed[0] + 1, changed[0] + 1) if len(changed) == 1 else None


def _filled(tokens: Sequence[yaml.Token]) -> Iterator[tuple[int, int]]:
    """The first line of each account, and the one after its last, from 0."""
    top = next(token.start_mark.column for token in tokens if isinstance(token, yaml.KeyToken))
    start = end = -1
    for token in tokens:
        mark = token.start_mark
        if isinstance(token, yaml.BlockEntryToken):
            if start >= 0:
                yield start, end
            start, end = mark.line, mark.line + 1
        elif start >= 0 and isinstance(token, yaml.KeyToken) and mark.column == top:
            break
        elif not isinstance(token, WITHOUT_TEXT):
            # A block of text ends at the beginning of the line after it.
            end = max(end, token.end_mark.line + (token.end_mark.column > 0))
    yield start, end


def _kept(layout: Layout, before: Inventory, now: Mapping[str, Account]) -> dict[str, tuple[int, int]]:
    """Of every account that stays, the lines that stay: all, or if it changed those above it."""
    kept = {}
    for (account_id, account), span in zip(before.items(), layout.spans, strict=True):
        if account_id in now:
            kept[account_id] = span.lead, span.end if account == now[account_id] else span.start
    return kept


def _written(
    layout: Layout, kept: Mapping[str, tuple[int, int]], accounts: Sequence[Account], before: Inventory
) -> str:
    parts = layout.lines[: layout.head]
    end = "\r\n" if layout.lines[0].endswith("\r\n") else "\n"
    for account in sorted(accounts, key=lambda account: account.id):
        first, last = kept.get(account.id, (0, 0))
        parts += layout.lines[first:last]
        if before.get(account.id) != account:
            parts.append(_entry(account, layout.indent).replace("\n", end))
    return "".join(parts + layout.lines[layout.tail :])


def _anew(accounts: Sequence[Account]) -> str:
    if not accounts:
        return "version: 1\naccounts: []\n"
    return NEW + "".join(_entry(account, INDENT) for account in sorted(accounts, key=lambda account: account.id))


def _entry(account: Account, indent: str) -> str:
    lines = [f'- id: "{account.id}"', f"  name: {scalar(account.name)}", f"  ou: {scalar(account.ou)}"]
    if account.tags:
        lines.append("  tags:")
        lines += [f"    {scalar(key)}: {scalar(value)}" for key, value in sorted(account.tags.items())]
    else:
        lines.append(f"  tags: {'null' if account.tags is None else '{}'}")
    return "".join(f"{indent}{line}\n" for line in lines)
