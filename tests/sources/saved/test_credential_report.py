"""Credential reports as people have them: joined, reordered, quoted and encoded, with the same verdicts."""

import base64
import csv
import io
import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checker.errors import Unreadable
from checker.evaluate import AccountRead, evaluate
from checker.sources.saved.kinds import open_saved
from tests.support.fixtures import NOW, policy

HEADER = ["user", "arn", "user_creation_time", "password_enabled"]
HEADER += [f"access_key_{slot}_{name}" for slot in (1, 2) for name in ("active", "last_rotated", "last_used_date")]
HEADER += ["cert_2_active"]
ONE, TWO = "000000000001", "000000000002"
OLD, NEW = "2020-01-02T00:00:00+00:00", "2026-11-20T00:00:00+00:00"
Row = Sequence[str]


def row(account: str, user: str, rotated: str, active: str = "true") -> Row:
    arn = f"arn:aws:iam::{account}:" + ("root" if user == "<root_account>" else f"user/team/{user}")
    created = "2020-01-01T00:00:00+00:00"
    return [user, arn, created, "false", active, rotated, "N/A", "false", "N/A", "N/A", "false"]


ROOT = row(ONE, "<root_account>", "N/A", "false")
DEPLOY, OTHER, DEPLOY_TWO = row(ONE, "deploy", OLD), row(ONE, "other", NEW), row(TWO, "deploy", NEW)
ROWS = [ROOT, DEPLOY, OTHER, row(ONE, "idle", OLD, "false"), DEPLOY_TWO, row(TWO, "old", OLD)]


def written(*lines: Row, quoted: bool = False, end: str = "\n") -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator=end).writerows(lines)
    return out.getvalue().removesuffix(end)  # AWS ends no report with an end of line


def verdicts(path: Path, data: bytes) -> list[tuple[str, str, str]]:
    path.write_bytes(data)
    found = []
    for read in open_saved(path, {}).accounts:
        assert isinstance(read, AccountRead)
        result = evaluate(policy(), read, NOW, show_all=True)
        found += [(read.account.id, one.user, one.verdict) for one in result.findings]
    return sorted(found)


EXPECTED = [
    (ONE, "deploy", "NON_COMPLIANT"),
    (ONE, "idle", "NOT_APPLICABLE"),
    (ONE, "other", "COMPLIANT"),
    (TWO, "deploy", "COMPLIANT"),
    (TWO, "old", "NON_COMPLIANT"),
]


def test_one_account_is_one_account(tmp_path: Path) -> None:
    assert verdicts(tmp_path / "r.csv", written(HEADER, *ROWS[:4]).encode()) == EXPECTED[:3]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.permutations(ROWS).flatmap(lambda rows: st.lists(st.sampled_from(rows)).map(lambda more: rows + more)),
    cuts=st.sets(st.integers(1, 5)),
    columns=st.permutations(range(2, len(HEADER))),
    quoted=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    glue=st.sampled_from(["", "\n", "\n\n", "\r\n", "\ufeff", "\n\ufeff"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    answered=st.booleans(),
)
def test_how_a_report_is_written_changes_no_verdict(
    tmp_path: Path,
    rows: list[Row],
    cuts: set[int],
    columns: list[int],
    quoted: bool,
    end: str,
    glue: str,
    encoding: str,
    answered: bool,
) -> None:
    if quoted and glue == "\ufeff":
        glue = "\n"
    places = [0, *sorted(cuts), len(rows)]
    order = [0, 1, *columns]
    parts = [[HEADER, *rows[start:stop]] for start, stop in pairwise(places)]
    texts = [written(*([one[place] for place in order] for one in part), quoted=quoted, end=end) for part in parts]
    data = glue.join(texts).encode("utf-8" if answered else encoding)
    if answered:
        data = json.dumps({"Content": base64.b64encode(data).decode(), "ReportFormat": "text/csv"}).encode(encoding)
    assert verdicts(tmp_path / "r", data) == EXPECTED


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (NEW, ("2026-11-20", True)),
        ("N/A", (None, True)),
        ("no_information", (None, True)),
        ("20/11/2026 09:36", (None, False)),
        ("", (None, False)),
        (None, (None, False)),
    ],
    ids=["a time", "never", "no information", "a time that a spreadsheet wrote", "empty", "no such column"],
)
def test_no_use_is_known_only_where_the_report_says_so(
    tmp_path: Path, cell: str | None, told: tuple[str | None, bool]
) -> None:
    place = HEADER.index("access_key_1_last_used_date")
    cells = ((HEADER, HEADER[place]), (DEPLOY, cell))
    lines = [[*line[:place], *([] if cell is None else [str(mine)]), *line[place + 1 :]] for line, mine in cells]
    (tmp_path / "r.csv").write_text(written(*lines))
    [read] = open_saved(tmp_path / "r.csv", {}).accounts
    [found] = evaluate(policy(), read, NOW, show_all=True).findings
    assert (found.last_used and f"{found.last_used:%Y-%m-%d}", found.last_used_known) == told


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([HEADER, DEPLOY, row(ONE, "deploy", NEW)], "contradicts itself in line 3: line 2 says something else"),
        ([HEADER, DEPLOY, HEADER, ROOT, row(ONE, "deploy", OLD, "false")], "contradicts itself in line 5: line 2"),
        ([HEADER, DEPLOY, [*OTHER, "more"]], "has more cells than columns in line 3"),
        ([HEADER, DEPLOY, OTHER[:-1]], "breaks off in line 3"),
        ([HEADER, DEPLOY, HEADER[:4], OTHER], "lacks the columns access_key_1_active, access_key_1_last_rotated"),
        ([[*HEADER, "user"], [*DEPLOY, "x"]], "has a column twice in line 1"),
        ([HEADER, row("x", "deploy", OLD)], "has no ARN with an account id in line 2"),
        ([HEADER, ["ann", *DEPLOY[1:]]], "has the ARN of another than ann in line 2"),
        ([HEADER, row(ONE, "deploy", OLD, "yes")], "has 'yes' for access_key_1_active in line 2"),
        ([HEADER, row(ONE, "deploy", OLD, "")], "has '' for access_key_1_active in line 2"),
    ],
)
def test_what_is_not_certain_is_an_error_with_its_line(tmp_path: Path, lines: list[Row], message: str) -> None:
    with pytest.raises(Unreadable) as raised:
        verdicts(tmp_path / "r.csv", written(*lines).encode())
    assert message in str(raised.value)


def test_a_spreadsheet_writes_flags_in_capitals(tmp_path: Path) -> None:
    lines = [[cell.upper() if cell in ("true", "false") else cell for cell in one] for one in ROWS]
    assert verdicts(tmp_path / "r.csv", written(HEADER, *lines).encode()) == EXPECTED


def test_each_active_root_key_is_a_note_and_the_warning_stands_once(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text(written(HEADER, *(row(one, "<root_account>", OLD) for one in (TWO, ONE))))
    notes = [read.notes for read in open_saved(path, {}).accounts if isinstance(read, AccountRead)]
    assert [len(each) for each in notes] == [2, 1]
    assert [each[-1].split(" has ")[0] for each in notes] == [f"the root user of {ONE}", f"the root user of {TWO}"]


@pytest.mark.parametrize("content", ["user,arn", "%%", "dXNlcg"])
def test_an_answer_without_base64_is_unreadable(tmp_path: Path, content: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"Content": content, "ReportFormat": "text/csv"}))
    with pytest.raises(Unreadable, match="its Content is not the base64 of a credential report"):
        list(open_saved(path, {}).accounts)


def test_an_answer_with_something_else_in_it_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"Content": base64.b64encode(b"hello").decode()}))
    with pytest.raises(Unreadable, match="the credential report has no header"):
        list(open_saved(path, {}).accounts)
