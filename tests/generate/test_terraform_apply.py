"""The modules applied for real, by the real provider: what is deployed stays, whatever changes in the policy."""

import pytest

from tests.generate.terraform_cli import InFolder, terraform_in
from tests.generate.terraform_course import (
    ANOTHER_AGE,
    CHANGES,
    OWN_RULE,
    POLICY,
    Change,
    Course,
    course,
    template,
)

__all__ = ["terraform_in"]

pytestmark = pytest.mark.sources  # the golden files say that the wheel renders the same

KINDS = ("rules", "remediations", "functions", "logs", "documents", "schedules", "roles")
NOTHING: dict[str, list[str]] = {kind: [] for kind in KINDS}
EVERYTHING = {
    "rules": ["key-age"],
    "remediations": ["key-age-remediation"],
    "functions": ["key-age-deactivation", "key-age-deletion", "key-age-evaluation"],
    "logs": ["/aws/lambda/key-age-deactivation", "/aws/lambda/key-age-deletion", "/aws/lambda/key-age-evaluation"],
    "documents": ["key-age-remediation"],
    "schedules": ["key-age-deletion"],
    "roles": [
        "key-age-automation",
        "key-age-deactivation",
        "key-age-deletion",
        "key-age-evaluation",
        "key-age-schedule",
    ],
}
LITTLE = NOTHING | {
    "rules": ["one-number"],
    "remediations": ["one-number-remediation"],
    "functions": ["one-number-deactivation"],
    "logs": ["/aws/lambda/one-number-deactivation"],
    "documents": ["one-number-remediation"],
    "roles": ["one-number-automation", "one-number-deactivation"],
}
READING = NOTHING | {"roles": ["keyage-organization"]}  # in the management account
NEW_CODE = {f"aws_lambda_function.{name}": "update" for name in ("evaluation", "deactivation", "deletion")}
NEW_TEMPLATE = {"aws_cloudformation_stack_set.this": "update", "aws_s3_object.template": "update"}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, terraform_in: InFolder) -> Course:
    return course(tmp_path_factory.mktemp("course"), terraform_in)


def test_a_second_plan_finds_nothing_to_do(done: Course) -> None:
    assert done.second_plan == {}


def test_a_bucket_without_versions_is_refused(done: Course) -> None:
    assert done.without_versions == ["keyage-audit"]


def test_what_comes_is_what_the_policies_need_and_nothing_else(done: Course) -> None:
    assert done.at_first == NOTHING
    assert done.applied == {kind: sorted(EVERYTHING[kind] + LITTLE[kind] + READING[kind]) for kind in KINDS}


def test_a_plan_is_of_no_other_modules_than_those_of_the_changes(done: Course) -> None:
    both = [f"{module} {what}" for what in CHANGES for module in ("account", "organization")]
    assert sorted(done.changes) == sorted([*both, f"account {ANOTHER_AGE}", f"account {OWN_RULE}"])


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_of_a_policy_is_new_code_in_an_account(done: Course, what: str) -> None:
    assert done.changes[f"account {what}"] == NEW_CODE


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_of_a_policy_is_a_new_template_in_an_organization(done: Course, what: str) -> None:
    same = template(CHANGES[what]) == template(Change(POLICY))
    assert done.changes[f"organization {what}"] == ({} if same else NEW_TEMPLATE)


def test_another_age_of_the_managed_rule_changes_the_rule_and_the_code(done: Course) -> None:
    changed = {"aws_config_config_rule.this": "update", "aws_lambda_function.deactivation": "update"}
    assert done.changes[f"account {ANOTHER_AGE}"] == changed


def test_a_policy_that_needs_the_own_rule_destroys_nothing(done: Course) -> None:
    found = done.changes[f"account {OWN_RULE}"]
    assert set(found.values()) == {"update", "create"}
    assert found["aws_config_config_rule.this"] == "update"


def test_a_change_that_is_applied_creates_and_destroys_nothing(done: Course) -> None:
    # Three functions, the document, the template and the stack set.
    assert "0 added, 6 changed, 0 destroyed" in done.changed


def test_a_new_document_is_a_new_version(done: Course) -> None:
    assert done.document == ("2", True)


def test_after_a_change_the_plan_has_another_unit_and_nothing_else(done: Course) -> None:
    (actions,) = done.another_unit.values()
    assert actions == {f"aws_cloudformation_stack_instances.{name}": "update" for name in ("audit[0]", "this")}


def test_a_change_reaches_the_other_accounts_by_updates_alone(done: Course) -> None:
    assert sorted(map(sorted, done.promoted.values())) == sorted(map(sorted, (NEW_CODE, NEW_TEMPLATE)))
    assert {action for actions in done.promoted.values() for action in actions.values()} == {"update"}


def test_everything_of_an_account_goes(done: Course) -> None:
    assert done.in_the_end == READING
