"""`rotate` in words: where the rotation is, what comes next, what was done."""

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from checker.decision import AccessKey, remediation_steps
from checker.remediate.durations import duration_text
from checker.remediate.rotate import states
from checker.remediate.rotate.states import Back, Seen, Standing


class Words(NamedTuple):
    """What the words are about beside keys."""

    account_id: str
    store: str  # as it was typed, and its region
    quiet_for: timedelta


# What comes, from a state to its end.
_CREATE = "create a second access key beside {old}, and store it in {store}"
_CREATE_FIRST = "create an access key, and store it in {store}"
_PROVE = "see that {new} works, and let readers of {store} get it"
_USE = "wait until {new} is used by something else than keyage"
_RETIRE = "make {old} inactive once it was not used for {quiet}"
_AHEAD = {
    states.READY: (_CREATE, _PROVE, _USE, _RETIRE),
    states.CREATED: ("delete {lost}, whose secret was lost before it was stored", _CREATE, _PROVE, _USE, _RETIRE),
    states.STORED: (_PROVE, _USE, _RETIRE),
    states.ROLLED_BACK: (_PROVE, _USE, _RETIRE),
    states.PROVED: (_USE, _RETIRE),
    states.IN_USE: (_RETIRE,),
    states.RETIRED: (),
    states.BLOCKED: (),
}
_BACK = {
    states.REACTIVATE: "make {old} active again",
    states.RESTORE: "see that {old} works, and let readers of {store} get it again",
}
_DONE = {
    states.CREATE: "created {key}",
    states.STORED: "stored {key} in {store}",
    states.DELETE_LOST: "deleted {key}, whose secret was not stored",
    states.PROVE: "{key} works, and readers of {store} get it",
    states.RETIRE: "made {key} inactive",
    states.REACTIVATE: "made {key} active again",
    states.RESTORE: "{key} works, and readers of {store} get it again",
}


def done(words: Words, act: str, key_id: str) -> str:
    """What was just done."""
    return _DONE[act].format(key=key_id, store=words.store)


def ahead(words: Words, at: Standing | Back) -> list[str]:
    """What is going to be done, one thing a line."""
    steps = list(_AHEAD[at.state] if isinstance(at, Standing) else (_BACK[act] for act in at.acts))
    if at.old is None:
        steps = [_CREATE_FIRST if step == _CREATE else step for step in steps if step != _RETIRE]
    made_already = at.new is not None and not (isinstance(at, Standing) and at.state in (states.READY, states.CREATED))
    names = {
        "old": at.old.id if at.old else None,
        "new": at.new.id if at.new and made_already else "the new key",
        "lost": at.new.id if at.new else None,
        "store": words.store,
        "quiet": duration_text(words.quiet_for),
    }
    return [step.format(**names) for step in steps]


def status(words: Words, seen: Seen, at: Standing) -> Iterator[str]:
    """The state, the keys, and what comes next."""
    yield f"{seen.user} in {words.account_id}: {at.state}"
    for key in sorted(seen.keys, key=lambda key: (key.created, key.id or "")):
        yield f"  {key.id}  {key.status:<8}  {_used(key)}{_held(words, seen, at, key)}"
    if at.state == states.BLOCKED:
        yield f"Next: nothing, until somebody decides: {at.why}"
        return
    if at.state == states.RETIRED:
        yield _retired(at)
        return
    yield f"Next: {_next(words, at)}"


def _next(words: Words, at: Standing) -> str:
    following = ahead(words, at)
    if at.state == states.CREATED and at.act is None and at.until is not None and at.new is not None:
        ends = remediation_steps.instant_text(at.until)
        return f"nothing before {ends}, for another run may have {at.new.id} in hand, and store it"
    text = following[0] if following else "note that it is done"
    if at.state == states.IN_USE and at.act is None and at.until is not None and at.old is not None:
        return f"{text}: not before {remediation_steps.instant_text(at.until)}"
    return text


def _retired(at: Standing) -> str:
    if at.old is None:
        return "Done: there was no older key."
    return f"Done: {at.old.id} is inactive. --rollback brings it back, until the policy's remediation deletes it."


def _used(key: AccessKey) -> str:
    return "never used" if key.last_used is None else f"last used {remediation_steps.instant_text(key.last_used)}"


def _held(words: Words, seen: Seen, at: Standing, key: AccessKey) -> str:
    if seen.stored.pending == key.id and at.state == states.STORED:
        return f"; stored in {words.store}, not proved"
    if seen.stored.readers == key.id:
        return f"; what readers of {words.store} get"
    return f"; held by {words.store}" if key.id in seen.stored.held else ""


def taken_back(words: Words, seen: Seen, back: Back) -> Iterator[str]:
    """What --rollback did, and what stays."""
    old, new = back.old and back.old.id, back.new and back.new.id
    yield f"{seen.user} in {words.account_id}: {old} is active" + (
        f", and what readers of {words.store} get." if seen.stored.readers == old else "."
    )
    if seen.stored.readers != old:
        yield f"{words.store} never held {old}: whoever reads it goes on with {new}."
    if new is None:
        yield "The new key is gone. The same command without --rollback begins anew."
        return
    yield f"{new} is left as it is, for something may use it. The same command without --rollback goes on with it."
