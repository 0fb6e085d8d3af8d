"""Deactivate access keys that are too old, and delete those that have been inactive long enough.

It runs in AWS Lambda, for a step of an SSM Automation runbook or for a schedule. Standard library and boto3 only. It
decides with the code that the checker and the Config rule run, asks again right before each change, and looks at the
result of each change afterwards.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.exceptions import ClientError

from .access_keys_rotated import COMPLIANT, UNDECIDED, AccessKey, AccountPolicy, Decision, Rule, User, days, decide
from .iam_changes import CAUGHT, LEFT, MEMORY, OF_AWS, Done, KeyChanges, NotAsExpected
from .iam_listing import error_code, keys_of, users_of
from .remediation_settings import RemediationSettings, remediation_by_rule
from .resolved_policy import NotResolved, open_in, policy_for

LONGEST_RUN = 540  # seconds after which no further user is begun: the step that waits for it is ended after 600
MOST_RETURNED = 100  # SSM returns no more items of a list, and 100 KB, from aws:executeScript
LONGEST_WHY = 500  # characters
FAILED = "failed"
ORDER = [FAILED, "deleted", "deactivated", "remembered", "forgotten", LEFT]


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
    """Run one stage and return {"Summary": text, "Keys": [what was done with a key and why], "NotReached": number}.

    `inputs` has Stage (`deactivate`: the user with the id ResourceId; `delete`: that user, or without
    an id every user) and Trigger (`manual`; anything else counts as `automatic`). `document` is a
    resolved policy, `account_id` that of the users, `client` makes a boto3 client of a service, `now` is
    the instant in UTC to judge at, `clock` and `wait` tell and pass seconds. All values in Keys are
    texts, at most 100 keys are returned, failures first; standard output gets all of them.

    Raises RemediationFailed after everything else is done if anything failed: SSM drops what a failed
    step returns, so the message carries the output.
    """
    stage, resource_id = inputs.get("Stage"), inputs.get("ResourceId") or ""
    if stage not in ("deactivate", "delete") or (stage == "deactivate" and not resource_id):
        raise RemediationFailed(f"nothing done: Stage is {stage!r} and ResourceId {resource_id!r}")
    try:
        policy, open_here = policy_for(document, account_id), open_in(document, account_id)
    except NotResolved as error:
        raise RemediationFailed(f"nothing done: {error}") from error
    ends = clock() + LONGEST_RUN
    unlisted = (
        f"; account {account_id} is not in the inventory that the policy was rendered with: run `keyage inventory`"
    )
    settings, manual = remediation_by_rule(document), inputs.get("Trigger") == "manual"
    run = _Remediation(policy, settings, client("iam"), now, wait, manual, unlisted if open_here else "")
    users = run.users(client, resource_id)
    reached = 0
    for user in users:
        if clock() >= ends:
            break
        run.handle(user, stage, only=bool(resource_id))
        reached += 1
    return _finish(run, stage, resource_id, len(users), reached)


def _finish(run: "_Remediation", stage: str, resource_id: str, total: int, reached: int) -> dict[str, Any]:
    entries = sorted(run.entries, key=lambda entry: ORDER.index(entry["Action"]))
    counts = [(action, sum(entry["Action"] == action for entry in entries)) for action in ORDER]
    parts = [f"{number} {action}" for action, number in counts if number] or ["no key to report"]
    if resource_id and not total and not entries:
        parts = [f"nothing done, no user has the id {resource_id} any more"]
    if not resource_id:
        parts.append(f"{run.unconcerned} of {total} users have nothing inactive")
    if total > reached:
        parts.append(f"{total - reached} users not reached in {LONGEST_RUN} seconds")
    if len(entries) > MOST_RETURNED:
        parts.append(f"returned are {MOST_RETURNED} of {len(entries)} keys, the log has all")
    summary = f"Stage {stage}: {', '.join(parts)}."
    output: dict[str, Any] = {"Summary": summary, "Keys": entries, "NotReached": str(total - reached)}
    sys.stdout.write(json.dumps(output) + "\n")
    output["Keys"] = entries[:MOST_RETURNED]
    failures = dict(counts)[FAILED]
    if failures:
        raise RemediationFailed(f"{failures} failed, the rest is done: {json.dumps(output)}")
    return output


class _Remediation:
    def __init__(
        self,
        policy: AccountPolicy,
        settings: Mapping[str, RemediationSettings],
        iam: Any,
        now: datetime,
        wait: Callable[[float], None],
        manual: bool,
        why_open: str,
    ) -> None:
        """`why_open` ends what is said of an undecided key: why it may be open what is for the account."""
        self._policy, self._settings = policy, settings
        self._changes = KeyChanges(iam, wait, asks_for_groups="groups" in policy.asked_of_users(now))
        self._iam, self._now, self._manual, self._why_open = iam, now, manual, why_open
        self.entries: list[dict[str, str]] = []
        self.unconcerned = 0

    def users(self, client: Callable[[str], Any], resource_id: str) -> list[User]:
        """The user with the id, or without one all users, in an order that is another each day.

        A run that is cut off day after day still reaches everybody.
        """
        try:
            if resource_id:
                user = self._user_with(client, resource_id)
                return [] if user is None else [user]
            day = f"{self._now:%Y-%m-%d}"
            return sorted(users_of(self._iam), key=lambda user: hashlib.sha256(f"{day}{user.id}".encode()).digest())
        except CAUGHT as error:
            self._report(User(resource_id), None, *_outcome_of(error))
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
            keys = keys_of(self._iam, user.name)
            tags, groups = self._changes.judged_by(user)
        except CAUGHT as error:
            self._report(user, None, *_outcome_of(error))
            return
        user = user._replace(tags=tags, groups=groups)
        remembered = [tag for tag in tags if tag.startswith(MEMORY)]
        if not (only or remembered or any(key.status != "Active" for key in keys)):
            self.unconcerned += 1
            return
        step = self._deactivation if stage == "deactivate" else self._deletion
        for key in keys:
            decision = decide(self._policy, user, key._replace(status="Active"), self._now)
            rule = decision.rule.id if decision.rule else ""
            self._report(user, key, *self._attempt(step, user, key, decision, tags), rule)
        gone = set(remembered) - {_memory_of(key) for key in keys}
        for tag in sorted(gone) if stage == "delete" else ():
            done = self._attempt(self._forget, user, tag, "this key no longer exists")
            self._report(user, None, *done, key_id=tag.removeprefix(MEMORY))

    def _attempt(self, step: Callable[..., Done], *arguments: Any) -> Done:
        """What a step did and why, also if it failed: the other keys go on."""
        try:
            return step(*arguments)
        except CAUGHT as error:
            return _outcome_of(error)

    def _report(
        self, user: User, key: AccessKey | None, action: str, why: str, rule: str = "", key_id: str = ""
    ) -> None:
        entry = {"User": user.name, "AccessKeyId": str(key.id) if key else key_id, "Action": action}
        age = str((self._now - key.created).days) if key else ""
        self.entries.append(entry | {"Why": why[:LONGEST_WHY], "Age": age, "Rule": rule})

    def _deactivation(self, user: User, key: AccessKey, decision: Decision, tags: Mapping[str, str]) -> Done:
        if key.status != "Active":
            return LEFT, f"{key.status} already"
        rule, settings, why = self._wanted(decision, ("deactivate", "delete"))
        if why:
            return LEFT, why
        if not (self._manual or settings.automatic):
            return LEFT, "remediation is not automatic here: start the runbook by hand with Trigger=manual"
        limit, grace = rule.max_age, settings.grace_days
        if self._now - key.created <= timedelta(days=limit + grace):
            return LEFT, f"older than {days(limit)}, but not by more than the {days(grace)} of grace"
        why = self._protected(key, settings)
        if why:
            return LEFT, why
        if _memory_of(key) in tags:
            # It says since when the key was inactive before: the wait for deletion begins anew.
            self._forget(user, _memory_of(key), "")
        return self._changes.change(user, key, "deactivated", f"older than {days(limit)} and {days(grace)} of grace")

    def _deletion(self, user: User, key: AccessKey, decision: Decision, tags: Mapping[str, str]) -> Done:
        tag = _memory_of(key)
        if key.status != "Inactive":
            if tag in tags:
                return self._forget(user, tag, f"{key.status} again")
            return LEFT, f"{key.status}: only inactive keys are deleted"
        _rule, settings, why = self._wanted(decision, ("delete",))
        if why:
            return LEFT, why
        since, wait_days = _instant(tags.get(tag)), settings.delete_after_days
        if wait_days is None:
            raise NotAsExpected("the policy does not say after how many days an inactive key is deleted")
        if since is None or since > self._now:
            return self._remember(user, tag, f"seen inactive now, to be deleted in {days(wait_days)}")
        if self._now - since < timedelta(days=wait_days):
            return LEFT, f"seen inactive since {tags[tag]}, not yet for {days(wait_days)}"
        used = self._last_used(key)
        if used is not None and used >= since:
            return self._remember(user, tag, f"used at {used:%Y-%m-%dT%H:%M:%SZ}, so it was active in between")
        why = self._protected(key, settings)
        if why:
            return LEFT, why
        done = self._changes.change(
            user, key, "deleted", f"seen inactive since {tags[tag]}, for {days(wait_days)} or more"
        )
        if done[0] == "deleted":
            self._changes.afterwards("deleted", self._forget, user, tag, "")
        return done

    def _wanted(self, decision: Decision, actions: Sequence[str]) -> tuple[Rule, RemediationSettings, str | None]:
        """The rule of a non-compliant key, its settings, and why nothing is to be done with it, if so."""
        rule, exemption = decision.rule, decision.exemption
        if rule is None or decision.verdict == UNDECIDED:
            doubts = decision.doubts or decision.rules
            between = ", ".join(doubt.id for doubt in doubts)
            raise NotAsExpected(f"undecided between {between}: not touched{self._why_open}")
        settings = self._settings[rule.id]
        if decision.verdict == COMPLIANT:
            return rule, settings, f"not older than {days(rule.max_age)}"
        if exemption is not None:
            return rule, settings, f"exempt by {exemption.id} until {exemption.expires:%Y-%m-%d}"
        if settings.action not in actions:
            return rule, settings, f"older than {days(rule.max_age)}, but the remediation is {settings.action}"
        return rule, settings, None

    def _protected(self, key: AccessKey, settings: RemediationSettings) -> str | None:
        protected = settings.protect_used_within_days
        used = self._last_used(key) if protected else None
        if used is not None and self._now - used <= timedelta(days=protected):
            return f"protected: used at {used:%Y-%m-%dT%H:%M:%SZ}, within {days(protected)}"
        return None

    def _last_used(self, key: AccessKey) -> datetime | None:
        answer = self._iam.get_access_key_last_used(AccessKeyId=key.id)
        if "AccessKeyLastUsed" not in answer:
            raise NotAsExpected("GetAccessKeyLastUsed does not say whether the key was used")
        used: datetime | None = answer["AccessKeyLastUsed"].get("LastUsedDate")  # absent: never since April 2015
        return used and used.astimezone(timezone.utc)

    def _remember(self, user: User, tag: str, why: str) -> Done:
        value = f"{self._now:%Y-%m-%dT%H:%M:%SZ}"
        self._iam.tag_user(UserName=user.name, Tags=[{"Key": tag, "Value": value}])
        return "remembered", why

    def _forget(self, user: User, tag: str, why: str) -> Done:
        self._iam.untag_user(UserName=user.name, TagKeys=[tag])
        return "forgotten", why


def _memory_of(key: AccessKey) -> str:
    return f"{MEMORY}{key.id}"


def _outcome_of(error: Exception) -> Done:
    if isinstance(error, ClientError) and error_code(error) == "NoSuchEntity":
        return LEFT, f"gone in the meantime: {error}"
    return FAILED, str(error)


def _instant(text: str | None) -> datetime | None:
    """The instant that a tag says; None if there is no tag or it does not say one."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
