"""OCSF: one Compliance Finding a line, with the numbers of class 2003."""

import json
from typing import Any

import msgspec
from hypothesis import given

from tests.reports.many import FINDING, ODD, overdue, report, result
from tests.reports.test_reports import GOLDEN, RUN

# "required" of class 2003 and of the objects in it, OCSF 1.6.0.
REQUIRED = {
    *("activity_id", "category_uid", "class_uid", "compliance", "finding_info"),
    *("metadata", "severity_id", "time", "type_uid"),
}


def events(text: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in text.split("\n")[:-1]]
    for event in found:
        assert set(event) >= REQUIRED
        assert event["class_uid"] == 2003
        assert event["category_uid"] == 2
        assert event["type_uid"] == 200_300 + event["activity_id"]
        assert event["activity_id"] in (1, 2, 3)
        assert event["compliance"]["status_id"] in (0, 1, 2, 3, 99)
        assert {"product", "version"} <= set(event["metadata"])
        assert {"title", "uid"} <= set(event["finding_info"])
        assert isinstance(event["time"], int)
    return found


def test_nothing_to_tell_is_no_line() -> None:
    assert report("ocsf", RUN._replace(skipped=()), result()) == ""


def test_the_golden_file_says_every_verdict_in_ocsf() -> None:
    found = events((GOLDEN / "ocsf.jsonl").read_text("utf-8"))
    statuses = [event["compliance"]["status"] for event in found]
    told = {status: statuses.count(status) for status in statuses}
    assert told == {"Exempt": 1, "Pass": 4, "Not applicable": 1, "Fail": 4, "Warning": 1, "Skipped": 1}
    assert len({event["finding_info"]["uid"] for event in found}) == len(found)


def test_an_unreadable_account_is_never_a_pass() -> None:
    [event] = events(report("ocsf", RUN._replace(skipped=()), result(reason="denied")))
    assert (event["compliance"]["status_id"], event["status"]) == (2, "New")


@given(user=ODD, reason=ODD)
def test_odd_text_stays_on_its_line(user: str, reason: str) -> None:
    user, reason = (text.encode("utf-8", "replace").decode() for text in (user, reason))
    odd = msgspec.structs.replace(FINDING, user=user)
    run = RUN._replace(skipped=())
    assert len(events(report("ocsf", run, result(odd, overdue(1)), result(reason=reason)))) == 3
