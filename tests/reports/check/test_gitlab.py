"""GitLab's code quality: what it requires of an issue, and no two issues for one."""

import json

import msgspec
from hypothesis import given

from checker.evaluate import COMPLIANT, NOT_APPLICABLE
from tests.reports.many import FINDING, ODD, overdue, report, result
from tests.reports.test_reports import RUN
from tests.support.fixtures import ago

SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


def test_no_issues_are_an_empty_array() -> None:
    far = [msgspec.structs.replace(FINDING, verdict=one, due_date=ago(-99)) for one in (COMPLIANT, NOT_APPLICABLE)]
    assert report("gitlab", RUN, result(*far)) == "[]\n"


@given(user=ODD, reason=ODD)
def test_every_issue_has_what_gitlab_requires(user: str, reason: str) -> None:
    odd = msgspec.structs.replace(FINDING, user=user)
    issues = json.loads(report("gitlab", RUN, result(odd, overdue(1)), result(reason=reason)))
    assert [one["severity"] for one in issues] == ["major", "major", "blocker"]
    assert {one["severity"] for one in issues} <= SEVERITIES
    for one in issues:
        assert set(one) == {"check_name", "severity", "description", "location", "fingerprint"}
        assert one["location"]["lines"]["begin"] >= 1
    assert len({one["fingerprint"] for one in issues}) == len(issues)
