"""What a deployment costs: what is not deployed costs nothing, and every line is its formula."""

from importlib import import_module

import pytest

from checker.generate import cost, prices
from checker.generate.cost import Fleet
from checker.generate.prices import Price
from tests.generate.terraform_cli import deployed

MANAGED = "version: 1\ndefault: {maxAccessKeyAge: 90}\n"
CUSTOM = f"{MANAGED}rules: [{{id: robots, users: bot-*, maxAccessKeyAge: 30}}]\n"
DELETES = "remediation: {action: delete, automatic: true, protectUsedWithinDays: 7, deleteAfterDays: 30}\n"
BY_HAND = "remediation: {action: deactivate}\n"


def whats(policy: str) -> list[str]:
    return [line.what for line in cost.lines(deployed(policy, []), Fleet(1))]


def test_the_managed_rule_costs_evaluations_and_their_changes_alone() -> None:
    assert whats(MANAGED) == whats(MANAGED + BY_HAND) == ["Config: evaluations", "Config: changes of compliance"]


def test_each_piece_that_runs_by_itself_costs() -> None:
    own = [f"{what} of the evaluation" for what in ("Lambda: runs", "Lambda: duration", "Logs")]
    assert whats(CUSTOM)[2:] == own
    assert whats(CUSTOM + DELETES)[5:7] == ["Automation: steps", "Automation: scripts"]
    assert [what for what in whats(CUSTOM + DELETES) if "deletion" in what and "Lambda" not in what] == [
        "Scheduler: deletions",
        "Logs of the deletion",
    ]


def test_nobody_costs_nothing_but_what_runs_for_the_account() -> None:
    found = {line.what: line.dollars for line in cost.lines(deployed(CUSTOM, []), Fleet(1, users=0))}
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
        cost.lines(deployed(f"{CUSTOM}deploy: {{frequency: {each}}}\n", []), Fleet(10))
        for each in ("TwentyFour_Hours", frequency)
    )
    assert [line.quantity for line in often if "change" not in line.what] == pytest.approx(
        [times * line.quantity for line in daily if "change" not in line.what]
    )


def test_every_price_has_a_source_and_tiers_that_rise() -> None:
    found = [each for each in vars(prices).values() if isinstance(each, Price)]
    assert len(found) == 8
    for price in found:
        bounds = [upto for upto, _each in price.tiers]
        assert price.source.startswith("https://aws.amazon.com/")
        assert bounds[-1] is None
        assert bounds[:-1] == sorted(filter(None, bounds))


def test_the_evaluation_lists_keys_by_so_many_calls_at_once() -> None:
    assert import_module("checker.rules.config_rule").WORKERS == cost.SIDE_BY_SIDE
