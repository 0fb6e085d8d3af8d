"""Where the rotation of a user's access key is, told from what AWS shows, and what is done next. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from checker.decision import AccessKey, remediation_steps

READY, CREATED, STORED, PROVED = "ready", "created", "stored", "proved"
IN_USE, RETIRED, ROLLED_BACK, BLOCKED = "in use", "retired", "rolled back", "blocked"
# What is done next.
CREATE, DELETE_LOST, PROVE, RETIRE, FINISH = "create", "delete the lost key", "prove", "retire", "finish"
REACTIVATE, RESTORE = "reactivate", "restore"

TRACE_TAG = "keyage:rotating"  # of the user; there while a rotation is under way
MINUTE = timedelta(minutes=1)
# In which a run may still prove and store the key that it made: ten tries of a write take seven minutes
# (checker/sources/aws/session.py), the proof takes two.
IN_HAND = timedelta(minutes=15)


class Trace(NamedTuple):
    """What the tag of a user says of the rotation under way: first which keys there were, then what was made, and last
    what was proved when; and always to which store it is.
    """

    before: frozenset[str] | None = None  # ids; None: not that far, or further
    proved: str | None = None  # the id of the key that was seen to work
    proved_at: datetime | None = None
    made: str | None = None  # the id of the new key, noted before its secret is stored
    to: str | None = None  # the store, with its region

    def text(self) -> str:
        """As the tag has it, in characters that IAM allows there."""
        if self.proved and self.proved_at:
            words = ["proved", self.proved, remediation_steps.instant_text(self.proved_at)]
        else:
            words = ["before", *sorted(self.before or ()), *(["made", self.made] if self.made else [])]
        return " ".join([*words, *(["to", self.to] if self.to else [])])


def trace_of(tags: Mapping[str, str]) -> Trace:
    """What the user's tags say; nothing, if the tag is not there or not of this form."""
    text, _, to = tags.get(TRACE_TAG, "").partition(" to ")
    kind, *words = text.split() or [""]
    if kind == "before" and words[-2:-1] == ["made"]:
        return Trace(frozenset(words[:-2]), made=words[-1], to=to or None)
    if kind == "before":
        return Trace(frozenset(words), to=to or None)
    if kind == "proved" and len(words) == 2:
        try:
            moment = datetime.fromisoformat(words[1])
        except ValueError:
            return Trace()
        return Trace(None, words[0], moment.astimezone(UTC), to=to or None) if moment.tzinfo else Trace()
    return Trace()


class Stored(NamedTuple):
    """Which keys the store holds, by id; None: none."""

    readers: str | None = None  # that whoever reads the store gets now
    pending: str | None = None  # that was stored, and of which nobody said yet that it works
    held: frozenset[str] = frozenset()  # all of them, with those that readers got before
    foreign: str = ""  # readers get something that is no access key, or that cannot be kept: what it is
    smtp: bool = False  # readers get the password of Amazon SES's SMTP interface too


class Seen(NamedTuple):
    """A user, with the last use of every key, and the store, at one instant in UTC."""

    user: str
    keys: Sequence[AccessKey]
    stored: Stored
    trace: Trace
    now: datetime
    to: str = ""  # the store, as a trace has it
    marked: frozenset[str] = frozenset()  # the ids of keys that keyage made inactive, as tags of the user say


class Standing(NamedTuple):
    """A state, and what is done next: None where there is nothing to do, or to be waited."""

    state: str
    act: str | None = None
    old: AccessKey | None = None
    new: AccessKey | None = None
    until: datetime | None = None  # what is waited for is not there before
    why: str = ""  # of one that is blocked: why, and what to do


def standing(seen: Seen, quiet_for: timedelta) -> Standing:
    """The state of a rotation; an old key is retired once it was not used for `quiet_for`."""
    keys = sorted(seen.keys, key=lambda key: (key.created, key.id or ""))
    if seen.trace.to not in (None, seen.to):
        return Standing(BLOCKED, why=_elsewhere(seen))
    if len(keys) > 2:
        return Standing(
            BLOCKED, why=f"{seen.user} has {len(keys)} access keys: delete all but one, and type this again"
        )
    if len(keys) == 2:
        return _of_two(seen, keys[0], keys[1], quiet_for)
    if keys and seen.trace.made == keys[0].id and keys[0].id not in seen.stored.held:
        return _not_stored(seen, None, keys[0])
    if keys and _rotated_alone(seen, keys[0]):
        return _under_way(seen, None, keys[0], quiet_for)
    return _ready(seen, keys[0] if keys else None)


def _may_work(seen: Seen, key: AccessKey) -> bool:
    """Whether a key is active, or inactive by keyage's doing: what a person switched off stays off."""
    return key.status == "Active" or key.id in seen.marked or seen.trace.proved not in (None, key.id)


def _instead(seen: Seen) -> AccessKey | None:
    """What readers may get again where the new key that they get was deleted; None: nothing, or that is unknown."""
    readers = seen.stored.readers
    if readers is None or readers in {key.id for key in seen.keys}:
        return None
    ours = readers in (seen.trace.made, seen.trace.proved)
    held = [key for key in seen.keys if key.id in seen.stored.held and _may_work(seen, key)]
    return max((key for key in held if ours or key.id in seen.marked), key=lambda key: key.created, default=None)


def _instead_text(seen: Seen) -> str:
    key = _instead(seen)
    return f"--rollback lets its readers get {key.id} again, which it holds too" if key else ""


def _elsewhere(seen: Seen) -> str:
    head = f"a rotation of {seen.user} to {seen.trace.to} is under way, and its new key may be there"
    forget = f"`aws iam untag-user --user-name {seen.user} --tag-keys {TRACE_TAG}`"
    return f"{head}: name that store and region; if nothing came of it, {forget}, and type this again"


def _ready(seen: Seen, old: AccessKey | None) -> Standing:
    readers = seen.stored.readers
    if seen.stored.foreign:
        why = f"the store holds {seen.stored.foreign}: name another, or one that is not there yet"
        return Standing(BLOCKED, old=old, why=why)
    if readers is not None and (old is None or readers != old.id):
        head, do = f"the store holds {readers}, which is no access key of {seen.user}", _instead_text(seen)
        do = do or "name the store of this user's key, or one that is not there yet"
        return Standing(BLOCKED, old=old, why=f"{head}: {do}")
    return Standing(READY, CREATE, old)


def _rotated_alone(seen: Seen, key: AccessKey) -> bool:
    """Whether the user's only key is the new one of a rotation: there was none before, or the old one was deleted."""
    trace, stored = seen.trace, seen.stored
    new_since = trace.before is not None and key.id not in trace.before
    return (trace.proved == key.id and stored.readers == key.id) or (new_since and stored.pending == key.id)


def _of_two(seen: Seen, older: AccessKey, newer: AccessKey, quiet_for: timedelta) -> Standing:
    stored, trace = seen.stored, seen.trace
    rolled_back = newer.id in stored.held and stored.readers == older.id
    if newer.id in (stored.pending, stored.readers) or rolled_back:
        return _under_way(seen, older, newer, quiet_for)
    if trace.before is not None and newer.id not in trace.before | stored.held:
        return _not_stored(seen, older, newer)
    return Standing(BLOCKED, None, older, newer, why=_no_room(seen, older, newer))


def _not_stored(seen: Seen, older: AccessKey | None, newer: AccessKey) -> Standing:
    """A key that was made since the rotation began: lost if keyage noted that it made it, else perhaps a person's."""
    until = newer.created + IN_HAND
    if seen.now < until:
        return Standing(CREATED, None, older, newer, until)
    if seen.trace.made == newer.id and newer.last_used is None:
        return Standing(CREATED, DELETE_LOST, older, newer)
    head = f"{newer.id} was made while a rotation was under way, {_use(newer)}, and the store does not hold it"
    why = f"{head}: if nobody has its secret, `aws iam delete-access-key` it, and type this again"
    return Standing(BLOCKED, None, older, newer, why=why)


def _under_way(seen: Seen, old: AccessKey | None, new: AccessKey, quiet_for: timedelta) -> Standing:
    if new.status != "Active":
        back = f"; --rollback goes back to {old.id}" if old is not None and _may_work(seen, old) else ""
        why = f"{new.id}, the new key, is {new.status}: make it active, and type this again{back}"
        return Standing(BLOCKED, None, old, new, why=why)
    if seen.stored.pending == new.id:
        return Standing(STORED, PROVE, old, new)
    if seen.stored.readers != new.id:
        return Standing(ROLLED_BACK, PROVE, old, new)
    if seen.trace.proved != new.id or seen.trace.proved_at is None:
        return _without_trace(seen, old, new)
    return _proved(seen, seen.trace.proved_at, old, new, quiet_for)


def _without_trace(seen: Seen, old: AccessKey | None, new: AccessKey) -> Standing:
    """Nothing says when the new key was proved: all is done, or somebody took the tag away."""
    if old is None or old.status != "Active":
        return Standing(RETIRED, None, old, new)
    if old.id in seen.stored.held or (seen.trace.before is not None and new.id not in seen.trace.before):
        return Standing(PROVED, PROVE, old, new)
    return Standing(BLOCKED, None, old, new, why=_no_room(seen, old, new))


def _proved(seen: Seen, proved_at: datetime, old: AccessKey | None, new: AccessKey, quiet_for: timedelta) -> Standing:
    # AWS tells the minute of a use, and the proof itself was one.
    if new.last_used is None or new.last_used <= proved_at.replace(second=0, microsecond=0) + MINUTE:
        return Standing(PROVED, None, old, new)
    if old is None or old.status != "Active":
        return Standing(IN_USE, FINISH, old, new)
    until = max(proved_at, old.last_used or proved_at) + quiet_for
    return Standing(IN_USE, RETIRE if until <= seen.now else None, old, new, until)


def _no_room(seen: Seen, older: AccessKey, newer: AccessKey) -> str:
    """IAM allows two keys a user (IAM user guide, "IAM and AWS STS quotas")."""
    active = [key for key in (older, newer) if key.status == "Active"]
    other = [key for key in (older, newer) if key.status != "Active"]
    head = f"{seen.user} has two access keys, as many as IAM allows, and neither is of a rotation to this store"
    if len(active) == 2:
        head = head.replace("two access", "two active access")
    told = "; ".join(f"{key.id} ({key.status}) {_use(key)}" for key in (older, newer))
    unused = other or [key for key in active if key.last_used is None]
    looks = unused or [min(active, key=lambda key: key.last_used or key.created)]
    which = f"{looks[0].id} looks unused" if len(looks) == 1 else "both look unused"
    make = "delete it" if other else "make it inactive, and delete it later"
    if do := _instead_text(seen):
        return f"{head}: {told}. The store holds {seen.stored.readers}, which is gone: {do}"
    return f"{head}: {told}. {which}: if nothing needs it, {make}, and type this again"


def _use(key: AccessKey) -> str:
    if key.last_used is None:
        return "was never used"
    return f"was last used at {remediation_steps.instant_text(key.last_used)}"


class Back(NamedTuple):
    """What takes a rotation back: acts in their order; `why`: what stands against it, and what to do."""

    acts: Sequence[str]
    old: AccessKey | None = None
    new: AccessKey | None = None
    why: str = ""


def way_back(seen: Seen) -> Back:
    """How the old key comes to be the one in use again, as long as it is there; the new one stays as it is."""
    keys = sorted(seen.keys, key=lambda key: (key.created, key.id or ""))
    held = seen.stored.held
    if seen.trace.to not in (None, seen.to):
        return Back((), why=_elsewhere(seen))
    if (instead := _instead(seen)) is not None:
        return Back([*([REACTIVATE] if instead.status != "Active" else []), RESTORE], instead)
    if len(keys) != 2 or keys[1].id not in held:
        gone = f"{seen.user} has no older key" if len(keys) < 2 else "no rotation to this store is under way"
        return Back((), why=f"there is nothing to go back to: {gone}")
    old, new = keys
    if not _may_work(seen, old):
        head = (
            f"no rotation of {seen.user} is under way: {old.id} is {old.status}, and no tag says that keyage made it so"
        )
        return Back((), why=f"{head}; if it is to be used again, make it active, and type this again")
    acts = [REACTIVATE] if old.status != "Active" else []
    if old.id in held and (seen.stored.readers != old.id or seen.stored.pending == old.id):
        acts.append(RESTORE)
    return Back(acts, old, new)
