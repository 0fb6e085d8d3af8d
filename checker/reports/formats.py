"""What every report format gets and does. A format is one file here, one line in FORMATS, one test."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from importlib import import_module
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TextIO, cast

from checker.evaluate import COMPLIANT, AccountResult, AccountSkipped, Finding
from checker.policy.deploy_settings import DeploySettings
from checker.policy.loader import Written

FORMATS = {
    "table": "checker.reports.check.table:TableReport",
    "json": "checker.reports.check.json:JsonReport",
    "csv": "checker.reports.check.csv:CsvReport",
    "markdown": "checker.reports.check.markdown:MarkdownReport",
    "html": "checker.reports.check.html:HtmlReport",
    "sarif": "checker.reports.check.sarif:SarifReport",
    "junit": "checker.reports.check.junit:JunitReport",
    "github": "checker.reports.check.github:GithubReport",
    "gitlab": "checker.reports.check.gitlab:GitlabReport",
    "ocsf": "checker.reports.check.ocsf:OcsfReport",
    "asff": "checker.reports.check.asff:AsffReport",
}


class Run(NamedTuple):
    """What one evaluation was about."""

    evaluated_at: datetime
    policy_file: str
    policy_sha256: str
    source: str  # live, snapshot, credential-report or terraform-state
    exact: bool  # whether ages count from CreateDate
    warn: timedelta  # what falls due within this deserves a mention
    repository_path: str = ""  # of the policy file, from the root of its repository
    written: Mapping[str, Written] = MappingProxyType({})  # the policy's rules, exemptions and default, by id
    region: str = DeploySettings().region  # in which AWS Config judges
    skipped: Sequence[AccountSkipped] = ()  # accounts that were not looked at because nobody can use a key there
    verbose: bool = False
    color: bool = False
    width: int | None = None  # columns of the terminal; None where there is none

    def is_due_soon(self, finding: Finding) -> bool:
        """Whether a key that is still compliant passes its limit within `warn`."""
        due = finding.due_date
        return finding.verdict == COMPLIANT and due is not None and due < self.evaluated_at + self.warn


class Report(Protocol):
    """Takes the results of one account after the other, by account id, and writes a text."""

    def account(self, result: AccountResult) -> None: ...
    def end(self) -> None: ...


def show_all_by_default(name: str) -> bool:
    """Data formats, the page and test reports show every judged key, the others what needs attention."""
    return name in ("json", "csv", "html", "junit")


def make(name: str, run: Run, out: TextIO) -> Report:
    """The report of that format, writing to `out`."""
    module, _, class_name = FORMATS[name].partition(":")
    made: Any = getattr(import_module(module), class_name)
    return cast("Report", made(run, out))
