"""`--format asff`: findings for AWS Security Hub, ready for BatchImportFindings.

A line is one call: a JSON array of at most 100 findings of one account, because findings of the default product are
accepted only from the account they are about. With that account's credentials, one call after the other:

    keyage check --show all --format asff=findings.jsonl
    while IFS= read -r call; do
      printf '%s' "$call" | aws securityhub batch-import-findings --findings file:///dev/stdin
    done < findings.jsonl

FailedCount in the answers must be 0. The account of a line is `jq -r '.[0].AwsAccountId'`.

| verdict | Compliance.Status | severity |
|---|---|---|
| NON_COMPLIANT | FAILED | MEDIUM, as Security Hub's own IAM.3 |
| EXEMPT | PASSED, with the exemption as reason, as in AWS Config | INFORMATIONAL |
| COMPLIANT | PASSED | INFORMATIONAL |
| NOT_APPLICABLE | NOT_AVAILABLE, record archived | INFORMATIONAL |
| undecided, user or account unreadable | NOT_AVAILABLE | MEDIUM |

- Nothing is suppressed: an import can set Workflow only when it creates a finding, so a suppressed one would stay so
  after its exemption has ended. From PASSED to FAILED Security Hub makes the workflow NEW by itself.
- `--show all` tells what was resolved. Findings of keys that are gone are no longer updated, and Security Hub deletes
  them after 90 days.
- An account whose id nobody knows is 000000000000; Security Hub refuses it, but the reason can be read.
- Skipped accounts are left out: they are closed, and nobody could import anything there.
- The partition is that in the ARNs of the account's users; where none is known, that of `deploy.region`. The region of
  the product is `deploy.region`, where AWS Config judges the same keys; in another partition it is that of its IAM.
  Nothing is taken from the environment.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, TextIO

import msgspec
from botocore.loaders import create_loader

from checker import __version__
from checker.errors import UsageError
from checker.evaluate import (
    COMPLIANT,
    EXEMPT,
    NON_COMPLIANT,
    NOT_APPLICABLE,
    UNDECIDED,
    AccountResult,
    Finding,
    Undecided,
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
from checker.reports.words import written

SCHEMA_VERSION = "2018-10-08"
MOST_FINDINGS, MOST_BYTES = 100, 5_000_000  # of a call; Security Hub takes 6 MB
TITLE, DESCRIPTION, TEXT = 256, 1024, 1024  # characters; TEXT is for every other text, the least of their limits
NOBODY = "000000000000"
TYPES = [
    "Software and Configuration Checks/AWS Security Best Practices",
    "Software and Configuration Checks/Industry and Regulatory Standards/CIS AWS Foundations Benchmark",
]
NORMALIZED = {"INFORMATIONAL": 0, "MEDIUM": 40}
RECOMMENDATION = {"Text": RESOLVE, "Url": RESOLVE_URL}


class FindingStatus(NamedTuple):
    """What a finding says of its subject."""

    compliance: str
    severity: str
    record: str = "ACTIVE"


STATUS_OF = {
    NON_COMPLIANT: FindingStatus("FAILED", "MEDIUM"),
    EXEMPT: FindingStatus("PASSED", "INFORMATIONAL"),
    COMPLIANT: FindingStatus("PASSED", "INFORMATIONAL"),
    NOT_APPLICABLE: FindingStatus("NOT_AVAILABLE", "INFORMATIONAL", "ARCHIVED"),
    UNDECIDED: FindingStatus("NOT_AVAILABLE", "MEDIUM"),
}
UNREADABLE = STATUS_OF[UNDECIDED]


class AsffReport:
    """Writes the calls of an account when its result comes; raises UsageError if deploy.region is no region of AWS."""

    def __init__(self, run: Run, out: TextIO) -> None:
        self._run = run
        self._out = out
        self._encode = msgspec.json.Encoder().encode
        self._home = _partition_with(run.region)
        self._partition = self._home  # of the account whose findings are being written

    def account(self, result: AccountResult) -> None:
        self._partition = self._partition_of(result)
        findings = [self._of_key(finding, message(finding, self._run)) for finding in result.findings]
        findings += [self._of_undecided(undecided) for undecided in result.undecided]
        findings += [self._of_user(user, result.id or NOBODY) for user in result.unread]
        if result.status == UNREADABLE_ACCOUNT:
            findings.append(self._of_account(result, result.reason or ""))
        self._write([self._encode(_fitting(finding)).decode() for finding in findings])

    def end(self) -> None:
        """Every line is written already."""

    def _partition_of(self, result: AccountResult) -> str:
        keys = [*result.findings, *(undecided.finding for undecided in result.undecided)]
        arns = [*(key.arn for key in keys), *(user.arn for user in result.unread)]
        return next(filter(None, map(_partition_in, arns)), self._home)

    def _write(self, findings: list[str]) -> None:
        call: list[str] = []
        size = 0
        for finding in findings:
            if call and (len(call) == MOST_FINDINGS or size + len(finding.encode()) > MOST_BYTES):
                self._out.write(f"[{','.join(call)}]\n")
                call, size = [], 0
            call.append(finding)
            size += len(finding.encode())
        if call:
            self._out.write(f"[{','.join(call)}]\n")

    def _of_undecided(self, undecided: Undecided) -> dict[str, Any]:
        asff_finding = self._of_key(undecided.finding, undecided_message(undecided))
        asff_finding["Compliance"]["StatusReasons"] = [{"ReasonCode": UNDECIDED, "Description": undecided.missing}]
        return asff_finding

    def _of_key(self, finding: Finding, text: str) -> dict[str, Any]:
        now, outcome = self._run.evaluated_at, STATUS_OF[finding.verdict]
        overdue = finding.due_date if finding.verdict in (NON_COMPLIANT, EXEMPT) else None
        asff_finding = self._finding(finding.account, fingerprint(finding), outcome, rule().summary, text)
        if finding.max_access_key_age is not None:
            asff_finding["Compliance"]["SecurityControlParameters"] = [
                {"Name": rule().parameter, "Value": [str(finding.max_access_key_age)]}
            ]
        if finding.verdict == EXEMPT:
            asff_finding["Compliance"]["StatusReasons"] = [{"ReasonCode": EXEMPT, "Description": text}]
        return asff_finding | {
            "CreatedAt": _instant(min(finding.create_date, now)),
            "FirstObservedAt": _instant(overdue or now),
            "Remediation": {"Recommendation": RECOMMENDATION},
            "Resources": [resource | {"Partition": self._partition} for resource in _resources(finding)],
            "ProductFields": self._product_fields(finding),
        }

    def _of_user(self, user: UserUnread, account: str) -> dict[str, Any]:
        title = "The access keys of a user could not be judged"
        asff_finding = self._finding(
            account, unread_mark(user, account), UNREADABLE, title, unread_message(user, account)
        )
        return self._unreadable(asff_finding, user.reason, _user(user.name, user.id, user.arn))

    def _of_account(self, result: AccountResult, reason: str) -> dict[str, Any]:
        account, title = result.id or NOBODY, "The access keys of an account could not be judged"
        asff_finding = self._finding(account, "unreadable", UNREADABLE, title, unreadable_message(result))
        return self._unreadable(asff_finding, reason, {"Type": "AwsAccount", "Id": f"AWS::::Account:{account}"})

    def _unreadable(self, asff_finding: dict[str, Any], reason: str, resource: dict[str, Any]) -> dict[str, Any]:
        now = _instant(self._run.evaluated_at)
        asff_finding["Compliance"]["StatusReasons"] = [{"ReasonCode": "UNREADABLE", "Description": reason}]
        resources = [resource | {"Partition": self._partition}]
        return asff_finding | {"CreatedAt": now, "FirstObservedAt": now, "Resources": resources}

    def _finding(self, account: str, uid: str, outcome: FindingStatus, title: str, text: str) -> dict[str, Any]:
        """What every finding says; `uid` tells it from the others of the account, in every run the same."""
        now = _instant(self._run.evaluated_at)
        region = self._run.region if self._partition == self._home else _partitions()[self._partition].iam_region
        severity = {"Label": outcome.severity, "Original": outcome.severity}
        return {
            "SchemaVersion": SCHEMA_VERSION,
            "Id": f"{account}/{rule().name}/{uid}",
            "ProductArn": f"arn:{self._partition}:securityhub:{region}:{account}:product/{account}/default",
            "ProductName": "keyage",
            "CompanyName": "keyage",
            "GeneratorId": f"keyage/{rule().name}",
            "AwsAccountId": account,
            "Types": TYPES,
            "UpdatedAt": now,
            "LastObservedAt": now,
            "Severity": severity | {"Normalized": NORMALIZED[outcome.severity]},
            "FindingProviderFields": {"Severity": severity, "Types": TYPES},
            "Title": _cut(title, TITLE),
            "Description": _cut(text, DESCRIPTION),
            "Compliance": {"Status": outcome.compliance, "RelatedRequirements": rule().requirements},
            "RecordState": outcome.record,
        }

    def _product_fields(self, finding: Finding) -> dict[str, str]:
        fields = {name: value for name, value in msgspec.to_builtins(finding).items() if value is not None}
        if finding.exemption is not None and finding.exemption in self._run.written:
            entry = self._run.written[finding.exemption].entry
            fields |= {f"exemption.{name}": entry[name] for name in ("reason", "approvedBy", "expires")}
        fields["version"] = __version__
        return {f"keyage/{name}": written(value) for name, value in fields.items()}


def _resources(finding: Finding) -> list[dict[str, Any]]:
    """The key, if its id is known, and its user."""
    created, principal = _instant(finding.create_date), {"PrincipalName": finding.user, "PrincipalType": "IAMUser"}
    ids = {"PrincipalId": finding.user_id} if finding.user_id else {}
    status = {"Status": finding.status} if finding.status in ("Active", "Inactive") else {}
    key = {"AccountId": finding.account, "AccessKeyId": finding.access_key_id, "CreatedAt": created}
    owner = _user(finding.user, finding.user_id, finding.arn)
    if finding.access_key_id is None:
        return [owner]
    return [
        {
            "Type": "AwsIamAccessKey",
            "Id": f"AWS::IAM::AccessKey:{finding.access_key_id}",
            "Details": {"AwsIamAccessKey": key | principal | ids | status},
        },
        owner,
    ]


def _user(name: str, user_id: str | None, arn: str | None) -> dict[str, Any]:
    details = {"UserName": name} | ({"UserId": user_id} if user_id else {})
    return {"Type": "AwsIamUser", "Id": arn or f"AWS::IAM::User:{name}", "Details": {"AwsIamUser": details}}


class Partition(NamedTuple):
    """A part of AWS with accounts and regions of its own."""

    regions: re.Pattern[str]
    iam_region: str


@cache
def _partitions() -> Mapping[str, Partition]:
    """By id, from botocore's partitions.json, which no configuration changes."""
    partitions = create_loader().load_data("partitions")["partitions"]
    return {
        partition["id"]: Partition(re.compile(partition["regionRegex"]), partition["outputs"]["implicitGlobalRegion"])
        for partition in partitions
    }


def _partition_in(arn: str | None) -> str | None:
    """The partition in an ARN; None if it is not known."""
    partition = (arn or "").partition(":iam::")[0].removeprefix("arn:")
    return partition if partition in _partitions() else None


def _partition_with(region: str) -> str:
    for name, partition in _partitions().items():
        if partition.regions.match(region):
            return name
    raise UsageError(f"--format asff: deploy.region: {region!r} is no AWS region; set it to that of Security Hub")


def _fitting(value: Any) -> Any:
    """The value within the lengths that Security Hub takes, and without blank texts, which it refuses."""
    if isinstance(value, str):
        return _cut(value, TEXT)
    if isinstance(value, dict):
        return {name: _fitting(item) for name, item in value.items() if not isinstance(item, str) or item.strip()}
    return [_fitting(item) for item in value] if isinstance(value, list) else value


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _instant(moment: datetime) -> str:
    """RFC 3339 with milliseconds, UTC."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
