"""`keyage drift`: is what is deployed in the current account what the policy would deploy?"""

from collections.abc import Sequence
from typing import NamedTuple

from checker.compare.deployment import differences
from checker.decision import Account
from checker.errors import COMPLIANT_EXIT, FINDINGS_EXIT
from checker.generate.deployment import Deployment, deployment
from checker.generate.groups import Group, resolve, unlisted
from checker.shell.common import Common, answer, say, teller
from checker.shell.loading import Checked, Loaded
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
    groups = resolve(loaded.policy, loaded.inventory)
    checked.accepted()
    session = ReadOnlySession(options.profile, options.concurrency, tell=teller(quiet=options.common.quiet))
    account = live.identify(session, loaded.inventory, want_name=live.asks_for_names(loaded.policy.policy))
    expected = _expected(loaded, groups, account, options.common)
    deployed = read(session, expected.region, expected.rule_name, expected.name("deletion"))
    found = list(differences(expected, deployed))
    rule = "the managed rule" if expected.function is None else "keyage's rule"
    where = f"account {account.id}, {expected.region}, group {expected.group.name}, {rule} {expected.rule_name}"
    count = plural(len(found), "difference")
    answer([f"{where}: {count if found else 'as the policy says'}", *(f"  {difference}" for difference in found)])
    return FINDINGS_EXIT if found else COMPLIANT_EXIT


def _expected(loaded: Loaded, groups: Sequence[Group], account: Account, common: Common) -> Deployment:
    named = {each.id: group for group in groups for each in group.accounts}
    group = named.get(account.id, groups[0])
    warning = None if account.id in loaded.inventory else unlisted(loaded.policy, account)
    if warning:
        say([f"warning: {warning}: the group {group.name} deploys there; add the account"], quiet=common.quiet)
    return deployment(loaded.policy, group)
