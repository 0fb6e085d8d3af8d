"""Three engines, one verdict: the checker, and both functions out of the CloudFormation template, which judge and
remediate in an account that the inventory may lack, each against the emulator."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from checker.decision import AccessKey, Account, Decision, User, decision
from checker.embedded import aws, hosts
from checker.embedded.config_service import evaluations, standing_in_config
from checker.errors import FileProblems
from checker.evaluate import UNDECIDED, AccountRead, AccountResult, evaluate
from checker.generate import cloudformation
from checker.generate.deployment import Deployment
from checker.generate.resolution import Resolved, resolved_as_far_as_known, resolved_in_two
from checker.policy import loader
from checker.sources import live
from checker.sources.aws.session import ReadOnlySession
from tests.support import cfn_yaml
from tests.support.conformance_cases import Case, rule_cases
from tests.support.random_policies import NOW, Document, documents, known_accounts, known_keys, known_users, policy_text

ALWAYS_OURS = {"deploy": {"rule": "custom"}, "remediation": {"action": "deactivate"}}
RULE = "access-keys-rotated"
Inventory = dict[str, Account]
NO_WAIT: Callable[[float], None] = lambda _seconds: None  # noqa: E731 -- the emulator has its report at once


def padded(key_id: str) -> str:
    """A key id as long as IAM's client wants one."""
    return key_id.ljust(16, "0")


def shipped(policy: loader.PolicyFile, document: Resolved) -> str:
    """The code of every function, taken out of the rendered CloudFormation template."""
    made = Deployment(document, policy.deploy.rule_name, policy.deploy.frequency, policy.deploy.region, None)
    resources = cfn_yaml.loads(cloudformation.template(made))["Resources"].values()
    functions = [each["Properties"] for each in resources if each["Type"] == "AWS::Lambda::Function"]
    [source] = {str(each["Code"]["ZipFile"]) for each in functions}
    return source


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


def check(policy: loader.PolicyFile, account: Account) -> AccountResult:
    """What `keyage check` finds in the account, which has one user."""
    session = ReadOnlySession(credentials=aws.credentials_for(account.id))
    needs = live.verdict_needs(policy.policy, NOW, NOW)
    read = live.read_account(session, {account.id: account}, needs, want_name=False, concurrency=1, wait=NO_WAIT)
    assert isinstance(read, AccountRead)
    return evaluate(policy.policy, read, NOW, show_all=True)


def engines_agree(
    policy: loader.PolicyFile,
    inventory: Inventory,
    account: Account,
    user: User,
    key: AccessKey,
    activated: datetime | None = None,
) -> None:
    """`account` is as the inventory has it, or by its id alone if that lacks it."""
    source_agrees(shipped(policy, resolved_as_far_as_known(policy, inventory)), policy, account, user, key, activated)


def source_agrees(
    source: str,
    policy: loader.PolicyFile,
    account: Account,
    user: User,
    key: AccessKey,
    activated: datetime | None = None,
) -> None:
    """What is shipped does in the account what the policy says of it."""
    expected = decision.decide(policy.policy.for_account(account), user, key, NOW)
    with emulated_account(account, user, key, activated) as (made, there):
        checked = check(policy, account)
        assert [each.finding.access_key_id for each in checked.undecided] == [key.id] * (expected.verdict == UNDECIDED)
        if expected.verdict != UNDECIDED:  # users too young for an old key have no line
            found = decision.user_verdict(finding.verdict for finding in checked.findings)
            assert found == decision.user_verdict([expected.verdict])
        judged(source, account, made.id, key, expected)
        remediated(source, account, made.id, key, expected)
        overdue = expected.verdict == "NON_COMPLIANT" and expected.rule is not None
        assert there.status == ("Inactive" if overdue else key.status)


def judged(source: str, account: Account, user_id: str, key: AccessKey, expected: Decision) -> None:
    """What the function behind the rule tells AWS Config; nothing where the verdict is open."""
    verdict, rule, exemption = expected.verdict, expected.rule, expected.exemption
    if verdict == UNDECIDED:
        with pytest.raises(Exception, match=f"account {account.id} is not in the inventory.*`keyage inventory`"):
            hosts.run_config_rule(source, account.id, RULE, NOW)
        assert evaluations(account.id, RULE) == []
        return
    hosts.run_config_rule(source, account.id, RULE, NOW)
    (evaluation,) = evaluations(account.id, RULE)
    assert evaluation["ComplianceType"] == ("NON_COMPLIANT" if verdict == "NON_COMPLIANT" else "COMPLIANT")
    assert evaluation["ComplianceResourceId"] == user_id
    named = [f"(rule {rule.id})", str(rule.max_age), str(key.id)] if rule else [str(key.id)]
    words = named if verdict in ("NON_COMPLIANT", "EXEMPT") else []
    words += [f"(exemption {exemption.id})"] if exemption else []
    annotation = evaluation.get("Annotation", "")
    assert [word for word in words if word not in annotation] == []
    assert bool(annotation) == bool(words)


def remediated(source: str, account: Account, user_id: str, key: AccessKey, expected: Decision) -> None:
    """What the function that deactivates does; it fails, and touches nothing, where it is open which rule decides."""
    certain = expected.verdict == "COMPLIANT" or expected.exemption is not None
    open_ = key.status == "Active" and (expected.verdict == UNDECIDED or (expected.rule is None and not certain))
    if open_:
        with pytest.raises(Exception, match=r"undecided between .*not touched"):
            hosts.run_remediation(source, account.id, {"ResourceId": user_id}, NOW)
        return
    done, *_mark = hosts.run_remediation(source, account.id, {"ResourceId": user_id}, NOW)["Keys"]
    assert done["event"] == ("done" if expected.verdict == "NON_COMPLIANT" else "left")
    assert done["rule"] == (expected.rule.id if expected.rule else None)
    assert expected.exemption is None or expected.exemption.id in done["why"]


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
    inventory = {case.account.id: case.account}
    engines_agree(policy, inventory, case.account, case.user, key, case.report_last_rotated)


@settings(max_examples=25)
@given(documents, known_accounts, known_users, known_keys, st.booleans())
def test_every_engine_agrees_whatever_policy_and_state_are(
    document: Document, account: Account, user: User, key: AccessKey, listed: bool
) -> None:
    assume(key.id is not None)
    policy, known = ours(document), key._replace(id=padded(f"AKIA{key.id}"))
    inventory = {account.id: account} if listed else {}
    engines_agree(policy, inventory, inventory.get(account.id, decision.Account(account.id)), user, known)


def ours(document: Document) -> loader.PolicyFile:
    """The policy with key ids as IAM has them, judged by keyage's own rule."""
    text = policy_text(document)
    for short in ("K1", "K2"):
        text = text.replace(short, padded(f"AKIA{short}"))
    return loader.parse(f"{text}\n{yaml.safe_dump(ALWAYS_OURS)}".encode(), "policies.yaml")


@settings(max_examples=25)
@given(documents, documents, known_accounts, known_users, known_keys, st.booleans(), st.booleans())
def test_every_engine_agrees_while_a_change_reaches_some_accounts_first(
    before: Document, now: Document, account: Account, user: User, key: AccessKey, listed: bool, is_first: bool
) -> None:
    assume(key.id is not None)
    old, new, known = ours(before), ours(now), key._replace(id=padded(f"AKIA{key.id}"))
    inventory = {account.id: account} if listed else {}
    try:
        document = resolved_in_two(new, old, [account.id if is_first else "999999999999"], inventory)
    except FileProblems:
        reject()
    source = shipped(new, document)
    its_own = new if is_first else old
    source_agrees(source, its_own, inventory.get(account.id, decision.Account(account.id)), user, known)
