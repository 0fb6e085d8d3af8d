"""`remediate plan --format json`, which `remediate apply` reads."""

from typing import TextIO

import msgspec

from checker.reports.remediate.run import PlanRun

SCHEMA_VERSION = 1


def write(run: PlanRun, out: TextIO, *, color: bool) -> None:  # noqa: ARG001 -- JSON has no colours
    """One object, a step a line."""
    encoder = msgspec.json.Encoder()
    head = {
        "schemaVersion": SCHEMA_VERSION,
        "plannedAt": run.planned_at,
        "policy": {"file": run.policy_file, "sha256": run.policy_sha256},
        "expiresAt": run.expires_at,
        "incomplete": [
            {"account": account.id, "name": account.name, "reason": account.reason} for account in run.in_doubt
        ],
    }
    members = [f'"{name}": {encoder.encode(value).decode()}' for name, value in head.items()]
    for name, steps in (("steps", run.steps), ("kept", run.kept)):
        lines = ",\n".join(f"  {encoder.encode(step).decode()}" for step in steps)
        members.append(f'"{name}": [\n{lines}\n]' if steps else f'"{name}": []')
    out.write("{" + ",\n".join(members) + "}\n")
