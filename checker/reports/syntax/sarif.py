"""A SARIF 2.1.0 log as GitHub's code scanning reads it: what all of keyage's logs share.

Source: docs.github.com, "SARIF support for code scanning".
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from checker import __version__
from checker.errors import printable
from checker.reports.syntax.place import Place

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
MOST_RESULTS = 25_000  # of a run; GitHub refuses a log with more
ROOT = "%SRCROOT%"


class LogRule(NamedTuple):
    """What a result can be about; `severity` is GitHub's security-severity, 0.1 to 10."""

    id: str
    name: str
    text: str
    level: str
    severity: str
    help: str
    url: str | None = None


def log(
    rules: Sequence[LogRule], results: list[dict[str, Any]], notifications: list[dict[str, Any]], *, successful: bool
) -> dict[str, Any]:
    """The whole log; `successful` is false where something could not be looked at."""
    invocation = {"executionSuccessful": successful, "toolExecutionNotifications": notifications}
    driver = {"name": "keyage", "semanticVersion": __version__, "rules": [_described(rule) for rule in rules]}
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "keyage/"},
        "invocations": [invocation],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def result(rule_id: str, level: str, text: str, place: Place, fingerprint: str, column: int = 1) -> dict[str, Any]:
    """A result with the fingerprint by which it is known again in every later run.

    GitHub looks at primaryLocationLineHash alone and would derive it from the line, which many keys share.
    """
    return {
        "ruleId": rule_id,
        "level": level,
        "message": {"text": printable(text)},
        "locations": [_location(place, column)],
        "partialFingerprints": {"primaryLocationLineHash": f"{fingerprint}:1", "keyage/v1": fingerprint},
    }


def notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": printable(text)}}


def logical(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"fullyQualifiedName": printable(name), "kind": "resource"} for name in names]


def _location(place: Place, column: int) -> dict[str, Any]:
    artifact = {"uri": quote(place.file)}
    if not place.file.startswith("/"):
        artifact["uriBaseId"] = ROOT
    return {
        "physicalLocation": {
            "artifactLocation": artifact,
            "region": {"startLine": place.line, "startColumn": column},
        }
    }


def _described(rule: LogRule) -> dict[str, Any]:
    link = {"helpUri": rule.url} if rule.url else {}
    return link | {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.text},
        "fullDescription": {"text": rule.text},
        "help": {"text": rule.help, "markdown": f"{rule.help} [More]({rule.url})" if rule.url else rule.help},
        "defaultConfiguration": {"level": rule.level},
        "properties": {
            "precision": "very-high",
            "security-severity": rule.severity,
            "tags": ["security", "aws", "iam"],
        },
    }
