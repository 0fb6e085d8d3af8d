"""`keyage drift`: is what is deployed in the current account what the policy would deploy?"""

import sys
from typing import NamedTuple

from checker.compare.drift.account import AccountDrift, judged
from checker.compare.drift.policy import wanted
from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT, UNREADABLE_EXIT
from checker.generate.deployment import Deployment, deployment
from checker.pieces import PIECES
from checker.reports.drift import text
from checker.reports.drift.run import DriftRun
from checker.scan.accounts import unlisted_warning
from checker.shell.common import Common, say, teller
from checker.shell.loading import Checked
from checker.sources import live
from checker.sources.aws.session import ReadOnlySession
from checker.sources.deployed.account import read
from checker.sources.deployed.parts import Sought


class Options(NamedTuple):
    common: Common
    profile: str | None = None
    concurrency: int = 1


def run(options: Options) -> int:
    """Compare and list; 1 on any difference. Raises Unreadable if nothing could be read."""
    checked = Checked(options.common)
    loaded = checked.without_errors()
    expected = deployment(loaded.policy, loaded.inventory)
    checked.accepted()
    session = ReadOnlySession(options.profile, options.concurrency, tell=teller(quiet=options.common.quiet))
    account = live.identify(session, loaded.inventory, want_name=live.asks_for_names(loaded.policy.policy))
    warning = unlisted_warning(loaded, account.id)
    say([f"warning: {warning}"] if warning else [], quiet=options.common.quiet)
    found = judged(expected, account.id, account.name, read(session, sought(expected)))
    made = DriftRun(
        loaded.now,
        loaded.policy.file,
        loaded.policy.sha256,
        wanted(expected),
        expected.rule_name,
        expected.region,
        False,
        [found],
    )
    text.write(made, sys.stdout)
    return exit_code([found])


def sought(expected: Deployment) -> Sought:
    """What to look for in an account."""
    names = {piece: expected.name(piece) for piece in (*PIECES, "automation", "schedule")}
    return Sought(
        expected.region, expected.rule_name, {piece: names[piece] for piece in expected.remediation_pieces}, names
    )


def exit_code(accounts: list[AccountDrift]) -> int:
    if any(account.unread for account in accounts):
        return UNREADABLE_EXIT
    return FINDINGS_EXIT if any(account.differences for account in accounts) else COMPLIANT_EXIT
