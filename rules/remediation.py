"""Deactivate access keys that are too old, and delete those that have been inactive long enough.

It runs in AWS Lambda, for a step of an SSM Automation runbook or for a schedule. Standard library and boto3 only. It
decides with the code that the checker and the Config rule run, asks again right before each change, and looks at the
result of each change afterwards.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from .access_keys_rotated import COMPLIANT, UNDECIDED, AccessKey, AccountPolicy, Decision, Rule, User, days, decide
from .iam_listing import Untrustworthy, error_code, groups_of, keys_of, tags_of, user_from, users_of
from .remediation_report import FAILED, LEFT, LONGEST_RUN, RemediationFailed, RemediationReport
from .remediation_settings import RemediationSettings, remediation_by_rule
from .resolved_policy import NotResolved, open_in, policy_for

MEMORY = "keyage:inactive-since:"  # with a key id: the tag of a user that says since when it was seen inactive
READ_BACKS = (1, 2, 4, 8, None)  # seconds between looks at a change: IAM is eventually consistent


class NotAsExpected(Exception):
    """AWS answered, but what it says is not what a change may rest on, or should have led to."""


Done = tuple[str, str]  # what was done with a key, and why
OF_AWS = (BotoCoreError, ClientError, ResponseParserError)
CAUGHT = (*OF_AWS, NotAsExpected, Untrustworthy)


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
    settings = remediation_by_rule(document)
    run = _Remediation(policy, settings, client("iam"), now, wait, inputs.get("Trigger") == "manual")
    if open_here:
        run.open_here = (
            f"account {account_id} is not in the inventory that the policy was rendered with: run `keyage inventory`"
        )
    users = run.users(client, resource_id)
    reached = 0
    for user in users:
        if clock() >= ends:
            break
        run.handle(user, stage, only=bool(resource_id))
        reached += 1
    return run.report.finish(stage, resource_id, len(users), reached)


class _Remediation:
    def __init__(
        self,
        policy: AccountPolicy,
        settings: Mapping[str, RemediationSettings],
        iam: Any,
        now: datetime,
        wait: Callable[[float], None],
        manual: bool,
    ) -> None:
        self._policy, self._settings = policy, settings
        self._asks_for_groups = "groups" in policy.asked_of_users(now)
        self._iam, self._now, self._wait, self._manual = iam, now, wait, manual
        self.report = RemediationReport(now)
        self.open_here = ""  # why it may be open which rules and exemptions are for the account

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
            self.report.add(User(resource_id), None, *_outcome_of(error))
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
            user = self._user_named(name)
            if user is not None and user.id == resource_id:
                return user
        return next((user for user in users_of(self._iam) if user.id == resource_id), None)

    def _user_named(self, name: str) -> User | None:
        try:
            return user_from(self._iam.get_user(UserName=name)["User"])
        except self._iam.exceptions.NoSuchEntityException:
            return None

    def handle(self, user: User, stage: str, only: bool) -> None:
        """Do the stage for every key of one user; without `only`, users with nothing inactive are just counted."""
        try:
            keys = keys_of(self._iam, user.name)
            tags, groups = self._judged_by(user)
        except CAUGHT as error:
            self.report.add(user, None, *_outcome_of(error))
            return
        user = user._replace(tags=tags, groups=groups)
        remembered = [tag for tag in tags if tag.startswith(MEMORY)]
        if not (only or remembered or any(key.status != "Active" for key in keys)):
            self.report.unconcerned += 1
            return
        step = self._deactivation if stage == "deactivate" else self._deletion
        for key in keys:
            decision = decide(self._policy, user, key._replace(status="Active"), self._now)
            rule = decision.rule.id if decision.rule else ""
            self.report.add(user, key, *self._attempt(step, user, key, decision, tags), rule)
        gone = set(remembered) - {_memory_of(key) for key in keys}
        for tag in sorted(gone) if stage == "delete" else ():
            done = self._attempt(self._forget, user, tag, "this key no longer exists")
            self.report.add(user, None, *done, key_id=tag.removeprefix(MEMORY))

    def _judged_by(self, user: User) -> tuple[Mapping[str, str], Sequence[str] | None]:
        """The tags of the user, and the groups if the policy looks at any."""
        groups = groups_of(self._iam, user.name) if self._asks_for_groups else None
        return tags_of(self._iam, user.name), groups

    def _attempt(self, step: Callable[..., Done], *arguments: Any) -> Done:
        """What a step did and why, also if it failed: the other keys go on."""
        try:
            return step(*arguments)
        except CAUGHT as error:
            return _outcome_of(error)

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
        return self._change(user, key, "deactivated", f"older than {days(limit)} and {days(grace)} of grace")

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
        done = self._change(user, key, "deleted", f"seen inactive since {tags[tag]}, for {days(wait_days)} or more")
        if done[0] == "deleted":
            self._afterwards("deleted", self._forget, user, tag, "")
        return done

    def _wanted(self, decision: Decision, actions: Sequence[str]) -> tuple[Rule, RemediationSettings, str | None]:
        """The rule of a non-compliant key, its settings, and why nothing is to be done with it, if so."""
        rule, exemption = decision.rule, decision.exemption
        if rule is None or decision.verdict == UNDECIDED:
            doubts = decision.doubts or decision.rules
            between = ", ".join(doubt.id for doubt in doubts)
            raise NotAsExpected(f"undecided between {between}: not touched{self.open_here and '; '}{self.open_here}")
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

    def _delete(self, user: User, key: AccessKey) -> None:
        try:
            self._iam.delete_access_key(UserName=user.name, AccessKeyId=key.id)
        except ClientError as error:
            # Of a user who is there: the client asked again after an answer that was cut off.
            if error_code(error) != "NoSuchEntity" or self._user_named(user.name) is None:
                raise

    def _change(self, user: User, key: AccessKey, action: str, why: str) -> Done:
        """Deactivate or delete, if user and key are still as they were judged, and look that nothing else changed."""
        tags, groups = self._judged_by(user)
        current, before = self._user_named(user.name), self._listing(user)
        if current is None or current.arn != user.arn or current.id != user.id or before.get(key.id) != key:
            return LEFT, "user or key changed while they were looked at: the next run decides anew"
        if (_of_others(tags), groups) != (_of_others(user.tags or {}), user.groups):
            return LEFT, "the user's tags or groups changed while they were looked at: the next run decides anew"
        expected = {key_id: other for key_id, other in before.items() if key_id != key.id}
        if action == "deleted":
            self._delete(user, key)
        else:
            self._iam.update_access_key(UserName=user.name, AccessKeyId=key.id, Status="Inactive")
            expected[key.id] = key._replace(status="Inactive")
        self._afterwards(action, self._read_back, user, expected)
        return action, why

    def _afterwards(self, action: str, step: Callable[..., object], *arguments: Any) -> None:
        """A failure after the change must not hide that the change was made."""
        try:
            step(*arguments)
        except CAUGHT as error:
            raise NotAsExpected(f"{action}, but then: {error}") from error

    def _read_back(self, user: User, expected: Mapping[str | None, AccessKey]) -> None:
        for delay in READ_BACKS:
            seen = self._listing(user)
            if seen == expected:
                return
            if delay is not None:
                self._wait(delay)
        listed = ", ".join(f"{key.id} {key.status}" for key in seen.values())
        raise NotAsExpected(f"ListAccessKeys says {listed or 'that there are no keys'}")

    def _listing(self, user: User) -> dict[str | None, AccessKey]:
        return {key.id: key for key in keys_of(self._iam, user.name)}


def _memory_of(key: AccessKey) -> str:
    return f"{MEMORY}{key.id}"


def _of_others(tags: Mapping[str, str]) -> dict[str, str]:
    """The tags that no run of this code sets."""
    return {tag: value for tag, value in tags.items() if not tag.startswith(MEMORY)}


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
