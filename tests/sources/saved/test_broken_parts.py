"""A part of a saved file that is broken or contradicts itself hides nothing else that the file tells."""

from collections.abc import Callable
from pathlib import Path

import pytest

from checker.evaluate import AccountRead, AccountUnreadable, evaluate
from checker.sources.saved.kinds import open_saved
from tests.sources.saved.terraform_states import FORMS, ONE, SECRET, key, keys_of, reasons, user, written
from tests.sources.saved.test_kinds import HEADER, ROW, SNAPSHOT, saved
from tests.support.fixtures import NOW, policy

KEY = '{"id":"AKIA1","status":"Active","created":"2026-01-01T00:00:00Z"}'
LINE = '{"id":"%s","users":[{"name":"u","keys":[' + KEY + "]}]}"
ARN = "arn:aws:iam::000000000003:user/u"
BROKEN_LINES = {
    "another status": (LINE % "000000000002").replace("Active", "active"),
    "a key twice": (LINE % "000000000002").replace('"keys":[', f'"keys":[{KEY},'),
    "the ARN of another account": (LINE % "000000000002").replace('"name":"u"', f'"name":"u","arn":"{ARN}"'),
    "cut off": (LINE % "000000000002")[:-9],
    "no account": "{}",
    "no JSON": "hello",
    "a line end in the id": LINE % "000000000002\\n",
}


@pytest.mark.parametrize("broken", BROKEN_LINES.values(), ids=BROKEN_LINES)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_broken_line_hides_no_other_account(tmp_path: Path, broken: str, place: int) -> None:
    lines = [LINE % "000000000001", LINE % "000000000003"]
    lines.insert(place, broken)
    found = list(open_saved(written(tmp_path, "\n".join(lines), "s.jsonl"), {}).accounts)
    read = [one.account.id for one in found if isinstance(one, AccountRead)]
    [unreadable] = [one for one in found if isinstance(one, AccountUnreadable)]
    assert read == ["000000000001", "000000000003"]
    assert unreadable.id in ("000000000002", None)
    assert f"s.jsonl:{place + 1}: " in unreadable.reason


@pytest.mark.parametrize("name", ["a key twice", "the ARN of another account"])
def test_an_account_of_a_snapshot_that_contradicts_itself_hides_no_other(tmp_path: Path, name: str) -> None:
    text = SNAPSHOT % f"{LINE % '000000000001'},{BROKEN_LINES[name]}"
    found = list(open_saved(written(tmp_path, text, "s.json"), {}).accounts)
    assert [isinstance(one, AccountRead) for one in found] == [True, False]
    assert [account for account, _reason in reasons(found)] == ["000000000002"]


@pytest.mark.parametrize("second", ["false", "true"])
def test_an_active_key_without_a_date_in_a_report_hides_no_other(tmp_path: Path, second: str) -> None:
    row = ROW % ("true", "N/A")
    if second == "true":
        row = row.replace("false,N/A", "true,2026-01-01T00:00:00+00:00")
    other = (ROW % ("true", "2026-01-01T00:00:00Z")).replace("u,", "v,")
    [read] = saved(tmp_path, "r.csv", HEADER + row + other)
    result = evaluate(policy(), read, NOW, show_all=True)
    judged = ["u", "v"] if second == "true" else ["v"]
    assert ([one.user for one in result.findings], result.status, result.counts.users) == (judged, "partial", 2)
    [unread] = read.unread
    assert (unread.name, "no date in access_key_1_last_rotated: save" in unread.reason) == ("u", True)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("attributes", [{"id": None}, {"user": 17}, {"status": ["Active"]}, {"create_date": 1.5}])
def test_a_broken_object_of_terraform_state_hides_no_other(
    tmp_path: Path, form: Callable[..., str], attributes: dict[str, object]
) -> None:
    depends = {"depends_on": ["aws_iam_user.u"]}
    things = [user("u", ONE), key("AKIA1", "u", "good", **depends)]
    things.append(key("AKIA2", "u", "bad", **depends, attributes=attributes))
    path = written(tmp_path, form(things))
    found = list(open_saved(path, {}).accounts)
    [(account, reason)] = reasons(found)
    assert (keys_of(found), account) == ({ONE: ["AKIA1"]}, None)
    assert reason.startswith(f"{path}: aws_iam_access_key.bad: broken or cut off: Expected `str")
    assert (SECRET in reason, "AKIA2" in reason) == (False, False)
    found = list(open_saved(written(tmp_path, form([things[-1]])), {}).accounts)
    assert reasons(found) == [(None, reason)]
