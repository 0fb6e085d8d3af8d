"""What a run of the remediation did with every key: for its log, and for the Automation that waits for it.

Standard library only.
"""

import json
import sys
from datetime import datetime
from typing import Any

from .access_keys_rotated import AccessKey, User

LONGEST_RUN = 540  # seconds after which no further user is begun: the step that waits for it is ended after 600
MOST_RETURNED = 100  # SSM returns no more items of a list, and 100 KB, from aws:executeScript
LONGEST_WHY = 500  # characters
FAILED, LEFT = "failed", "left"
ORDER = [FAILED, "deleted", "deactivated", "remembered", "forgotten", LEFT]


class RemediationFailed(Exception):
    """Something could not be done; the message ends with the output as JSON."""


class RemediationReport:
    """Collects what is done while a run goes on; `unconcerned` counts users without anything to report."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._entries: list[dict[str, str]] = []
        self.unconcerned = 0

    def add(self, user: User, key: AccessKey | None, action: str, why: str, rule: str = "", key_id: str = "") -> None:
        """Without a key, `key_id` may say of which one this is told."""
        entry = {"User": user.name, "AccessKeyId": str(key.id) if key else key_id, "Action": action}
        age = str((self._now - key.created).days) if key else ""
        self._entries.append(entry | {"Why": why[:LONGEST_WHY], "Age": age, "Rule": rule})

    def finish(self, stage: str, resource_id: str, total: int, reached: int) -> dict[str, Any]:
        """Log everything and return what Systems Manager takes; raises RemediationFailed if anything failed."""
        entries = sorted(self._entries, key=lambda entry: ORDER.index(entry["Action"]))
        counts = [(action, sum(entry["Action"] == action for entry in entries)) for action in ORDER]
        parts = [f"{number} {action}" for action, number in counts if number] or ["no key to report"]
        if resource_id and not total and not entries:
            parts = [f"nothing done, no user has the id {resource_id} any more"]
        if not resource_id:
            parts.append(f"{self.unconcerned} of {total} users have nothing inactive")
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
