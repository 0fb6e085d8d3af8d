"""The runbook's deactivation, against the emulator with real clients: first all that it must not do."""

import json
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.iam.models import IAMBackend

from checker.decision import decision
from tests.fakes.stand_ins import after, answer, fail_with, refuse, throttle
from tests.support.fixtures import ACCOUNT, NOW, ago
from tests.support.runbook import Document, Runbook, allowed_calls, document, remediation

steps = import_module("checker.rules.remediation_steps")

SECOND = 1 / 86400
NOTHING_SAID = "<{0}Response><{0}Result/></{0}Response>".format("GetAccessKeyLastUsed")


ONLY_BY_HAND = {"id": "r", "users": "u", "maxAccessKeyAge": 30, "remediation": {"action": "deactivate"}}
OWN_NONE = {"id": "r", "users": "u", "maxAccessKeyAge": 30, "remediation": {"action": "none"}}
EXEMPTION = {"id": "e", "users": "u", "expires": "2026-11-24"}


@pytest.mark.parametrize(
    ("policy", "age", "key", "trigger", "why"),
    [
        (document(), 0, {}, "manual", "not older than 90 days"),
        (document(), 90, {}, "manual", "not older than 90 days"),
        (document(), 100, {"status": "Inactive"}, "manual", "Inactive already"),
        (document(exemptions=[EXEMPTION]), 100, {}, "manual", "exempt by e until 2026-11-24"),
        (document(graceDays=7), 97, {}, "manual", "not by more than the 7 days of grace"),
        (document(protectUsedWithinDays=7), 100, {"used": 7}, "manual", "2026-11-16T12:00:00Z, within 7 days"),
        (document(protectUsedWithinDays=7), 100, {"used": 0}, "manual", "protected"),
        (document("none"), 100, {}, "manual", "the remediation is none"),
        ({"default": {"maxAccessKeyAge": 90}}, 100, {}, "manual", "the remediation is none"),
        (document(rules=[OWN_NONE]), 100, {}, "manual", "older than 30 days, but the remediation is none"),
        (document(), 100, {}, "automatic", "a person is to start it"),
        (document(), 100, {}, "", "a person is to start it"),
        (document(automatic=True, rules=[ONLY_BY_HAND]), 100, {}, "automatic", "a person is to start it"),
    ],
)
def test_keys_that_are_left_alone(
    runbook: Runbook, policy: Document, age: float, key: dict[str, Any], trigger: str, why: str
) -> None:
    user, _key = runbook.old("u", age, **key)
    runbook.old("other", 900)
    before = runbook.state()
    assert runbook.run(policy, user, trigger=trigger) == {"u": ["left"]}
    assert why in runbook.why
    assert (runbook.state(), runbook.changes) == (before, [])


def deactivated(state: dict[str, Any], user: Any, key: Any) -> None:
    """Change the state to what it is to be."""
    state[user.id]["keys"][key.access_key_id][0] = "Inactive"
    state[user.id]["tags"][f"keyage:inactive-since:{key.access_key_id}"] = "2026-11-23T12:00:00Z"


def test_a_user_who_is_gone_is_a_success_that_says_so(runbook: Runbook) -> None:
    runbook.old()
    before = runbook.state()
    assert runbook.run(document(), "AIDAGONE") == {}
    assert "no user has the id AIDAGONE any more" in runbook.output["Summary"]
    assert (runbook.state(), runbook.changes) == (before, [])


def test_what_is_undecided_is_not_touched_and_fails(runbook: Runbook, monkeypatch: pytest.MonkeyPatch) -> None:
    user, _key = runbook.old()
    before = runbook.state()
    rule = decision.Policy(document()).rules[0]
    made = import_module("checker.rules.access_keys_rotated").Decision
    undecided = made("UNDECIDED", (rule, rule), None, (rule, rule))
    monkeypatch.setattr(steps, "decide", lambda *_asked: undecided)
    assert runbook.run(document(), user) == {"u": ["failed"]}
    assert "undecided between default, default" in runbook.why
    assert (runbook.state(), runbook.changes) == (before, [])


@pytest.mark.parametrize(
    ("inputs", "policy", "message"),
    [
        ({"Stage": "deactivate", "ResourceId": ""}, document(), "ResourceId ''"),
        ({"Stage": "Delete", "ResourceId": "AIDA"}, document(), "Stage is 'Delete'"),
        ({"Stage": "delete"}, document(exemptions=[EXEMPTION | {"accounts": "*"}]), "not resolved"),
    ],
)
def test_an_input_that_makes_no_sense_asks_nothing_of_aws(
    inputs: dict[str, str], policy: Document, message: str
) -> None:
    def no_client(_service: str) -> None:
        pytest.fail("asked for a client")

    with pytest.raises(remediation.RemediationFailed, match=message):
        remediation.run_remediation(inputs, policy, ACCOUNT, no_client, NOW)


def test_a_last_use_that_cannot_be_read_protects_and_fails(runbook: Runbook) -> None:
    user, _key = runbook.old()
    other = runbook.key("u", 200)
    runbook.emulated.faults.plan("GetAccessKeyLastUsed", refuse("AccessDenied"), times=1)
    policy = document(protectUsedWithinDays=1)
    before = runbook.state()
    assert runbook.run(policy, user) == {"u": ["failed", "deactivated", "marked"]}
    assert "AccessDenied" in runbook.why
    deactivated(before, user, other)
    assert runbook.state() == before


def test_an_answer_without_a_last_use_is_not_taken_for_never_used(runbook: Runbook) -> None:
    user, _key = runbook.old()
    runbook.emulated.faults.plan("GetAccessKeyLastUsed", answer(NOTHING_SAID))
    assert runbook.run(document(protectUsedWithinDays=1), user) == {"u": ["failed"]}
    assert (runbook.changes, "does not say" in runbook.why) == ([], True)


@pytest.mark.parametrize("operation", ["ListAccessKeys", "GetUser"])
def test_what_cannot_be_read_is_not_touched_and_fails(runbook: Runbook, operation: str) -> None:
    user, _key = runbook.old()
    runbook.emulated.faults.plan(operation, refuse("AccessDenied"))
    runbook.run(document(), user)
    assert [entry["event"] for entry in runbook.output["Keys"]] == ["failed"]
    assert runbook.changes == []


@pytest.mark.parametrize(
    ("policy", "age", "key", "trigger", "rule"),
    [
        (document(), 90 + SECOND, {}, "manual", "default"),
        (document("delete", deleteAfterDays=1), 100, {}, "manual", "default"),
        (document(automatic=True), 100, {}, "automatic", "default"),
        (document(graceDays=7), 97 + SECOND, {}, "manual", "default"),
        (document(protectUsedWithinDays=7), 100, {"used": 7 + SECOND}, "manual", "default"),
        (document(protectUsedWithinDays=7), 100, {}, "manual", "default"),
        (document(exemptions=[EXEMPTION | {"expires": "2026-11-23"}]), 100, {}, "manual", "default"),
        (document("none", rules=[ONLY_BY_HAND]), 31, {}, "manual", "r"),
        (document(rules=[{"id": "r", "users": {"tags": {"t": "v*"}}, "maxAccessKeyAge": 9}]), 10, {}, "manual", "r"),
        (document(rules=[{"id": "r", "users": {"group": "d*"}, "maxAccessKeyAge": 9}]), 10, {}, "manual", "r"),
    ],
)
def test_one_key_is_deactivated_and_nothing_else_changes(
    runbook: Runbook, policy: Document, age: float, key: dict[str, Any], trigger: str, rule: str
) -> None:
    runbook.emulated.pages(1)
    user = runbook.emulated.user("u", tags={"a": "b", "t": "value"}, groups=["devs", "others"])
    old, young = runbook.key("u", age, **key), runbook.key("u", 1)
    for name in ("a", "z"):
        runbook.old(name, 900)
    runbook.emulated.iam.create_login_profile("u", "A password 1")
    before = runbook.state()
    assert runbook.run(policy, user, trigger=trigger) == {"u": ["deactivated", "marked", "left"]}
    first = runbook.output["Keys"][0]
    assert (first["accessKeyId"], first["rule"]) == (old.access_key_id, rule)
    deactivated(before, user, old)
    assert runbook.state() == before
    assert before[user.id]["keys"][young.access_key_id][0] == "Active"
    assert runbook.changes == ["UpdateAccessKey", "TagUser"]
    assert runbook.run(policy, user, trigger=trigger) == {"u": ["left", "left"]}
    assert (runbook.state(), runbook.changes) == (before, [])


def test_a_renamed_user_is_found_and_the_new_owner_of_the_name_is_not_touched(runbook: Runbook) -> None:
    user, key = runbook.old("old-name")
    runbook.emulated.rename("old-name", "new-name")
    runbook.old("old-name", 900)
    runbook.recorded = {user.id: "old-name"}
    before = runbook.state()
    assert runbook.run(document(), user) == {"new-name": ["deactivated", "marked"]}
    deactivated(before, user, key)
    assert runbook.state() == before


def test_a_name_from_config_that_nobody_has_any_more_is_no_obstacle(runbook: Runbook) -> None:
    user, _key = runbook.old()
    runbook.recorded = {user.id: "old-name"}
    assert runbook.run(document(), user) == {"u": ["deactivated", "marked"]}
    assert runbook.emulated.faults.requests["ListUsers"] == 1


@pytest.mark.parametrize(
    "recorded",
    [
        {},
        "AccessDeniedException",
        "NoAvailableConfigurationRecorderException",
        EndpointConnectionError(endpoint_url=""),
    ],
    ids=str,
)
def test_without_a_word_from_config_the_user_is_looked_for(runbook: Runbook, recorded: Any) -> None:
    runbook.emulated.pages(2)
    for name in "abcd":
        runbook.old(name)
    user, _key = runbook.old()
    runbook.recorded = recorded
    assert runbook.run(document(), user) == {"u": ["deactivated", "marked"]}
    assert runbook.emulated.faults.requests["ListUsers"] == 3


def test_config_spares_listing_the_users(runbook: Runbook) -> None:
    user, _key = runbook.old()
    runbook.run(document(), user)
    assert runbook.emulated.faults.requests["ListUsers"] == 0


def test_a_change_that_never_shows_is_a_failure(runbook: Runbook, monkeypatch: pytest.MonkeyPatch) -> None:
    user, key = runbook.old()
    monkeypatch.setattr(IAMBackend, "update_access_key", lambda *_asked: None)
    assert runbook.run(document(), user) == {"u": ["failed"]}
    assert f"deactivate was done, but then: ListAccessKeys says {key.access_key_id} Active" in runbook.why
    assert runbook.waited == [1, 2, 4, 8]


def test_a_change_that_shows_late_is_waited_for(runbook: Runbook, monkeypatch: pytest.MonkeyPatch) -> None:
    user, key = runbook.old()
    monkeypatch.setattr(IAMBackend, "update_access_key", lambda *_asked: None)

    def wait(seconds: float) -> None:
        runbook.waited.append(seconds)
        key.status = "Inactive" if len(runbook.waited) == 2 else "Active"

    runbook.wait = wait
    assert runbook.run(document(), user) == {"u": ["deactivated", "marked"]}
    assert runbook.waited == [1, 2]


def test_another_key_that_changed_meanwhile_is_a_failure(runbook: Runbook) -> None:
    user, _key = runbook.old()
    other = runbook.key("u", 1)
    runbook.emulated.faults.plan("UpdateAccessKey", after(lambda: setattr(other, "status", "Inactive")))
    assert runbook.run(document(), user) == {"u": ["failed", "left"]}
    assert "deactivate was done, but then" in runbook.why


def test_a_failure_after_the_change_says_that_it_was_made(runbook: Runbook) -> None:
    user, key = runbook.old()
    runbook.emulated.faults.plan("ListAccessKeys", lambda _asked: None, times=2)
    runbook.emulated.faults.plan("ListAccessKeys", refuse("AccessDenied"))
    assert runbook.run(document(), user) == {"u": ["failed"]}
    assert (key.status, "deactivate was done, but then" in runbook.why) == ("Inactive", True)


EXEMPT = {"reason": "r", "approvedBy": "a", "expires": "2027-01-01"}


@pytest.mark.parametrize("users", [{"tags": {"keep": "yes"}}, {"group": "keep"}], ids=["tag", "group"])
def test_an_exemption_by_a_tag_or_group_that_comes_in_between_counts(runbook: Runbook, users: dict[str, Any]) -> None:
    user, key = runbook.old()
    runbook.emulated.iam.create_group("keep")

    def exempt() -> None:
        runbook.emulated.iam.tag_user("u", [{"Key": "keep", "Value": "yes"}])
        runbook.emulated.iam.add_user_to_group("keep", "u")

    runbook.emulated.faults.plan("GetAccessKeyLastUsed", after(exempt), times=1)
    judged_by = document(protectUsedWithinDays=1) | {"exemptions": [{"id": "kept", "users": users, **EXEMPT}]}
    assert runbook.run(judged_by, user) == {"u": ["left"]}
    assert (key.status, runbook.changes) == ("Active", [])
    assert "exempt by kept" in runbook.why


def replaced(runbook: Runbook) -> None:
    """The user gives the name away."""
    runbook.emulated.rename("u", "was-u")
    runbook.old("u", 900)


@pytest.mark.parametrize("moment", ["GetAccessKeyLastUsed", "ListAccessKeys"])
@pytest.mark.parametrize("gone", ["key", "user", "name"])
def test_what_goes_in_between_is_reported_and_no_failure(runbook: Runbook, moment: str, gone: str) -> None:
    user, key = runbook.old()
    changes = {
        "key": lambda: runbook.emulated.iam.delete_access_key(key.access_key_id, "u"),
        "user": lambda: runbook.emulated.iam.users.pop("u"),
        "name": lambda: replaced(runbook),
    }
    runbook.emulated.faults.plan(moment, after(changes[gone]), times=1)
    # Gone before the first look, there is no key to speak of.
    expected = {} if moment == "ListAccessKeys" and gone != "name" else {"u": ["left"]}
    assert runbook.run(document(protectUsedWithinDays=1), user) == expected
    assert runbook.changes == []
    assert {found.status for each in runbook.emulated.iam.users.values() for found in each.access_keys} <= {"Active"}


def test_throttled_calls_are_tried_again(runbook: Runbook) -> None:
    user, key = runbook.old()
    for operation in ("GetUser", "ListAccessKeys", "GetAccessKeyLastUsed", "UpdateAccessKey"):
        runbook.emulated.faults.plan(operation, throttle(), times=3)
    assert runbook.run(document(protectUsedWithinDays=1), user) == {"u": ["deactivated", "marked"]}
    assert key.status == "Inactive"


def test_a_memory_of_earlier_inactivity_goes_before_the_key_is_deactivated(runbook: Runbook) -> None:
    user, key = runbook.old()
    old = {f"keyage:inactive-since:{name}": "2026-01-01T00:00:00Z" for name in (key.access_key_id, "AKIAOTHER")}
    runbook.emulated.iam.tag_user("u", [{"Key": name, "Value": value} for name, value in old.items()])
    assert runbook.run(document(), user) == {"u": ["unmarked", "deactivated", "marked", "unmarked"]}
    assert runbook.changes == ["UntagUser", "UpdateAccessKey", "TagUser", "UntagUser"]
    assert runbook.state()[user.id]["tags"] == {f"keyage:inactive-since:{key.access_key_id}": "2026-11-23T12:00:00Z"}


def test_a_failure_carries_the_output_which_is_printed_too(
    runbook: Runbook, capsys: pytest.CaptureFixture[str]
) -> None:
    user, _key = runbook.old()
    runbook.emulated.faults.plan("UpdateAccessKey", fail_with(EndpointConnectionError(endpoint_url="https://iam")))
    runbook.run(document(), user)
    assert json.loads(capsys.readouterr().out) == runbook.output
    assert runbook.output["Summary"] == "Stage deactivate: 1 failed."


days = st.integers(0, 4)
blocks = st.fixed_dictionaries(
    {"action": st.sampled_from(["none", "deactivate", "deactivate", "delete"]), "deleteAfterDays": st.just(1)},
    optional={"automatic": st.booleans(), "graceDays": days, "protectUsedWithinDays": days},
)
selectors = st.sampled_from(["a", "b", "?", {"tags": {"t": "1"}}, {"path": "/s/*"}])
policies = st.fixed_dictionaries(
    {
        "default": st.fixed_dictionaries({"maxAccessKeyAge": st.integers(1, 5)}),
        "remediation": blocks,
        "rules": st.lists(
            st.fixed_dictionaries(
                {"maxAccessKeyAge": st.integers(1, 5), "users": selectors}, optional={"remediation": blocks}
            ),
            max_size=2,
        ).map(lambda found: [entry | {"id": f"r{number}"} for number, entry in enumerate(found)]),
        "exemptions": st.lists(
            st.fixed_dictionaries({"users": selectors, "expires": st.sampled_from(["2026-11-23", "2026-11-24"])}),
            max_size=1,
        ).map(lambda found: [entry | {"id": "e"} for entry in found]),
    }
)
key_choices = st.tuples(
    st.integers(0, 12),
    st.sampled_from([-SECOND, 0, SECOND]),
    st.sampled_from([True, True, False]),
    st.none() | st.integers(0, 5),
)
user_choices = st.tuples(
    st.sampled_from(["/", "/s/"]), st.sampled_from(["1", "2"]), st.lists(key_choices, min_size=1, max_size=2)
)


def to_deactivate(policy: Document, user: Any, key: Any, tag: str, *, manual: bool) -> bool:
    """The definition, read out."""
    created = key.create_date.replace(tzinfo=NOW.tzinfo)
    known = decision.User(user.name, user.path, {"t": tag})
    judged = decision.AccessKey(key.access_key_id, key.status, created)
    made = decision.decide(decision.Policy(policy).for_account(decision.Account("")), known, judged, NOW)
    assert made.rule is not None
    own = [rule["remediation"] for rule in policy["rules"] if rule["id"] == made.rule.id and "remediation" in rule]
    block = (own or [policy["remediation"]])[0]
    protect = block.get("protectUsedWithinDays", 0)
    protected = protect and key.last_used and key.last_used.timestamp >= ago(protect).replace(tzinfo=None)
    return (
        made.verdict == "NON_COMPLIANT"
        and block["action"] != "none"
        and (manual or block.get("automatic") is True)
        and not protected
        and created + timedelta(days=made.rule.max_age + block.get("graceDays", 0)) < NOW
    )


def deactivated_keys(runbook: Runbook, policy: Document, trigger: str) -> set[str]:
    """Run for every user; each run reports every key of its user."""
    done = set()
    for user in list(runbook.emulated.iam.users.values()):
        runbook.run(policy, user, trigger=trigger)
        assert {entry["accessKeyId"] for entry in runbook.output["Keys"]} == {k.access_key_id for k in user.access_keys}
        done |= {
            entry["accessKeyId"]
            for entry in runbook.output["Keys"]
            if (entry["event"], entry["step"]) == ("done", "deactivate")
        }
    return done


def test_exactly_the_keys_that_the_definition_names_are_deactivated(runbook: Runbook) -> None:
    iam = runbook.emulated.iam

    @settings(max_examples=150)
    @given(policies, st.lists(user_choices, min_size=1, max_size=3), st.booleans())
    def check(policy: Document, people: list[Any], manual: bool) -> None:
        iam.users.clear()
        iam.tagger.tags.clear()
        wanted = set()
        for name, (path, tag, keys) in zip("abc", people, strict=False):
            user = runbook.emulated.user(name, path=path, tags={"t": tag})
            for age, beyond, active, used in keys:
                status = "Active" if active else "Inactive"
                key = runbook.key(name, age + beyond, used if used is None else float(used), status=status)
                if to_deactivate(policy, user, key, tag, manual=manual):
                    wanted.add(key.access_key_id)
        expected = runbook.state()
        for entry in expected.values():
            for key_id in wanted & entry["keys"].keys():
                entry["keys"][key_id][0] = "Inactive"
                entry["tags"][f"keyage:inactive-since:{key_id}"] = "2026-11-23T12:00:00Z"
        trigger = "manual" if manual else "automatic"
        assert (deactivated_keys(runbook, policy, trigger), runbook.state()) == (wanted, expected)
        assert (deactivated_keys(runbook, policy, trigger), runbook.state()) == (set(), expected)

    check()


def test_its_role_allows_what_the_deactivation_calls_and_nothing_else(runbook: Runbook) -> None:
    rule = {"id": "r", "users": {"group": "*"}, "maxAccessKeyAge": 9}
    policy = document(protectUsedWithinDays=7, rules=[rule])
    user = runbook.emulated.user("u", groups=["devs"])
    key = runbook.key("u", 100)
    runbook.emulated.iam.tag_user("u", [{"Key": f"keyage:inactive-since:{key.access_key_id}", "Value": "x"}])
    assert runbook.run(policy, user) == {"u": ["unmarked", "deactivated", "marked"]}
    called = runbook.called
    runbook.recorded = {}
    runbook.run(policy, user)
    assert called | runbook.called == allowed_calls("deactivation")
