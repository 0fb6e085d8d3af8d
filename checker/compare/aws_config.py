"""AWS Config's word on the users of an account, and the policy's → what to report. Pure: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from checker.compare.aws_config_rows import AccountRow, UserRow
from checker.decision import Policy, User, decision
from checker.evaluate import COMPLIANT, EXEMPT, NON_COMPLIANT, UNDECIDED, AccountRead, Finding, evaluate
from checker.policy.deploy_settings import HOURS, every
from checker.sources.aggregator import FAILED, SUCCEEDED, Reported, Result
from checker.spoken import plural

DAY = timedelta(days=1)
NAMES_IN_A_REASON = 5
VERDICTS = (COMPLIANT, NON_COMPLIANT)


class Expectation(NamedTuple):
    """The policy's verdict on one user of a snapshot."""

    user: str
    verdict: str
    because: str
    due: datetime | None  # when the first of the non-compliant keys passed its limit
    created: datetime | None


@dataclass(frozen=True)
class Expected:
    """The policy's verdicts on an account of a snapshot, by user id."""

    users: Mapping[str, Expectation]
    reason: str | None = None  # why there are none
    name: str | None = None  # the account's
    open: str | None = None  # why some of them are UNDECIDED


class ReportingRule(NamedTuple):
    """Which rule ought to report, and how old its results may be."""

    name: str
    region: str
    frequency: str
    managed: bool = False  # whether it is the AWS managed rule
    lag: timedelta = DAY  # AWS does not say how long an aggregator takes

    @property
    def oldest(self) -> timedelta:
        return timedelta(hours=HOURS[self.frequency]) + self.lag

    @property
    def every(self) -> str:
        return every(self.frequency)


class Compared(NamedTuple):
    """What AWS Config is compared with."""

    file: str
    taken_at: datetime | None
    accounts: Mapping[str, Expected]


def expected(policy: Policy, reading: AccountRead, now: datetime) -> Expected:
    """The policy's verdicts at the instant `now`."""
    name = reading.account.name
    result = evaluate(policy, reading, now, show_all=True)
    nameless = sorted(user.name for user in reading.users if user.id is None)
    if nameless:
        why = f"AWS Config knows users by id, and the snapshot has none of {_named(nameless)}: take it anew"
        return Expected({}, f"{why}, with iam:ListUsers allowed", name)
    keys: dict[str, list[Finding]] = {}
    for finding in (*result.findings, *(one.finding for one in result.undecided)):
        keys.setdefault(finding.user, []).append(finding)
    users = {str(user.id): _expectation(user, keys.get(user.name, [])) for user in reading.users}
    return Expected(users, None, name, result.reason and f"the policy's verdicts are not all known: {result.reason}")


def _expectation(user: User, findings: Sequence[Finding]) -> Expectation:
    verdict = decision.user_verdict(finding.verdict for finding in findings)
    deciding = sorted((one for one in findings if one.verdict == verdict), key=lambda one: one.create_date)
    because = "; ".join(map(_key, deciding)) or "no active access key"
    due = min((one.due_date for one in deciding if one.due_date), default=None) if verdict == NON_COMPLIANT else None
    return Expectation(user.name, verdict, because, due, user.created)


def _key(finding: Finding) -> str:
    key = f"{finding.access_key_id} is {plural(finding.age_days, 'day')} old, limit {finding.max_access_key_age}"
    exempt = f", exemption {finding.exemption}" if finding.verdict == EXEMPT else ""
    return f"{key} (rule {finding.rule}{exempt})"


def account_row(
    reported: Reported, name: str | None, deployed: ReportingRule, compared: Compared | None, now: datetime
) -> AccountRow:
    """What is reported of one account: unreadable where AWS Config's word on it cannot be relied on."""
    policy = compared.accounts.get(reported.account_id) if compared else None
    reason = _unusable(reported, deployed, now)
    if reason is None and not reported.results and not _known_empty(reported, deployed, compared, now):
        reason = _nothing(reported, deployed, compared)
    if reason is None and compared is not None:
        reason = policy.reason if policy else f"{compared.file} has no such account, so there is nothing to compare"
    partial = reason is None and policy is not None and policy.open is not None
    comparable = policy if policy and policy.reason is None and reported.results else None
    return AccountRow(
        reported.account_id,
        name or (policy.name if policy else None),
        reported.rule,
        policy.open if policy and partial else reason,
        _rows(reported, comparable, deployed),
        reported.api_calls,
        partial,
    )


def _unusable(reported: Reported, deployed: ReportingRule, now: datetime) -> str | None:
    """Why what there is cannot be relied on."""
    if reported.problem:
        return reported.problem
    source = reported.source
    if source and source.status == FAILED:
        when = f", last on {_day(source.updated_at)}" if source.updated_at else ""
        return (
            f"the aggregator could not collect from it ({source.error or 'AWS gives no reason'}{when}): see that AWS"
            f" Config records there in {deployed.region} and that the aggregator is authorized, then run again"
        )
    undecided = [result.user_id for result in reported.results if result.compliance not in VERDICTS]
    if undecided:
        return f"AWS Config has no verdict on {_named(undecided)}: see why the rule {reported.rule} does not judge them"
    return _outdated(reported, deployed, now)


def _outdated(reported: Reported, deployed: ReportingRule, now: datetime) -> str | None:
    """A result is too old if the rule should have run since, and the aggregator been told."""
    if not reported.results:
        return None
    fresh = [one for one in reported.results if one.invoked_at and now - one.invoked_at <= deployed.oldest]
    if not fresh:
        newest = max((one.invoked_at for one in reported.results if one.invoked_at), default=None)
        age = f"of {_day(newest)}" if newest else "of an unknown time"
        return (
            f"the newest result of {reported.rule} is {age}, although the rule runs every {deployed.every}: see that"
            f" AWS Config is on there in {deployed.region} and that the rule runs"
        )
    old = sorted({one.user_id for one in reported.results} - {one.user_id for one in fresh})
    if old:
        return (
            f"AWS Config has judged other users since, but not {_named(old)}: if they are gone, delete the results of"
            f" {reported.rule} there (aws configservice delete-evaluation-results) and let it run again"
        )
    return None


def _known_empty(reported: Reported, deployed: ReportingRule, compared: Compared | None, now: datetime) -> bool:
    """Whether a snapshot shows that there is nobody whom the rule could have judged.

    The aggregator alone cannot tell: it does not list a rule without results, nor when a rule ran.
    """
    if compared is None or compared.taken_at is None or now - compared.taken_at > deployed.oldest:
        return False
    policy = compared.accounts.get(reported.account_id)
    collected = reported.source is not None and reported.source.status == SUCCEEDED
    return collected and policy is not None and policy.reason is None and not policy.users


def _nothing(reported: Reported, deployed: ReportingRule, compared: Compared | None) -> str:
    """Why there is no result, as far as can be told."""
    if reported.elsewhere:
        return (
            f"the rule {deployed.name} has results in {', '.join(reported.elsewhere)}, but none in {deployed.region},"
            " where deploy.region puts it: deploy it there, and remove it elsewhere"
        )
    if reported.source is None:
        return (
            f"the aggregator does not collect from it in {deployed.region}: add the account to the aggregator, and"
            " see that it is authorized there"
        )
    policy = compared.accounts.get(reported.account_id) if compared else None
    if policy and policy.users:
        why = f"the rule is not deployed or has not run; {plural(len(policy.users), 'user')} should have been judged"
        return f"AWS Config has no result of {deployed.name} in {deployed.region}: {why}"
    return (
        f"AWS Config has no result of {deployed.name} in {deployed.region}: the rule is not deployed, has not run, or"
        " there are no IAM users, which an aggregator does not tell apart: see `keyage drift` in the account, or give"
        f" --from FILE with a snapshot of the last {_hours(deployed.oldest)} that shows that it has no users"
    )


def _rows(reported: Reported, policy: Expected | None, deployed: ReportingRule) -> list[UserRow]:
    """Every user whom AWS Config has judged, and those whom only the snapshot has."""
    rows = {result.user_id: _row(reported, result, policy, deployed) for result in reported.results}
    latest = max((one.invoked_at for one in reported.results if one.invoked_at), default=None)
    for user_id, expectation in policy.users.items() if policy else ():
        if user_id not in rows:
            rows[user_id] = _unjudged(reported.account_id, user_id, expectation, latest)
    return [row for _id, row in sorted(rows.items())]


def _row(reported: Reported, result: Result, policy: Expected | None, deployed: ReportingRule) -> UserRow:
    expectation = policy.users.get(result.user_id) if policy else None
    differs = policy is not None and (expectation is None or _differs(result.compliance, expectation.verdict))
    return UserRow(
        reported.account_id,
        result.user_id,
        expectation.user if expectation else None,
        result.compliance,
        result.annotation,
        result.invoked_at,
        result.recorded_at,
        expectation.verdict if expectation else None,
        _because(result, expectation, deployed) if differs else None,
        differs,
    )


def _differs(compliance: str, verdict: str) -> bool:
    """Whether it is certain that AWS Config says something else; it has no word for exempt."""
    return verdict != UNDECIDED and compliance != (COMPLIANT if verdict == EXEMPT else verdict)


def _because(result: Result, expectation: Expectation | None, deployed: ReportingRule) -> str:
    if expectation is None:
        return "the snapshot has no such user"
    parts = [expectation.because]
    if expectation.due and result.invoked_at and expectation.due >= result.invoked_at:
        parts.append("it passed its limit after AWS Config looked")
    if deployed.managed:
        parts.append("the AWS managed rule judges it")
    return "; ".join(parts)


def _unjudged(account_id: str, user_id: str, expectation: Expectation, latest: datetime | None) -> UserRow:
    young = expectation.created and latest and expectation.created > latest
    because = "AWS Config has no result: " + ("created after it last looked" if young else expectation.because)
    return UserRow(
        account_id, user_id, expectation.user, None, None, None, None, expectation.verdict, because, differs=True
    )


def _named(names: Sequence[str]) -> str:
    more = len(names) - NAMES_IN_A_REASON
    return ", ".join(names[:NAMES_IN_A_REASON]) + (f" and {more} more" if more > 0 else "")


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _hours(duration: timedelta) -> str:
    return f"{int(duration.total_seconds() // 3600)} hours"
