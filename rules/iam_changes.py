"""Do one step to one access key: look at user and key again, plan again, change, look at the result.

Standard library and boto3 only: the IAM client and the way to wait are handed in.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, cast

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from .access_keys_rotated import AccessKey, User
from .iam_listing import Untrustworthy, error_code, groups_of, keys_of, last_use_of, tagged_user_from
from .remediation_steps import DEACTIVATE, DELETE, MARK, MARK_TAG, UNMARK, Remediation, Step, instant_text, steps_for

READ_BACKS = (1, 2, 4, 8, None)  # seconds between looks at a change: IAM is eventually consistent
BEGIN, DONE, LEFT, FAILED = "begin", "done", "left", "failed"
# What belongs to a change; were it not done, the next run would do it.
FOLLOWED_BY = {DEACTIVATE: MARK, DELETE: UNMARK}


class NotAsExpected(Exception):
    """AWS answered, but what it says is not what a change may rest on, or should have led to."""


class State(NamedTuple):
    """A key as it is: None where it is gone, or has no mark."""

    status: str | None
    mark: str | None


class Event(NamedTuple):
    """What happened to a key; `begin` comes before the call that it is about, and all others after.

    `after` of a `begin` is what is to come of the call.
    """

    event: str
    user: User
    key_id: str | None
    step: str  # what is wanted of the key; "" of a user or key that is gone
    why: str
    rule: str | None = None
    before: State | None = None
    after: State | None = None
    request_id: str | None = None


OF_AWS = (BotoCoreError, ClientError, ResponseParserError)
CAUGHT = (*OF_AWS, NotAsExpected, Untrustworthy)


class KeyChanges:
    """Carries out steps, each only if it still is what the policy wants of the key."""

    def __init__(
        self,
        iam: Any,
        wait: Callable[[float], None],
        remediation: Remediation,
        record: Callable[[Event], object],
        explain: Callable[[Exception], str] = str,
    ) -> None:
        """`record` gets each event; `explain` says what went wrong in an event's `why`."""
        self._iam, self._wait, self._remediation, self._record = iam, wait, remediation, record
        self._explain = explain
        self._asks_for_groups = "groups" in remediation.policy.asked_of_users(remediation.now)
        self._use_protects = any(each.protect_used_within_days for each in remediation.settings.values())

    def user_named(self, name: str) -> User | None:
        """The user who has the name now, with all keys, with tags, and with groups if the policy looks at any."""
        return user_as_is(self._iam, name, groups=self._asks_for_groups)

    def look(self, user: User, key_id: str | None = None) -> User | None:
        """The user as they are now; None, which is an event, if that cannot be told or another has the name."""
        try:
            found = self.user_named(user.name)
        except CAUGHT as error:
            self._record(failure(error, user, key_id, self._explain))
            return None
        if found is None or found.id != user.id:
            self._record(Event(LEFT, user, key_id, "", "the user is gone, or has another name now"))
            return None
        return found

    def carry_out(
        self, user: User, key_id: str | None, planned: Collection[str], allowed: Collection[str] | None = None
    ) -> None:
        """Do what is to be done with the key now, if that is among the steps that are allowed: those that were planned.

        Nothing that AWS answers is raised: a failure is an event.
        """
        allowed = planned if allowed is None else allowed
        marked = user.tags is None or f"{MARK_TAG}{key_id}" in user.tags  # a use after it makes it untrue
        asks = DELETE in planned or (MARK in planned and marked) or (DEACTIVATE in planned and self._use_protects)
        try:
            used = last_use_of(self._iam, key_id) if asks else None
        except CAUGHT as error:
            self._record(failure(error, user, key_id, self._explain))
            return
        found = self.look(user, key_id)
        if found is None:
            return
        keys = [key._replace(last_used=used, use_known=asks and key.id == key_id) for key in found.keys]
        found = found._replace(keys=keys)
        steps = [step for step in steps_for(self._remediation, found, keys) if step.key_id == key_id]
        if not steps:
            self._record(Event(LEFT, found, key_id, "", "the key is gone"))
        for step in steps:
            if step.step not in allowed:
                self._record(Event(LEFT, found, key_id, step.step, step.why, step.rule))
            elif not self.finish(found, step):
                return
            else:
                found = changed_by(step, found, self._remediation.now)

    def finish(self, user: User, step: Step) -> bool:
        """Make one change and what belongs to it, without another look; gives whether all of it was done."""
        following = FOLLOWED_BY.get(step.step)
        if not self._change_alone(user, step):
            return False
        changed = changed_by(step, user, self._remediation.now)
        if following is None:
            return True
        return self._change_alone(changed, step._replace(step=following, why=f"because of {step.step}"))

    def _change_alone(self, user: User, step: Step) -> bool:
        before, changed = state_of(user, step.key_id), changed_by(step, user, self._remediation.now)
        event = Event(BEGIN, user, step.key_id, step.step, step.why, step.rule, before, state_of(changed, step.key_id))
        self._record(event)
        try:
            answer = self._call(user, step)
        except CAUGHT as error:
            failed = failure(error, user, step.key_id, self._explain)
            self._record(event._replace(event=failed.event, why=failed.why, after=None))
            return False
        event = event._replace(event=DONE, request_id=request_id(answer))
        try:
            self._read_back(changed, step)
        except CAUGHT as error:
            # A failure after the change must not hide that the change was made.
            event = event._replace(event=FAILED, why=f"{step.step} was done, but then: {self._explain(error)}")
        self._record(event)
        return event.event == DONE

    def _call(self, user: User, step: Step) -> Mapping[str, Any]:
        tag, name, key_id = f"{MARK_TAG}{step.key_id}", user.name, step.key_id
        if step.step == DEACTIVATE:
            answer = self._iam.update_access_key(UserName=name, AccessKeyId=key_id, Status="Inactive")
        elif step.step == DELETE:
            answer = self._delete(user, key_id)
        elif step.step == MARK:
            value = instant_text(self._remediation.now)
            answer = self._iam.tag_user(UserName=name, Tags=[{"Key": tag, "Value": value}])
        else:
            answer = self._iam.untag_user(UserName=name, TagKeys=[tag])
        return cast("Mapping[str, Any]", answer)

    def _delete(self, user: User, key_id: str | None) -> Mapping[str, Any]:
        try:
            answer: Mapping[str, Any] = self._iam.delete_access_key(UserName=user.name, AccessKeyId=key_id)
        except ClientError as error:
            # Of a user who is there: the client asked again after an answer that was cut off.
            if error_code(error) != "NoSuchEntity" or self.user_named(user.name) is None:
                raise
            return error.response
        return answer

    def _read_back(self, user: User, step: Step) -> None:
        """Raises NotAsExpected unless the keys come to be as they are to be; marks are looked at by the next run."""
        if step.step in (DEACTIVATE, DELETE):
            await_keys(self._iam, self._wait, user)


def user_as_is(iam: Any, name: str, *, groups: bool = False) -> User | None:
    """The user who has the name now, with all keys, with tags, and with groups if asked; None if nobody has it."""
    try:
        user = tagged_user_from(iam.get_user(UserName=name)["User"])
        return user._replace(groups=groups_of(iam, name) if groups else None, keys=keys_of(iam, name))
    except iam.exceptions.NoSuchEntityException:
        return None


def await_keys(iam: Any, wait: Callable[[float], None], user: User) -> None:
    """Wait until IAM lists the user's keys as they are here; raises NotAsExpected if it does not come to that."""
    for delay in READ_BACKS:
        seen = keys_of(iam, user.name)
        if _statuses(seen) == _statuses(user.keys):
            return
        if delay is not None:
            wait(delay)
    listed = ", ".join(f"{key.id} {key.status}" for key in seen)
    raise NotAsExpected(f"ListAccessKeys says {listed or 'that there are no keys'}")


def failure(error: Exception, user: User, key_id: str | None, explain: Callable[[Exception], str] = str) -> Event:
    """The event of a look that failed; what is gone in the meantime needs nothing."""
    if isinstance(error, ClientError) and error_code(error) == "NoSuchEntity":
        return Event(LEFT, user, key_id, "", f"gone in the meantime: {error}")
    return Event(FAILED, user, key_id, "", explain(error))


def changed_by(step: Step, user: User, now: datetime) -> User:
    """The user as a change is to leave them."""
    tag, tags = f"{MARK_TAG}{step.key_id}", dict(user.tags or {})
    if step.step == MARK:
        return user._replace(tags=tags | {tag: instant_text(now)})
    if step.step == UNMARK:
        return user._replace(tags={name: value for name, value in tags.items() if name != tag})
    keys = [key for key in user.keys if key.id != step.key_id or step.step == DEACTIVATE]
    return user._replace(keys=[key._replace(status="Inactive") if key.id == step.key_id else key for key in keys])


def state_of(user: User, key_id: str | None) -> State:
    """The key as the user has it."""
    status = next((key.status for key in user.keys if key.id == key_id), None)
    return State(status, (user.tags or {}).get(f"{MARK_TAG}{key_id}"))


def request_id(answer: Mapping[str, Any]) -> str | None:
    """What AWS calls the request; CloudTrail has it too."""
    found: str | None = answer.get("ResponseMetadata", {}).get("RequestId")
    return found


def _statuses(keys: Iterable[AccessKey]) -> set[tuple[str | None, str, datetime]]:
    return {(key.id, key.status, key.created) for key in keys}
