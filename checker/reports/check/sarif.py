"""`--format sarif`: SARIF 2.1.0 for code scanning; a result points at the line of the policy that decides.

| verdict | rule | kind, level |
|---|---|---|
| NON_COMPLIANT | access-key-too-old | fail, error |
| EXEMPT | access-key-too-old | fail, note, with the exemption as an accepted suppression |
| COMPLIANT, due soon | access-key-due-soon | fail, note |
| COMPLIANT, NOT_APPLICABLE (with `--show all`) | access-key-too-old | pass, notApplicable |

An account that could not be read, or only in part, is a notification, and so is each user who could not be read and
each key of which the verdict is open; executionSuccessful is false then. At most 25,000 results, the most overdue
first; a notification tells of the rest.
"""

from collections.abc import Iterator
from typing import Any, TextIO

import msgspec

from checker.evaluate import COMPLIANT, EXEMPT, NON_COMPLIANT, NOT_APPLICABLE, AccountResult, Finding
from checker.reports.controls import RESOLVE, RESOLVE_URL, rule
from checker.reports.messages import (
    exemption,
    fingerprint,
    message,
    place_of,
    undecided_message,
    unread_message,
    unreadable_message,
)
from checker.reports.run import Run
from checker.reports.syntax.sarif import MOST_RESULTS, LogRule, log, logical, notification, result
from checker.reports.worst import Worst, by_due_date

TOO_OLD = "access-key-too-old"
DUE_SOON = "access-key-due-soon"
URGENCY = {NON_COMPLIANT: 0, EXEMPT: 2, NOT_APPLICABLE: 3}


class SarifReport:
    """Keeps what may be listed, and writes at the end."""

    def __init__(self, run: Run, out: TextIO) -> None:
        self._run = run
        self._out = out
        self._worst: Worst[Finding] = Worst(
            MOST_RESULTS, lambda finding: (self._urgency(finding), *by_due_date(finding))
        )
        self._unreadable: list[AccountResult] = []

    def account(self, result: AccountResult) -> None:
        if result.reason is not None:
            self._unreadable.append(result)
        for finding in result.findings:
            self._worst.add(finding)

    def end(self) -> None:
        results = [self._result(finding) for finding in self._worst.listed()]
        sarif_log = log(_rules(), results, list(self._notifications()), successful=not self._unreadable)
        self._out.write(msgspec.json.format(msgspec.json.encode(sarif_log), indent=1).decode() + "\n")

    def _notifications(self) -> Iterator[dict[str, Any]]:
        for unreadable in self._unreadable:
            yield notification("error", unreadable_message(unreadable))
            users = [unread_message(user, unreadable.id or "") for user in unreadable.unread]
            keys = [undecided_message(undecided) for undecided in unreadable.undecided]
            yield from (notification("error", text) for text in (*users, *keys))
        if self._worst.left_out:
            yield notification(
                "warning", f"{self._worst.left_out} more keys are left out: GitHub takes {MOST_RESULTS:,} results"
            )

    def _urgency(self, finding: Finding) -> int:
        return 1 if self._run.is_due_soon(finding) else URGENCY.get(finding.verdict, 4)

    def _result(self, finding: Finding) -> dict[str, Any]:
        due_soon = self._run.is_due_soon(finding)
        kind, level = ("fail", "note") if due_soon else _kind(finding.verdict)
        where = place_of(finding, self._run)
        sarif_result = result(
            DUE_SOON if due_soon else TOO_OLD, level, message(finding, self._run), where, fingerprint(finding)
        )
        sarif_result["kind"] = kind
        sarif_result["locations"][0]["logicalLocations"] = logical([finding.arn or f"{finding.account}/{finding.user}"])
        sarif_result["properties"] = msgspec.to_builtins(finding)
        if finding.verdict == EXEMPT:
            why = {"kind": "external", "status": "accepted", "justification": exemption(finding, self._run)}
            sarif_result["suppressions"] = [why]
        return sarif_result


def _kind(verdict: str) -> tuple[str, str]:
    """A SARIF level other than "none" goes with the kind "fail" alone."""
    kinds = {NON_COMPLIANT: ("fail", "error"), EXEMPT: ("fail", "note"), COMPLIANT: ("pass", "none")}
    return kinds.get(verdict, ("notApplicable", "none"))


def _rules() -> list[LogRule]:
    soon = "An active access key is about to grow older than maxAccessKeyAge days."
    return [
        LogRule(TOO_OLD, "AccessKeyTooOld", rule().summary, "error", "6.5", RESOLVE, RESOLVE_URL),
        LogRule(DUE_SOON, "AccessKeyDueSoon", soon, "note", "2.0", RESOLVE, RESOLVE_URL),
    ]
