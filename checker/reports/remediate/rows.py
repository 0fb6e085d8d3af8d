"""What every report of a plan says of a step, and how much there is of what."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from checker.decision import remediation_steps
from checker.errors import printable
from checker.remediate.plan import AccountPlan, PlannedStep
from checker.reports.remediate.run import PlanRun
from checker.reports.words import IN_PART, UNREAD
from checker.spoken import plural

WAITING = (remediation_steps.HOLD, remediation_steps.WAIT_GRACE, remediation_steps.WAIT_DELETE)
DONE = {  # what a plan would do, by step
    remediation_steps.DEACTIVATE: "deactivate",
    remediation_steps.DELETE: "delete for good",
    remediation_steps.MARK: "note since when it is inactive",
    remediation_steps.UNMARK: "take such a note away",
}
HEADINGS = ("Account", "Name", "User", "Access key", "Age", "Step", "Why", "Rule", "Then")

OF_ACCOUNT = ("Account", "Name")


def cells(run: PlanRun, steps: Sequence[PlannedStep]) -> list[dict[str, str]]:
    """What is told of each step, by heading."""
    names = {account.id: account.name for account in run.accounts}
    return [_cells(step, names.get(step.account) or "", run.planned_at) for step in steps]


def _cells(step: PlannedStep, name: str, now: datetime) -> dict[str, str]:
    then = f"{step.next.step} from {step.next.at:%Y-%m-%d}" if step.next else ""
    key_id = step.access_key_id or "(not known)"
    created = step.saw.create_date
    age = f"{max(0, (now - created).days)} d" if created else ""
    texts = (step.account, name, step.user, key_id, age, step.step, step.why, step.rule or "", then)
    return dict(zip(HEADINGS, map(printable, texts), strict=True))


def headings(run: PlanRun) -> list[str]:
    """The account is told where there are several."""
    return [heading for heading in HEADINGS if heading not in OF_ACCOUNT or len(run.accounts) > 1]


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


def doubtful(run: PlanRun) -> list[tuple[str, list[AccountPlan]]]:
    """Accounts of which not everything is known, by what to call them; those of which nothing is known first."""
    return [(title, accounts) for title, accounts in ((UNREAD, run.unread), (IN_PART, run.in_part)) if accounts]


def summary(run: PlanRun) -> str:
    """What there is to do, and how many accounts that is not known of."""
    doubts = {"could not be read": run.unread, "known in part": run.in_part}
    counted = [f"{plural(len(accounts), 'account')} {words}" for words, accounts in doubts.items() if accounts]
    ends = f" {', '.join(counted)}." if counted else ""
    return f"{to_do([step.step for step in run.steps])}.{ends} Nothing was changed."
