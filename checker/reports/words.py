"""Words that every report for people shares."""

from checker.evaluate import NOT_APPLICABLE, Finding

UNKNOWN = "unknown"


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
