"""What `remediate plan` prints, in golden files: every step, an account known in part, and a narrow terminal."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.decision import decision
from checker.remediate.plan import AccountPlan, Ahead, PlannedStep, Saw
from checker.reports.formats import PLAN, find, writer
from checker.reports.remediate.run import PlanRun
from tests.support.fixtures import NOW, ago

pytestmark = pytest.mark.golden
GOLDEN = Path(__file__).parents[2] / "golden" / "remediate"
ENDS = {"table": "txt", "json": "json", "markdown": "md", "html": "html"}
NOTHING_SEEN = Saw(None, None, None, None)


def step(user: str, name: str, why: str, then: str | None = None, days: int = 30) -> PlannedStep:
    ahead = Ahead(then, NOW + timedelta(days=days)) if then else None
    saw = Saw("Active" if name == "deactivate" else "Inactive", ago(100), None, ago(30) if name == "delete" else None)
    saw = NOTHING_SEEN if name == "unmark" else saw
    key_id = f"AKIA{user.upper():0>16}"
    return PlannedStep("111122223333", user, f"AIDA{user.upper():0>17}", key_id, name, why, "default", saw, ahead)


STEPS = [
    step("ann", "deactivate", "older than 90 days", "delete"),
    step("bob", "delete", "seen inactive since 2026-10-24T12:00:00Z, for 30 days or more"),
    step("cyd", "mark", "seen inactive now, to be deleted in 30 days", "delete"),
    step("dan", "unmark", "this key no longer exists"),
]
KEPT = [
    step("eve", "hold", "protected: used at 2026-11-20T00:00:00Z, within 7 days", "deactivate", 4),
    step("fay", "keep", "not older than 90 days"),
    step("guy", "keep", "not older than 90 days"),
]
PART = "the keys of 1 user could not be read: hal: AccessDenied"


def run(width: int | None = None) -> PlanRun:
    accounts = [
        AccountPlan("111122223333", "prod-payments", PART, STEPS, KEPT, decision.Account("111122223333")),
        AccountPlan("444455556666", None, "arn:aws:iam::444455556666:role/keyage-audit cannot be assumed", (), ()),
    ]
    return PlanRun(NOW, "policies.yaml", "0" * 64, accounts, width)


@pytest.mark.parametrize("name", ENDS)
def test_a_plan(name: str, file_regression: FileRegressionFixture) -> None:
    out = io.StringIO()
    writer(PLAN, find(PLAN, name).name)(run(), out, color=False)
    file_regression.check(out.getvalue(), fullpath=GOLDEN / f"plan.{ENDS[name]}", encoding="utf-8")


def test_a_plan_on_a_narrow_terminal(file_regression: FileRegressionFixture) -> None:
    out = io.StringIO()
    writer(PLAN, "table")(run(80), out, color=False)
    file_regression.check(out.getvalue(), fullpath=GOLDEN / "plan-80.txt", encoding="utf-8")


@pytest.mark.parametrize("name", ["markdown", "html"])
def test_names_stay_text(name: str) -> None:
    odd = '<script>alert(1)</script> | @everyone "\u202e\x07'
    made = run()._replace(accounts=[AccountPlan("111122223333", odd, odd, [step(odd, "delete", odd)], [])])
    out = io.StringIO()
    writer(PLAN, name)(made, out, color=False)
    text = out.getvalue()
    assert [each for each in ("<script>alert", "\u202e", "\x07", " @everyone") if each in text] == (
        [" @everyone"] if name == "html" else []
    )
    # A cell holds the bar, or there would be one cell more.
    assert [line.count(" | ") for line in text.splitlines() if line.startswith("| <code>")] in ([], [6])
