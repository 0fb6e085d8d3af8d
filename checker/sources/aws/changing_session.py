"""A session that may make the changes that it was made for, to the access keys that it was made for, and no others."""

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from checker.decision import remediation_steps
from checker.permissions import CALLS, SIGN_IN
from checker.sources.aws.session import GuardedSession, WriteRefused

VERB = "remediate-organization"
READS = frozenset((call.service, call.operation) for call in CALLS if VERB in call.verbs or not call.verbs) | SIGN_IN
# How botocore names the tags of TagUser and UntagUser in the body of a request to IAM.
TAGS = re.compile(r"(?:Tags\.member\.\d+\.Key|TagKeys\.member\.\d+)")


class Changes(NamedTuple):
    """What may be changed: by operation of IAM the ids of the keys, and the status that a key may be given."""

    keys: Mapping[str, Collection[str]]
    status: str = "Inactive"

    def refused(self, operation: str, body: Mapping[str, str]) -> str | None:
        """Why a request must not leave the machine; None if it may."""
        allowed = self.keys.get(operation, ())
        tags = [value for name, value in body.items() if TAGS.fullmatch(name)]
        named = [tag.removeprefix(remediation_steps.MARK_TAG) for tag in tags]
        if any(not tag.startswith(remediation_steps.MARK_TAG) for tag in tags):
            return "a tag that is no mark of keyage"
        keys = [*named, *([body["AccessKeyId"]] if "AccessKeyId" in body else [])]
        if not keys or any(key not in allowed for key in keys):
            return f"{', '.join(keys) or 'no key'} is not among what is to be changed so"
        if body.get("Status", self.status) != self.status:
            return f"the status {body['Status']}"
        return None


class ChangingSession(GuardedSession):
    """Takes what `remediate apply` and `undo` read, and these changes."""

    def __init__(self, changes: Changes, profile: str | None = None, concurrency: int = 1, **others: Any) -> None:
        """The others are those of GuardedSession."""
        self._changes = changes
        super().__init__(profile, concurrency, **others)

    def guard(self, **call: Any) -> None:
        """Raises WriteRefused for any other call, and for these on anything else."""
        service, operation = call["model"].service_model.service_name, call["model"].name
        if (service, operation) in READS:
            return
        why = f"{service}:{operation} is not among what is to be called"
        if service == "iam" and operation in self._changes.keys:
            found = self._changes.refused(operation, call["params"]["body"])
            if found is None:
                return
            why = f"iam:{operation} of {found}"
        raise WriteRefused(f"refused to call: {why}; please report this")
