"""The checker gives the verdict that every engine must give, for every case."""

from collections import Counter
from importlib.resources import files

import pytest
import yaml

from checker.decision import decision
from checker.policy.loader import parse
from checker.policy.yaml.check import schema
from tests.support.conformance_cases import Case, cases, rule_cases

CASES = list(cases())
METADATA = files("checker.rules").joinpath("access_keys_rotated.yaml").read_text("utf-8")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_checker_agrees(case: Case) -> None:
    resolved = parse(case.policy.encode(), "policies.yaml").policy.for_account(case.account)
    made = decision.decide(resolved, case.user, case.key, case.now)
    exemption = made.exemption.id if made.exemption else None
    assert made.rule is not None
    assert (made.verdict, made.rule.max_age, made.rule.id, exemption) == (
        case.verdict,
        case.max_age,
        case.rule,
        case.exemption,
    )


def test_no_case_is_lost() -> None:
    assert Counter(case.suite for case in CASES) == {
        "one number": 9,
        "first match decides": 5,
        "patterns are IAM's wildcards": 8,
        "exemptions are dated": 4,
        "tags": 2,
        "ids keep their digits": 5,
    }


def test_there_are_33_cases_of_which_28_belong_to_the_rule() -> None:
    assert (len(CASES), len(list(rule_cases()))) == (33, 28)


def test_no_two_cases_have_the_same_name() -> None:
    assert len(set(map(str, CASES))) == len(CASES)


def test_the_described_parameter_is_the_one_the_policy_language_has() -> None:
    described = yaml.safe_load(METADATA)
    definition = schema("policy")["definitions"][described["parameter"]["name"]]
    actual = {key: described["parameter"][key] for key in ("type", "minimum", "maximum")}
    assert actual == {key: definition[key] for key in ("type", "minimum", "maximum")}


def test_the_described_frequencies_are_those_the_policy_language_has() -> None:
    described = yaml.safe_load(METADATA)
    definition = schema("policy")["definitions"]["deploy"]["properties"]["frequency"]
    assert described["frequencies"] == definition["enum"]
