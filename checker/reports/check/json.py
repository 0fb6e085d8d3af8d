"""`--format json`: the shape in README.md, the same bytes for the same state and `--now`."""

import tempfile
from collections import Counter
from dataclasses import asdict
from typing import Any, TextIO

import msgspec

from checker.evaluate import PARTIAL, UNREADABLE, AccountResult, Counts, Undecided
from checker.reports.run import Run

SCHEMA_VERSION = 1


class JsonReport:
    """Findings wait in a temporary file for the summary that precedes them, so memory stays flat."""

    def __init__(self, run: Run, out: TextIO) -> None:
        self._run = run
        self._out = out
        self._accounts: list[bytes] = []
        self._totals = Counts()
        self._by_status: Counter[str] = Counter()
        self._findings = tempfile.TemporaryFile("w+b")  # noqa: SIM115 -- lives until end()
        self._encoder = msgspec.json.Encoder()
        self._separator = b""

    def account(self, result: AccountResult) -> None:
        self._accounts.append(self._encoder.encode(_account(result)))
        self._by_status[result.status] += 1
        self._totals.add(result.counts)
        for finding in result.findings:
            self._findings.write(self._separator + self._encoder.encode(finding))
            self._separator = b",\n  "

    def end(self) -> None:
        run = self._run
        head = {
            "schemaVersion": SCHEMA_VERSION,
            "evaluatedAt": run.evaluated_at,
            "policy": {"file": run.policy_file, "sha256": run.policy_sha256},
            "source": {"kind": run.source, "exact": run.exact, "takenAt": run.taken_at},
            "summary": self._summary(),
            "skipped": [asdict(account) for account in run.skipped],
        }
        members = [f'"{name}": {self._encoder.encode(value).decode()}' for name, value in head.items()]
        accounts = ",\n  ".join(account.decode() for account in self._accounts)
        self._out.write("{" + ",\n ".join(members) + f',\n "accounts": [{accounts}],\n "keys": [')
        self._findings.seek(0)
        while chunk := self._findings.read(1 << 20):
            # A chunk may end inside a character; a line never does.
            self._out.write((chunk + self._findings.readline()).decode())
        self._findings.close()
        self._out.write("]}\n")

    def _summary(self) -> dict[str, int]:
        totals = self._totals
        return {
            "accounts": len(self._accounts),
            "users": totals.users,
            "keys": totals.keys,
            "compliant": totals.compliant,
            "nonCompliant": totals.non_compliant,
            "exempt": totals.exempt,
            "notApplicable": totals.not_applicable,
            "undecided": totals.undecided,
            "unreadUsers": totals.unread,
            "partial": self._by_status[PARTIAL],
            "unreadable": self._by_status[UNREADABLE],
        }


def _account(result: AccountResult) -> dict[str, Any]:
    return {
        "id": result.id,
        "name": result.name,
        "status": result.status,
        "reason": result.reason,
        "undecided": [_undecided(undecided) for undecided in result.undecided],
        "unreadUsers": [{"user": user.name, "reason": user.reason} for user in result.unread],
        "apiCalls": result.api_calls,
    }


def _undecided(undecided: Undecided) -> dict[str, Any]:
    key = undecided.finding
    return {
        "user": key.user,
        "accessKeyId": key.access_key_id,
        "dependsOn": undecided.depends_on,
        "missing": undecided.missing,
    }
