"""What a deployment costs in a month, from formulas. Pure: no clock, no network."""

from collections.abc import Iterator
from typing import NamedTuple

from checker.generate import prices
from checker.generate.deployment import MEMORY_MB, Deployment
from checker.generate.prices import Price

DAYS = 30.4  # in a month
HOURS = {"One_Hour": 1, "Three_Hours": 3, "Six_Hours": 6, "Twelve_Hours": 12, "TwentyFour_Hours": 24}
START = 1.0  # seconds until a function that was not warm has begun; billed
FIXED_CALLS = 3  # the credential report and the first page of users
USERS_A_PAGE = 1_000
RESULTS_A_CALL = 100  # PutEvaluations
LOG_BYTES = 2_000  # a run: its start, end, report and counts
SIDE_BY_SIDE = 4  # calls of the evaluation that list keys
REMEDIATION_CALLS = 8  # for a user with one key that is too old


class Fleet(NamedTuple):
    """What a deployment is for. Each number is of one account, but the accounts."""

    accounts: int
    users: int = 50
    non_compliant: int = 1  # users whom AWS Config finds so in every run
    call_seconds: float = 0.1  # that an answer of IAM takes


class Line(NamedTuple):
    what: str
    quantity: float  # a month, of all accounts
    price: Price
    formula: str

    @property
    def dollars(self) -> float:
        return self.price.of(self.quantity)


def lines(deployment: Deployment, fleet: Fleet) -> list[Line]:
    """What is paid for, in the order in which it happens. US dollars of us-east-1, without free allowances."""
    runs = 24 / HOURS[deployment.frequency] * DAYS
    return [
        *_rule(deployment, fleet, runs),
        *(_evaluation(fleet, runs) if deployment.custom else ()),
        *(_remediation(fleet, runs) if deployment.automatic else ()),
        *(_deletion(fleet) if deployment.deletes else ()),
    ]


def _rule(deployment: Deployment, fleet: Fleet, runs: float) -> Iterator[Line]:
    accounts, users = fleet.accounts, fleet.users
    formula = f"{_of(fleet)} x {runs:,.1f} runs; each user is one"
    yield Line("Config: evaluations", accounts * users * runs, prices.EVALUATION, formula)
    shortest = min(rule["maxAccessKeyAge"] for rule in (*deployment.document["rules"], deployment.document["default"]))
    formula = f"{_of(fleet)} x 2 changes in {shortest} days, at most"
    changes = accounts * users * 2 * DAYS / shortest
    yield Line("Config: changes of compliance", changes, prices.CONFIGURATION_ITEM, formula)


def _evaluation(fleet: Fleet, runs: float) -> Iterator[Line]:
    users = fleet.users
    calls = FIXED_CALLS + users // USERS_A_PAGE + -(-users // SIDE_BY_SIDE) + -(-users // RESULTS_A_CALL)
    yield from _function("evaluation", fleet, runs, calls)


def _remediation(fleet: Fleet, runs: float) -> Iterator[Line]:
    started = fleet.accounts * fleet.non_compliant * runs
    formula = f"{fleet.accounts:,} x {fleet.non_compliant:,} non-compliant x {runs:,.1f} runs"
    yield Line("Automation: steps", started, prices.AUTOMATION_STEP, formula)
    seconds = START + REMEDIATION_CALLS * fleet.call_seconds
    script = f"{started:,.0f} steps x {seconds:.1f} s"
    yield Line("Automation: scripts", started * seconds, prices.SCRIPT_SECOND, script)
    yield from _function("deactivation", fleet, fleet.non_compliant * runs, REMEDIATION_CALLS)


def _deletion(fleet: Fleet) -> Iterator[Line]:
    formula = f"{fleet.accounts:,} x {DAYS} days"
    yield Line("Scheduler: deletions", fleet.accounts * DAYS, prices.SCHEDULED, formula)
    yield from _function("deletion", fleet, DAYS, 1 + 2 * fleet.users)


def _function(piece: str, fleet: Fleet, runs: float, calls: int) -> Iterator[Line]:
    """A function that runs so often in each account, with so many calls in a run that wait for each other."""
    total = fleet.accounts * runs
    seconds, gigabytes = START + calls * fleet.call_seconds, MEMORY_MB / 1024
    yield Line(f"Lambda: runs of the {piece}", total, prices.INVOCATION, f"{fleet.accounts:,} x {runs:,.1f} runs")
    formula = f"{total:,.0f} runs x {gigabytes:g} GB x ({START:g} s + {calls:,} calls x {fleet.call_seconds:g} s)"
    yield Line(f"Lambda: duration of the {piece}", total * gigabytes * seconds, prices.GB_SECOND, formula)
    logs = f"{total:,.0f} runs x {LOG_BYTES / 1000:g} KB"
    yield Line(f"Logs of the {piece}", total * LOG_BYTES / 1e9, prices.LOG_GB, logs)


def _of(fleet: Fleet) -> str:
    return f"{fleet.accounts:,} accounts x {fleet.users:,} users"
