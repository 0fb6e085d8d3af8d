"""Random small policies with remediation, each with what a few edits make of it."""

from itertools import count
from typing import Any

from hypothesis import strategies as st

from tests.support.random_policies import Document, accounts, days, expiry, keys, users

waits = st.integers(0, 2)
remediations = st.fixed_dictionaries(
    {
        "action": st.sampled_from(["none", "deactivate", "delete"]),
        "protectUsedWithinDays": waits,
        "deleteAfterDays": st.integers(1, 2),
    },
    optional={"automatic": st.booleans(), "graceDays": waits, "protectLastKey": st.booleans()},
)
SELECTORS = {"accounts": accounts, "users": users}
FIELDS = {
    "rules": {"maxAccessKeyAge": days, "remediation": remediations, **SELECTORS},
    "exemptions": {"expires": expiry, "keys": keys, **SELECTORS},
}
NEEDED = "maxAccessKeyAge", "expires"


def an_entry(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    needed = {name: field for name, field in FIELDS[kind].items() if name in NEEDED}
    return st.fixed_dictionaries(
        needed, optional={name: field for name, field in FIELDS[kind].items() if name not in NEEDED}
    )


def with_entry(entries: list[dict[str, Any]], place: int, entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [*entries[:place], entry, *entries[place:]]


def with_new(entries: list[dict[str, Any]], place: int, kind: str, entry: dict[str, Any]) -> list[dict[str, Any]]:
    """With an entry that gets the first id that is free."""
    taken = {one["id"] for one in entries}
    new = next(name for name in map(f"{kind}-{{}}".format, count()) if name not in taken)
    return with_entry(entries, place, entry | {"id": new})


@st.composite
def edited(draw: st.DrawFn, document: Document) -> Document:
    """The document after one edit."""
    kind = draw(st.sampled_from(["rules", "rules", "rules", "exemptions", "default", "remediation"]))
    if kind == "default":
        return document | {"default": {"maxAccessKeyAge": draw(days)}}
    if kind == "remediation":
        return document | {"remediation": draw(remediations)}
    entries = document[kind]
    place = draw(st.integers(0, len(entries)))
    if place == len(entries):
        return document | {kind: with_new(entries, draw(st.integers(0, place)), kind, draw(an_entry(kind)))}
    entry, others = entries[place], entries[:place] + entries[place + 1 :]
    name = draw(st.sampled_from(["taken out", "moved", "moved", *FIELDS[kind]]))
    if name == "taken out":
        return document | {kind: others}
    if name == "moved":
        return document | {kind: with_entry(others, draw(st.integers(0, len(others))), entry)}
    less = {field: value for field, value in entry.items() if field != name}
    leave_out = name not in NEEDED and draw(st.booleans())
    return document | {kind: with_entry(others, place, less if leave_out else less | {name: draw(FIELDS[kind][name])})}


@st.composite
def changed_documents(draw: st.DrawFn) -> tuple[Document, Document]:
    """A policy document before and after a change."""
    base: Document = {"default": {"maxAccessKeyAge": draw(days)}, "rules": [], "exemptions": []}
    for kind, most in (("rules", 3), ("exemptions", 1)):
        for entry in draw(st.lists(an_entry(kind), max_size=most)):
            base[kind] = with_new(base[kind], len(base[kind]), kind, entry)
    if draw(st.booleans()):
        base["remediation"] = draw(remediations)
    head = base
    for _edit in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        head = draw(edited(head))
    return base, head
