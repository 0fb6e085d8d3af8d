"""What a plan asks of an account beside what `check` asks: the marks of keys, and the last use where it decides."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from checker.decision import AccessKey, Account, AccountPolicy, User, remediation_steps
from checker.policy.loader import PolicyFile
from checker.sources import live
from checker.sources.aws.failures import FAILURES
from checker.sources.aws.reader import keys, listing, reader


class PlanNeeds(reader.Needs):
    """Needs what the steps of every key depend on: the tags have the marks."""

    def __init__(self, policy: AccountPolicy, now: datetime) -> None:
        super().__init__(policy, now, now, every_line=True)
        self.details = {*self.details, "tags"}

    def keys(self, user: User) -> bool:
        """A mark says that there is or was an inactive key, whatever the credential report has."""
        return super().keys(user) or bool(remediation_steps.marks_of(user.tags or {}))

    def lacking(self, user: User) -> list[str]:
        """The tags too, if they say since when a key is inactive."""
        unmarked = user.tags is None and any(key.status != "Active" for key in user.keys)
        return [*{*super().lacking(user), *(["tags"] if unmarked else [])}]


def remediation(policy: PolicyFile, account: Account, now: datetime) -> remediation_steps.Remediation:
    """What decides in an account for a plan, which a person asks for."""
    return remediation_steps.Remediation(policy.policy.for_account(account), policy.remediation, now, asked_for=True)


def asking(policy: PolicyFile, now: datetime) -> live.Asking:
    """Everything that a plan depends on, and nothing else."""

    def needs_of(account: Account) -> keys.Asked:
        return PlanNeeds(policy.policy.for_account(account), now)

    def then(iam: Any, account: Account, users: Sequence[User], run: keys.Run) -> Sequence[User]:
        decides = remediation(policy, account, now)
        return list(run(lambda user: with_last_uses(iam, decides, user), users))

    return live.Asking(needs_of, live.asks_for_names(policy.policy), then=then)


def with_last_uses(iam: Any, decides: remediation_steps.Remediation, user: User) -> User:
    """The user with the last use of every key that would be changed; not known where AWS does not tell it."""
    wanted = remediation_steps.waits_for_use(decides, user, user.keys)
    if not wanted:
        return user
    return user._replace(keys=[_with_last_use(iam, key) if key.id in wanted else key for key in user.keys])


def _with_last_use(iam: Any, key: AccessKey) -> AccessKey:
    try:
        answer = iam.get_access_key_last_used(AccessKeyId=key.id)
    except FAILURES:
        return key._replace(last_used=None, use_known=False)
    if "AccessKeyLastUsed" not in answer:
        raise listing.Untrustworthy("GetAccessKeyLastUsed does not say whether the key was used")
    used = answer["AccessKeyLastUsed"].get("LastUsedDate")  # absent: never since April 2015
    return key._replace(last_used=used and used.astimezone(UTC), use_known=True)
