"""Deactivate access keys that are too old, and delete those that have been inactive long enough.

The Python step of an SSM Automation runbook (aws:executeScript: python3.11, at most 600 seconds).
Standard library and boto3 only. It decides with the code that the checker and the Config rule run,
asks again right before each change, and looks at the result of each change afterwards.
"""

import hashlib
import json
import sys
import time
from datetime import datetime, timedelta, timezone

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from .access_keys_rotated import COMPLIANT, EXEMPT, UNDECIDED, Account, Policy, User, decide
from .iam_listing import error_code, keys_of, tags_of, user_from, users_of
from .remediation_settings import remediation_by_rule

LONGEST_RUN = 540  # seconds after which no further user is begun: the step is ended after 600
MOST_RETURNED = 100  # SSM returns no more items of a list, and 100 KB, from aws:executeScript
LONGEST_WHY = 500  # characters
MEMORY = "keyage:inactive-since:"  # with a key id: the tag of a user that says since when it was seen inactive
READ_BACKS = (1, 2, 4, 8, None)  # seconds between looks at a change: IAM is eventually consistent
FAILED, LEFT = "failed", "left"
ORDER = [FAILED, "deleted", "deactivated", "remembered", "forgotten", LEFT]


class RemediationFailed(Exception):
    """Something could not be done; the message ends with the output as JSON."""


class NotAsExpected(Exception):
    """AWS answered, but what it says is not what a change may rest on, or should have led to."""


OF_AWS = (BotoCoreError, ClientError, ResponseParserError)
CAUGHT = (*OF_AWS, NotAsExpected)


def run_remediation(inputs, document, client, now, clock=time.monotonic, wait=time.sleep):
    """Run one stage and return {"Summary": text, "Keys": [what was done with a key and why], "NotReached": number}.

    `inputs` has Stage (`deactivate`: the user with the id ResourceId; `delete`: that user, or without
    an id every user) and Trigger (`manual`; anything else counts as `automatic`). `document` is a
    policy whose account selectors are resolved, `client` makes a boto3 client of a service, `now` is
    the instant in UTC to judge at, `clock` and `wait` tell and pass seconds. All values in Keys are
    texts, at most 100 keys are returned, failures first; standard output gets all of them.

    Raises RemediationFailed after everything else is done if anything failed: SSM drops what a failed
    step returns, so the message carries the output.
    """
    stage, resource_id = inputs.get("Stage"), inputs.get("ResourceId") or ""
    if stage not in ("deactivate", "delete") or (stage == "deactivate" and not resource_id):
        raise RemediationFailed(f"nothing done: Stage is {stage!r} and ResourceId {resource_id!r}")
    if any("accounts" in entry for kind in ("rules", "exemptions") for entry in document.get(kind, ())):
        # An exemption whose accounts are still patterns would be passed over, and its key switched off.
        raise RemediationFailed("nothing done: the policy is not resolved for this account")
    ends = clock() + LONGEST_RUN
    run = _Remediation(document, client("iam"), now, wait, inputs.get("Trigger") == "manual")
    users = run.users(client, resource_id)
    reached = 0
    for user in users:
        if clock() >= ends:
            break
        run.handle(user, stage, only=bool(resource_id))
        reached += 1
    return _finish(run, stage, resource_id, len(users), reached)


def _finish(run, stage, resource_id, found, reached):
    entries = sorted(run.entries, key=lambda entry: ORDER.index(entry["Action"]))
    counts = [(action, sum(entry["Action"] == action for entry in entries)) for action in ORDER]
    said = [f"{number} {action}" for action, number in counts if number] or ["no key to report"]
    if resource_id and not found and not entries:
        said = [f"nothing done, no user has the id {resource_id} any more"]
    if not resource_id:
        said.append(f"{run.unconcerned} of {found} users have nothing inactive")
    if found > reached:
        said.append(f"{found - reached} users not reached in {LONGEST_RUN} seconds")
    if len(entries) > MOST_RETURNED:
        said.append(f"returned are {MOST_RETURNED} of {len(entries)} keys, the log has all")
    output = {"Summary": f"Stage {stage}: {', '.join(said)}.", "Keys": entries, "NotReached": str(found - reached)}
    sys.stdout.write(json.dumps(output) + "\n")
    output["Keys"] = entries[:MOST_RETURNED]
    failures = dict(counts)[FAILED]
    if failures:
        raise RemediationFailed(f"{failures} failed, the rest is done: {json.dumps(output)}")
    return output


class _Remediation:
    def __init__(self, document, iam, now, wait, manual):
        self._policy = Policy(document).for_account(Account(""))
        self._settings = remediation_by_rule(document)
        self._iam, self._now, self._wait, self._manual = iam, now, wait, manual
        self.entries, self.unconcerned = [], 0

    def users(self, client, resource_id):
        """The user with the id, or without one all users, in an order that is another each day.

        A run that is cut off day after day still reaches everybody.
        """
        try:
            if resource_id:
                user = self._user_with(client, resource_id)
                return [] if user is None else [user]
            day = f"{self._now:%Y-%m-%d}"
            return sorted(users_of(self._iam), key=lambda user: hashlib.sha256((day + user.id).encode()).digest())
        except CAUGHT as error:
            self._report(User(resource_id), None, *_outcome_of(error))
            return []

    def _user_with(self, client, resource_id):
        """AWS Config knows ids, IAM wants names. Config may be hours old: only IAM's own word counts."""
        try:
            found = client("config").list_discovered_resources(
                resourceType="AWS::IAM::User", resourceIds=[resource_id]
            )["resourceIdentifiers"]
        except OF_AWS:
            found = []  # IAM can answer alone, with more calls
        for name in [entry["resourceName"] for entry in found if entry.get("resourceName")]:
            user = self._user_named(name)
            if user is not None and user.id == resource_id:
                return user
        return next((user for user in users_of(self._iam) if user.id == resource_id), None)

    def _user_named(self, name):
        try:
            return user_from(self._iam.get_user(UserName=name)["User"])
        except self._iam.exceptions.NoSuchEntityException:
            return None

    def handle(self, user, stage, only):
        """Do the stage for every key of one user; without `only`, users with nothing inactive are just counted."""
        try:
            keys = keys_of(self._iam, user.name)
            user = user._replace(tags=tags_of(self._iam, user.name))
        except CAUGHT as error:
            self._report(user, None, *_outcome_of(error))
            return
        remembered = [tag for tag in user.tags if tag.startswith(MEMORY)]
        if not (only or remembered or any(key.status != "Active" for key in keys)):
            self.unconcerned += 1
            return
        step = self._deactivation if stage == "deactivate" else self._deletion
        for key in keys:
            decision = decide(self._policy, user, key._replace(status="Active"), self._now)
            rule = decision.rule.id if decision.rule else ""
            self._report(user, key, *self._attempt(step, user, key, decision), rule)
        gone = set(remembered) - {MEMORY + key.id for key in keys}
        for tag in sorted(gone) if stage == "delete" else ():
            done = self._attempt(self._forget, user, tag, "this key no longer exists")
            self._report(user, None, *done, key_id=tag.removeprefix(MEMORY))

    def _attempt(self, step, *arguments):
        """What a step did and why, also if it failed: the other keys go on."""
        try:
            return step(*arguments)
        except CAUGHT as error:
            return _outcome_of(error)

    def _report(self, user, key, action, why, rule="", key_id=""):
        entry = {"User": user.name, "AccessKeyId": key.id if key else key_id, "Action": action}
        age = str((self._now - key.created).days) if key else ""
        self.entries.append(entry | {"Why": why[:LONGEST_WHY], "Age": age, "Rule": rule})

    def _deactivation(self, user, key, decision):
        if key.status != "Active":
            return LEFT, f"{key.status} already"
        settings, why = self._wanted(decision, ("deactivate", "delete"))
        if why:
            return LEFT, why
        if not (self._manual or settings.automatic):
            return LEFT, "remediation is not automatic here: start the runbook by hand with Trigger=manual"
        limit, grace = decision.rule.max_age, settings.grace_days
        if self._now - key.created <= timedelta(days=limit + grace):
            return LEFT, f"older than {limit} days, but not by more than the {grace} days of grace"
        why = self._protected(key, settings)
        if why:
            return LEFT, why
        if MEMORY + key.id in user.tags:
            # It says since when the key was inactive before: the wait for deletion begins anew.
            self._forget(user, MEMORY + key.id, "")
        return self._change(user, key, "deactivated", f"older than {limit} days and {grace} days of grace")

    def _deletion(self, user, key, decision):
        tag = MEMORY + key.id
        if key.status != "Inactive":
            if tag in user.tags:
                return self._forget(user, tag, f"{key.status} again")
            return LEFT, f"{key.status}: only inactive keys are deleted"
        settings, why = self._wanted(decision, ("delete",))
        if why:
            return LEFT, why
        since, days = _instant(user.tags.get(tag)), settings.delete_after_days
        if since is None or since > self._now:
            return self._remember(user, tag, f"seen inactive now, to be deleted in {days} days")
        if self._now - since < timedelta(days=days):
            return LEFT, f"seen inactive since {user.tags[tag]}, not yet for {days} days"
        used = self._last_used(key)
        if used is not None and used >= since:
            return self._remember(user, tag, f"used at {used:%Y-%m-%dT%H:%M:%SZ}, so it was active in between")
        why = self._protected(key, settings)
        if why:
            return LEFT, why
        done = self._change(user, key, "deleted", f"seen inactive since {user.tags[tag]}, for {days} days or more")
        if done[0] == "deleted":
            self._afterwards("deleted", self._forget, user, tag, "")
        return done

    def _wanted(self, decision, actions):
        """The settings for a non-compliant key, and why nothing is to be done with it, if so."""
        rule, exemption = decision.rule, decision.exemption
        if rule is None or decision.verdict == UNDECIDED:
            doubts = decision.doubts or decision.rules
            raise NotAsExpected(f"undecided between {', '.join(doubt.id for doubt in doubts)}: not touched")
        settings = self._settings[rule.id]
        if decision.verdict == COMPLIANT:
            return settings, f"not older than {rule.max_age} days"
        if decision.verdict == EXEMPT:
            return settings, f"exempt by {exemption.id} until {exemption.expires:%Y-%m-%d}"
        if settings.action not in actions:
            return settings, f"older than {rule.max_age} days, but the remediation is {settings.action}"
        return settings, None

    def _protected(self, key, settings):
        days = settings.protect_used_within_days
        used = self._last_used(key) if days else None
        if used is not None and self._now - used <= timedelta(days=days):
            return f"protected: used at {used:%Y-%m-%dT%H:%M:%SZ}, within {days} days"
        return None

    def _last_used(self, key):
        answer = self._iam.get_access_key_last_used(AccessKeyId=key.id)
        if "AccessKeyLastUsed" not in answer:
            raise NotAsExpected("GetAccessKeyLastUsed does not say whether the key was used")
        used = answer["AccessKeyLastUsed"].get("LastUsedDate")  # absent: never since April 2015
        return used and used.astimezone(timezone.utc)

    def _remember(self, user, tag, why):
        value = f"{self._now:%Y-%m-%dT%H:%M:%SZ}"
        self._iam.tag_user(UserName=user.name, Tags=[{"Key": tag, "Value": value}])
        return "remembered", why

    def _forget(self, user, tag, why):
        self._iam.untag_user(UserName=user.name, TagKeys=[tag])
        return "forgotten", why

    def _delete(self, user, key):
        try:
            self._iam.delete_access_key(UserName=user.name, AccessKeyId=key.id)
        except ClientError as error:
            # Of a user who is there: the client asked again after an answer that was cut off.
            if error_code(error) != "NoSuchEntity" or self._user_named(user.name) is None:
                raise

    def _change(self, user, key, action, why):
        """Deactivate or delete, if user and key are still as they were judged, and look that nothing else changed."""
        current, before = self._user_named(user.name), self._listing(user)
        if current is None or current.arn != user.arn or current.id != user.id or before.get(key.id) != key:
            return LEFT, "user or key changed while they were looked at: the next run decides anew"
        expected = {key_id: other for key_id, other in before.items() if key_id != key.id}
        if action == "deleted":
            self._delete(user, key)
        else:
            self._iam.update_access_key(UserName=user.name, AccessKeyId=key.id, Status="Inactive")
            expected[key.id] = key._replace(status="Inactive")
        self._afterwards(action, self._read_back, user, expected)
        return action, why

    def _afterwards(self, action, step, *arguments):
        """A failure after the change must not hide that the change was made."""
        try:
            step(*arguments)
        except CAUGHT as error:
            raise NotAsExpected(f"{action}, but then: {error}") from error

    def _read_back(self, user, expected):
        for delay in READ_BACKS:
            seen = self._listing(user)
            if seen == expected:
                return
            if delay is not None:
                self._wait(delay)
        listed = ", ".join(f"{key.id} {key.status}" for key in seen.values())
        raise NotAsExpected(f"ListAccessKeys says {listed or 'that there are no keys'}")

    def _listing(self, user):
        return {key.id: key for key in keys_of(self._iam, user.name)}


def _outcome_of(error):
    if isinstance(error, ClientError) and error_code(error) == "NoSuchEntity":
        return LEFT, f"gone in the meantime: {error}"
    return FAILED, str(error)


def _instant(text):
    """The instant that a tag says; None if there is no tag or it does not say one."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None
