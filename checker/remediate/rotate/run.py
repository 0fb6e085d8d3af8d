"""Rotating the access key of a user: look, do what is next, look again. What was done lies in AWS alone."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from checker.decision import AccessKey, User, remediation_steps
from checker.errors import KeyageError, RotationFailed, UsageError
from checker.remediate.rotate import states
from checker.remediate.rotate.proof import prove
from checker.remediate.rotate.refusals import no_such_user
from checker.remediate.rotate.secrecy import Pair, in_confidence
from checker.remediate.rotate.states import Back, Seen, Standing, Trace
from checker.remediate.rotate.stores.store import Store
from checker.sources.aws.created_once import created_once
from checker.sources.aws.failures import FAILURES
from checker.sources.aws.reader import keys, listing
from checker.sources.aws.session import RotatingSession

POLL = 30.0  # seconds between looks while a use is waited for
READ_BACKS = (1.0, 2.0, 4.0, 8.0, None)  # seconds between looks at a change: IAM is eventually consistent
TRIES = 3  # of one act, after which it is not the next try that will do it


class Clock(NamedTuple):
    """The time, and the one way to let it pass."""

    now: Callable[[], datetime]  # in UTC
    sleep: Callable[[float], object]


class Hooks(NamedTuple):
    """Who is asked and told; `ask` and `permit` raise what ends the run."""

    permit: Callable[[User, Seen, Standing], object]  # whether this key may be rotated, before anything is done
    ask: Callable[[Seen, Standing | Back], object]  # a person, once, before the first change
    tell: Callable[[str, str], object]  # what was done: the act, and the id of the key


class Rotation:
    """One user's rotation; every method may raise what the client raises, UsageError and RotationFailed."""

    def __init__(
        self, session: RotatingSession, store: Store, name: str, account_id: str, clock: Clock, hooks: Hooks
    ) -> None:
        self._session, self._store, self._name, self._account_id = session, store, name, account_id
        self._iam = session.client("iam")
        created_once(self._iam)
        self._clock, self._hooks = clock, hooks
        self._asked = False
        self.at: Standing | None = None  # where it was when it was looked at last

    def look(self, quiet_for: timedelta, *, with_groups: bool = False) -> tuple[User, Seen, Standing]:
        """The user and the store as they are now; raises UsageError without such a user."""
        user = self._user(with_groups=with_groups)
        used = [key._replace(last_used=listing.last_use_of(self._iam, key.id), use_known=True) for key in user.keys]
        with in_confidence():
            stored = self._store.look()
        tags, mark = user.tags or {}, remediation_steps.MARK_TAG
        marked = frozenset(name.removeprefix(mark) for name in tags if name.startswith(mark))
        seen = Seen(user.name, used, stored, states.trace_of(tags), self._clock.now(), self._store.address, marked)
        self.at = states.standing(seen, quiet_for)
        return user, seen, self.at

    def forward(self, quiet_for: timedelta, wait: timedelta, *, with_groups: bool) -> tuple[Seen, Standing]:
        """Go on until the old key is retired, or nothing can be done but to wait for longer than that."""
        ends, done = self._clock.now() + wait, list[str]()
        while True:
            user, seen, at = self.look(quiet_for, with_groups=with_groups)
            if at.state == states.BLOCKED:
                raise UsageError(at.why)
            if at.act is None:
                if at.state == states.RETIRED or not self._wait(at, ends):
                    return seen, at
                continue
            self._hooks.permit(user, seen, at)
            self._ask(seen, at)
            done.append(at.act)
            if done.count(at.act) > TRIES:
                raise RotationFailed(
                    f"{at.act} was done {TRIES} times, and AWS does not show it: type this again later"
                )
            self._do(user, at)
            if at.act in (states.RETIRE, states.FINISH):
                _user, seen, _at = self.look(quiet_for)
                self.at = Standing(states.RETIRED, None, at.old, at.new)
                return seen, self.at

    def back(self, quiet_for: timedelta) -> tuple[Seen, Back]:
        """Make the old key the one in use again; the new one stays, for something may use it."""
        user, seen, at = self.look(quiet_for)
        back = states.way_back(seen)
        if back.old is None:
            raise UsageError(back.why)
        if back.acts:
            self._ask(seen, back)
        if states.REACTIVATE in back.acts:
            self._set_status(user, back.old, "Active", states.REACTIVATE)
        if states.RESTORE in back.acts:
            with in_confidence():
                prove(self._session, self._pair(back.old), user, self._clock.sleep)
                self._store.promote(back.old.id or "")
            self._hooks.tell(states.RESTORE, back.old.id or "")
        self._note_way_back(user, seen, at, back)
        _user, seen, _at = self.look(quiet_for)
        return seen, back

    def _note_way_back(self, user: User, seen: Seen, at: Standing, back: Back) -> None:
        """An active key has no mark, and what is kept of the rotation is what lets it go on from here."""
        over, old = [f"{remediation_steps.MARK_TAG}{back.old.id}"] if back.old else [], back.old
        if states.RESTORE in back.acts or at.state == states.ROLLED_BACK:
            over.append(states.TRACE_TAG)
        elif states.REACTIVATE in back.acts and old is not None and old.id not in seen.stored.held:
            self._tag(user, states.TRACE_TAG, Trace(frozenset({old.id or ""}), to=self._store.address).text())
        self._untag(user, over)

    def _ask(self, seen: Seen, at: Standing | Back) -> None:
        if not self._asked:
            self._hooks.ask(seen, at)
            self._asked = True

    def _wait(self, at: Standing, ends: datetime) -> bool:
        """Whether it is worth another look; not if what is waited for comes after the end."""
        now = self._clock.now()
        if now >= ends or (at.until is not None and at.until > ends):
            return False
        self._clock.sleep(min(POLL, (ends - now).total_seconds()))
        return True

    def _do(self, user: User, at: Standing) -> None:
        if at.act == states.CREATE:
            self._create(user)
        elif at.act == states.DELETE_LOST and at.new is not None:
            self._delete(user, at.new)
        elif at.act == states.PROVE and at.new is not None:
            self._prove(user, at.new)
        elif at.act == states.RETIRE and at.old is not None:
            self._set_status(user, at.old, "Inactive", states.RETIRE)
            self._finish(user, at.old)
        elif at.act == states.FINISH:
            self._finish(user, at.old)

    def _create(self, user: User) -> None:
        trace = Trace(frozenset(key.id for key in user.keys if key.id), to=self._store.address)
        self._tag(user, states.TRACE_TAG, trace.text())
        with in_confidence():
            pair = self._make(user)
            self._hooks.tell(states.CREATE, pair.key_id)
            try:
                # Whose key this is must be known before anybody else can have it, or it could never be deleted.
                self._tag(user, states.TRACE_TAG, trace._replace(made=pair.key_id).text())
                if self._store.shows_at_once:
                    prove(self._session, pair, user, self._clock.sleep)
                # Before it is stored: another run may have taken it for a lost one.
                self._until_listed(user, {**_statuses(user.keys), pair.key_id: "Active"})
            except (*FAILURES, RotationFailed):
                self._forget(user, pair.key_id)
                raise
            try:
                self._store.put(pair)
            except ClientError as error:
                if _surely_refused(error):
                    self._forget(user, pair.key_id)
                raise
            self._still_there(user, pair.key_id)
        self._hooks.tell(states.STORED, pair.key_id)

    def _make(self, user: User) -> Pair:
        """A new key; where AWS refuses it, nothing is left that would take the next key for this run's."""
        try:
            made = self._iam.create_access_key(UserName=user.name)["AccessKey"]
        except ClientError as error:
            if _surely_refused(error):
                with suppress(*FAILURES):  # what is told is why there is no key
                    self._untag(user, [states.TRACE_TAG], always=True)
            raise
        return Pair(made["AccessKeyId"], made["SecretAccessKey"])

    def _forget(self, user: User, key_id: str) -> None:
        """Delete a key whose secret nobody has, and what was noted of it; not if the store has it all the same."""
        with suppress(*FAILURES, KeyageError):  # the next run finds it; what is told is why it was not stored
            if key_id in self._store.look().held:
                return
            self._iam.delete_access_key(UserName=user.name, AccessKeyId=key_id)
            self._hooks.tell(states.DELETE_LOST, key_id)
            self._untag(user, [states.TRACE_TAG], always=True)

    def _still_there(self, user: User, key_id: str) -> None:
        """See that nobody deleted the key while it was being stored; else readers get one again that works."""
        for seconds in READ_BACKS:
            there = listing.keys_of(self._iam, user.name)
            if key_id in _statuses(there):
                return
            if seconds is not None:
                self._clock.sleep(seconds)
        held = self._store.look().held
        works = [key for key in there if key.status == "Active" and key.id in held]
        if works:
            best = max(works, key=lambda key: key.created)
            self._store.promote(best.id or "")
            self._hooks.tell(states.RESTORE, best.id or "")
        raise RotationFailed(f"{key_id} was deleted while it was being stored, perhaps by another run: type this again")

    def _delete(self, user: User, key: AccessKey) -> None:
        try:
            self._iam.delete_access_key(UserName=user.name, AccessKeyId=key.id)
        except ClientError as error:
            if listing.error_code(error) != "NoSuchEntity":
                raise
        self._hooks.tell(states.DELETE_LOST, key.id or "")
        self._until_listed(user, {name: status for name, status in _statuses(user.keys).items() if name != key.id})

    def _prove(self, user: User, key: AccessKey) -> None:
        with in_confidence():
            proved_at = prove(self._session, self._pair(key), user, self._clock.sleep)
            # Before readers get it, so that nobody's use can be taken for later than the proof.
            self._tag(user, states.TRACE_TAG, Trace(None, key.id, proved_at, to=self._store.address).text())
            self._store.promote(key.id or "")
        self._hooks.tell(states.PROVE, key.id or "")

    def _pair(self, key: AccessKey) -> Pair:
        pair = self._store.pair(key.id or "")
        if pair is None:
            raise RotationFailed(f"the store does not hold {key.id} any more: type this again")
        return pair

    def _set_status(self, user: User, key: AccessKey, status: str, act: str) -> None:
        self._iam.update_access_key(UserName=user.name, AccessKeyId=key.id, Status=status)
        self._hooks.tell(act, key.id or "")
        self._until_listed(user, {**_statuses(user.keys), key.id: status})

    def _finish(self, user: User, old: AccessKey | None) -> None:
        """Note since when the old key is inactive, from which the policy's remediation counts; then forget the rest."""
        mark = f"{remediation_steps.MARK_TAG}{old.id}" if old else None
        if mark and mark not in (user.tags or {}):
            self._tag(user, mark, remediation_steps.instant_text(self._clock.now()))
        self._untag(user, [states.TRACE_TAG], always=True)

    def _tag(self, user: User, name: str, value: str) -> None:
        self._iam.tag_user(UserName=user.name, Tags=[{"Key": name, "Value": value}])

    def _untag(self, user: User, names: Iterable[str], *, always: bool = False) -> None:
        there = [name for name in names if always or name in (user.tags or {})]
        if there:
            self._iam.untag_user(UserName=user.name, TagKeys=there)

    def _user(self, *, with_groups: bool) -> User:
        try:
            user = listing.tagged_user_from(self._iam.get_user(UserName=self._name)["User"])
            groups = listing.groups_of(self._iam, user.name) if with_groups else None
            return user._replace(groups=groups, keys=listing.keys_of(self._iam, user.name))
        except self._iam.exceptions.NoSuchEntityException:
            raise no_such_user(self._name, self._account_id) from None

    def _until_listed(self, user: User, wanted: dict[str | None, str]) -> None:
        for seconds in READ_BACKS:
            if _statuses(listing.keys_of(self._iam, user.name)) == wanted:
                return
            if seconds is not None:
                self._clock.sleep(seconds)
        raise RotationFailed("ListAccessKeys does not show what was just done: type this again in a minute")


def _surely_refused(error: ClientError) -> bool:
    """Whether AWS did not do what was asked: a refusal of a second try may be for what the first one did.

    PutParameter (AWS Systems Manager API Reference): ParameterAlreadyExists, TooManyUpdates.
    """
    tried_again = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
    return listing.status_of(error) < keys.SERVER_FAILED and not tried_again


def _statuses(keys: Iterable[Any]) -> dict[str | None, str]:
    return {key.id: key.status for key in keys}
