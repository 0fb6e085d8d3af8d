"""What a deployment costs in a month, from formulas. Pure: no clock, no network."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from checker.generate import prices
from checker.generate.deployment import MEMORY_MB, Deployment
from checker.generate.prices import Price
from checker.policy.deploy_settings import HOURS

DAYS = 30.4  # in a month
START = 1.0  # seconds until a function that was not warm has begun; billed
FIXED_CALLS = 3  # the credential report and the first page of users
USERS_A_PAGE = 1_000
RESULTS_A_CALL = 100  # PutEvaluations and GetComplianceDetailsByConfigRule
LOG_BYTES = 2_000  # a run: its start, end, report and counts
LOG_DAYS = 365  # for which logs are kept, unless the deployment says otherwise
IAM_CALLS_A_SECOND = 20  # that IAM answers in an account
REMEDIATION_CALLS = 8  # for a user with one key that is deactivated
CALLS_BEFORE_DELETION = 2  # for each user, to see their keys and tags
# Seconds after which AWS Lambda ends the evaluation, and after which the deletion begins with no further user.
LONGEST_EVALUATION, LONGEST_DELETION = 900, 540


class Fleet(NamedTuple):
    """What a deployment is for. Each number is of one account, but the accounts."""

    accounts: int
    users: int = 50
    non_compliant: int = 1  # users whom AWS Config finds so in every run
    call_seconds: float = 0.1  # that an answer of AWS takes


class Line(NamedTuple):
    what: str
    quantity: float  # a month, of all accounts
    price: Price
    formula: str

    @property
    def dollars(self) -> float:
        """To the cent."""
        return round(self.price.of(self.quantity), 2)


class Estimate(NamedTuple):
    """What is paid for in a month. US dollars of us-east-1, without free allowances."""

    deployment: Deployment
    fleet: Fleet
    lines: list[Line]  # in the order in which it happens

    @property
    def dollars(self) -> float:
        """The sum of the lines, each to the cent."""
        return round(sum(line.dollars for line in self.lines), 2)

    @property
    def with_the_other_rule(self) -> float:
        """The same if AWS's managed rule judged in place of keyage's, or keyage's in place of AWS's."""
        age = self.deployment.document["default"]["maxAccessKeyAge"] if self.deployment.custom else None
        return estimate(replace(self.deployment, max_age=age), self.fleet).dollars


def estimate(deployment: Deployment, fleet: Fleet) -> Estimate:
    """What a month of the deployment costs for so many accounts and users."""
    runs = 24 / HOURS[deployment.frequency] * DAYS
    lines = [
        *_rule(deployment, fleet, runs),
        *(_evaluation(fleet, runs) if deployment.custom else ()),
        *(_remediation(fleet, runs) if deployment.automatic else ()),
        *(_deletion(fleet) if deployment.deletes else ()),
    ]
    return Estimate(deployment, fleet, [*lines, *_logs(lines)])


def _rule(deployment: Deployment, fleet: Fleet, runs: float) -> Iterator[Line]:
    accounts, users = fleet.accounts, fleet.users
    formula = f"{_of(fleet)} x {runs:,.1f} runs; each user is one"
    yield Line("Config: evaluations", accounts * users * runs, prices.EVALUATION, formula)
    shortest = min(rule["maxAccessKeyAge"] for rule in (*deployment.document["rules"], deployment.document["default"]))
    formula = f"{_of(fleet)} x 2 changes in {shortest} days x {DAYS} days, at most"
    changes = accounts * users * 2 * DAYS / shortest
    yield Line("Config: changes of compliance", changes, prices.CONFIGURATION_ITEM, formula)


def _evaluation(fleet: Fleet, runs: float) -> Iterator[Line]:
    """The keys of every user, at worst, are listed as fast as IAM answers; the other calls wait for each other."""
    users = fleet.users
    calls = FIXED_CALLS + users // USERS_A_PAGE + 2 * -(-users // RESULTS_A_CALL)
    seconds = START + calls * fleet.call_seconds + users / IAM_CALLS_A_SECOND
    said = f"{START:g} s + {calls:,} calls x {fleet.call_seconds:g} s + {users:,} users / {IAM_CALLS_A_SECOND} a second"
    yield from _function("evaluation", fleet, runs, *_at_most(LONGEST_EVALUATION, seconds, said))


def _remediation(fleet: Fleet, runs: float) -> Iterator[Line]:
    started = fleet.accounts * fleet.non_compliant * runs
    formula = f"{fleet.accounts:,} x {fleet.non_compliant:,} non-compliant x {runs:,.1f} runs"
    yield Line("Automation: steps", started, prices.AUTOMATION_STEP, formula)
    seconds = START + REMEDIATION_CALLS * fleet.call_seconds
    script = f"{started:,.0f} steps x {seconds:.1f} s"
    yield Line("Automation: scripts", started * seconds, prices.SCRIPT_SECOND, script)
    said = f"{START:g} s + {REMEDIATION_CALLS} calls x {fleet.call_seconds:g} s"
    yield from _function("deactivation", fleet, fleet.non_compliant * runs, seconds, said)


def _deletion(fleet: Fleet) -> Iterator[Line]:
    formula = f"{fleet.accounts:,} x {DAYS} days"
    yield Line("Scheduler: deletions", fleet.accounts * DAYS, prices.SCHEDULED, formula)
    calls = 1 + fleet.users // USERS_A_PAGE + CALLS_BEFORE_DELETION * fleet.users
    seconds = START + calls * fleet.call_seconds
    said = f"{START:g} s + {calls:,} calls x {fleet.call_seconds:g} s"
    yield from _function("deletion", fleet, DAYS, *_at_most(LONGEST_DELETION, seconds, said))


def _function(piece: str, fleet: Fleet, runs: float, seconds: float, said: str) -> Iterator[Line]:
    """A function that runs so often in each account; `said` is the formula of the seconds that a run takes."""
    total, gigabytes = fleet.accounts * runs, MEMORY_MB / 1024
    yield Line(f"Lambda: runs of the {piece}", total, prices.INVOCATION, f"{fleet.accounts:,} x {runs:,.1f} runs")
    formula = f"{total:,.0f} runs x {gigabytes:g} GB x ({said})"
    yield Line(f"Lambda: duration of the {piece}", total * gigabytes * seconds, prices.GB_SECOND, formula)


def _logs(lines: Sequence[Line]) -> Iterator[Line]:
    """Of every run of a function, of which `lines` has the numbers."""
    runs = sum(line.quantity for line in lines if line.price is prices.INVOCATION)
    if runs:
        written = runs * LOG_BYTES / 1e9
        yield Line("Logs: written", written, prices.LOG_GB, f"{runs:,.0f} runs x {LOG_BYTES / 1000:g} KB")
        formula = f"{written:,.1f} GB a month, each kept for {LOG_DAYS} days, not compressed"
        yield Line("Logs: kept", written * LOG_DAYS / DAYS, prices.LOG_GB_MONTH, formula)


def _at_most(limit: int, seconds: float, said: str) -> tuple[float, str]:
    return (limit, f"{limit} s, where it is ended") if seconds > limit else (seconds, said)


def _of(fleet: Fleet) -> str:
    return f"{fleet.accounts:,} accounts x {fleet.users:,} users"
