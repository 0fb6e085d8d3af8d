"""Where a rotation is: first where nothing may be touched, then every state, then the laws over what AWS may show."""

from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.decision import AccessKey
from checker.remediate.rotate.states import (
    BLOCKED,
    CREATE,
    CREATED,
    DELETE_LOST,
    FINISH,
    IN_HAND,
    IN_USE,
    PROVE,
    PROVED,
    REACTIVATE,
    READY,
    RESTORE,
    RETIRE,
    RETIRED,
    ROLLED_BACK,
    STORED,
    Seen,
    Stored,
    Trace,
    standing,
    trace_of,
    way_back,
)
from tests.support.fixtures import NOW, ago

DAY = timedelta(days=1)
OLD = AccessKey("AKIAOLD", "Active", ago(200), ago(0.5), use_known=True)
NEW = AccessKey("AKIANEW", "Active", ago(3), None, use_known=True)
THIRD = NEW._replace(id="AKIATHIRD")
USED = NEW._replace(last_used=ago(1))
OFF = OLD._replace(status="Inactive", last_used=ago(2.9))
MARKED = frozenset({"AKIAOLD"})
BEFORE = Trace(frozenset({"AKIAOLD"}))
MADE = BEFORE._replace(made="AKIANEW")
PROVEN = Trace(None, "AKIANEW", ago(2))


def stored(readers: str | None = None, pending: str | None = None, *others: str) -> Stored:
    return Stored(readers, pending, frozenset(filter(None, (readers, pending, *others))))


EMPTY, HOLDS_OLD = stored(), stored("AKIAOLD")
PENDING = stored("AKIAOLD", "AKIANEW")
MOVED = stored("AKIANEW", None, "AKIAOLD")


def seen(*keys: AccessKey, store: Stored = EMPTY, trace: Trace | None = None, now: datetime = NOW) -> Seen:
    return Seen("svc", keys, store, trace or Trace(), now)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        (seen(OLD, NEW), "two active access keys, as many as IAM allows, and neither is of a rotation to this store"),
        (seen(OLD, NEW), "AKIANEW looks unused: if nothing needs it, make it inactive, and delete it later"),
        (seen(OLD._replace(last_used=None), NEW), "both look unused"),
        (seen(OLD, USED), "AKIANEW looks unused"),
        (seen(OFF, NEW), "AKIAOLD looks unused: if nothing needs it, delete it, and type this again"),
        (seen(OLD, NEW._replace(status="Inactive")), "AKIANEW looks unused: if nothing needs it, delete it"),
        (seen(OLD, USED, trace=MADE), "AKIANEW was made while a rotation was under way, was last used at"),
        (seen(OLD, NEW, trace=BEFORE), "AKIANEW was made while a rotation was under way, was never used, and"),
        (seen(OLD, NEW, trace=BEFORE._replace(made="AKIAX")), "if nobody has its secret, `aws iam delete-access-key`"),
        (seen(OLD, NEW, trace=Trace(frozenset({"AKIAOLD", "AKIANEW"}))), "neither is of a rotation"),
        (seen(OLD, NEW, store=stored("AKIANEW")), "neither is of a rotation"),
        (seen(OLD, NEW, store=HOLDS_OLD), "neither is of a rotation"),
        (seen(OLD, NEW._replace(status="Inactive"), store=PENDING), "AKIANEW, the new key, is Inactive: make it"),
        (seen(OLD, NEW._replace(status="Inactive"), store=MOVED), "--rollback goes back to AKIAOLD"),
        (seen(OLD, store=stored("AKIAOTHER")), "the store holds AKIAOTHER, which is no access key of svc"),
        (seen(store=stored("AKIAOTHER")), "the store holds AKIAOTHER"),
        (
            seen(OLD, store=Stored(foreign="something that is no access key")),
            "something that is no access key: name another",
        ),
        (seen(OLD, NEW, USED), "svc has 3 access keys"),
    ],
)
def test_what_is_no_rotation_is_left_alone_and_told(case: Seen, why: str) -> None:
    found = standing(case, DAY)
    assert (found.state, found.act, why in found.why) == (BLOCKED, None, True), found.why


@pytest.mark.parametrize(
    ("case", "state", "act"),
    [
        (seen(), READY, CREATE),
        (seen(OLD), READY, CREATE),
        (seen(OFF), READY, CREATE),
        (seen(OLD, store=HOLDS_OLD, trace=BEFORE), READY, CREATE),
        (seen(OLD, store=stored("AKIAOLD", "AKIAGONE")), READY, CREATE),
        (seen(OLD, NEW, trace=MADE), CREATED, DELETE_LOST),
        (seen(OLD, NEW, store=HOLDS_OLD, trace=MADE), CREATED, DELETE_LOST),
        (seen(NEW, trace=Trace(frozenset(), made="AKIANEW")), CREATED, DELETE_LOST),
        (seen(OLD, NEW._replace(created=ago(0.01)), trace=MADE), CREATED, None),
        (seen(OLD, NEW._replace(created=ago(0.01)), trace=BEFORE), CREATED, None),
        (seen(NEW._replace(created=ago(0.01)), trace=Trace(frozenset(), made="AKIANEW")), CREATED, None),
        (seen(NEW, trace=Trace(frozenset())), READY, CREATE),
        (seen(OLD, NEW, store=PENDING, trace=BEFORE), STORED, PROVE),
        (seen(OLD, NEW, store=PENDING), STORED, PROVE),
        (seen(OLD, NEW, store=stored("AKIANEW", "AKIANEW"), trace=BEFORE), STORED, PROVE),
        (seen(NEW, store=stored("AKIANEW", "AKIANEW"), trace=Trace(frozenset())), STORED, PROVE),
        (seen(OLD, NEW, store=MOVED), PROVED, PROVE),
        (seen(OLD, NEW, store=stored("AKIANEW"), trace=BEFORE), PROVED, PROVE),
        (seen(OLD, NEW, store=MOVED, trace=PROVEN), PROVED, None),
        (seen(OLD, NEW._replace(last_used=ago(2)), store=MOVED, trace=PROVEN), PROVED, None),
        (seen(OLD, USED, store=MOVED, trace=PROVEN), IN_USE, None),
        (seen(OLD._replace(last_used=ago(1)), USED, store=MOVED, trace=PROVEN), IN_USE, RETIRE),
        (seen(OLD._replace(last_used=None), USED, store=MOVED, trace=PROVEN), IN_USE, RETIRE),
        (seen(OFF, USED, store=MOVED, trace=PROVEN), IN_USE, FINISH),
        (seen(USED, store=stored("AKIANEW"), trace=PROVEN), IN_USE, FINISH),
        (seen(OFF, USED, store=MOVED), RETIRED, None),
        (seen(OLD, USED, store=stored("AKIAOLD", None, "AKIANEW")), ROLLED_BACK, PROVE),
    ],
)
def test_every_state_and_what_is_done_next(case: Seen, state: str, act: str | None) -> None:
    found = standing(case, DAY)
    assert (found.state, found.act) == (state, act), found.why


def test_the_old_key_must_be_quiet_since_the_proof() -> None:
    quiet = seen(OLD._replace(last_used=ago(10)), USED, store=MOVED, trace=PROVEN)
    assert standing(quiet, timedelta(days=3)).until == ago(2) + timedelta(days=3)
    assert [standing(quiet._replace(now=ago(2) + timedelta(days=days)), 3 * DAY).act for days in (2.9, 3)] == [
        None,
        RETIRE,
    ]


@pytest.mark.parametrize(
    ("case", "acts"),
    [
        (seen(OLD), None),
        (seen(NEW, store=stored("AKIANEW", None, "AKIAOLD")), None),
        (seen(OLD, NEW), None),
        (seen(OLD, store=MOVED), None),
        (seen(OLD, store=MOVED, trace=Trace(None, "AKIAOTHER", ago(2))), None),
        (seen(OLD, store=stored("AKIANEW"), trace=PROVEN), None),
        (seen(OFF, store=MOVED), None),
        (seen(OLD, store=MOVED, trace=PROVEN), [RESTORE]),
        (seen(OLD, store=MOVED, trace=MADE), [RESTORE]),
        (seen(OFF, store=MOVED)._replace(marked=MARKED), [REACTIVATE, RESTORE]),
        (seen(OLD, THIRD, store=MOVED, trace=PROVEN), [RESTORE]),
        (seen(OLD, NEW, store=PENDING), []),
        (seen(OLD, USED, store=stored("AKIAOLD", None, "AKIANEW")), []),
        (seen(OLD, USED, store=stored("AKIANEW")), []),
        (seen(OFF, USED, store=stored("AKIANEW")), None),
        (seen(OFF, USED, store=MOVED), None),
        (seen(OFF, USED, store=MOVED, trace=BEFORE), None),
        (seen(OFF, USED, store=stored("AKIANEW"))._replace(marked=frozenset({"AKIANEW"})), None),
        (seen(OFF, USED, store=stored("AKIANEW"))._replace(marked=MARKED), [REACTIVATE]),
        (seen(OFF, USED, store=stored("AKIANEW"), trace=PROVEN), [REACTIVATE]),
        (seen(OLD, USED, store=MOVED), [RESTORE]),
        (seen(OFF, USED, store=MOVED)._replace(marked=MARKED), [REACTIVATE, RESTORE]),
        (seen(OLD, USED, store=stored("AKIAOLD", "AKIAOLD", "AKIANEW")), [RESTORE]),
    ],
)
def test_the_way_back(case: Seen, acts: list[str] | None) -> None:
    found = way_back(case)
    assert (list(found.acts), bool(found.why)) == (acts or [], acts is None)


@pytest.mark.parametrize("text", ["", "proved", "proved AKIANEW", "proved AKIANEW x", "proved K 2026-01-01", "x y"])
def test_a_tag_of_another_form_says_nothing(text: str) -> None:
    assert trace_of({"keyage:rotating": text}) == Trace()


@pytest.mark.parametrize("to", [None, "ssm:/prod/ledger in us-east-1"])
@pytest.mark.parametrize("made", [None, "AKIANEW"])
@pytest.mark.parametrize("trace", [BEFORE, Trace(frozenset()), Trace(frozenset({"A", "B"})), PROVEN])
def test_the_tag_is_read_as_it_was_written(trace: Trace, made: str | None, to: str | None) -> None:
    written = trace._replace(made=made if trace.before is not None else None, to=to)
    assert trace_of({"keyage:rotating": written.text()}) == written


def test_a_rotation_to_another_store_is_left_alone() -> None:
    case = seen(OLD, NEW, trace=BEFORE._replace(to="ssm:/a in us-east-1"))._replace(to="ssm:/a in eu-west-1")
    for found in (standing(case, DAY), way_back(case)):
        assert "a rotation of svc to ssm:/a in us-east-1 is under way" in found.why
    assert standing(case, DAY).act is None


IDS = ("AKIAOLD", "AKIANEW")
MOMENTS = [None, ago(4), ago(2), ago(1), ago(0)]
keys = st.tuples(st.sampled_from(["Active", "Inactive"]), st.sampled_from(MOMENTS))
stores = st.tuples(st.sampled_from([None, *IDS, "X"]), st.sampled_from([None, *IDS, "X"]), st.sampled_from([*IDS, "X"]))
traces = st.sampled_from([Trace(), BEFORE, MADE, Trace(frozenset()), PROVEN, Trace(None, "AKIAOLD", ago(2))])


@st.composite
def worlds(draw: st.DrawFn) -> Seen:
    there = draw(st.sampled_from([(), IDS[:1], IDS[1:], IDS]))
    made = []
    for name in there:
        status, used = draw(keys)
        made.append(AccessKey(name, status, ago(200 if name == "AKIAOLD" else 3), used, use_known=True))
    readers, pending, other = draw(stores)
    return seen(*made, store=stored(readers, pending, other), trace=draw(traces))


@given(worlds(), st.sampled_from([timedelta(0), DAY, 30 * DAY]))
def test_no_act_takes_a_working_key_away_before_the_new_one_is_in_use(case: Seen, quiet_for: timedelta) -> None:
    found = standing(case, quiet_for)
    if found.act == RETIRE:
        assert found.new is not None
        assert found.new.status == "Active"
        assert found.new.last_used is not None
        assert case.trace.proved_at is not None
        assert case.stored.readers == found.new.id
        assert found.new.last_used > case.trace.proved_at
        assert found.old is not None
        assert max(case.trace.proved_at, found.old.last_used or case.trace.proved_at) + quiet_for <= case.now
    if found.act == DELETE_LOST:
        assert found.new is not None
        assert found.new.last_used is None
        assert found.new.id not in case.stored.held
        assert found.new.id == case.trace.made
        assert found.new.created + IN_HAND <= case.now
    if found.act == CREATE:
        assert len(case.keys) < 2


@given(worlds(), st.permutations([0, 1]))
def test_the_order_in_which_aws_lists_keys_does_not_matter(case: Seen, order: list[int]) -> None:
    if len(case.keys) == 2:
        turned = case._replace(keys=[case.keys[place] for place in order])
        assert standing(turned, DAY) == standing(case, DAY)


@given(worlds(), st.integers(0, 60))
def test_longer_quiet_never_retires_earlier(case: Seen, days: int) -> None:
    if standing(case, (days + 1) * DAY).act == RETIRE:
        assert standing(case, days * DAY).act == RETIRE


@given(worlds())
def test_what_is_blocked_says_why_and_nothing_else_does(case: Seen) -> None:
    found = standing(case, DAY)
    assert bool(found.why) == (found.state == BLOCKED)
    assert found.state != BLOCKED or found.act is None


@given(worlds())
def test_the_way_back_takes_no_working_key(case: Seen) -> None:
    found = way_back(case)
    assert set(found.acts) <= {REACTIVATE, RESTORE}
    if found.acts:
        assert found.old is not None
        assert RESTORE not in found.acts or found.old.id in case.stored.held


def test_every_user_with_two_keys_of_whom_the_store_knows_nothing_is_left_alone() -> None:
    for first, second, used, trace in product(
        ("Active", "Inactive"), ("Active", "Inactive"), MOMENTS, (Trace(), PROVEN)
    ):
        case = seen(OLD._replace(status=first), NEW._replace(status=second, last_used=used), trace=trace)
        assert standing(case, DAY).state == BLOCKED
