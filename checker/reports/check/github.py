"""`--format github`: annotations of the lines of the policy that decide, the most overdue first.

Accounts that could not be read, or only in part, users who could not, keys of which the verdict is open and
non-compliant keys are errors, keys that fall due soon warnings, exempt keys notices. Other keys are not annotated,
whatever `--show` says.
"""

from collections.abc import Iterator
from typing import TextIO

from checker.evaluate import EXEMPT, NON_COMPLIANT, PARTIAL, AccountResult, Finding
from checker.reports.messages import message, place, place_of, undecided_message, unread_message, unreadable_message
from checker.reports.run import Run
from checker.reports.syntax.github import MOST, Annotation, commands
from checker.reports.worst import Worst, by_due_date


class GithubReport:
    """Keeps the worst of each level, and writes at the end."""

    def __init__(self, run: Run, out: TextIO) -> None:
        self._run = run
        self._out = out
        self._worst: dict[str, Worst[Finding]] = {
            level: Worst(MOST, by_due_date) for level in ("error", "warning", "notice")
        }
        self._doubtful: list[Annotation] = []

    def account(self, result: AccountResult) -> None:
        if result.reason is not None:
            self._doubtful += self._of_doubtful(result)
        for finding in result.findings:
            level = self._level(finding)
            if level:
                self._worst[level].add(finding)

    def end(self) -> None:
        annotations = list(self._doubtful)
        totals = {level: worst.total for level, worst in self._worst.items()}
        totals["error"] += len(self._doubtful)
        for level, worst in self._worst.items():
            annotations += [self._annotation(level, finding) for finding in worst.listed()]
        self._out.writelines(f"{line}\n" for line in commands(annotations, totals))

    def _of_doubtful(self, result: AccountResult) -> Iterator[Annotation]:
        title = "Account known in part" if result.status == PARTIAL else "Account could not be read"
        here = place("default", self._run)._replace(line=1)
        yield Annotation("error", title, unreadable_message(result), here)
        for user in result.unread:
            yield Annotation("error", "User could not be read", unread_message(user, result.id or ""), here)
        for undecided in result.undecided:
            where = place(undecided.depends_on[0], self._run)
            yield Annotation("error", "Access key undecided", undecided_message(undecided), where)

    def _level(self, finding: Finding) -> str | None:
        if self._run.is_due_soon(finding):
            return "warning"
        return {NON_COMPLIANT: "error", EXEMPT: "notice"}.get(finding.verdict)

    def _annotation(self, level: str, finding: Finding) -> Annotation:
        titles = {"error": "Access key too old", "warning": "Access key due soon", "notice": "Access key exempt"}
        return Annotation(level, titles[level], message(finding, self._run), place_of(finding, self._run))
