"""Deactivate access keys that are too old, and delete those that have been inactive long enough.

It runs in AWS Lambda, for a step of an SSM Automation runbook or for a schedule. Standard library and boto3 only. What
should happen to a key says `remediation_steps`, how it is done `iam_changes`; here is who is next, and what is said.
"""

import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .access_keys_rotated import UNDECIDED, User
from .iam_changes import BEGIN, CAUGHT, DONE, FAILED, LEFT, OF_AWS, Event, KeyChanges, failure, state_of
from .iam_listing import users_of
from .remediation_settings import remediation_by_rule
from .remediation_steps import DEACTIVATE, DELETE, MARK, MARK_TAG, UNMARK, Remediation, Step, instant_text, steps_for
from .resolved_policy import NotResolved, open_in, policy_for

LONGEST_RUN = 540  # seconds after which no further user is begun: the step that waits for it is ended after 600
MOST_RETURNED = 100  # SSM returns no more items of a list, and 100 KB, from aws:executeScript
LONGEST_WHY = 500  # characters
STEPS = {"deactivate": {UNMARK, DEACTIVATE}, "delete": {UNMARK, MARK, DELETE}}  # of a stage
CONCERNED = {"deactivate": "Active", "delete": "Inactive"}  # the status of keys that a stage is about
SAID = {DEACTIVATE: "deactivated", DELETE: "deleted", MARK: "marked", UNMARK: "unmarked"}


class RemediationFailed(Exception):
    """Something could not be done; the message ends with the output as JSON."""


def run_remediation(
    inputs: Mapping[str, str],
    document: Mapping[str, Any],
    account_id: str,
    client: Callable[[str], Any],
    now: datetime,
    clock: Callable[[], float] = time.monotonic,
    wait: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Run one stage and return {"Summary": text, "Keys": [lines of a journal], "NotReached": number}.

    `inputs` has Stage (`deactivate`: the user with the id ResourceId; `delete`: that user, or without
    an id every user) and Trigger (`manual`; anything else counts as `automatic`). `document` is a
    resolved policy, `account_id` that of the users, `client` makes a boto3 client of a service, `now` is
    the instant in UTC to judge at, `clock` and `wait` tell and pass seconds. At most 100 lines are
    returned, failures first; standard output gets all of them.

    Raises RemediationFailed after everything else is done if anything failed: SSM drops what a failed
    step returns, so the message carries the output.
    """
    stage, resource_id = inputs.get("Stage"), inputs.get("ResourceId") or ""
    if stage not in STEPS or (stage == "deactivate" and not resource_id):
        raise RemediationFailed(f"nothing done: Stage is {stage!r} and ResourceId {resource_id!r}")
    try:
        policy, open_here = policy_for(document, account_id), open_in(document, account_id)
    except NotResolved as error:
        raise RemediationFailed(f"nothing done: {error}") from error
    ends = clock() + LONGEST_RUN
    unlisted = (
        f"; account {account_id} is not in the inventory that the policy was rendered with: run `keyage inventory`"
    )
    settings, by_hand = remediation_by_rule(document), inputs.get("Trigger") == "manual"
    remediation = Remediation(policy, settings, now, by_hand, unlisted if open_here else "")
    run = _Run(client("iam"), wait, remediation, account_id)
    users = run.users(client, resource_id)
    reached = 0
    for user in users:
        if clock() >= ends:
            break
        run.handle(user, stage, only=bool(resource_id))
        reached += 1
    return _finish(run, stage, resource_id, len(users), reached)


def _finish(run: "_Run", stage: str, resource_id: str, total: int, reached: int) -> dict[str, Any]:
    entries = sorted(run.entries, key=lambda entry: (FAILED, DONE, LEFT).index(entry["event"]))
    failures = sum(entry["event"] == FAILED for entry in entries)
    done = Counter(SAID[entry["step"]] for entry in entries if entry["event"] == DONE)
    left = len(entries) - failures - done.total()
    counts = [(failures, FAILED), *((done[word], word) for word in SAID.values()), (left, LEFT)]
    parts = [f"{number} {word}" for number, word in counts if number] or ["no key to report"]
    if resource_id and not total and not entries:
        parts = [f"nothing done, no user has the id {resource_id} any more"]
    if not resource_id:
        parts.append(f"{run.unconcerned} of {total} users have nothing inactive")
    if total > reached:
        parts.append(f"{total - reached} users not reached in {LONGEST_RUN} seconds")
    if len(entries) > MOST_RETURNED:
        parts.append(f"returned are {MOST_RETURNED} of {len(entries)} lines, the log has all")
    summary = f"Stage {stage}: {', '.join(parts)}."
    output: dict[str, Any] = {"Summary": summary, "Keys": entries, "NotReached": str(total - reached)}
    sys.stdout.write(json.dumps(output) + "\n")
    output["Keys"] = entries[:MOST_RETURNED]
    if failures:
        raise RemediationFailed(f"{failures} failed, the rest is done: {json.dumps(output)}")
    return output


class _Run:
    def __init__(self, iam: Any, wait: Callable[[float], None], remediation: Remediation, account_id: str) -> None:
        self._iam, self._remediation, self._account_id = iam, remediation, account_id
        self._changes = KeyChanges(iam, wait, remediation, self._record)
        self.entries: list[dict[str, Any]] = []
        self.unconcerned = 0

    def users(self, client: Callable[[str], Any], resource_id: str) -> list[User]:
        """The user with the id, or without one all users, in an order that is another each day.

        A run that is cut off day after day still reaches everybody.
        """
        try:
            if resource_id:
                user = self._user_with(client, resource_id)
                return [] if user is None else [user]
            day = f"{self._remediation.now:%Y-%m-%d}"
            return sorted(users_of(self._iam), key=lambda user: hashlib.sha256(f"{day}{user.id}".encode()).digest())
        except CAUGHT as error:
            self._record(failure(error, User("", id=resource_id), None))
            return []

    def _user_with(self, client: Callable[[str], Any], resource_id: str) -> User | None:
        """AWS Config knows ids, IAM wants names. Config may be hours old: only IAM's own word counts."""
        try:
            resources = client("config").list_discovered_resources(
                resourceType="AWS::IAM::User", resourceIds=[resource_id]
            )["resourceIdentifiers"]
        except OF_AWS:
            resources = []  # IAM can answer alone, with more calls
        for name in [entry["resourceName"] for entry in resources if entry.get("resourceName")]:
            user = self._changes.user_named(name)
            if user is not None and user.id == resource_id:
                return user
        return next((user for user in users_of(self._iam) if user.id == resource_id), None)

    def handle(self, user: User, stage: str, only: bool) -> None:
        """Do the stage for every key of one user; without `only`, users with nothing inactive are just counted."""
        try:
            found = user if user.tags is not None else self._changes.user_named(user.name)
        except CAUGHT as error:
            self._record(failure(error, user, None))
            return
        if found is None or found.id != user.id:
            self._record(Event(LEFT, user, None, "", "gone in the meantime"))
            return
        marked = any(tag.startswith(MARK_TAG) for tag in found.tags or ())
        if not (only or marked or any(key.status != "Active" for key in found.keys)):
            self.unconcerned += 1
            return
        self._handle_keys(found, stage)

    def _handle_keys(self, user: User, stage: str) -> None:
        """Each key is looked at again before it is changed, and only then is its last use asked for."""
        by_key: dict[str | None, list[Step]] = {}
        for step in steps_for(self._remediation, user, user.keys):
            by_key.setdefault(step.key_id, []).append(step)
        for key_id, steps in by_key.items():
            planned = {step.step for step in steps} & STEPS[stage]
            if planned:
                self._changes.carry_out(user, key_id, planned, STEPS[stage])
                continue
            for step in steps:
                open_here = step.verdict == UNDECIDED and state_of(user, key_id).status == CONCERNED[stage]
                event = FAILED if open_here else LEFT
                self._record(Event(event, user, key_id, step.step, step.why, step.rule))

    def _record(self, event: Event) -> None:
        """In the form of a line of the journal of `keyage remediate apply`."""
        if event.event == BEGIN:
            return
        self.entries.append(
            {
                "at": instant_text(self._remediation.now),
                "event": event.event,
                "account": self._account_id,
                "user": event.user.name,
                "userId": event.user.id,
                "accessKeyId": event.key_id,
                "step": event.step,
                "before": event.before and event.before._asdict(),
                "after": event.after and event.after._asdict(),
                "why": event.why[:LONGEST_WHY],
                "rule": event.rule,
                "requestId": event.request_id,
            }
        )
