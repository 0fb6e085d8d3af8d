"""What goes wrong at AWS: the verdicts are those of a quiet day, or the account is unreadable."""

import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from checker.evaluate import AccountResult
from tests.fakes.stand_ins import Act, answer, fail_with, of_users, old_report, refuse, throttle
from tests.support.fixtures import ACCOUNT, Emulated, policy

URL = "https://iam.amazonaws.com/"
READING = ["GetCallerIdentity", "ListUsers", "ListAccessKeys"]
REPORTING = ["GenerateCredentialReport", "GetCredentialReport"]
BY_TAG = (
    "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules:\n  - {id: c, users: {tags: {team: x}}, maxAccessKeyAge: 10}\n"
)
TIMEOUTS = {
    "connect": ConnectTimeoutError(endpoint_url=URL),
    "read": ReadTimeoutError(endpoint_url=URL),
    "unreachable": EndpointConnectionError(endpoint_url=URL),
}
PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Sign in to go on</body></html>"
LATE = "Signature expired: 20261123T115500Z is now earlier than 20261123T120000Z (20261123T121500Z - 15 min.)"
SCP = "User: x is not authorized to perform: it with an explicit deny in a service control policy"
NEVER = TIMEOUTS | {
    "proxy": ProxyConnectionError(proxy_url="http://127.0.0.1:3128", error=OSError("Tunnel connection failed: 407 No")),
    "TLS": SSLError(endpoint_url=URL, error=OSError("certificate verify failed: self-signed certificate")),
}
NEVER_SAYS = {
    "connect": "AWS did not answer",
    "unreachable": "AWS did not answer",
    "proxy": "the proxy http://127.0.0.1:3128 does not let keyage through: 407 No",
    "TLS": "the certificate of iam.amazonaws.com was not accepted: self-signed certificate",
}


@pytest.fixture
def overdue(emulated: Emulated) -> Emulated:
    """An account with one key of 200 days and one of 20."""
    emulated.user("u")
    emulated.key("u", 200)
    emulated.key("u", 20)
    emulated.user("keyless", 801)
    return emulated


def assert_found_all(result: AccountResult) -> None:
    assert result.reason is None
    assert [finding.verdict for finding in result.findings] == ["NON_COMPLIANT", "COMPLIANT"]


def assert_unreadable(result: AccountResult, reason: str) -> None:
    assert result.reason is not None
    assert reason in result.reason
    assert (result.findings, result.counts.keys, result.counts.compliant) == ((), 0, 0)


def assert_unread(result: AccountResult, reason: str) -> None:
    """The user `u` is known to be there, and nothing of the user's keys."""
    assert [one.name for one in result.unread] == ["u"]
    assert reason in result.unread[0].reason
    assert (result.status, result.counts.unread) == ("partial", 1)
    assert result.unread[0].reason in (result.reason or "")
    assert "u" not in {finding.user for finding in result.findings}


@pytest.mark.parametrize("operation", [*READING, *REPORTING])
@pytest.mark.parametrize(
    "act", [throttle(), refuse("ServiceFailure", 500), answer("", 503)], ids=["throttle", "500", "503"]
)
def test_a_burst_of_trouble_is_waited_out(overdue: Emulated, operation: str, act: Act) -> None:
    overdue.faults.plan(operation, act, 4)
    assert_found_all(overdue.check())


@pytest.mark.parametrize("kind", TIMEOUTS)
@pytest.mark.parametrize("operation", [*READING, *REPORTING])
def test_a_burst_of_time_outs_is_waited_out(overdue: Emulated, operation: str, kind: str) -> None:
    if kind != "read":
        overdue.faults.plan(operation, throttle(), 1)  # the host has answered
    overdue.faults.plan(operation, fail_with(TIMEOUTS[kind]), 3)
    assert_found_all(overdue.check())


@pytest.mark.parametrize(("kind", "attempts"), [("connect", 1), ("unreachable", 6), ("proxy", 6), ("TLS", 1)])
def test_a_host_that_never_answered_is_not_asked_for_long(overdue: Emulated, kind: str, attempts: int) -> None:
    overdue.faults.plan("GetCallerIdentity", fail_with(NEVER[kind]))
    assert_unreadable(overdue.check(), NEVER_SAYS[kind])
    assert overdue.faults.requests["GetCallerIdentity"] == attempts


def test_each_host_answers_for_itself(overdue: Emulated) -> None:
    overdue.faults.plan("GenerateCredentialReport", fail_with(TIMEOUTS["connect"]))
    assert_unreadable(overdue.check(), "AWS did not answer")
    assert overdue.faults.requests["GenerateCredentialReport"] == 1


@pytest.mark.parametrize("operation", READING)
@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (throttle(), "AWS kept throttling"),
        (refuse("ServiceFailure", 500), "failed with ServiceFailure"),
        (fail_with(TIMEOUTS["read"]), "AWS did not answer"),
        (refuse("ExpiredToken"), "the credentials expired (ExpiredToken"),
        (refuse("InvalidClientTokenId"), "AWS does not accept the credentials"),
        (answer("<ListUsersResponse><ListUsersResult><Users><member><UserName>u</User"), "half of it came"),
        (answer(PAGE), "something else than AWS answered"),
        (answer(PAGE, 403), "something else than AWS answered"),
        (refuse("SignatureDoesNotMatch", message=LATE), "the clock of this machine is wrong"),
        (refuse("SignatureDoesNotMatch", message="as calculated"), "as calculated): check the access key"),
    ],
    ids=[
        *("throttle", "500", "time-out", "expired token", "wrong credentials", "cut-off body"),
        *("page", "page with 403", "clock", "signature"),
    ],
)
def test_trouble_that_stays_makes_the_account_unreadable(
    overdue: Emulated, operation: str, act: Act, reason: str
) -> None:
    overdue.faults.plan(operation, act)
    assert_unreadable(overdue.check(), reason)


@pytest.mark.parametrize("operation", ["GetCallerIdentity", "ListAccessKeys"])
def test_a_denial_that_no_permission_mends_is_told_in_the_words_of_aws(overdue: Emulated, operation: str) -> None:
    overdue.faults.plan(operation, refuse("AccessDenied", message=SCP))
    assert_unreadable(overdue.check(), f"{operation} is denied by a policy, whatever others allow: {SCP}; ask whoever")


def test_a_token_that_expires_half_way_makes_the_account_unreadable(overdue: Emulated) -> None:
    overdue.user("v")
    overdue.key("v", 200)
    overdue.faults.plan("ListAccessKeys", lambda _asked: None, 1)
    overdue.faults.plan("ListAccessKeys", refuse("ExpiredToken"))
    assert_unreadable(overdue.check(), "sign in again")


@pytest.mark.parametrize("operation", REPORTING)
@pytest.mark.parametrize(
    "act",
    [
        refuse("AccessDenied"),
        throttle(),
        refuse("LimitExceeded", 409),
        refuse("ServiceFailure", 500),
        refuse("ReportInProgress", 404),
        refuse("ReportExpired", 410),
    ],
    ids=["denied", "throttled", "limit", "500", "in progress", "expired"],
)
def test_without_a_report_the_keys_of_every_user_are_listed(overdue: Emulated, operation: str, act: Act) -> None:
    overdue.faults.plan(operation, act)
    result = overdue.check()
    assert_found_all(result)
    assert overdue.faults.requests["ListAccessKeys"] == 2
    assert len(result.notes) == 1
    assert result.notes[0].endswith("the keys of every user were listed instead, and their last use is not known")


def test_a_report_that_stays_in_progress_is_given_up_after_a_minute(overdue: Emulated) -> None:
    body = "<GenerateCredentialReportResponse><GenerateCredentialReportResult><State>INPROGRESS</State>"
    body += "</GenerateCredentialReportResult></GenerateCredentialReportResponse>"
    overdue.faults.plan("GenerateCredentialReport", answer(body))
    result = overdue.check()
    assert_found_all(result)
    assert 60 <= overdue.time.slept <= 90
    assert result.notes[0].startswith(f"{ACCOUNT}: the credential report was still being made after a minute")


@pytest.mark.parametrize(
    "content",
    [b"", b"user,arn\nu,a\n", b"\xff\xfe", b'user,"'],
    ids=["empty", "columns missing", "not text", "not CSV"],
)
def test_a_report_that_makes_no_sense_is_not_believed(overdue: Emulated, content: bytes) -> None:
    import base64

    text = base64.b64encode(content).decode()
    body = "<GetCredentialReportResponse><GetCredentialReportResult><ReportFormat>text/csv</ReportFormat>"
    body += f"<Content>{text}</Content></GetCredentialReportResult></GetCredentialReportResponse>"
    overdue.faults.plan("GetCredentialReport", answer(body))
    result = overdue.check()
    assert_found_all(result)
    assert len(result.notes) == 1


def test_denied_list_users_leaves_the_names_of_the_report_without_ids(overdue: Emulated) -> None:
    overdue.faults.plan("ListUsers", refuse("AccessDenied"))
    result = overdue.check()
    assert_found_all(result)
    assert {finding.user_id for finding in result.findings} == {None}
    assert [finding.arn for finding in result.findings] == [f"arn:aws:iam::{ACCOUNT}:user/u"] * 2
    assert "iam:ListUsers was denied" in result.notes[0]


def test_denied_list_users_and_denied_report_make_the_account_unreadable(overdue: Emulated) -> None:
    overdue.faults.plan("ListUsers", refuse("AccessDenied"))
    overdue.faults.plan("GenerateCredentialReport", refuse("AccessDenied"))
    assert_unreadable(overdue.check(), "ListUsers was denied: allow what `keyage permissions` prints")


def test_a_user_gone_since_the_report_cannot_be_told_from_a_renamed_one_without_list_users(overdue: Emulated) -> None:
    with old_report(overdue.iam):
        overdue.iam.users.pop("u")
        overdue.faults.plan("ListUsers", refuse("AccessDenied"))
        assert_unread(overdue.check(), "gone since the credential report was made; iam:ListUsers, which was denied")


@pytest.mark.parametrize("operation", ["GetCallerIdentity", "ListAccessKeys"])
def test_a_denied_call_makes_the_account_unreadable(overdue: Emulated, operation: str) -> None:
    overdue.faults.plan(operation, refuse("AccessDenied"))
    assert_unreadable(overdue.check(), f"{operation} was denied: allow what `keyage permissions` prints")


def test_a_user_who_keeps_vanishing_is_told_as_unread(overdue: Emulated) -> None:
    overdue.faults.plan("ListAccessKeys", refuse("NoSuchEntity", 404))
    assert_unread(overdue.check(), "ListUsers names the user, but ListAccessKeys knows no such user; run again")


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (refuse("AccessDenied"), "ListAccessKeys was denied: allow what `keyage permissions` prints"),
        (refuse("AccessDenied", message=SCP), f"by a policy, whatever others allow: {SCP}; ask whoever"),
        (refuse("NoSuchEntity", 404), "ListAccessKeys knows no such user"),
        (refuse("ServiceFailure", 500), "failed with ServiceFailure"),
        (answer("<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata><member>"), "half of it came"),
    ],
    ids=["denied", "denied by all", "no such user", "500", "cut-off body"],
)
def test_one_user_who_cannot_be_read_hides_no_other(overdue: Emulated, act: Act, reason: str) -> None:
    for name in ("a", "z"):
        overdue.user(name)
        overdue.key(name, 200)
    overdue.faults.plan("ListAccessKeys", of_users(act, "u"))
    result = overdue.check()
    assert_unread(result, reason)
    assert {finding.user: finding.verdict for finding in result.findings} == dict.fromkeys("az", "NON_COMPLIANT")
    assert (result.counts.users, result.counts.keys, result.counts.non_compliant) == (4, 2, 2)


def test_an_answer_about_another_user_is_not_believed(overdue: Emulated) -> None:
    overdue.user("z")
    overdue.key("z", 200)
    overdue.iam.users["u"].access_keys[0].user_name = "somebody"
    result = overdue.check()
    assert_unread(result, "ListAccessKeys answered with keys of somebody instead of u")
    assert [finding.user for finding in result.findings] == ["z"]


def test_names_differ_not_by_case_alone(overdue: Emulated) -> None:
    overdue.iam.users["u"].access_keys[0].user_name = "U"
    assert_found_all(overdue.check())


def test_many_users_who_cannot_be_read_are_counted_and_the_first_are_named(overdue: Emulated) -> None:
    names = [f"n{number:02}" for number in range(30)]
    for name in names:
        overdue.user(name)
        overdue.key(name, 200)
    overdue.faults.plan("ListAccessKeys", of_users(refuse("AccessDenied"), *names))
    result = overdue.check()
    assert [one.name for one in result.unread] == names
    assert (result.status, result.counts.users, result.counts.unread, result.counts.keys) == ("partial", 32, 30, 2)
    assert (result.reason or "").startswith("the keys of 30 users could not be read: n00: ")
    assert (result.reason or "").endswith("; and 27 more")


def test_where_nobody_can_be_read_no_thousands_are_asked(overdue: Emulated) -> None:
    for number in range(40):
        overdue.user(f"n{number:02}")
        overdue.key(f"n{number:02}", 200)
    overdue.faults.plan("ListAccessKeys", refuse("AccessDenied"))
    assert_unreadable(overdue.check(), "ListAccessKeys was denied: allow what `keyage permissions` prints")
    assert overdue.faults.requests["ListAccessKeys"] == 20


def test_a_denied_alias_leaves_the_name_unknown_which_matters_only_if_it_decides(overdue: Emulated) -> None:
    text = "version: 1\ndefault: {maxAccessKeyAge: 90}\nrules:\n  - {id: p, accounts: prod-*, maxAccessKeyAge: 10}\n"
    overdue.faults.plan("ListAccountAliases", refuse("AccessDenied"))
    found = overdue.check(policy(text))
    assert (found.status, found.counts.keys, found.counts.undecided) == ("partial", 1, 1)
    assert "the account's name is not known" in (found.reason or "")
    assert_found_all(overdue.check(policy(text.replace("maxAccessKeyAge: 10", "maxAccessKeyAge: 60"))))
