"""A plan made from the emulated account and applied to it with real clients, at the instant of the fixtures."""

import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from checker.embedded import aws
from checker.policy import loader
from checker.remediate import plan_file, undo
from checker.remediate.apply import Applying, apply_account, may_change
from checker.remediate.asking import asking, remediation
from checker.remediate.journal import Journal, Line
from checker.remediate.plan import plan_account
from checker.remediate.plan_file import PlanFile
from checker.remediate.standing import by_key, outcomes
from checker.reports.formats import PLAN, writer
from checker.reports.remediate.run import PlanRun
from checker.sources import live
from checker.sources.aws.changing_session import ChangingSession
from checker.sources.aws.session import ReadOnlySession
from tests.support.fixtures import ACCOUNT, NOW, Emulated

CHANGES = ("UpdateAccessKey", "DeleteAccessKey", "TagUser", "UntagUser")
DELETING = "version: 1\ndefault: {maxAccessKeyAge: 90}\nremediation: {action: delete, deleteAfterDays: 30}\n"


class Applied:
    """An account, a policy for it, and a journal."""

    def __init__(self, emulated: Emulated, folder: Path, policy: str = DELETING) -> None:
        self.emulated, self.journal = emulated, folder / "journal.jsonl"
        self.policy = loader.parse(policy.encode(), "policies.yaml")
        self.lines: list[Line] = []
        self.stopped: Callable[[], bool] = lambda: False

    def plan(self, stage: str = "all") -> PlanFile:
        """What `remediate plan -o plan.json` writes, read again."""
        session = ReadOnlySession(credentials=aws.credentials_for(ACCOUNT))
        reading = live.read_caller(session, {}, asking(self.policy, NOW)._replace(wait=self.emulated.time.sleep))
        found = plan_account(self.policy, NOW, stage, reading)
        text = io.StringIO()
        run = PlanRun(NOW, self.policy.file, self.policy.sha256, [found])
        writer(PLAN, "json")(run, text, color=False)
        return plan_file.parse(text.getvalue().encode(), Path("plan.json"))

    def apply(self, plan: PlanFile) -> dict[tuple[str, str], str]:
        """What became of each user's step, after a run with the journal; `lines` are those it wrote."""
        faults, now = self.emulated.faults, lambda: NOW
        iam: Any = ChangingSession(may_change(plan), credentials=aws.credentials_for(ACCOUNT)).client("iam")
        faults.requests.clear()
        faults.asked.clear()
        with Journal.open(self.journal) as journal:
            before = len(journal.lines)
            told = by_key(journal.lines)
            applying = Applying(plan, told, journal, now, self.emulated.time.sleep, self.stopped)
            decides = remediation(self.policy, plan.account(ACCOUNT), NOW)
            self.why = apply_account(iam, applying, decides, ACCOUNT)
            self.lines = journal.lines[before:]
            found = outcomes(plan, journal.lines, {ACCOUNT: self.why or ""})
        self.whys = {outcome.key.user: outcome.why for outcome in found}
        return {(outcome.key.user, outcome.step): outcome.event for outcome in found}

    def undo(self) -> dict[tuple[str, str], str]:
        """What became of each user's change, after a run of `undo` with the journal; `lines` are those it wrote."""
        with Journal.open(self.journal, create=False) as journal:
            before, items = len(journal.lines), undo.to_undo(journal.lines)
            waiting = [item for item in items if item.event in ("open", "failed")]
            session = ChangingSession(undo.may_change(waiting), credentials=aws.credentials_for(ACCOUNT))
            iam = session.client("iam")
            self.emulated.faults.requests.clear()
            self.emulated.faults.asked.clear()
            undoing = undo.Undoing(journal, lambda: NOW, self.emulated.time.sleep, self.stopped)
            self.why = undo.undo_account(iam, undoing, waiting)
            self.lines = journal.lines[before:]
            found = undo.outcomes(undo.to_undo(journal.lines), {ACCOUNT: self.why or ""})
        self.whys = {outcome.key.user: outcome.why for outcome in found}
        return {(outcome.key.user, outcome.step): outcome.event for outcome in found}

    @property
    def changes(self) -> Counter[str]:
        """How often the last run called what changes something."""
        return Counter({name: self.emulated.faults.requests[name] for name in CHANGES if name in self.calls})

    @property
    def calls(self) -> dict[str, int]:
        return dict(self.emulated.faults.requests)

    @property
    def told(self) -> list[tuple[str, str, str]]:
        """User, event and step of the lines that the last run wrote."""
        return [(line.user, line.event, line.step) for line in self.lines]

    def state(self) -> dict[str, Any]:
        """Every key's status and every tag, by user."""
        iam = self.emulated.iam
        return {
            name: (
                {key.access_key_id: key.status for key in user.access_keys},
                {tag["Key"]: tag["Value"] for tag in iam.list_user_tags(name)},
            )
            for name, user in iam.users.items()
        }
