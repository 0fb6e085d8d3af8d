"""`remediate plan --format json`, which `remediate apply` reads."""

from collections.abc import Sequence
from typing import TextIO

import msgspec

from checker.remediate.plan_file import SCHEMA_VERSION
from checker.reports.remediate.run import PlanRun


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
    known = [account.account._asdict() for account in run.accounts if account.account and account.steps]
    members = [f'"{name}": {encoder.encode(value).decode()}' for name, value in head.items()]
    listings: dict[str, Sequence[object]] = {"accounts": known, "steps": run.steps, "kept": run.kept}
    for name, listed in listings.items():
        lines = ",\n".join(f"  {encoder.encode(each).decode()}" for each in listed)
        members.append(f'"{name}": [\n{lines}\n]' if listed else f'"{name}": []')
    out.write("{" + ",\n".join(members) + "}\n")
