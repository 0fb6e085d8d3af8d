"""`--format ocsf`: Compliance Findings of the Open Cybersecurity Schema Framework, one JSON object a line.

One event a key, with the finding's uid stable over runs, so that a later event replaces an earlier one:

| verdict | compliance.status | status | activity |
|---|---|---|---|
| NON_COMPLIANT | Fail | New | Create |
| EXEMPT | Exempt (Other: it neither passed nor failed) | Suppressed | Create |
| COMPLIANT | Pass | Resolved | Close |
| NOT_APPLICABLE | Not applicable (Other) | Resolved | Close |

A key of which the verdict is open, and a user or an account that could not be read, is an event too: its check is a
Warning, which OCSF defines as "did not yield a result due to missing information". A skipped account is Other.
Compliant keys are only told with `--show all`; a SIEM that shall learn what was resolved needs that. Times are
milliseconds since 1970, UTC.

Class and enumerations: Compliance Finding (2003) of OCSF 1.6.0, https://schema.ocsf.io/1.6.0/classes/compliance_finding.
"""

from datetime import datetime
from typing import Any, NamedTuple, TextIO

import msgspec

from checker import __version__
from checker.evaluate import (
    COMPLIANT,
    EXEMPT,
    NON_COMPLIANT,
    NOT_APPLICABLE,
    UNDECIDED,
    AccountResult,
    AccountSkipped,
    Finding,
    UserUnread,
)
from checker.evaluate import UNREADABLE as UNREADABLE_ACCOUNT
from checker.reports.controls import RESOLVE, RESOLVE_URL, rule
from checker.reports.messages import (
    fingerprint,
    message,
    undecided_message,
    unread_mark,
    unread_message,
    unreadable_message,
)
from checker.reports.run import Run
from checker.spoken import account_label

SCHEMA_VERSION = "1.6.0"
CLASS_UID = 2003
OTHER = 99
ACTIVITIES = {1: "Create", 3: "Close"}
SEVERITIES = {1: "Informational", 3: "Medium"}
STATUSES = {1: "New", 3: "Suppressed", 4: "Resolved"}
AWS_ACCOUNT = {"type": "AWS Account", "type_id": 10}
REMEDIATION = {"desc": RESOLVE, "references": [RESOLVE_URL]}


class EventStatus(NamedTuple):
    """What an event says of its subject, in the numbers of OCSF."""

    compliance: tuple[int, str]
    status: int
    activity: int
    severity: int


STATUS_OF = {
    NON_COMPLIANT: EventStatus((3, "Fail"), status=1, activity=1, severity=3),
    EXEMPT: EventStatus((OTHER, "Exempt"), status=3, activity=1, severity=1),
    COMPLIANT: EventStatus((1, "Pass"), status=4, activity=3, severity=1),
    NOT_APPLICABLE: EventStatus((OTHER, "Not applicable"), status=4, activity=3, severity=1),
    UNDECIDED: EventStatus((2, "Warning"), status=1, activity=1, severity=3),
}
UNREADABLE = STATUS_OF[UNDECIDED]
SKIPPED = EventStatus((OTHER, "Skipped"), status=4, activity=3, severity=1)


class OcsfReport:
    """Writes every event as it comes."""

    def __init__(self, run: Run, out: TextIO) -> None:
        self._run = run
        self._out = out
        self._encode = msgspec.json.Encoder().encode

    def account(self, result: AccountResult) -> None:
        for finding in result.findings:
            self._write(self._of_key(finding, result.name, message(finding, self._run)))
        for undecided in result.undecided:
            event = self._of_key(undecided.finding, result.name, undecided_message(undecided))
            event["compliance"]["status_details"] = [undecided.missing]
            self._write(event)
        for user in result.unread:
            self._write(self._of_user(user, result))
        if result.status == UNREADABLE_ACCOUNT:
            text = unreadable_message(result)
            uid = f"{rule().name}/{result.id or 'account-not-known'}/unreadable"
            self._write(self._of_account(UNREADABLE, uid, text, result.id, result.name, result.reason or ""))

    def end(self) -> None:
        for account in self._run.skipped:
            uid = f"{rule().name}/{account.id}/skipped"
            text = _skipped_message(account)
            self._write(self._of_account(SKIPPED, uid, text, account.id, account.name, account.state))

    def _write(self, event: dict[str, Any]) -> None:
        self._out.write(self._encode(event).decode() + "\n")

    def _of_key(self, finding: Finding, account_name: str | None, text: str) -> dict[str, Any]:
        event = self._event(STATUS_OF[finding.verdict], fingerprint(finding), text, finding.account, account_name)
        if finding.verdict in (NON_COMPLIANT, EXEMPT) and finding.due_date:
            event["start_time"] = _milliseconds(finding.due_date)
        if finding.max_access_key_age is not None:
            event["compliance"]["control_parameters"] = [
                {"name": rule().parameter, "value": str(finding.max_access_key_age)}
            ]
        event["resources"] = _resources(finding)
        event["remediation"] = REMEDIATION
        event["unmapped"] = msgspec.to_builtins(finding)
        return event

    def _of_user(self, user: UserUnread, result: AccountResult) -> dict[str, Any]:
        account = result.id or ""
        uid, text = unread_mark(user, account), unread_message(user, account)
        event = self._event(UNREADABLE, uid, text, account, result.name)
        event["compliance"]["status_details"] = [user.reason]
        event["resources"] = [_user(user.name, user.id, user.arn)]
        return event

    def _of_account(
        self, outcome: EventStatus, uid: str, text: str, account: str | None, name: str | None, why: str
    ) -> dict[str, Any]:
        event = self._event(outcome, uid, text, account, name)
        event["compliance"]["status_details"] = [why]
        event["resources"] = [
            {"type": "AWS::::Account", "uid": account or "not known"} | ({"name": name} if name else {})
        ]
        return event

    def _event(
        self, outcome: EventStatus, uid: str, text: str, account: str | None, account_name: str | None
    ) -> dict[str, Any]:
        """What every event says; `uid` is the finding's, the same in every run."""
        now = _milliseconds(self._run.evaluated_at)
        status_id, status = outcome.compliance
        return {
            "class_uid": CLASS_UID,
            "class_name": "Compliance Finding",
            "category_uid": CLASS_UID // 1000,
            "category_name": "Findings",
            "type_uid": CLASS_UID * 100 + outcome.activity,
            "type_name": f"Compliance Finding: {ACTIVITIES[outcome.activity]}",
            "activity_id": outcome.activity,
            "activity_name": ACTIVITIES[outcome.activity],
            "severity_id": outcome.severity,
            "severity": SEVERITIES[outcome.severity],
            "status_id": outcome.status,
            "status": STATUSES[outcome.status],
            "time": now,
            "message": text,
            "metadata": {
                "version": SCHEMA_VERSION,
                "profiles": ["cloud"],
                "event_code": rule().identifier,
                "product": {"name": "keyage", "vendor_name": "keyage", "version": __version__},
            },
            "cloud": {"provider": "AWS"} | _account(account, account_name),
            "finding_info": {
                "uid": uid,
                "title": rule().summary,
                "desc": text,
                "types": ["Software and Configuration Checks"],
                "modified_time": now,
                "last_seen_time": now,
            },
            "compliance": {
                "control": rule().identifier,
                "standards": rule().standards,
                "requirements": rule().requirements,
                "status_id": status_id,
                "status": status,
            },
        }


def _account(account: str | None, name: str | None) -> dict[str, Any]:
    fields = {key: value for key, value in (("uid", account), ("name", name)) if value}
    return {"account": fields | AWS_ACCOUNT} if fields else {}


def _resources(finding: Finding) -> list[dict[str, Any]]:
    """The key, if its id is known, and its user."""
    owner = _user(finding.user, finding.user_id, finding.arn)
    if finding.access_key_id is None:
        return [owner]
    key = {
        "type": "AWS::IAM::AccessKey",
        "uid": finding.access_key_id,
        "created_time": _milliseconds(finding.create_date),
        "owner": {name: value for name, value in owner.items() if name != "type"} | {"type": "User", "type_id": 1},
    }
    return [key, owner]


def _user(name: str, user_id: str | None, arn: str | None) -> dict[str, Any]:
    ids = {"uid": arn, "uid_alt": user_id}
    return {"type": "AWS::IAM::User", "name": name} | {key: value for key, value in ids.items() if value}


def _skipped_message(account: AccountSkipped) -> str:
    who = account_label(account.id, account.name)
    return f"{who} was skipped, because nobody can use a key there: it is {account.state}"


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
