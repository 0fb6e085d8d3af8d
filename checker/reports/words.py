"""Words that every report for people shares."""

from datetime import datetime

from checker.evaluate import NOT_APPLICABLE, Finding

UNKNOWN = "unknown"
UNREAD, IN_PART = "Accounts that could not be read", "Accounts known in part"


def limit(finding: Finding) -> str:
    """Such as `30 d`; `unknown` where several limits may apply."""
    return UNKNOWN if finding.max_access_key_age is None else f"{finding.max_access_key_age} d"


def rule(finding: Finding) -> str:
    """The id of the rule that decides; `unknown` where several may."""
    return finding.rule or UNKNOWN


def due_day(finding: Finding) -> str:
    """The UTC day on which the key passes its limit; empty for a key that is not active."""
    if finding.due_date:
        return f"{finding.due_date:%Y-%m-%d}"
    return "" if finding.verdict == NOT_APPLICABLE else UNKNOWN


def last_used(finding: Finding, now: datetime) -> str:
    """How long ago the key was used, as `3 d ago`; `no record` where it is known that there is none."""
    if finding.last_used is None:
        return "no record" if finding.last_used_known else UNKNOWN
    days = (now - finding.last_used).days
    return "today" if days <= 0 else f"{days} d ago"


def written(value: object) -> str:
    """The value where only text can stand: true and false as in JSON."""
    return str(value).lower() if isinstance(value, bool) else str(value)
