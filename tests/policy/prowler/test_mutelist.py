"""Prowler's mute list: what becomes an exemption never reaches further than what was muted."""

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_regressions.file_regression import FileRegressionFixture

from checker.decision import matches
from checker.errors import FileProblems
from checker.policy import loader
from checker.policy.prowler import mutelist
from checker.policy.prowler.exemption_text import exemptions_text
from checker.policy.prowler.mutelist import CHECK, Muted

GOLDEN = Path(__file__).parents[2] / "golden" / "import-exemptions"
LIST = """\
Mutelist:
  Accounts:
    "111122223333":
      Checks:
        iam_rotate_access_key_90_days:
          Regions: ["*"]
          Resources: [sftp-legacy-access-key-., "svc-.*", "no"]
          Description: 'vendor appliance # "quoted"'
        s3_bucket_public_access:
          Regions: ["*"]
          Resources: ["*"]
    "*":
      Checks:
        iam_rotate*:
          Regions: ["*"]
          Resources: [ann]
          Tags: [team=pay*, "*"]
        "*":
          Regions: [eu-west-1]
          Resources: ["*"]
        iam_rotate_access_key_90_days:
          Regions: ["*"]
          Resources: ["*"]
          Exceptions: {Accounts: ["444455556666"]}
"""


def parsed(resources: str, rest: str = "") -> mutelist.Mutelist:
    text = f'Mutelist: {{Accounts: {{"*": {{Checks: {{{CHECK}: {{Regions: ["*"], Resources: {resources}{rest}}}}}}}}}}}'
    return mutelist.parse(text.encode(), "m.yaml")


@pytest.mark.golden
def test_as_in_the_golden_file(file_regression: FileRegressionFixture) -> None:
    text = exemptions_text(mutelist.parse(LIST.encode(), "mutelist.yaml"))
    file_regression.check(text, fullpath=GOLDEN / "import-exemptions.yaml", encoding="utf-8")


def test_other_checks_are_nothing_to_import() -> None:
    found = mutelist.parse(
        LIST.replace("iam_rotate", "ec2_rotate").replace('"*":\n          Reg', "x:\n          Reg").encode(), "m"
    )
    assert (found.muted, found.left_out) == ([], [])
    assert exemptions_text(found).endswith("\nexemptions: []\n")


@pytest.mark.parametrize(
    ("resource", "pattern"),
    [
        ("ann", "ann"),
        ("^ann-access-key-[12]$", "ann"),
        ("svc-*", "svc-*"),
        ("svc-.*", "svc-*"),
        (r"a\.b", "a.b"),
        ("*", "*"),
    ],
)
def test_what_a_pattern_can_say(resource: str, pattern: str) -> None:
    [found] = parsed(f"['{resource}']").muted
    assert found == Muted(1, None, {"name": pattern}, None, None)


@pytest.mark.parametrize("resource", ["ann|bob", "svc-[0-9]+", "(a)", "a?", "a b", "é"])
def test_what_no_pattern_can_say_is_left_out_with_its_place(resource: str) -> None:
    found = parsed(f"['{resource}', ann]")
    assert found.muted == []
    [problem] = found.left_out
    assert (problem.line, problem.column) == (1, 38)
    assert problem.message.endswith(
        f"{resource} is a regular expression that no pattern on user names can say: write the names"
    )


@pytest.mark.parametrize("resource", ["ann-access-key-1", "^ann-access-key-2$", "*-access-key-1"])
def test_one_key_of_two_is_never_taken_for_the_user(resource: str) -> None:
    found = parsed(f"['{resource}']")
    reason = f"{resource} is one of two keys: write an exemption with the id of that key under keys"
    assert (found.muted, [one.message.endswith(reason) for one in found.left_out]) == ([], [True])


@example(".*b", "b")
@example("a-.*-access-key-[12]", "a-")
@given(st.text("ab.*-", min_size=1, max_size=8), st.text("ab-", min_size=1, max_size=8))
def test_an_exemption_reaches_nobody_who_was_not_muted(resource: str, user: str) -> None:
    found = parsed(f"['{resource}']")
    for muted in found.muted:
        if matches(muted.users["name"], user):
            # As Prowler searches: prowler/lib/mutelist/mutelist.py, is_item_matched.
            expression = resource.replace("*", ".*")
            try:
                assert re.search(expression, f"{user}-access-key-1")
            except re.error:
                continue


def test_validate_refuses_what_is_not_filled_in_and_takes_what_is() -> None:
    text = exemptions_text(mutelist.parse(LIST.encode(), "m.yaml"))
    policy = "version: 1\ndefault: {maxAccessKeyAge: 90}\n" + text
    with pytest.raises(FileProblems) as caught:
        loader.parse(policy.encode(), "p.yaml")
    fields = [problem.message.partition(":")[0] for problem in caught.value.problems]
    assert fields == ["approvedBy", "expires", "reason", "approvedBy", "expires"]
    filled = re.sub(r'"" #.*', "me", policy).replace("YYYY-MM-DD", "2027-01-31")
    first, second = loader.parse(filled.encode(), "p.yaml").content["exemptions"]
    assert first == {
        "id": "muted-sftp-legacy-111122223333",
        "accounts": "111122223333",
        "users": ["sftp-legacy", "svc-*", "no"],
        "reason": 'vendor appliance # "quoted"',
        "approvedBy": "me",
        "expires": "2027-01-31",
    }
    assert second["users"] == {"name": "ann", "tags": {"team": "pay*"}}


# What says nothing is no reason, in a policy either: a person has to write one.
REASON = json.loads((files("checker.policy.schemas") / "policy.schema.json").read_text())["definitions"]["text"][
    "pattern"
]


@given(st.text(min_size=1, max_size=30).filter(re.compile(REASON).search))
def test_any_description_survives(description: str) -> None:
    muted = Muted(1, "111122223333", {"name": "ann"}, description, None)
    text = "version: 1\ndefault: {maxAccessKeyAge: 90}\n" + exemptions_text(mutelist.Mutelist("m", [muted], []))
    filled = re.sub(r'approvedBy: "" #.*', "approvedBy: me", text).replace("YYYY-MM-DD", "2027-01-31")
    assert loader.parse(filled.encode(), "p.yaml").content["exemptions"][0]["reason"] == description


def test_ids_are_unique_and_legal() -> None:
    muted = [Muted(1, None, {"name": "A_b." * 20}, None, None)] * 11
    ids = re.findall(r"- id: (\S+)", exemptions_text(mutelist.Mutelist("m", muted, [])))
    assert len(set(ids)) == 11
    assert [one for one in ids if not re.fullmatch("[a-z0-9-]{1,64}", one)] == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Mutelist: 3", 'm:1:11: Mutelist: expected a mapping, found "3"'),
        ("Allow: {}", "m:1:1: the file: Mutelist is missing"),
        ("Mutelist: {Accounts: {'*': {}}}", "m:1:28: *: Checks is missing"),
    ],
)
def test_what_is_no_mute_list_is_said_with_its_place(text: str, problem: str) -> None:
    with pytest.raises(FileProblems) as caught:
        mutelist.parse(text.encode(), "m")
    assert list(map(str, caught.value.problems)) == [problem]
