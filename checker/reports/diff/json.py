"""A policy change for programs."""

from typing import TextIO

import msgspec

from checker.evaluate import COMPLIANT, EXEMPT, NON_COMPLIANT
from checker.reports.diff.run import DiffRun

SCHEMA_VERSION = 1


def write(run: DiffRun, out: TextIO, *, color: bool) -> None:  # noqa: ARG001 -- JSON has no colours
    """One object; `state` is null where no state was looked at."""
    document = {
        "schemaVersion": SCHEMA_VERSION,
        "evaluatedAt": run.evaluated_at,
        "base": {"file": run.base.file, "sha256": run.base.sha256},
        "head": {"file": run.head.file, "sha256": run.head.sha256},
        "loosens": bool(run.loosening),
        "changes": [
            {
                "kind": change.kind,
                "id": change.id,
                "what": change.what,
                "effect": change.effect,
                "details": change.details,
                "baseLine": change.base_line,
                "headLine": change.head_line,
            }
            for change in run.changes
        ],
        "state": None if run.accounts is None else _state(run),
    }
    out.write(msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n")


def _state(run: DiffRun) -> dict[str, object]:
    verdicts = {"nonCompliant": NON_COMPLIANT, "exempt": EXEMPT, "compliant": COMPLIANT}
    return {
        "keys": run.keys,
        "unreadable": [
            {"id": account.id, "name": account.name, "status": account.status, "reason": account.reason}
            for account in run.unreadable
        ],
        "limits": run.limits,
        "become": {name: run.verdicts(verdict) for name, verdict in verdicts.items()},
    }
