"""Reports of `keyage drift` are the same bytes each time, and JSON is what its schema says."""

import io
import json
from pathlib import Path

import jsonschema_rs
import pytest
from pytest_regressions.file_regression import FileRegressionFixture

from checker.compare.drift.account import AccountDrift, State
from checker.compare.drift.difference import Difference
from checker.compare.drift.policy import Known, PolicyInUse
from checker.evaluate import AccountSkipped
from checker.reports.drift.run import DriftRun
from checker.reports.formats import writer
from tests.docs.blocks import DOCS, TOP
from tests.docs.test_check_output import closed
from tests.support.fixtures import NOW

pytestmark = pytest.mark.sources

SCHEMA = json.loads((DOCS / "reference" / "drift-output.schema.json").read_text("utf-8"))
THIS, OLDER = PolicyInUse("custom", None, "a" * 64), PolicyInUse("custom", None, "b" * 64)
MANAGED = PolicyInUse("managed", 90, None)
BEHIND = Difference(
    "policy", "sha256 bbbbbbbbbbbb", "sha256 aaaaaaaaaaaa", ["rule robots: maxAccessKeyAge: deployed 60, policy 30"]
)
NOTE = "StackSet keyage is not up to date here: OUTDATED (FAILED): no recorder"
TAKEN = Difference("Config rule access-keys-rotated", "a rule that is not keyage's", "keyage's rule", ("what to do",))
ACCOUNTS = [
    AccountDrift("000000000001", "master", State.CURRENT, THIS),
    AccountDrift("000000000002", "prod-a", State.CURRENT, THIS, notes=[NOTE]),
    AccountDrift("000000000003", "prod-b", State.CHANGED, THIS, [Difference("timeout", "3", "900")]),
    AccountDrift("000000000004", None, State.OTHER_POLICY, OLDER, [BEHIND], unread=["GetRole was denied"]),
    AccountDrift("000000000005", "dev \x1b[31m|`#1", State.OTHER_POLICY, MANAGED, [Difference("owner", "AWS", "X")]),
    AccountDrift("000000000006", "taken", State.TAKEN, None, [TAKEN]),
    AccountDrift("000000000007", "new", State.NOTHING, None, [Difference("Config rule", "nothing", "a rule")]),
    AccountDrift("000000000008", "shut", State.UNREADABLE, unread=["the role cannot be assumed"]),
]
SKIPPED = [AccountSkipped("000000000009", "old", "SUSPENDED")]
WHOLE = DriftRun(
    NOW,
    "policies.yaml",
    "c" * 64,
    {THIS: Known.WANTED, OLDER: Known.BEFORE},
    "access-keys-rotated",
    "us-east-1",
    True,
    ACCOUNTS,
    SKIPPED,
)


def one(account: AccountDrift) -> DriftRun:
    return WHOLE._replace(organization=False, accounts=[account], skipped=())


def written(name: str, run: DriftRun) -> str:
    out = io.StringIO()
    writer("drift", name)(run, out)
    return out.getvalue()


@pytest.mark.golden
@pytest.mark.parametrize(("name", "file"), [("text", "drift.txt"), ("markdown", "drift.md"), ("json", "drift.json")])
def test_an_organization(name: str, file: str, file_regression: FileRegressionFixture) -> None:
    golden = TOP / "tests" / "golden" / "drift" / file
    file_regression.check(written(name, WHOLE), fullpath=Path(golden), encoding="utf-8")


@pytest.mark.parametrize("run", [WHOLE, WHOLE._replace(accounts=[]), *map(one, ACCOUNTS)])
def test_json_is_what_the_schema_says(run: DriftRun) -> None:
    validator = jsonschema_rs.Draft202012Validator(closed(SCHEMA), validate_formats=True)
    assert [str(error) for error in validator.iter_errors(json.loads(written("json", run)))] == []


def test_one_account_that_is_as_the_policy_says_is_a_line() -> None:
    assert written("text", one(ACCOUNTS[0])) == (
        "account 000000000001, us-east-1, keyage's rule access-keys-rotated: as the policy says\n"
    )


def test_one_account_that_differs() -> None:
    assert written("text", one(ACCOUNTS[3])) == (
        "account 000000000004, us-east-1, keyage's rule access-keys-rotated: 1 difference, 1 part could not be read\n"
        "  policy: deployed sha256 bbbbbbbbbbbb, policy sha256 aaaaaaaaaaaa\n"
        "    rule robots: maxAccessKeyAge: deployed 60, policy 30\n"
        "  not read: GetRole was denied\n"
    )


@pytest.mark.parametrize("name", ["text", "markdown"])
def test_nothing_can_steer_a_terminal(name: str) -> None:
    assert all(character.isprintable() or character == "\n" for character in written(name, WHOLE))
