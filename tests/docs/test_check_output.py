"""docs/reference/check-output.schema.json takes whatever `check --format json` prints, and nothing else."""

import io
import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.decision import decision
from checker.evaluate import AccountRead, AccountSkipped, AccountUnreadable, Reading, evaluate
from checker.policy import loader
from checker.reports.run import Run, make
from tests.docs.blocks import DOCS, TOP
from tests.reports.readings import POLICY
from tests.reports.test_reports import RUN, rendered
from tests.support.fixtures import NOW, ago

pytestmark = pytest.mark.sources

SCHEMA = json.loads((DOCS / "reference" / "check-output.schema.json").read_text("utf-8"))


def closed(node: Any) -> Any:
    """The schema with no members but those it names: for readers it is open, so that members can be added."""
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    inner = {name: closed(value) for name, value in node.items()}
    return inner | {"additionalProperties": False} if "required" in node else inner


VALIDATOR = jsonschema_rs.Draft202012Validator(closed(SCHEMA), validate_formats=True)
GOLDEN = sorted((TOP / "tests" / "golden" / "check").glob("json-*.json"))

NAMES = st.text(min_size=1, max_size=9)
MOMENTS = st.floats(0, 3000).map(ago)
KEYS = st.builds(
    decision.AccessKey,
    st.none() | NAMES,
    st.sampled_from(["Active", "Inactive", "Expired"]),
    MOMENTS,
    st.none() | MOMENTS,
)
USERS = st.builds(
    decision.User,
    NAMES | st.sampled_from(["sftp-legacy", "svc-a"]),
    st.sampled_from(["/", "/service/"]),
    st.just({}),
    st.none() | NAMES,
    st.none() | NAMES,
    st.none() | MOMENTS,
    st.lists(KEYS, max_size=2).map(tuple),
)
CALLS = st.dictionaries(NAMES, st.integers(0, 9), max_size=2)
READ = st.builds(
    AccountRead,
    st.builds(decision.Account, st.from_regex(r"[0-9]{12}", fullmatch=True), st.none() | NAMES),
    st.lists(USERS, max_size=3),
    st.just(()),
    CALLS,
)
UNREADABLE = st.builds(AccountUnreadable, st.none() | st.just("111122223333"), st.none() | NAMES, NAMES, CALLS)
SKIPPED = st.lists(st.builds(AccountSkipped, st.just("999900002222"), st.none() | NAMES, NAMES), max_size=1)


def test_the_schema_is_a_schema() -> None:
    jsonschema_rs.meta.validate(SCHEMA)


@pytest.mark.parametrize("golden", GOLDEN, ids=[path.name for path in GOLDEN])
def test_the_golden_files_are_as_the_schema_says(golden: Any) -> None:
    assert list(VALIDATOR.iter_errors(json.loads(golden.read_text("utf-8")))) == []


@pytest.mark.parametrize("show_all", [False, True])
@given(readings=st.lists(READ | UNREADABLE, max_size=3), skipped=SKIPPED, source=st.sampled_from(["live", "snapshot"]))
def test_whatever_is_read_is_as_the_schema_says(
    show_all: bool, readings: list[Reading], skipped: list[AccountSkipped], source: str
) -> None:
    run = Run(**{**RUN._asdict(), "skipped": skipped, "source": source})
    policy = loader.parse(POLICY.encode(), "policies.yaml").policy
    out = io.StringIO()
    report = make("json", run, out)
    for reading in readings:
        report.account(evaluate(policy, reading, NOW, show_all=show_all))
    report.end()
    assert list(VALIDATOR.iter_errors(json.loads(out.getvalue()))) == []


def schemas(node: Any) -> list[dict[str, Any]]:
    """Every schema of an object within the schema."""
    below = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    found = [schema for each in below for schema in schemas(each)]
    return [*found, node] if isinstance(node, dict) and "required" in node else found


def test_every_member_is_always_there() -> None:
    assert [schema for schema in schemas(SCHEMA) if sorted(schema["required"]) != sorted(schema["properties"])] == []


def test_a_reader_takes_members_that_a_later_version_adds() -> None:
    report = json.loads(rendered("json", show_all=True))
    report["keys"][0]["more"] = report["more"] = 1
    assert jsonschema_rs.Draft202012Validator(SCHEMA, validate_formats=True).is_valid(report)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schemaVersion",), 2),
        (("source", "kind"), "guess"),
        (("summary", "unreadable"), -1),
        (("accounts", 0, "reason"), "evaluated accounts have none"),
        (("accounts", 0, "status"), "partial"),
        (("keys", 0, "maxAccessKeyAge"), None),
        (("keys", 0, "dueDate"), None),
        (("keys", 0, "verdict"), "UNKNOWN"),
        (("keys", 0, "ageDays"), 1.5),
        (("keys", 0, "createDate"), "2026-11-23"),
        (("keys", 0, "account"), "12345678901"),
        (("keys", 0, "more"), 1),
    ],
)
def test_what_keyage_does_not_print_is_refused(path: tuple[str | int, ...], value: Any) -> None:
    report = json.loads(rendered("json", show_all=True))
    assert VALIDATOR.is_valid(report)
    inner = report
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert not VALIDATOR.is_valid(report)
