"""Whatever goes wrong on the way to AWS: the verdicts are those of a quiet day, or the account or user is unreadable.

Each run reads an account with the real client through a proxy that does harm by a plan drawn from a seed. For a
long soak set KEYAGE_FAULT_SEEDS; KEYAGE_FAULT_SEEDS=1 KEYAGE_FAULT_FIRST_SEED=N runs seed N again.
"""

import os
import re
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from random import Random
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from checker.embedded import aws
from checker.evaluate import AccountResult, Finding, evaluate
from checker.sources import live
from checker.sources.aws import session as aws_session
from checker.sources.aws.session import ReadOnlySession
from tests.fakes.faults import FAULTS
from tests.fakes.faulty_proxy import Plan, Proxy, faulty_proxy
from tests.fakes.stand_ins import VirtualTime, pages_of, virtual_time
from tests.support.fixtures import NOW, ago, policy

SEEDS = int(os.environ.get("KEYAGE_FAULT_SEEDS", "300"))
FIRST_SEED = int(os.environ.get("KEYAGE_FAULT_FIRST_SEED", "0"))
BLOCK = 50  # seeds of one test
SURVEY = range(300)  # the seeds that are looked at for what they inject and how they end
ACCOUNTS = 12
HANG = 60  # seconds; no run takes more than a few
LONGEST_REASON = 400  # characters
ADVICE = re.compile(r"run again|sign in again|`keyage permissions|check the")
SLOW = {"stalls", "too late", "length is no number", "length is missing"}  # each costs a read time-out
WITHOUT_A_REPORT = {"report denied", "report breaks off", "report lacks users"}
HARMLESS = WITHOUT_A_REPORT | {"details denied", "base64 breaks off", "dribbles", "answer twice"}
CHAOS = (
    "throttled",
    "500",
    "reset before the answer",
    "half a body",
    "half a body and the end",
    "XML breaks off",
    "empty answer",
    "error breaks off",
)
OPERATIONS = [
    "GetCallerIdentity",
    "GenerateCredentialReport",
    "GetCredentialReport",
    "ListAccountAliases",
    "GetAccountAuthorizationDetails",
    "ListAccessKeys",
]
WITHOUT_DETAILS = ["ListUsers", "ListUserTags"]
POLICY = policy("""\
version: 1
default: {maxAccessKeyAge: 90}
rules:
  - {id: services, users: {path: /service/*, name: svc-*}, maxAccessKeyAge: 30}
  - {id: operators, accounts: prod-*, users: ops-*, maxAccessKeyAge: 60}
  - {id: payments, users: {tags: {team: pay*}}, maxAccessKeyAge: 10}
exemptions:
  - {id: vendors, users: vendor-*, reason: appliance, approvedBy: security@example.com, expires: 2027-01-31}
""")
AGES = (5, 20, 29, 31, 50, 70, 80, 90, 90 + 1 / 86_400, 90.5, 200, 400)
NEW = 8  # days; a user so new cannot have a key past any limit, with whatever tags
KINDS = (("svc", "/service/"), ("ops", "/"), ("vendor", "/"), ("person", "/people/"))


class Outcome(NamedTuple):
    result: AccountResult | None
    error: str | None  # the traceback of what was raised
    injected: Counter[str]
    broken: str | None  # how the law is broken

    @property
    def ended(self) -> str:
        return "raised" if self.result is None else self.result.status


class World:
    """Accounts behind the proxy, and what a quiet reading of each finds."""

    def __init__(self, proxy: Proxy, clock: VirtualTime) -> None:
        self.proxy, self.clock = proxy, clock
        self.session = ReadOnlySession(concurrency=4)
        self._truths: dict[str, AccountResult] = {}
        self._outcomes: dict[int, Outcome] = {}
        self._runs = 0

    def account(self, number: int) -> str:
        """The id of an account that is always filled in the same way, but for its ids."""
        account_id = f"{number + 1:012}"
        if account_id not in self._truths:
            fill(account_id, Random(number))  # noqa: S311 -- repeatable, not secret
            self.truth(account_id)
        return account_id

    def truth(self, account_id: str) -> AccountResult:
        """What a quiet reading finds now."""
        if account_id not in self._truths:
            self.proxy.forget(account_id)
            outcome = self.read(Plan(account_id))
            assert (outcome.error, outcome.ended) == (None, "evaluated")
            assert outcome.result is not None
            self._truths[account_id] = outcome.result
        return self._truths[account_id]

    def forget(self, account_id: str) -> None:
        """The account has changed."""
        del self._truths[account_id]
        self.proxy.forget(account_id)

    def outcome(self, seed: int) -> Outcome:
        """How the run of a seed ended."""
        if seed not in self._outcomes:
            self._outcomes[seed] = self.run(plan_of(self, seed))
        return self._outcomes[seed]

    def run(self, plan: Plan, session: ReadOnlySession | None = None) -> Outcome:
        """Read and judge an account as a plan has it, and hold the law against the outcome."""
        return held(self.read(plan, session), self.truth(plan.account_id))

    def read(self, plan: Plan, session: ReadOnlySession | None = None) -> Outcome:
        """Read and judge an account as a plan has it."""
        self._runs += 1
        name = f"AKIARUN{self._runs:09}"
        self.proxy.plans[name] = plan
        signed = (session or self.session).signing_with(Credentials(name, "testing", "testing"))
        results: list[AccountResult] = []
        errors: list[str] = []

        def read() -> None:
            try:
                reading = live.read_account(
                    signed,
                    {},
                    live.verdict_needs(POLICY, NOW, NOW, every_line=True),
                    want_name=live.asks_for_names(POLICY),
                    concurrency=4,
                    wait=self.clock.sleep,
                )
                results.append(evaluate(POLICY, reading, NOW, show_all=True))
            except Exception:  # noqa: BLE001 -- whatever it is, it breaks the law
                errors.append(traceback.format_exc())

        in_time(read)
        return Outcome(next(iter(results), None), next(iter(errors), None), plan.injected, None)


def in_time(task: Callable[[], object]) -> None:
    """Run a task to its end; fails the test with the stacks of all threads if it hangs."""
    thread = threading.Thread(target=task, daemon=True)
    thread.start()
    thread.join(HANG)
    if thread.is_alive():
        frames = sys._current_frames()  # noqa: SLF001 -- the one way to see what the threads do
        stacks = ["".join(traceback.format_stack(frame)) for frame in frames.values()]
        pytest.fail("\n\n".join([f"still running after {HANG} s", *stacks]))


def fill(account_id: str, random: Random) -> None:
    """Users with no, one or two keys of all ages, some of whom no rule reaches."""
    aws.backend(account_id).create_account_alias(random.choice(["prod-shop", "test-shop"]))
    for number in range(random.randint(3, 7)):
        kind, path = random.choice(KINDS)
        name = f"{kind}-{number}"
        tags = {"team": random.choice(["payments", "search"]), "cost": "7"} if random.random() < 0.5 else {}
        aws.add_user(account_id, name, ago(random.choice([NEW, 800, 900])), path=path, tags=tags)
        for _key in range(random.choice([0, 1, 1, 2, 2])):
            age = random.choice(AGES)
            status = random.choice(["Active", "Active", "Inactive"])
            used = ago(random.randint(0, 4)) if random.random() < 0.5 else None
            aws.add_key(account_id, name, ago(age), status=status, last_used=used, activated=ago(age / 2))


def held(outcome: Outcome, truth: AccountResult) -> Outcome:
    """The outcome, with what the law says of it."""
    return outcome._replace(broken=outcome.error if outcome.result is None else breach(outcome.result, truth))


def breach(result: AccountResult, truth: AccountResult) -> str | None:
    """How a result breaks the law; None if it keeps it."""
    if result.reason is None:
        return None if facts(result) == facts(truth) else f"{facts(result)}\ninstead of\n{facts(truth)}"
    if result.status == "partial":
        if certain(result, result) != certain(result, truth) or result.counts.users != truth.counts.users:
            return f"{facts(result)}\nin part instead of\n{facts(truth)}"
    elif result.findings:
        return f"findings of an unreadable account: {result.findings}"
    if not result.reason.isprintable() or len(result.reason) > LONGEST_REASON:
        return f"no reason of one line: {result.reason!r}"
    return None if ADVICE.search(result.reason) else f"does not say what to do: {result.reason}"


def facts(result: AccountResult) -> tuple[Any, ...]:
    """What must be as on a quiet day: all but when keys were last used, which only the report tells."""
    return (result.id, result.name, result.counts, [_without_last_use(finding) for finding in result.findings])


def certain(result: AccountResult, truth: AccountResult) -> list[tuple[Any, ...]]:
    """What the truth has of all users but those of whom the result says that it does not know."""
    open_ = {one.name for one in result.unread} | {one.finding.user for one in result.undecided}
    return [_without_last_use(finding) for finding in truth.findings if finding.user not in open_]


def _without_last_use(finding: Finding) -> tuple[Any, ...]:
    return tuple(getattr(finding, name) for name in finding.__struct_fields__ if not name.startswith("last_used"))


def plan_of(world: World, seed: int) -> Plan:
    """Some faults, from rare to nearly always, for every operation or for one."""
    random = Random(seed)  # noqa: S311 -- repeatable, not secret
    names = list(FAULTS)
    chosen = sorted({names[seed % len(names)], *random.sample(names, random.randint(0, 5))})
    shares = {name: random.random() * (0.6 if name in SLOW else 1) for name in chosen}
    shares[names[seed % len(names)]] += 0.3
    level = min(0.98, 10 ** random.uniform(-1.7, 0.3)) / max(1, sum(shares.values()))
    often = {name: random.random() for name in chosen if FAULTS[name].operations}  # few requests can meet these
    return Plan(
        world.account(random.randrange(ACCOUNTS)),
        often | {name: level * share for name, share in shares.items() if name not in often},
        seed,
        times=random.choice([None, None, 1, 3]),
        only=random.choice([None, None, None, *OPERATIONS, *WITHOUT_DETAILS]),
    )


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with ExitStack() as stack:
        proxy = stack.enter_context(faulty_proxy())
        stack.enter_context(pages_of(2))
        clock = stack.enter_context(virtual_time())
        stack.enter_context(patch.object(aws_session, "READ_TIMEOUT", 0.15))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "NO_PROXY": "127.0.0.1"}
        here = {"AWS_ENDPOINT_URL": proxy.url, "AWS_REGION": "us-east-1"}
        stack.enter_context(patch.dict(os.environ, environment | nowhere | here, clear=True))
        yield World(proxy, clock)


def test_without_faults_nothing_is_injected_and_every_verdict_occurs(world: World) -> None:
    plans = [Plan(world.account(number)) for number in range(ACCOUNTS)]
    outcomes = [world.run(plan) for plan in plans]
    assert [(outcome.broken, outcome.ended, outcome.injected) for outcome in outcomes] == [(None, "evaluated", {})] * 12
    verdicts = {finding.verdict for outcome in outcomes if outcome.result for finding in outcome.result.findings}
    assert verdicts == {"COMPLIANT", "NON_COMPLIANT", "EXEMPT", "NOT_APPLICABLE"}
    assert {operation for plan in plans for operation in plan.requests} == set(OPERATIONS)


@pytest.mark.parametrize("first", range(FIRST_SEED, FIRST_SEED + SEEDS, BLOCK))
def test_the_verdicts_are_those_of_a_quiet_day_or_the_account_is_unreadable(world: World, first: int) -> None:
    seeds = range(first, min(first + BLOCK, FIRST_SEED + SEEDS))
    broken = [f"seed {seed}: {text}" for seed in seeds if (text := world.outcome(seed).broken)]
    assert broken == []


def test_the_plans_inject_every_fault_and_end_both_ways(world: World) -> None:
    outcomes = [world.outcome(seed) for seed in SURVEY]
    injected = Counter[str]()
    for outcome in outcomes:
        injected.update(outcome.injected)
    assert [name for name in FAULTS if not injected[name]] == []
    ends = Counter(outcome.ended for outcome in outcomes)
    assert (ends["evaluated"] > 0, ends["unreadable"] > 0) == (True, True)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_passes_is_waited_out_where_the_client_tries_again(world: World, name: str) -> None:
    outcome = world.run(Plan(world.account(0), {name: 1}, times=1))
    assert (outcome.broken, outcome.injected[name] > 0) == (None, True)
    assert outcome.ended == "evaluated" or not FAULTS[name].waited_out


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_stays_leaves_nothing_half_judged(world: World, name: str) -> None:
    outcome = world.run(Plan(world.account(0), {name: 1}))
    assert (outcome.broken, outcome.injected[name] > 0) == (None, True)
    assert outcome.ended in ("unreadable", "partial") or name in HARMLESS


@pytest.mark.parametrize("seed", range(8))
def test_one_request_in_five_that_goes_wrong_changes_no_verdict_and_hides_none(world: World, seed: int) -> None:
    plan = Plan(world.account(seed), dict.fromkeys(CHAOS, 0.2 / len(CHAOS)), seed)
    outcome = world.run(plan)
    assert (outcome.broken, outcome.ended) == (None, "evaluated")


@pytest.mark.parametrize("name", sorted(WITHOUT_A_REPORT))
@pytest.mark.parametrize("seed", range(10))
def test_a_report_that_is_denied_or_cut_costs_calls_and_no_verdict(world: World, name: str, seed: int) -> None:
    outcome = world.run(Plan(world.account(seed), {name: 1}, seed))
    assert (outcome.broken, outcome.ended, outcome.injected[name]) == (None, "evaluated", 1)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("change", ["deleted", "renamed"])
def test_users_who_go_half_way_are_looked_for_again_through_all_faults(world: World, change: str, seed: int) -> None:
    account_id = world.account(ACCOUNTS + seed + (10 if change == "renamed" else 0))
    aws.add_user(account_id, "going", ago(800), tags={"team": "payments"})
    aws.add_key(account_id, "going", ago(50))

    def go() -> None:
        users = aws.backend(account_id).users
        user = users.pop("going")
        if change == "renamed":
            user.name = user.access_keys[0].user_name = "gone"
            users["gone"] = user
        world.proxy.forget(account_id)

    world.proxy.forget(account_id)
    faults = dict.fromkeys(("throttled", "503", "reset in the body", "report denied"), 0.15)
    plan = Plan(account_id, faults, seed, times=2, changes={"going": go})
    outcome = world.read(plan)
    world.forget(account_id)
    assert (plan.changes, held(outcome, world.truth(account_id)).broken) == ({}, None)
    assert outcome.result is not None
    assert outcome.ended == "evaluated"
    assert (change == "renamed") == ("gone" in {finding.user for finding in outcome.result.findings})


class ForgetsKeys(ReadOnlySession):
    """Wrong on purpose: a listing of keys that fails is one of no keys."""

    def client(self, service: str, region: str | None = None) -> Any:
        client = super().client(service, region)
        if service == "iam":
            listed = client.list_access_keys
            client.list_access_keys = lambda **asked: _or_else(lambda: listed(**asked), {"AccessKeyMetadata": []})
        return client


class ForgetsPages(ReadOnlySession):
    """Wrong on purpose: a listing of users that breaks off is taken for the whole."""

    def client(self, service: str, region: str | None = None) -> Any:
        client = super().client(service, region)
        if service == "iam":
            made = client.get_paginator
            client.get_paginator = lambda operation: SimpleNamespace(
                paginate=lambda **asked: _until_it_fails(made(operation).paginate(**asked))
            )
        return client


def _or_else(call: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return call()
    except ClientError:
        return otherwise


def _until_it_fails(pages: Iterable[Any]) -> Iterator[Any]:
    try:
        yield from pages
    except ClientError:
        return


@pytest.mark.parametrize(
    ("wrong", "operation"),
    [(ForgetsKeys, "ListAccessKeys"), (ForgetsPages, "GetAccountAuthorizationDetails")],
    ids=["keys", "pages"],
)
def test_the_law_catches_a_client_that_ignores_a_failed_listing(
    world: World, wrong: type[ReadOnlySession], operation: str
) -> None:
    plans = [(Plan(world.account(n), {"ExpiredToken": 0.4}, n, only=operation)) for n in range(ACCOUNTS)]
    breaches = [world.run(plan, wrong(concurrency=4)).broken for plan in plans]
    assert [text for text in breaches if text and "instead of" in text] != []


def test_a_run_that_hangs_fails_with_the_stacks_of_all_threads() -> None:
    over = threading.Event()
    with patch(f"{__name__}.HANG", 0.05), pytest.raises(pytest.fail.Exception, match=r"over\.wait|in wait"):
        in_time(over.wait)
    over.set()
