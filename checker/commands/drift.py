"""`keyage drift`: is what is deployed in the current account what the policy would deploy?"""

from typing import NamedTuple

from checker.compare.deployment import differences
from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT
from checker.generate.deployment import deployment
from checker.scan.accounts import unlisted_warning
from checker.shell.common import Common, answer, say, teller
from checker.shell.loading import Checked
from checker.sources import live
from checker.sources.aws.session import ReadOnlySession
from checker.sources.deployed import read
from checker.spoken import plural


class Options(NamedTuple):
    common: Common
    profile: str | None = None
    concurrency: int = 1


def run(options: Options) -> int:
    """Compare and list; 1 on any difference. Raises Unreadable if something could not be read."""
    checked = Checked(options.common)
    loaded = checked.without_errors()
    expected = deployment(loaded.policy, loaded.inventory)
    checked.accepted()
    session = ReadOnlySession(options.profile, options.concurrency, tell=teller(quiet=options.common.quiet))
    account = live.identify(session, loaded.inventory, want_name=live.asks_for_names(loaded.policy.policy))
    warning = unlisted_warning(loaded, account.id)
    say([f"warning: {warning}"] if warning else [], quiet=options.common.quiet)
    deployed = read(
        session,
        expected.region,
        expected.rule_name,
        expected.name("deletion"),
        expected.remediation_functions.values(),
    )
    found = list(differences(expected, deployed))
    rule = "keyage's rule" if expected.custom else "the managed rule"
    where = f"account {account.id}, {expected.region}, {rule} {expected.rule_name}"
    count = plural(len(found), "difference")
    answer([f"{where}: {count if found else 'as the policy says'}", *(f"  {difference}" for difference in found)])
    return FINDINGS_EXIT if found else COMPLIANT_EXIT
