"""What a finding says in a sentence, where it points to, and what tells it from every other in every run the same."""

import hashlib
from typing import NamedTuple

from checker.evaluate import COMPLIANT, EXEMPT, NON_COMPLIANT, AccountResult, Finding
from checker.reports.interface import Run

FIRST_LINE = 1


class Place(NamedTuple):
    """A line of the policy, its file relative to the root of the repository where there is one."""

    file: str
    line: int


def message(finding: Finding, run: Run) -> str:
    """The verdict with its reason, for a reader who knows nothing else; ages in days, instants in UTC."""
    age = f"{finding.age_days} days old{'' if run.exact else ' or more'}"
    subject = f"{_key(finding)} of {finding.user} in {finding.account} is"
    limit = f"{finding.rule} allows {finding.max_access_key_age} days"
    due = f"{finding.due_date:%Y-%m-%d %H:%M} UTC" if finding.due_date else ""
    if finding.verdict == NON_COMPLIANT:
        return f"{subject} {age}: {limit}, which ended on {due}."
    if finding.verdict == EXEMPT:
        return f"{subject} {age}: {limit}, but it is exempt by {exemption(finding, run)}."
    if finding.verdict == COMPLIANT:
        return f"{subject} {age}: {limit}, which end on {due}."
    return f"{subject} {finding.status}, so its age of {finding.age_days} days is not judged."


def exemption(finding: Finding, run: Run) -> str:
    """The exemption with its day, its reason and who approved it."""
    written = run.written.get(finding.exemption or "")
    if written is None:
        return str(finding.exemption)
    return "{id} until {expires} (approved by {approvedBy}): {reason}".format_map(written.entry)


def unreadable_message(result: AccountResult) -> str:
    """Which account nothing is known about, why, and what to do."""
    who = " ".join(part for part in (result.id, result.name) if part) or "that is not known"
    return f"Account {who} could not be read: {result.reason}"


def place(entry_id: str, run: Run) -> Place:
    """Where the policy has the rule, exemption or default that decides."""
    written = run.written.get(entry_id)
    return Place(run.repository_path or run.policy_file, written.line if written else FIRST_LINE)


def fingerprint(finding: Finding) -> str:
    """Hexadecimal digits that stay while the key stays, whatever its verdict, its rule and its user's name become."""
    if finding.access_key_id is None:
        return digest(finding.account, finding.user, finding.create_date.isoformat())
    return digest(finding.account, finding.access_key_id)


def digest(*parts: str) -> str:
    """The same digits for the same parts."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _key(finding: Finding) -> str:
    return f"Access key {finding.access_key_id}" if finding.access_key_id else "An access key"
