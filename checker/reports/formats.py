"""Every format that a verb can write: `--format`, its help and the documentation's table are made from this list.

A new one is its file, its line here and a golden file. Its writer is imported when it is asked for: the command line
reads this list whenever keyage starts.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple


class Format(NamedTuple):
    """A kind of output of one verb."""

    name: str  # as --format has it
    writer: str  # what writes it, below checker.reports
    purpose: str  # what it is for, as the documentation says
    lists_all: bool = False  # whether it has every key that was judged, unless --show says otherwise
    schema: str | None = None  # in docs/reference: what describes it


AGGREGATE = "check --from-aggregator"
PLAN = "remediate plan"

# The first of a verb is what it writes if nothing is said, and is for people; the others are for programs.
FORMATS: Mapping[str, Sequence[Format]] = {
    "check": (
        Format("table", "check.table:TableReport", "people at a terminal"),
        Format("json", "check.json:JsonReport", "programs", True, "check-output.schema.json"),
        Format("csv", "check.csv:CsvReport", "spreadsheets; nothing in it can start a formula", True),
        Format(
            "markdown",
            "check.markdown:MarkdownReport",
            "comments on pull requests and, with `--verbose`, job summaries: the number of old keys first, cut to"
            " GitHub's limits",
        ),
        Format(
            "html",
            "check.html:HtmlReport",
            "auditors and owners of keys: one page that works offline, with figures and a table that sorts and filters",
            True,
        ),
        Format(
            "sarif",
            "check.sarif:SarifReport",
            "code scanning: SARIF 2.1.0, each key at the line of the policy that decides, known again by its"
            " fingerprint",
        ),
        Format("junit", "check.junit:JunitReport", "test viewers: a suite for each account, a case for each key", True),
        Format(
            "github",
            "check.github:GithubReport",
            "annotations in GitHub Actions, ten a level, the most overdue first",
        ),
        Format("gitlab", "check.gitlab:GitlabReport", "code quality in GitLab's merge requests"),
        Format("ocsf", "check.ocsf:OcsfReport", "SIEMs: Compliance Findings (class 2003), one a line"),
        Format("asff", "check.asff:AsffReport", "Security Hub: each line is one call of BatchImportFindings"),
    ),
    AGGREGATE: (
        Format("table", "aggregate.table:write", "people at a terminal"),
        Format("json", "aggregate.json:write", "programs: accounts, and users with both words on them", True),
    ),
    "validate": (
        Format("text", "validate.text:write", "people at a terminal"),
        Format("github", "validate.github:write", "annotations in GitHub Actions, ten a level"),
        Format("gitlab", "validate.gitlab:write", "code quality in GitLab's merge requests"),
        Format("sarif", "validate.sarif:write", "code scanning: SARIF 2.1.0"),
    ),
    "test": (
        Format("text", "test.text:write", "people at a terminal"),
        Format("junit", "test.junit:write", "test viewers: a case for each test"),
        Format("github", "test.github:write", "annotations in GitHub Actions: failures, and what no test reaches"),
    ),
    "drift": (
        Format("text", "drift.text:write", "people at a terminal"),
        Format("markdown", "drift.markdown:write", "job summaries: the states and the policies in use first"),
        Format("json", "drift.json:write", "programs", schema="drift-output.schema.json"),
    ),
    PLAN: (
        Format("table", "remediate.table:write", "people at a terminal"),
        Format("markdown", "remediate.markdown:write", "comments on pull requests: what would be done first"),
        Format(
            "html",
            "remediate.html:write",
            "the person who has to say yes: one page that works offline, with every step and every key that waits",
        ),
        Format("json", "remediate.json:write", "programs: every step, and every key that is kept"),
    ),
    "diff": (
        Format("text", "diff.text:write", "people at a terminal"),
        Format("markdown", "diff.markdown:write", "comments on pull requests: what loosens first"),
        Format("json", "diff.json:write", "programs"),
    ),
    "render": (
        Format("table", "cost.table:write", "people at a terminal, with `--cost`"),
        Format("json", "cost.json:write", "programs, with `--cost`: also where each price was read"),
    ),
}


def names(verb: str) -> list[str]:
    """What `--format` of the verb can be, the default first."""
    return [entry.name for entry in FORMATS[verb]]


def find(verb: str, name: str) -> Format:
    """The format of one of the verb's names."""
    return next(entry for entry in FORMATS[verb] if entry.name == name)


def writer(verb: str, name: str) -> Callable[..., Any]:
    """What writes the format, imported now."""
    module, _, attribute = find(verb, name).writer.partition(":")
    write: Callable[..., Any] = getattr(import_module(f"checker.reports.{module}"), attribute)
    return write


def for_people(name: str) -> bool:
    """Whether what goes by this name is read at a terminal, in the terminal's encoding."""
    return any(name == formats[0].name for formats in FORMATS.values())
