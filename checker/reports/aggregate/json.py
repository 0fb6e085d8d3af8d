"""`check --from-aggregator --format json`: AWS Config's word on every user, and the policy's beside it."""

from collections.abc import Sequence
from typing import TextIO

import msgspec

from checker.compare.aws_config_rows import AccountRow, totals
from checker.reports.aggregate.run import AggregateRun, Terminal

SCHEMA_VERSION = 1


def write(
    run: AggregateRun,
    accounts: Sequence[AccountRow],
    out: TextIO,
    terminal: Terminal,  # noqa: ARG001 -- JSON has no colours
    *,
    show_all: bool,
) -> None:
    """The accounts by id, their users by id; without `show_all` only the users who stand out."""
    encode = msgspec.json.Encoder().encode
    head = {
        "schemaVersion": SCHEMA_VERSION,
        "evaluatedAt": run.evaluated_at,
        "policy": {"file": run.policy_file, "sha256": run.policy_sha256},
        "source": {"kind": "aggregator", "name": run.aggregator, "region": run.region, "reason": run.reason},
        "rule": {"name": run.rule, "region": run.rule_region},
        "snapshot": run.snapshot and {"file": run.snapshot.file, "takenAt": run.snapshot.taken_at},
        "summary": totals(accounts),
    }
    members = [f'"{name}": {encode(value).decode()}' for name, value in head.items()]
    users = [user for account in accounts for user in account.users if show_all or user.stands_out]
    for name, entries in (("accounts", map(_account, accounts)), ("users", users)):
        members.append(f'"{name}": [' + ",\n  ".join(encode(entry).decode() for entry in entries) + "]")
    out.write("{" + ",\n ".join(members) + "}\n")


def _account(account: AccountRow) -> dict[str, object]:
    return {
        "id": account.id,
        "name": account.name,
        "rule": account.rule,
        "status": account.status,
        "reason": account.reason,
        "apiCalls": account.api_calls,
    }
