"""Exemptions as YAML that a person completes: what only a person can say is left blank, and `validate` refuses it."""

import re
from collections.abc import Iterator

from checker.errors import printable
from checker.policy.prowler.mutelist import EVERYONE, Muted, Mutelist
from checker.policy.yaml.write import flow

LONGEST_ID = 64


def exemptions_text(mutelist: Mutelist) -> str:
    """The exemptions, and as comments what could not become one."""
    lines = [
        f"# From {printable(mutelist.file)}. Fill in reason, approvedBy and expires of each, then move them to",
        "# policies.yaml; `keyage validate` refuses them until then.",
        *(f"# NOT IMPORTED: {problem}" for problem in mutelist.left_out),
    ]
    seen: set[str] = set()
    entries = [line for muted in mutelist.muted for line in _entry(muted, mutelist.file, seen)]
    lines += ["exemptions:", *entries] if entries else ["exemptions: []"]
    return "".join(f"{line}\n" for line in lines)


def _entry(muted: Muted, file: str, seen: set[str]) -> Iterator[str]:
    yield f"  - id: {_id(muted, seen)} # {printable(file)}:{muted.line}"
    if muted.broad:
        yield f"    # it muted every check that matches {printable(muted.broad)}, this exemption the age of keys alone"
    if muted.account:
        yield f"    accounts: {flow(muted.account)}"
    yield f"    users: {flow(muted.users if 'tags' in muted.users else muted.users['name'])}"
    reason = flow(muted.description) if muted.description else '"" # FILL IN: why these keys may live longer'
    yield f"    reason: {reason}"
    yield '    approvedBy: "" # FILL IN: who answers for it'
    yield "    expires: YYYY-MM-DD # FILL IN: the day on which it ends, at most 366 days from now"


def _id(muted: Muted, seen: set[str]) -> str:
    """Unique, and telling: of the first user and the account."""
    names = muted.users["name"]
    first: str = names if isinstance(names, str) else names[0]
    parts = ["everyone" if first == EVERYONE else first, muted.account or ""]
    slug = re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")
    wanted = f"muted-{slug}"[:LONGEST_ID].rstrip("-")
    entry_id, number = wanted, 1
    while entry_id in seen:
        number += 1
        entry_id = f"{wanted[: LONGEST_ID - 1 - len(str(number))]}-{number}"
    seen.add(entry_id)
    return entry_id
