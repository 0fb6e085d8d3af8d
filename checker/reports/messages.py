"""What a finding says in a sentence, where it points to, and what tells it from every other in every run the same."""

import hashlib

from checker.evaluate import COMPLIANT, EXEMPT, NON_COMPLIANT, PARTIAL, AccountResult, Finding, Undecided, UserUnread
from checker.reports.run import Run
from checker.reports.syntax.place import Place
from checker.spoken import account_label, plural

FIRST_LINE = 1


def message(finding: Finding, run: Run) -> str:
    """The verdict with its reason, for a reader who knows nothing else; ages in days, instants in UTC."""
    age = f"{plural(finding.age_days, 'day')} old{'' if run.exact else ' or more'}"
    subject = f"{_key(finding)} of {finding.user} in {finding.account} is"
    if finding.verdict == NON_COMPLIANT:
        return f"{subject} {age}: {_limit(finding, 'ended')}."
    if finding.verdict == EXEMPT:
        return f"{subject} {age}: {_limit(finding)}, but it is exempt by {exemption(finding, run)}."
    if finding.verdict == COMPLIANT:
        return f"{subject} {age}: {_limit(finding, 'end')}."
    return f"{subject} {finding.status}, so its age of {plural(finding.age_days, 'day')} is not judged."


def _limit(finding: Finding, ends: str = "") -> str:
    """What is allowed and when that ends, as far as it is known."""
    if finding.max_access_key_age is None:
        than = "less" if finding.verdict == COMPLIANT else "more"
        return f"{than} than every rule allows that may apply; which one does is not known"
    decides = finding.rule or "whichever rule applies"
    until = f", which {ends} on {finding.due_date:%Y-%m-%d %H:%M} UTC" if ends and finding.due_date else ""
    return f"{decides} allows {plural(finding.max_access_key_age, 'day')}{until}"


def exemption(finding: Finding, run: Run) -> str:
    """The exemption with its day, its reason and who approved it."""
    written = run.written.get(finding.exemption or "")
    if written is None:
        return str(finding.exemption)
    return "{id} until {expires} (approved by {approvedBy}): {reason}".format_map(written.entry)


def unreadable_message(result: AccountResult) -> str:
    """Which account nothing, or not everything, is known about, why, and what to do."""
    who = account_label(result.id, result.name, "that is not known")
    what = "was judged in part" if result.status == PARTIAL else "could not be read"
    return f"Account {who} {what}: {result.reason}"


def undecided_message(undecided: Undecided) -> str:
    """Which key has no verdict, and what to do; the reader knows nothing else."""
    finding = undecided.finding
    subject, depends = f"{_key(finding)} of {finding.user} in {finding.account}", " or ".join(undecided.depends_on)
    return f"{subject} is undecided, it depends on {depends}: {undecided.missing}."


def unread_message(user: UserUnread, account: str) -> str:
    """Whose access keys nothing is known about, why, and what to do."""
    return f"The access keys of {user.name} in {account} could not be read: {user.reason}"


def unread_mark(user: UserUnread, account: str) -> str:
    """Hexadecimal digits that stay while the user stays, whatever the user's name becomes."""
    return digest("unread", account, user.id or user.name)


def place(entry_id: str | None, run: Run) -> Place:
    """Where the policy has the rule, exemption or default that decides; its first line where that is not known."""
    written = run.written.get(entry_id or "")
    return Place(run.repository_path or run.policy_file, written.line if written else FIRST_LINE)


def place_of(finding: Finding, run: Run) -> Place:
    """Where the policy has what decides on a key: its exemption, else its rule or the default."""
    return place(finding.exemption or finding.rule, run)


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
