"""One client for one account after the other, and never the credentials of one for another."""

import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from checker.decision import decision
from checker.embedded import aws
from checker.evaluate import AccountRead, AccountUnreadable
from checker.sources import live
from checker.sources.aws.account_session import AccountSessions
from checker.sources.aws.session import ReadOnlySession, WriteRefused
from checker.sources.aws.workers import Workers
from tests.fakes.stand_ins import refuse, throttle
from tests.support.fixtures import ACCOUNT, NOW, Emulated, ago, policy

OTHERS = [f"{number}" * 12 for number in range(2, 8)]


def sessions() -> AccountSessions:
    return AccountSessions(ReadOnlySession(credentials=aws.credentials_for(ACCOUNT)))


def names(iam: Any) -> list[str]:
    return [user["UserName"] for user in iam.list_users()["Users"]]


def test_outside_of_an_account_nothing_is_signed(emulated: Emulated) -> None:
    made = sessions()
    with made.of(aws.credentials_for(ACCOUNT)) as session:
        iam = session.client("iam")
    emulated.faults.requests.clear()
    with pytest.raises((NoCredentialsError, LookupError)):
        iam.list_users()
    assert dict(emulated.faults.requests) == {}


@pytest.mark.usefixtures("emulated")
def test_what_is_lent_only_reads() -> None:
    with sessions().of(aws.credentials_for(ACCOUNT)) as session, pytest.raises(WriteRefused):
        session.client("iam").delete_user(UserName="u")


@pytest.mark.usefixtures("emulated")
def test_a_client_goes_on_to_the_next_account_with_its_own_credentials_and_counts() -> None:
    aws.add_user(OTHERS[0], "there", ago(9))
    made = sessions()
    with made.of(aws.credentials_for(ACCOUNT)) as first:
        here = first.client("iam")
        assert names(here) == []
    with made.of(aws.credentials_for(OTHERS[0])) as second:
        assert second.client("iam") is here
        assert names(second.client("iam")) == ["there"]
        here.list_account_aliases()
    assert (first.calls(), second.calls()) == ({"ListUsers": 1}, {"ListAccountAliases": 1, "ListUsers": 1})


def test_a_client_that_had_to_retry_is_not_passed_on(emulated: Emulated) -> None:
    made = sessions()
    emulated.faults.plan("ListUsers", throttle(), 1)
    with made.of(aws.credentials_for(ACCOUNT)) as first:
        slowed = first.client("iam")
        slowed.list_users()
    with made.of(aws.credentials_for(OTHERS[0])) as second:
        assert second.client("iam") is not slowed


def test_a_client_that_was_refused_once_is_passed_on(emulated: Emulated) -> None:
    made = sessions()
    emulated.faults.plan("ListUsers", refuse("AccessDenied"), 1)
    with made.of(aws.credentials_for(ACCOUNT)) as first:
        refused = first.client("iam")
        with pytest.raises(refused.exceptions.ClientError):
            refused.list_users()
    with made.of(aws.credentials_for(OTHERS[0])) as second:
        assert second.client("iam") is refused


@pytest.mark.usefixtures("emulated")
def test_accounts_side_by_side_whose_threads_help_each_other_keep_apart() -> None:
    given = {}
    for account_id in OTHERS:
        for number in range(12):
            aws.add_user(account_id, f"u{number}", ago(400))
            aws.add_key(account_id, f"u{number}", ago(200))
        given[account_id] = aws.credentials_for(account_id)
    workers, made = Workers(4), sessions()
    asking = live.Asking(live.verdict_needs(policy(), NOW, NOW), want_name=False, run=workers.map)

    def read(account_id: str) -> Callable[[], Any]:
        def task() -> Any:
            with made.of(given[account_id]) as session:
                return live.read_known(session, decision.Account(account_id), asking)

        return task

    found = {account_id: workers.start(read(account_id)) for account_id in OTHERS}
    for account_id, future in found.items():
        reading = future.result(timeout=60)
        assert isinstance(reading, AccountRead)
        assert {user.arn.split(":")[4] for user in reading.users if user.arn} == {account_id}
        keys = {key.id for user in reading.users for key in user.keys}
        assert keys == {
            key.access_key_id for user in aws.backend(account_id).users.values() for key in user.access_keys
        }
        assert reading.api_calls["ListAccessKeys"] == 12
    workers.leave()


@pytest.mark.usefixtures("emulated")
def test_another_thread_signs_for_the_account_of_the_context_it_was_given() -> None:
    aws.add_user(OTHERS[0], "there", ago(9))
    seen: list[list[str]] = []
    with sessions().of(aws.credentials_for(OTHERS[0])) as session:
        context, iam = copy_context(), session.client("iam")
    thread = threading.Thread(target=context.run, args=(lambda: seen.append(names(iam)),))
    thread.start()
    thread.join()
    assert seen == [["there"]]


def test_answers_about_another_account_make_it_unreadable(emulated: Emulated) -> None:
    emulated.user("u")
    asking = live.Asking(live.verdict_needs(policy(), NOW, NOW), want_name=False, wait=emulated.time.sleep)
    session = ReadOnlySession(credentials=aws.credentials_for(ACCOUNT))
    found = live.read_known(session, decision.Account(OTHERS[0]), asking)
    assert isinstance(found, AccountUnreadable)
    assert f"AWS told of the user arn:aws:iam::{ACCOUNT}:user/u, who is not of account {OTHERS[0]}" in found.reason
