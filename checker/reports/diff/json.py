"""A policy change for programs."""

from typing import TextIO

import msgspec

from checker.evaluate import COMPLIANT, EXEMPT, NON_COMPLIANT
from checker.reports.diff.run import DiffRun

SCHEMA_VERSION = 1


def write(run: DiffRun, out: TextIO, *, color: bool) -> None:  # noqa: ARG001 -- JSON has no colours
    """One object; `state` is null where no state was looked at."""
    made = {
        "schemaVersion": SCHEMA_VERSION,
        "evaluatedAt": run.evaluated_at,
        "base": {"file": run.base.file, "sha256": run.base.sha256},
        "head": {"file": run.head.file, "sha256": run.head.sha256},
        "loosens": bool(run.loosening),
        "changes": [
            {
                "kind": one.kind,
                "id": one.id,
                "what": one.what,
                "effect": one.effect,
                "details": one.details,
                "baseLine": one.base_line,
                "headLine": one.head_line,
            }
            for one in run.changes
        ],
        "state": None if run.accounts is None else _state(run),
    }
    out.write(msgspec.json.format(msgspec.json.encode(made), indent=1).decode() + "\n")


def _state(run: DiffRun) -> dict[str, object]:
    verdicts = {"nonCompliant": NON_COMPLIANT, "exempt": EXEMPT, "compliant": COMPLIANT}
    return {
        "keys": run.keys,
        "unreadable": [
            {"id": one.id, "name": one.name, "status": one.status, "reason": one.reason} for one in run.unreadable
        ],
        "limits": run.limits,
        "become": {name: run.verdicts(verdict) for name, verdict in verdicts.items()},
    }
