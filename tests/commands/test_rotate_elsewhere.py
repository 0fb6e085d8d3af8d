"""`keyage rotate` while a rotation to another store is under way: nothing is done, for the new key may be in that."""

from typing import Any

import pytest

from checker.remediate.rotate.places import address, place
from tests.fakes.rotated_account import PARAMETER, REGION, SECRET
from tests.fakes.stand_ins import refuse
from tests.support.rotating import AT_ONCE, Rotating

OTHERS = [(SECRET, REGION), (PARAMETER, "eu-west-1"), ("ssm:/prod/ledger2", REGION)]


def proof_not_noted(asked: dict[str, str]) -> Any:
    return refuse("AccessDenied")(asked) if asked["Tags.member.1.Value"].startswith("proved") else None


@pytest.mark.parametrize("arguments", [(), ("--rollback",)])
@pytest.mark.parametrize(("store", "region"), OTHERS)
def test_a_rotation_to_one_store_is_not_taken_to_another(
    rotating: Rotating, store: str, region: str, arguments: tuple[str, ...]
) -> None:
    rotating.account.begin(stored=PARAMETER)
    rotating.faults.plan("TagUser", proof_not_noted)
    assert rotating(PARAMETER, *AT_ONCE).returncode == 3
    rotating.faults.forget()
    before = rotating.state()
    assert before[0] == ["Active", "Active"]
    done = rotating(store, *AT_ONCE, *arguments, AWS_REGION=region)
    told = f"error: a rotation of svc-ledger to {PARAMETER} in {REGION} is under way"
    assert (done.returncode, told in done.stderr, rotating.state()) == (2, True, before), done.stderr
    assert rotating(store, "--status", AWS_REGION=region).returncode == 1
    done = rotating(PARAMETER, *AT_ONCE)
    assert (done.returncode, rotating.state()[0], rotating.account.wrong) == (0, ["Inactive", "Active"], [])


def test_names_too_long_for_a_tag_are_told_apart() -> None:
    long = [place(f"secretsmanager:{'a' * 500}{end}") for end in "bc"]
    found = {address(each, REGION) for each in long}
    assert (len(found), max(map(len, found)) <= 150) == (2, True)
