"""What a deployment costs: what is not deployed costs nothing, and every line is its formula."""

from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.generate import cloudformation, cost, prices
from checker.generate.cost import Fleet
from checker.generate.deployment import MEMORY_MB
from checker.generate.prices import Price
from tests.generate.terraform_cli import deployed
from tests.support import cfn_yaml
from tests.support.runbook import Runbook, document

MANAGED = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
CUSTOM = f"{MANAGED}rules: [{{id: robots, users: bot-*, maxAccessKeyAge: 30}}]\n"
DELETES = "remediation: {action: delete, automatic: true, protectUsedWithinDays: 7, deleteAfterDays: 30}\n"
BY_HAND = "remediation: {action: deactivate}\n"
fleets = st.builds(Fleet, st.integers(1, 10_000), st.integers(0, 5_000), st.integers(0, 100), st.just(0.1))


def whats(policy: str) -> list[str]:
    return [line.what for line in cost.estimate(deployed(policy), Fleet(1)).lines]


def test_the_managed_rule_costs_evaluations_and_their_changes_alone() -> None:
    assert whats(MANAGED) == whats(MANAGED + BY_HAND) == ["Config: evaluations", "Config: changes of compliance"]


def test_each_piece_that_runs_by_itself_costs() -> None:
    assert whats(CUSTOM)[2:] == [
        "Lambda: runs of the evaluation",
        "Lambda: duration of the evaluation",
        "Logs: written",
        "Logs: kept",
    ]
    assert whats(CUSTOM + DELETES)[4:-2] == [
        "Automation: steps",
        "Automation: scripts",
        "Lambda: runs of the deactivation",
        "Lambda: duration of the deactivation",
        "Scheduler: deletions",
        "Lambda: runs of the deletion",
        "Lambda: duration of the deletion",
    ]


def test_nobody_costs_nothing_but_what_runs_for_the_account() -> None:
    found = {line.what: line.quantity for line in cost.estimate(deployed(CUSTOM), Fleet(1, users=0)).lines}
    assert (found["Config: evaluations"], found["Config: changes of compliance"]) == (0, 0)
    assert found["Lambda: runs of the evaluation"] > 0


@pytest.mark.parametrize(
    ("quantity", "dollars"),
    [(0, 0), (1, 0.001), (100_000, 100), (500_000, 420), (1_000_000, 670), (1_520_000, 930), (15_200_000, 7_770)],
)
def test_the_tiers_of_evaluations(quantity: float, dollars: float) -> None:
    assert prices.EVALUATION.of(quantity) == pytest.approx(dollars)


@pytest.mark.parametrize(("frequency", "times"), [("One_Hour", 24), ("Six_Hours", 4), ("TwentyFour_Hours", 1)])
def test_a_rule_that_runs_more_often_asks_more_often(frequency: str, times: int) -> None:
    daily, often = (
        cost.estimate(deployed(f"{CUSTOM}deploy: {{frequency: {each}}}\n"), Fleet(10)).lines
        for each in ("TwentyFour_Hours", frequency)
    )
    assert [line.quantity for line in often if "change" not in line.what] == pytest.approx(
        [times * line.quantity for line in daily if "change" not in line.what]
    )


@settings(max_examples=50)
@given(st.sampled_from([MANAGED, CUSTOM, MANAGED + DELETES, CUSTOM + DELETES]), fleets, fleets)
def test_more_of_anything_never_costs_less_and_the_sum_is_that_of_the_lines(
    text: str, one: Fleet, other: Fleet
) -> None:
    made = deployed(text)
    largest = Fleet(*(max(pair) for pair in zip(one[:3], other[:3], strict=True)))
    small, large = cost.estimate(made, one), cost.estimate(made, largest)
    assert [line.what for line in small.lines] == [line.what for line in large.lines]
    assert all(less.dollars <= more.dollars for less, more in zip(small.lines, large.lines, strict=True))
    assert round(100 * small.dollars) == sum(round(100 * line.dollars) for line in small.lines)


def test_the_other_rule_is_the_price_of_a_policy_that_has_it() -> None:
    fleet = Fleet(1_000)
    managed, ours = (
        cost.estimate(deployed(f"{MANAGED}{DELETES}{how}"), fleet) for how in ("", "deploy: {rule: custom}\n")
    )
    assert managed.with_the_other_rule == ours.dollars > managed.dollars
    assert ours.with_the_other_rule == managed.dollars


def test_a_run_that_would_take_too_long_is_ended() -> None:
    found = {line.what: line for line in cost.estimate(deployed(CUSTOM + DELETES), Fleet(1, users=50_000)).lines}
    for piece, limit in (("evaluation", 900), ("deletion", 540)):
        line = found[f"Lambda: duration of the {piece}"]
        assert line.quantity == pytest.approx(limit / 2 * cost.DAYS)
        assert f"{limit} s, where it is ended" in line.formula


def test_every_price_has_a_page_a_date_and_tiers_that_rise() -> None:
    found = [each for each in vars(prices).values() if isinstance(each, Price)]
    assert len(found) == 9
    for price in found:
        bounds = [upto for upto, _each in price.tiers]
        assert price.page.startswith("https://aws.amazon.com/")
        assert price.seen.rpartition(", ")[2][:4] in ("2024", "2026")
        assert bounds[-1] is None
        assert bounds[:-1] == sorted(filter(None, bounds))


def test_what_is_assumed_of_the_functions_is_what_is_deployed() -> None:
    template = cfn_yaml.loads(cloudformation.template(deployed(CUSTOM + DELETES)))
    function = template["Resources"]["Function"]["Properties"]
    assert (function["Timeout"], function["MemorySize"]) == (cost.LONGEST_EVALUATION, MEMORY_MB)
    assert template["Parameters"]["LogRetentionDays"]["Default"] == cost.LOG_DAYS
    assert import_module("checker.rules.remediation").LONGEST_RUN == cost.LONGEST_DELETION
    assert import_module("checker.rules.config_rule").EVALUATIONS_A_CALL == cost.RESULTS_A_CALL


def test_the_remediation_makes_as_many_calls_as_are_assumed(runbook: Runbook) -> None:
    user, _key = runbook.old("u", 100)
    assert runbook.run(document(), user) == {"u": ["deactivated", "marked"]}
    assert runbook.emulated.faults.requests.total() + 1 == cost.REMEDIATION_CALLS  # AWS Config's answer is made up
    for number in range(9):
        runbook.old(f"x{number}", 5)
    runbook.run(document("delete", automatic=True, deleteAfterDays=30), stage="delete")
    assert runbook.emulated.faults.requests.total() == 1 + 10 * cost.CALLS_BEFORE_DELETION
