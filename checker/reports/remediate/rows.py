"""What every report of a plan says of a step, and how much there is of what."""

from collections import Counter
from collections.abc import Sequence

from checker.decision import remediation_steps
from checker.errors import printable
from checker.remediate.plan import PlannedStep
from checker.reports.remediate.run import PlanRun
from checker.spoken import plural

WAITING = (remediation_steps.HOLD, remediation_steps.WAIT_GRACE, remediation_steps.WAIT_DELETE)
DONE = {  # what a plan would do, by step
    remediation_steps.DEACTIVATE: "deactivate",
    remediation_steps.DELETE: "delete for good",
    remediation_steps.MARK: "note since when it is inactive",
    remediation_steps.UNMARK: "take such a note away",
}
HEADINGS = ("Account", "User", "Access key", "Step", "Why", "Rule", "Then")


def cells(step: PlannedStep) -> dict[str, str]:
    """What is told of a step, by heading."""
    then = f"{step.next.step} from {step.next.at:%Y-%m-%d}" if step.next else ""
    key_id = step.access_key_id or "(not known)"
    texts = (step.account, step.user, key_id, step.step, step.why, step.rule or "", then)
    return dict(zip(HEADINGS, map(printable, texts), strict=True))


def headings(run: PlanRun) -> list[str]:
    """The account is told where there are several."""
    return [heading for heading in HEADINGS if heading != "Account" or len(run.accounts) > 1]


def waiting(run: PlanRun) -> list[PlannedStep]:
    """Keys for which something comes later, or by somebody's hand."""
    return [step for step in run.kept if step.step in WAITING]


def why_kept(run: PlanRun) -> Counter[str]:
    """How many of the other keys are left alone, by the reason."""
    return Counter(step.why for step in run.kept if step.step not in WAITING)


def to_do(steps: Sequence[str]) -> str:
    """How many steps there are, and of what kind."""
    counts = Counter(steps)
    parts = [f"{counts[step]} to {words}" for step, words in DONE.items() if counts[step]]
    return f"{plural(len(steps), 'step')}: {', '.join(parts)}" if steps else "Nothing to do"


def summary(run: PlanRun) -> str:
    return f"{to_do([step.step for step in run.steps])}. Nothing was changed."
