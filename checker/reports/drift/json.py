"""What is deployed beside the policy, for programs."""

from typing import Any, TextIO

import msgspec

from checker.compare.drift.account import AccountDrift
from checker.compare.drift.policy import PolicyInUse
from checker.reports.drift.run import DriftRun

SCHEMA_VERSION = 1


def write(run: DriftRun, out: TextIO) -> None:
    """One object; accounts by id."""
    document = {
        "schemaVersion": SCHEMA_VERSION,
        "comparedAt": run.compared_at,
        "policy": {"file": run.policy_file, "sha256": run.policy_sha256},
        "rule": {"name": run.rule, "region": run.region},
        "wanted": _policy(run.wanted),
        "summary": {"accounts": len(run.accounts), **{str(state): number for state, number in run.states.items()}},
        "policies": [
            {
                **_policy(policy),
                "wanted": policy == run.wanted,
                "known": _name(run, policy),
                "accounts": [account.id for account in who],
            }
            for policy, who in run.policies
        ],
        "accounts": [_account(account) for account in run.accounts],
        "skipped": [{"id": each.id, "name": each.name, "state": each.state} for each in run.skipped],
    }
    out.write(msgspec.json.format(msgspec.json.encode(document), indent=1).decode() + "\n")


def _name(run: DriftRun, policy: PolicyInUse) -> str | None:
    which = run.known.get(policy)
    return which and which.name.lower()


def _policy(policy: PolicyInUse) -> dict[str, Any]:
    return {"rule": policy.rule, "maxAccessKeyAge": policy.max_access_key_age, "sha256": policy.sha256}


def _account(account: AccountDrift) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "state": str(account.state),
        "policy": account.policy and _policy(account.policy),
        "differences": [
            {"what": each.what, "deployed": each.deployed, "policy": each.policy, "details": each.details}
            for each in account.differences
        ],
        "notes": account.notes,
        "unread": account.unread,
    }
