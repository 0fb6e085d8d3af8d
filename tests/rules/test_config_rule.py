"""The rule as AWS Config runs it: what it reports, and that it reports nothing where it does not know."""

import ast
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from botocore.session import Session

from checker.embedded import aws
from checker.embedded.config_service import evaluations, result_token, standing_in_config
from tests.fakes.stand_ins import after, answer, of_users, old_report, refuse, throttle
from tests.support.fixtures import ACCOUNT, NOW, Emulated, ago
from tests.support.runbook import allowed_calls

config_rule: Any = import_module("checker.rules.config_rule")
resolved_policy: Any = import_module("checker.rules.resolved_policy")
iam_reader: Any = import_module("checker.rules.iam_reader")
whole_answers: Any = import_module("checker.rules.whole_answers")
aws_clients: Any = import_module("checker.rules.aws_clients")

RULE = "access-keys-rotated"
NINETY = {"version": 1, "default": {"maxAccessKeyAge": 90}}
BY_NAME = NINETY | {"rules": [{"id": "prod", "accounts": {"open": ["others"]}, "maxAccessKeyAge": 30}]}
BY_TAG = NINETY | {"rules": [{"id": "c", "users": {"tags": {"team": "pay*"}}, "maxAccessKeyAge": 10}]}
BUNDLED = (
    "selectors",
    "access_keys_rotated",
    "iam_listing",
    "whole_answers",
    "aws_clients",
    "iam_report",
    "iam_rows",
    "iam_keys",
    "iam_reader",
    "resolved_policy",
    "config_rule",
)

Answer = Callable[[Mapping[str, Any]], tuple[int, dict[str, Any]]]


def denied(_asked: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    return 400, {"Error": {"Code": "AccessDeniedException", "Message": "stand-in"}}


def took_not(resource_id: str) -> Answer:
    """AWS Config gives back the evaluation of one resource and takes the others of the call."""

    def answer(asked: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        failed = [one for one in asked["Evaluations"] if one["ComplianceResourceId"] == resource_id]
        timed = [one | {"OrderingTimestamp": datetime.fromtimestamp(one["OrderingTimestamp"], UTC)} for one in failed]
        return 200, {"FailedEvaluations": timed}

    return answer


@dataclass
class Deployed:
    """The rule in an account: what it asked AWS Config, and how AWS Config shall answer instead of the stand-in."""

    account: Emulated
    client: Callable[[str], Any]
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=dict)

    def listen(self, model: Any, params: Mapping[str, Any], **_others: Any) -> Any:
        asked = json.loads(params["body"])
        self.asked.append((model.name, asked))
        planned = self.answers.get(model.name)
        if not planned:
            return None
        status, parsed = planned.pop(0)(asked)
        return SimpleNamespace(status_code=status, headers={}), parsed

    def run(self, document: Mapping[str, Any] = NINETY, now: datetime = NOW, **changed: Any) -> Mapping[str, int]:
        counts: Mapping[str, int] = config_rule.evaluate_account(event(**changed), document, self.client, now)
        return counts

    @property
    def puts(self) -> list[Mapping[str, Any]]:
        return [asked for operation, asked in self.asked if operation == "PutEvaluations"]

    def told(self) -> dict[str, tuple[str, str | None]]:
        """The compliance and annotation that AWS Config was told last, by resource id."""
        put = evaluations(ACCOUNT, RULE)
        return {one["ComplianceResourceId"]: (one["ComplianceType"], one.get("Annotation")) for one in put}

    def held(self) -> Counter[str]:
        """What AWS Config shows of the rule: how many users by compliance."""
        pages = self.client("config").get_paginator("get_compliance_details_by_config_rule")
        results = [one for page in pages.paginate(ConfigRuleName=RULE) for one in page["EvaluationResults"]]
        return Counter(one["ComplianceType"] for one in results)


def event(message: str = "ScheduledNotification", token: str = result_token(RULE)) -> dict[str, Any]:
    """An event as the AWS Config Developer Guide shows it for periodic rules."""
    invoking = {"awsAccountId": ACCOUNT, "notificationCreationTime": "2026-11-23T12:00:00.000Z", "messageType": message}
    return {
        "invokingEvent": json.dumps(invoking | {"recordVersion": "1.0"}),
        "ruleParameters": "{}",
        "resultToken": token,
        "eventLeftScope": False,
        "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/config",
        "configRuleArn": f"arn:aws:config:us-east-1:{ACCOUNT}:config-rule/config-rule-0123456",
        "configRuleName": RULE,
        "configRuleId": "config-rule-0123456",
        "accountId": ACCOUNT,
        "version": "1.0",
    }


@pytest.fixture
def deployed(emulated: Emulated, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    """The rule with the clients of the shipped code, waiting on the virtual clock."""
    monkeypatch.setattr(config_rule, "time", emulated.time)
    given = aws.credentials_for(ACCOUNT)
    core = Session()
    core.set_credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    whole_answers.ask_again(core)
    session = boto3.Session(botocore_session=core, region_name="us-east-1")
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = session.client(service, config=aws_clients.SETTINGS)  # type: ignore[call-overload]
        return made[service]

    rule = Deployed(emulated, client)
    client("config").meta.events.register("before-call.config", rule.listen)
    emulated.faults.requests.clear()
    with standing_in_config():
        yield rule


def counts(**some: int) -> dict[str, int]:
    """What a run returns; the numbers that are not given are 0."""
    return dict.fromkeys(("users", "COMPLIANT", "NON_COMPLIANT", "EXEMPT", "UNDECIDED", "unread", "gone"), 0) | some


def assert_nothing_put(deployed: Deployed) -> None:
    assert (deployed.puts, evaluations(ACCOUNT, RULE)) == ([], [])


def test_an_empty_account_has_nothing_to_report(deployed: Deployed) -> None:
    assert deployed.run() == counts()
    assert_nothing_put(deployed)


@pytest.mark.parametrize(
    "message", ["ConfigurationItemChangeNotification", "OversizedConfigurationItemChangeNotification", None]
)
def test_any_other_message_is_refused_before_a_call_is_made(deployed: Deployed, message: str) -> None:
    with pytest.raises(config_rule.NotScheduled, match="give it one trigger, ScheduledNotification"):
        deployed.run(message=message)
    assert (deployed.asked, sum(deployed.account.faults.requests.values())) == ([], 0)


def test_users_without_ids_are_not_reported_and_named(deployed: Deployed) -> None:
    for number in range(22):
        deployed.account.user(f"u{number:02}")
    deployed.account.faults.plan("ListUsers", refuse("AccessDenied"))
    with pytest.raises(config_rule.CannotJudge, match=r"ids of u00, .*, u19 and 2 more are .*allow iam:ListUsers"):
        deployed.run()
    assert_nothing_put(deployed)


@pytest.mark.parametrize("operation", ["ListUsers", "ListAccessKeys"])
def test_one_call_that_keeps_failing_is_no_verdict_on_anyone(deployed: Deployed, operation: str) -> None:
    for name in ("u", "v"):
        deployed.account.user(name)
        deployed.account.key(name, 200)
    deployed.account.faults.plan("GenerateCredentialReport", refuse("AccessDenied"))
    deployed.account.faults.plan(operation, refuse("AccessDenied"))
    with pytest.raises(ClientError, match=operation):
        deployed.run()
    assert_nothing_put(deployed)


def test_a_throttling_that_never_ends_is_no_verdict(deployed: Deployed) -> None:
    deployed.account.user("u")
    deployed.account.key("u", 200)
    deployed.account.faults.plan("ListAccessKeys", throttle())
    with pytest.raises(ClientError, match="Throttling"):
        deployed.run()
    assert_nothing_put(deployed)


def test_a_user_who_keeps_vanishing_is_no_verdict(deployed: Deployed) -> None:
    deployed.account.user("u")
    deployed.account.key("u", 200)
    deployed.account.faults.plan("ListAccessKeys", refuse("NoSuchEntity", 404))
    fine = deployed.account.user("fine", 801)
    with pytest.raises(config_rule.CannotJudge, match=r"all others are reported, but the keys of u could not be read"):
        deployed.run()
    assert deployed.told() == {fine.id: ("COMPLIANT", None)}


def test_one_user_whose_keys_are_denied_keeps_the_old_result_and_the_others_get_theirs(deployed: Deployed) -> None:
    denied_one, old = (deployed.account.user(name) for name in ("denied", "old"))
    for name in ("denied", "old"):
        deployed.account.key(name, 50)
    deployed.run()
    deployed.account.faults.plan("ListAccessKeys", of_users(refuse("AccessDenied"), "denied"))
    with pytest.raises(config_rule.CannotJudge, match=r"the keys of denied could not be read \(.*AccessDenied"):
        deployed.run(now=NOW + timedelta(days=50))
    assert [one["ComplianceResourceId"] for one in deployed.puts[-1]["Evaluations"]] == [old.id]
    assert {user: told[0] for user, told in deployed.told().items()} == {
        denied_one.id: "COMPLIANT",
        old.id: "NON_COMPLIANT",
    }


def test_an_account_that_the_inventory_lacks_gets_no_verdict_on_those_whom_that_decides(deployed: Deployed) -> None:
    fine = deployed.account.user("fine")
    deployed.account.user("u")
    deployed.account.key("u", 60)
    with pytest.raises(
        config_rule.CannotJudge, match=rf"what applies to u: account {ACCOUNT} is not in .* prod may .*`key"
    ):
        deployed.run(BY_NAME)
    assert deployed.told() == {fine.id: ("COMPLIANT", None)}


def test_a_policy_that_is_not_resolved_reports_nothing(deployed: Deployed) -> None:
    deployed.account.user("u")
    unresolved = NINETY | {"exemptions": [{"id": "x", "accounts": "prod-*", "expires": "2027-01-01"}]}
    with pytest.raises(resolved_policy.NotResolved, match="not resolved for accounts: x"):
        deployed.run(unresolved)
    assert deployed.puts == []


def test_denied_tags_are_no_verdict_on_those_they_decide_and_their_old_results_stay(deployed: Deployed) -> None:
    young, old, open_ = (deployed.account.user(name) for name in ("young", "old", "open"))
    for name, age in (("young", 5), ("old", 200), ("open", 30)):
        deployed.account.key(name, age)
    deployed.run(BY_TAG)
    for operation in ("GetAccountAuthorizationDetails", "ListUserTags"):
        deployed.account.faults.plan(operation, refuse("AccessDenied"))
    with pytest.raises(config_rule.CannotJudge, match=r"all others are reported, .* to open: allow iam:GetAccountAuth"):
        deployed.run(BY_TAG)
    last = {one["ComplianceResourceId"]: one["ComplianceType"] for one in deployed.puts[-1]["Evaluations"]}
    assert last == {young.id: "COMPLIANT", old.id: "NON_COMPLIANT"}
    assert deployed.told()[open_.id] == ("COMPLIANT", None)


def test_its_role_allows_what_the_function_calls_and_nothing_else(deployed: Deployed) -> None:
    deployed.account.user("u", groups=["devs"], tags={"team": "x"})
    deployed.account.key("u", 30)
    rule = {"id": "r", "users": {"group": "d*", "tags": {"team": "x"}}, "maxAccessKeyAge": 9}
    deployed.run(NINETY | {"rules": [rule]})
    deployed.account.faults.plan("GetAccountAuthorizationDetails", refuse("AccessDenied"))
    deployed.run(NINETY | {"rules": [rule]})
    of_config = {name for name, _asked in deployed.asked}
    called = {f"{'config' if name in of_config else 'iam'}:{name}" for name in deployed.account.faults.requests}
    assert called == allowed_calls("evaluation")


def test_a_key_past_every_limit_that_may_apply_names_the_rules(deployed: Deployed) -> None:
    user = deployed.account.user("old")
    key = deployed.account.key("old", 200)
    for operation in ("GetAccountAuthorizationDetails", "ListUserTags"):
        deployed.account.faults.plan(operation, refuse("AccessDenied"))
    deployed.run(BY_TAG)
    said = f"Older than any that may apply (c, default): {key} 200 days"
    assert deployed.told() == {user.id: ("NON_COMPLIANT", said)}


def test_without_the_earlier_results_nothing_is_read_and_reported(deployed: Deployed) -> None:
    deployed.answers["GetComplianceDetailsByConfigRule"] = [denied]
    with pytest.raises(ClientError, match="AccessDeniedException"):
        deployed.run()
    assert_nothing_put(deployed)
    assert sum(deployed.account.faults.requests.values()) == 0


def test_a_trial_run_reports_in_test_mode(deployed: Deployed) -> None:
    deployed.account.user("u")
    assert deployed.run(token="TESTMODE")["users"] == 1
    assert [(put["TestMode"], put["ResultToken"]) for put in deployed.puts] == [(True, "TESTMODE")]
    assert evaluations(ACCOUNT, RULE) == []


def test_compliant_users_are_reported_by_id_and_without_annotation(deployed: Deployed) -> None:
    users = [deployed.account.user(name) for name in ("keyless", "fresh", "idle")]
    deployed.account.key("fresh", 90)
    deployed.account.key("idle", 600, status="Inactive")
    deployed.account.key("idle", 3)
    assert deployed.run() == counts(users=3, COMPLIANT=3)
    assert deployed.told() == {user.id: ("COMPLIANT", None) for user in users}
    assert {one["ComplianceResourceType"] for one in evaluations(ACCOUNT, RULE)} == {"AWS::IAM::User"}
    assert {one["OrderingTimestamp"] for one in evaluations(ACCOUNT, RULE)} == {NOW}
    assert deployed.puts[0]["TestMode"] is False


def test_overdue_keys_are_named_the_oldest_first(deployed: Deployed) -> None:
    user = deployed.account.user("u")
    younger, older = deployed.account.key("u", 120.9), deployed.account.key("u", 400)
    assert deployed.run()["NON_COMPLIANT"] == 1
    annotation = f"Older than 90 days (rule default): {older} 400 days, {younger} 120 days"
    assert deployed.told() == {user.id: ("NON_COMPLIANT", annotation)}


def test_a_fresh_key_is_not_named_beside_an_overdue_one(deployed: Deployed) -> None:
    user = deployed.account.user("u", path="/service/")
    old = deployed.account.key("u", 31)
    deployed.account.key("u", 5)
    document = NINETY | {"rules": [{"id": "svc", "users": {"path": "/service/*"}, "maxAccessKeyAge": 30}]}
    deployed.run(document)
    assert deployed.told() == {user.id: ("NON_COMPLIANT", f"Older than 30 days (rule svc): {old} 31 days")}


def test_the_boundary_is_exact_to_the_second(deployed: Deployed) -> None:
    exact, older = deployed.account.user("exact"), deployed.account.user("older")
    deployed.account.key("exact", 90)
    deployed.account.key("older", 90 + 1 / 86400)
    deployed.run()
    assert {name: told[0] for name, told in deployed.told().items()} == {
        exact.id: "COMPLIANT",
        older.id: "NON_COMPLIANT",
    }


def test_a_toggled_key_keeps_its_age(deployed: Deployed) -> None:
    user = deployed.account.user("u")
    deployed.account.key("u", 400, activated=ago(1))
    deployed.run()
    assert deployed.told()[user.id][0] == "NON_COMPLIANT"


def test_an_exemption_is_compliant_and_named_with_its_date_until_it_ends(deployed: Deployed) -> None:
    user = deployed.account.user("sftp")
    key = deployed.account.key("sftp", 400)
    document = NINETY | {"exemptions": [{"id": "legacy", "users": "sftp", "expires": "2026-11-22"}]}
    assert deployed.run(document, datetime(2026, 11, 21, 23, tzinfo=UTC))["EXEMPT"] == 1
    annotation = f"Exempt until 2026-11-22 (exemption legacy): {key} 398 days, limit 90 days (rule default)"
    assert deployed.told() == {user.id: ("COMPLIANT", annotation)}
    assert deployed.run(document, NOW)["EXEMPT"] == 0
    assert deployed.told()[user.id][0] == "NON_COMPLIANT"


def test_two_exempt_keys_are_both_named(deployed: Deployed) -> None:
    user = deployed.account.user("sftp")
    first, second = deployed.account.key("sftp", 400), deployed.account.key("sftp", 200)
    entries = [
        {"id": "one", "keys": first, "expires": "2026-12-01"},
        {"id": "two", "keys": second, "expires": "2027-01-31"},
    ]
    deployed.run(NINETY | {"exemptions": entries})
    said = deployed.told()[user.id][1] or ""
    assert said.split("; ") == [
        f"Exempt until 2026-12-01 (exemption one): {first} 400 days, limit 90 days (rule default)",
        f"Exempt until 2027-01-31 (exemption two): {second} 200 days, limit 90 days (rule default)",
    ]


@pytest.mark.parametrize("exempt", [False, True])
def test_the_longest_ids_there_can_be_are_cut_to_what_aws_config_takes(deployed: Deployed, exempt: bool) -> None:
    user = deployed.account.user("u", age=99_999)
    for letter, age in (("A", 99_998), ("B", 99_997)):
        aws.add_key(ACCOUNT, "u", ago(age)).access_key_id = letter * 128
    document: dict[str, Any] = NINETY | {"rules": [{"id": "r" * 64, "maxAccessKeyAge": 90}]}
    if exempt:
        document["exemptions"] = [{"id": "e" * 64, "users": "u", "expires": "9999-12-31"}]
    deployed.run(document)
    annotation = deployed.told()[user.id][1] or ""
    assert (len(annotation), annotation[-3:], "A" * 128 in annotation) == (256, "...", True)


@pytest.mark.parametrize("length", [256, 257])
def test_what_just_fits_is_not_cut(length: int) -> None:
    put = config_rule._evaluation("AIDA", "NON_COMPLIANT", "x" * length, NOW)  # noqa: SLF001
    assert put["Annotation"] == ("x" * 256 if length == 256 else "x" * 253 + "...")


def test_evaluations_are_put_a_hundred_at_a_time(deployed: Deployed) -> None:
    ids = {deployed.account.user(f"u{number}").id for number in range(250)}
    assert deployed.run()["users"] == 250
    assert [len(put["Evaluations"]) for put in deployed.puts] == [100, 100, 50]
    assert deployed.told().keys() == ids


def test_every_page_is_read(deployed: Deployed) -> None:
    deployed.account.pages(1)
    for number in range(5):
        deployed.account.user(f"u{number}", tags={"a": "b", "team": "payments"})
        deployed.account.key(f"u{number}", 20)
        deployed.account.key(f"u{number}", 5)
    assert deployed.run(BY_TAG)["NON_COMPLIANT"] == 5


def test_without_a_report_every_user_is_judged_and_the_log_says_so(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.account.user("fine")
    deployed.account.user("u")
    deployed.account.key("u", 200)
    deployed.account.faults.plan("GenerateCredentialReport", refuse("AccessDenied"))
    told = deployed.run()
    assert told == counts(users=2, COMPLIANT=1, NON_COMPLIANT=1)
    [line] = capsys.readouterr().out.splitlines()
    logged = json.loads(line)
    assert (logged["accountId"], logged["rule"], logged["counts"]) == (ACCOUNT, RULE, told)
    assert logged["rootKeyActive"] is None
    assert logged["notes"][0].startswith("the credential report could not be read (AccessDenied)")


def test_an_active_root_key_is_logged(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(config_rule, "read_users", lambda *_given: iam_reader.Reading([], True, [], []))
    deployed.run()
    assert json.loads(capsys.readouterr().out)["rootKeyActive"] is True


def test_a_burst_of_throttling_is_waited_out(deployed: Deployed) -> None:
    for number in range(8):
        deployed.account.user(f"u{number}")
        deployed.account.key(f"u{number}", 200)
    deployed.account.faults.plan("ListAccessKeys", throttle(), 10)
    assert deployed.run()["NON_COMPLIANT"] == 8


HALF = "<ListAccessKeysResponse><ListAccessKeysResult><AccessKeyMetadata><member><UserName>u"


def test_half_an_answer_is_asked_for_again(deployed: Deployed) -> None:
    deployed.account.user("u")
    deployed.account.key("u", 200)
    for operation in ("GenerateCredentialReport", "GetCredentialReport", "ListUsers", "ListAccessKeys"):
        deployed.account.faults.plan(operation, answer(HALF), 1)
        deployed.account.faults.plan(operation, answer(""), 1)
    assert deployed.run()["NON_COMPLIANT"] == 1


def test_half_an_answer_that_stays_half_reports_nothing(deployed: Deployed) -> None:
    deployed.account.user("u")
    deployed.account.key("u", 200)
    deployed.account.faults.plan("ListAccessKeys", answer(HALF))
    with pytest.raises(ResponseParserError):
        deployed.run()
    assert_nothing_put(deployed)


def test_a_user_who_is_gone_is_withdrawn_once_and_a_renamed_one_is_not(deployed: Deployed) -> None:
    deleted, renamed, made_anew = [deployed.account.user(name) for name in ("deleted", "renamed", "made-anew")]
    deployed.run()
    deployed.account.iam.users.pop("deleted")
    deployed.account.iam.users.pop("made-anew")
    again = deployed.account.user("made-anew", age=1)
    deployed.account.rename("renamed", "new-name")
    later = NOW + timedelta(days=1)
    assert deployed.run(now=later) == counts(users=2, COMPLIANT=2, gone=2)
    assert {name: told[0] for name, told in deployed.told().items()} == {
        deleted.id: "NOT_APPLICABLE",
        made_anew.id: "NOT_APPLICABLE",
        renamed.id: "COMPLIANT",
        again.id: "COMPLIANT",
    }
    assert deployed.held() == {"COMPLIANT": 2}
    assert deployed.run(now=later + timedelta(days=1))["gone"] == 0


def test_results_of_other_resources_are_left_alone(deployed: Deployed) -> None:
    other = {"ComplianceResourceType": "AWS::::Account", "ComplianceResourceId": ACCOUNT, "ComplianceType": "COMPLIANT"}
    deployed.client("config").put_evaluations(
        Evaluations=[other | {"OrderingTimestamp": NOW}], ResultToken=result_token(RULE)
    )
    assert deployed.run()["gone"] == 0
    assert deployed.held() == {"COMPLIANT": 1}


def test_every_page_of_earlier_results_is_read_a_hundred_at_a_time(deployed: Deployed) -> None:
    for number in range(230):
        deployed.account.user(f"u{number}")
    deployed.run()
    deployed.account.iam.users.clear()
    deployed.asked.clear()
    assert deployed.run(now=NOW + timedelta(days=1))["gone"] == 230
    asked = [asked["Limit"] for operation, asked in deployed.asked if operation == "GetComplianceDetailsByConfigRule"]
    assert asked == [100, 100, 100]
    assert deployed.held() == {}


def test_a_user_made_while_the_account_is_read_is_not_withdrawn(deployed: Deployed) -> None:
    """Another run that goes on at the same time may have reported the user already."""
    deployed.account.faults.plan("ListUsers", after(lambda: deployed.account.user("new", age=0)), 1)
    assert deployed.run() == counts(users=1, COMPLIANT=1)


def test_a_user_deleted_while_keys_are_listed_is_withdrawn(deployed: Deployed) -> None:
    user = deployed.account.user("u")
    deployed.account.key("u", 80)
    deployed.run()
    with old_report(deployed.account.iam):
        deployed.account.faults.plan("ListAccessKeys", after(lambda: deployed.account.iam.users.pop("u")), 1)
        assert deployed.run(now=NOW + timedelta(days=30))["gone"] == 1
    assert deployed.told()[user.id][0] == "NOT_APPLICABLE"


def test_evaluations_that_aws_config_did_not_take_are_put_again(deployed: Deployed) -> None:
    users = [deployed.account.user(f"u{number}") for number in range(3)]
    deployed.answers["PutEvaluations"] = [took_not(users[1].id), took_not(users[1].id)]
    deployed.run()
    assert [len(put["Evaluations"]) for put in deployed.puts] == [3, 1, 1]
    assert deployed.told() == {users[1].id: ("COMPLIANT", None)}
    assert evaluations(ACCOUNT, RULE)[0]["OrderingTimestamp"] == NOW


def test_evaluations_that_aws_config_never_takes_fail_the_run(deployed: Deployed) -> None:
    user = deployed.account.user("u")
    deployed.answers["PutEvaluations"] = [took_not(user.id)] * 9
    with pytest.raises(config_rule.NotReported, match=f"no evaluation of {user.id} in 4 attempts"):
        deployed.run()
    assert len(deployed.puts) == 4


def test_a_denied_report_to_aws_config_fails_the_run(deployed: Deployed) -> None:
    deployed.account.user("u")
    deployed.answers["PutEvaluations"] = [denied]
    with pytest.raises(ClientError, match="PutEvaluations"):
        deployed.run()


@pytest.mark.sources
def test_the_modules_can_be_joined_into_one_file() -> None:
    """What the bundle needs: no name twice, and among themselves only plain imports of names."""
    names: Counter[str] = Counter()
    for module in BUNDLED:
        source = Path(import_module(f"checker.rules.{module}").__file__ or "").read_text()
        assert "{{" not in source
        assert "}}" not in source
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names[node.name] += 1
            elif isinstance(node, ast.Assign):
                names.update(name.id for target in node.targets for name in ast.walk(target) if type(name) is ast.Name)
            elif isinstance(node, ast.ImportFrom) and node.level:
                assert all(alias.asname is None for alias in node.names)
    assert [name for name, times in names.items() if times > 1] == []
