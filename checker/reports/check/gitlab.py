"""`--format gitlab`: a code quality report, which GitLab shows in merge requests.

Accounts and users that could not be read and keys of which the verdict is open are blockers, non-compliant keys
major, keys that fall due soon minor, exempt keys info. Other keys are no issues, whatever `--show` says.

Source: docs.gitlab.com, "Code Quality", report format.
"""

from typing import Any, TextIO

from checker.evaluate import EXEMPT, NON_COMPLIANT, UNREADABLE, AccountResult, Finding
from checker.reports.messages import (
    digest,
    fingerprint,
    message,
    place,
    place_of,
    undecided_message,
    unread_mark,
    unread_message,
    unreadable_message,
)
from checker.reports.run import Run
from checker.reports.syntax.gitlab import issue, text_of
from checker.reports.syntax.place import Place


class GitlabReport:
    """Collects the issues, and writes at the end."""

    def __init__(self, run: Run, out: TextIO) -> None:
        self._run = run
        self._out = out
        self._issues: list[dict[str, Any]] = []

    def account(self, result: AccountResult) -> None:
        if result.status == UNREADABLE:
            mark = digest("unreadable", result.id or "", result.name or "")
            self._issues.append(
                issue("account-unreadable", "blocker", unreadable_message(result), self._policy(), mark)
            )
        for undecided in result.undecided:
            where, mark = place(undecided.depends_on[0], self._run), fingerprint(undecided.finding)
            self._issues.append(issue("access-key-undecided", "blocker", undecided_message(undecided), where, mark))
        for user in result.unread:
            here, mark = self._policy(), unread_mark(user, result.id or "")
            text = unread_message(user, result.id or "")
            self._issues.append(issue("user-unreadable", "blocker", text, here, mark))
        for finding in result.findings:
            self._of_key(finding)

    def _policy(self) -> Place:
        """The policy as a whole."""
        return place("default", self._run)._replace(line=1)

    def end(self) -> None:
        self._out.write(text_of(self._issues))

    def _of_key(self, finding: Finding) -> None:
        due_soon = self._run.is_due_soon(finding)
        severity = "minor" if due_soon else {NON_COMPLIANT: "major", EXEMPT: "info"}.get(finding.verdict)
        if severity:
            name = "access-key-due-soon" if due_soon else "access-key-too-old"
            where = place_of(finding, self._run)
            self._issues.append(issue(name, severity, message(finding, self._run), where, fingerprint(finding)))
