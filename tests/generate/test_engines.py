"""Three engines, one verdict: the checker, the function out of the CloudFormation template, the script out of the
Automation document, each against the emulator."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml
from cfnlint.decode import cfn_yaml
from hypothesis import assume, given, settings

from checker.decision import AccessKey, Account, Decision, User, decision
from checker.embedded import aws, hosts
from checker.embedded.config_service import evaluations, standing_in_config
from checker.evaluate import AccountRead, evaluate
from checker.generate import cloudformation, groups
from checker.generate.deployment import deployment
from checker.policy import loader
from checker.sources import live
from checker.sources.aws.session import ReadOnlySession
from tests.support.conformance_cases import Case, rule_cases
from tests.support.random_policies import NOW, Document, documents, known_accounts, known_keys, known_users, policy_text

ALWAYS_OURS = {"deploy": {"rule": "custom"}, "remediation": {"action": "deactivate"}}
RULE = "access-keys-rotated"
NO_WAIT: Callable[[float], None] = lambda _seconds: None  # noqa: E731 -- the emulator has its report at once


@dataclass(frozen=True)
class Shipped:
    """What a policy deploys into one account."""

    function: str
    document: str


def padded(key_id: str) -> str:
    """A key id as long as IAM's client wants one."""
    return key_id.ljust(16, "0")


def shipped(policy: loader.PolicyFile, account: Account) -> Shipped:
    """The code of the account's group, taken out of its rendered CloudFormation template."""
    group = next(each for each in groups.grouped(policy, {account.id: account}) if account in each.accounts)
    template = cfn_yaml.loads(cloudformation.template(deployment(policy, group)))
    resources = {resource["Type"]: resource["Properties"] for resource in template["Resources"].values()}
    return Shipped(
        str(resources["AWS::Lambda::Function"]["Code"]["ZipFile"]),
        json.dumps(resources["AWS::SSM::Document"]["Content"], ensure_ascii=False),
    )


@contextmanager
def emulated_account(
    account: Account, user: User, key: AccessKey, activated: datetime | None
) -> Iterator[tuple[Any, Any]]:
    with ExitStack() as stack:
        stack.enter_context(aws.embedded_aws())
        stack.enter_context(standing_in_config())
        created = key.created - timedelta(days=1)
        made = aws.add_user(
            account.id, user.name, created, path=user.path or "/", tags=user.tags, groups=user.groups or ()
        )
        there = aws.add_key(account.id, user.name, key.created, status=key.status, activated=activated)
        there.access_key_id = key.id
        yield made, there


def check(policy: loader.PolicyFile, account: Account) -> str:
    """What `keyage check` says of the account's only user."""
    session = ReadOnlySession(credentials=aws.credentials_for(account.id))
    needs = live.verdict_needs(policy.policy, NOW, NOW)
    read = live.read_account(session, {account.id: account}, needs, want_name=False, concurrency=1, wait=NO_WAIT)
    assert isinstance(read, AccountRead)
    verdicts = [finding.verdict for finding in evaluate(policy.policy, read, NOW, show_all=True).findings]
    return decision.user_verdict(verdicts)


def engines_agree(
    policy: loader.PolicyFile,
    account: Account,
    user: User,
    key: AccessKey,
    expected: Decision,
    activated: datetime | None = None,
) -> None:
    code = shipped(policy, account)
    verdict, rule, exemption = expected.verdict, expected.rule, expected.exemption
    assert rule is not None
    with emulated_account(account, user, key, activated) as (made, there):
        assert check(policy, account) == decision.user_verdict([verdict])
        hosts.run_config_rule(code.function, account.id, RULE, NOW)
        (evaluation,) = evaluations(account.id, RULE)
        annotation = evaluation.get("Annotation", "")
        overdue = verdict == "NON_COMPLIANT"
        assert evaluation["ComplianceType"] == ("NON_COMPLIANT" if overdue else "COMPLIANT")
        assert evaluation["ComplianceResourceId"] == made.id
        named = [f"(rule {rule.id})", str(rule.max_age), str(key.id)]
        expected_words = named if verdict in ("NON_COMPLIANT", "EXEMPT") else []
        expected_words += [f"(exemption {exemption.id})"] if exemption else []
        assert [word for word in expected_words if word not in annotation] == []
        assert bool(annotation) == bool(expected_words)
        output = hosts.run_remediation(code.document, account.id, {"ResourceId": made.id}, NOW)
        (done,) = output["Keys"]
        assert (done["Action"], there.status) == (("deactivated", "Inactive") if overdue else ("left", key.status))
        assert done["Rule"] == rule.id
        if exemption:
            assert exemption.id in done["Why"]


@pytest.mark.parametrize("case", list(rule_cases()), ids=str)
def test_every_engine_agrees_with_the_example(case: Case) -> None:
    text = case.policy.replace("[AKIAONE]", f"[{padded('AKIAONE')}]")
    policy = loader.parse(f"{text}\n{yaml.safe_dump(ALWAYS_OURS)}".encode(), "policies.yaml")
    key = case.key._replace(id=padded(str(case.key.id)))
    made = decision.decide(policy.policy.for_account(case.account), case.user, key, case.now)
    exemption = made.exemption.id if made.exemption else None
    assert made.rule is not None
    assert (made.verdict, made.rule.max_age, made.rule.id, exemption) == (
        case.verdict,
        case.max_age,
        case.rule,
        case.exemption,
    )
    engines_agree(policy, case.account, case.user, key, made, case.report_last_rotated)


@settings(max_examples=25)
@given(documents, known_accounts, known_users, known_keys)
def test_every_engine_agrees_whatever_policy_and_state_are(
    document: Document, account: Account, user: User, key: AccessKey
) -> None:
    assume(key.id is not None)
    text = policy_text(document)
    for short in ("K1", "K2"):
        text = text.replace(short, padded(f"AKIA{short}"))
    policy = loader.parse(f"{text}\n{yaml.safe_dump(ALWAYS_OURS)}".encode(), "policies.yaml")
    known = key._replace(id=padded(f"AKIA{key.id}"))
    made = decision.decide(policy.policy.for_account(account), user, known, NOW)
    engines_agree(policy, account, user, known, made)
