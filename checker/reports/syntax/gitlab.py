"""GitLab's code quality report: what all of keyage's share."""

from collections.abc import Sequence
from typing import Any

import msgspec

from checker.errors import printable
from checker.reports.syntax.place import Place


def issue(name: str, severity: str, text: str, place: Place, fingerprint: str) -> dict[str, Any]:
    """`severity` is info, minor, major, critical or blocker; GitLab drops issues with a fingerprint it has seen."""
    return {
        "check_name": name,
        "severity": severity,
        "description": printable(text),
        "location": {"path": place.file, "lines": {"begin": place.line}},
        "fingerprint": fingerprint,
    }


def text_of(issues: Sequence[dict[str, Any]]) -> str:
    """An array, also of no issues: GitLab takes a missing report for one that failed."""
    return msgspec.json.format(msgspec.json.encode(issues), indent=1).decode() + "\n"
