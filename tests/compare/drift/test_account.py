"""`keyage drift` finds every way in which what is deployed can differ from the policy."""

import io
import zipfile
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from moto.config.responses import ConfigResponse
from moto.core.exceptions import JsonRESTError

from checker.commands.drift import sought
from checker.compare.drift.account import differences
from checker.compare.drift.policy import digest
from checker.errors import Unreadable
from checker.generate.archive import zipped
from checker.permissions import policy_document
from checker.sources.aws.session import ReadOnlySession
from checker.sources.deployed.account import read
from checker.sources.deployed.parts import Deployed, Recorder
from tests.support.deployed_account import (
    ACCOUNT,
    CUSTOM,
    DEACTIVATION,
    DELETION,
    EVALUATION,
    MANAGED,
    REGION,
    RULE,
    DeployedAccount,
    expected,
)


@pytest.mark.parametrize("policy", [MANAGED, CUSTOM], ids=["managed", "custom"])
def test_what_was_deployed_from_the_policy_is_no_difference(account: DeployedAccount, policy: str) -> None:
    account.deploy(expected(policy))
    assert account.differences(expected(policy)) == []


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (MANAGED, ["Config rule access-keys-rotated: not deployed; the policy wants a rule"]),
        (
            CUSTOM,
            [
                "Config rule access-keys-rotated: not deployed; the policy wants a rule",
                f"Lambda function {DEACTIVATION}: not deployed; the policy wants a function",
                f"Lambda function {DELETION}: not deployed; the policy wants a function",
                "remediation: not deployed; the policy wants access-keys-rotated-remediation",
                "deletion schedule: not deployed; the policy wants access-keys-rotated-deletion",
            ],
        ),
    ],
    ids=["managed", "custom"],
)
def test_nothing_is_deployed(account: DeployedAccount, policy: str, said: list[str]) -> None:
    account.record()
    assert account.differences(expected(policy)) == said


OF_THE_RULE = "of the rule"


def of(functions: Sequence[str]) -> str:
    return ", ".join(f"Lambda function {function}" for function in functions)


def broken_code(function: str) -> str:
    what = f"{of([function])}: code"
    return f"{what}: deployed another source, policy what `keyage render` writes to lambda/index.py"


def other_code(*functions: str) -> str:
    return f"{of(functions)}: code: deployed another source, policy that of this release of keyage"


def other_policy(there: str, wanted: str, *functions: str) -> str:
    before, after = (digest(expected(text).document)[:12] for text in (there, wanted))
    return f"{of(functions)}: policy: deployed sha256 {before}, policy sha256 {after}"


ALL = (OF_THE_RULE, DEACTIVATION, DELETION)
STRICTER = CUSTOM.replace("maxAccessKeyAge: 30", "maxAccessKeyAge: 31")
BY_A_PERSON = CUSTOM.replace("automatic: true", "automatic: false")
NO_REMEDIATION = CUSTOM.replace("action: delete", "action: none")
NO_DELETION = CUSTOM.replace("action: delete", "action: deactivate")


@pytest.mark.parametrize(
    ("there", "wanted", "said"),
    [
        (MANAGED, MANAGED.replace("45", "46"), ["maxAccessKeyAge: deployed 45, policy 46"]),
        (
            MANAGED,
            MANAGED.replace("{region", "{frequency: One_Hour, region"),
            ["rule frequency: deployed TwentyFour_Hours, policy One_Hour"],
        ),
        (
            MANAGED,
            MANAGED.replace("{region", "{rule: custom, region"),
            ["rule owner: deployed AWS, policy CUSTOM_LAMBDA"],
        ),
        (
            CUSTOM,
            CUSTOM.replace("{region", "{frequency: One_Hour, region"),
            [("rule triggers: deployed ScheduledNotification TwentyFour_Hours, policy ScheduledNotification One_Hour")],
        ),
        (
            CUSTOM,
            STRICTER,
            [other_policy(CUSTOM, STRICTER, *ALL)],
        ),
        (
            CUSTOM,
            BY_A_PERSON,
            [
                other_policy(CUSTOM, BY_A_PERSON, *ALL),
                "remediation is automatic: deployed true, policy false",
                "remediation trigger: deployed automatic, policy manual",
            ],
        ),
        (
            CUSTOM,
            NO_REMEDIATION,
            [
                other_policy(CUSTOM, NO_REMEDIATION, OF_THE_RULE),
                other_code(OF_THE_RULE),
                "remediation: deployed access-keys-rotated-remediation; the policy wants none",
                "deletion schedule: deployed access-keys-rotated-deletion; the policy wants none",
            ],
        ),
        (
            CUSTOM,
            NO_DELETION,
            [
                other_policy(CUSTOM, NO_DELETION, OF_THE_RULE, DEACTIVATION),
                "Automation document: deployed another text, policy what `keyage render` writes to remediation.yaml",
                "deletion schedule: deployed access-keys-rotated-deletion; the policy wants none",
            ],
        ),
    ],
)
def test_the_policy_has_changed_since(account: DeployedAccount, there: str, wanted: str, said: list[str]) -> None:
    account.deploy(expected(there))
    assert account.differences(expected(wanted)) == said


def test_a_rule_of_another_kind_is_a_difference_and_no_crash() -> None:
    rule = {"ConfigRuleName": RULE, "Source": {"Owner": "CUSTOM_POLICY", "CustomPolicyDetails": {}}}
    there = Deployed(rule, recorder=Recorder("default", recording=True, records_users=True))
    for text, owner in ((MANAGED, "AWS"), (NO_REMEDIATION, "CUSTOM_LAMBDA")):
        found = [str(difference) for difference in differences(expected(text), there, ACCOUNT)]
        assert found == [f"rule owner: deployed CUSTOM_POLICY, policy {owner}"]


def broken_zip(account: DeployedAccount, function: str) -> None:
    account.functions.update_function_code(FunctionName=function, ZipFile=zipped("other.py", b""))


def edited_code(account: DeployedAccount, function: str) -> None:
    plain = str(expected(CUSTOM).code)
    edited = plain.replace("LONGEST_RUN = 540", "LONGEST_RUN = 5")
    assert edited != plain
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.py", edited)
    account.functions.update_function_code(FunctionName=function, ZipFile=content.getvalue())


def swapped_handler(account: DeployedAccount, function: str, handler: str) -> None:
    account.functions.update_function_configuration(FunctionName=function, Handler=handler)


def deleted_function(account: DeployedAccount, function: str) -> None:
    account.functions.delete_function(FunctionName=function)


def edited_document(account: DeployedAccount) -> None:
    wanted = expected(CUSTOM)
    account.ssm.delete_document(Name=wanted.name("remediation"))
    edited = str(wanted.runbook).replace("read_timeout=590", "read_timeout=5")
    assert edited != wanted.runbook
    account.ssm.create_document(
        Name=wanted.name("remediation"), Content=edited, DocumentType="Automation", DocumentFormat="YAML"
    )


def reschedule(account: DeployedAccount, **target: str) -> None:
    there = account.scheduler.get_schedule(Name=DELETION)
    kept = {key: there[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "State", "Target")}
    account.scheduler.update_schedule(**kept | {"Target": there["Target"] | target})


DOCUMENT = "Automation document: deployed another text, policy what `keyage render` writes to remediation.yaml"
BY_HAND: list[tuple[Callable[[DeployedAccount], object], str]] = [
    *(
        (partial(change, function=function), code(OF_THE_RULE if function == EVALUATION else function))
        for change, code in ((broken_zip, broken_code), (edited_code, other_code))
        for function in (EVALUATION, DEACTIVATION, DELETION)
    ),
    (edited_document, DOCUMENT),
    *(
        (
            partial(deleted_function, function=function),
            f"Lambda function {named}: not deployed; the policy wants a function",
        )
        for function, named in ((EVALUATION, OF_THE_RULE), (DEACTIVATION, DEACTIVATION), (DELETION, DELETION))
    ),
    (
        partial(swapped_handler, function=EVALUATION, handler="index.remediate"),
        "Lambda function of the rule: handler: deployed index.remediate, policy index.handler",
    ),
    *(
        (
            partial(swapped_handler, function=function, handler="index.handler"),
            f"Lambda function {function}: handler: deployed index.handler, policy index.remediate",
        )
        for function in (DEACTIVATION, DELETION)
    ),
    (
        lambda account: account.ssm.delete_document(Name="access-keys-rotated-remediation"),
        "Automation document: not deployed; the policy wants a document",
    ),
    (
        lambda account: account.config.delete_remediation_configuration(ConfigRuleName=RULE),
        "remediation: not deployed",
    ),
    (
        lambda account: account.scheduler.delete_schedule(Name=DELETION),
        "deletion schedule: not deployed",
    ),
    *(
        (partial(reschedule, Input=given), "deletion stage: not deployed; the policy wants delete")
        for given in ("delete the old ones", "[]", '{"Stage": []}')
    ),
    *(
        (partial(reschedule, Arn=arn), f"deletion function: deployed {named}, policy {DELETION}")
        for arn, named in (
            (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{DEACTIVATION}", DEACTIVATION),
            (f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{DELETION}:old", f"{DELETION}:old"),
            *[("arn:aws:scheduler:::aws-sdk:ssm:startAutomationExecution",) * 2],
        )
    ),
]


@pytest.mark.parametrize(("change", "said"), BY_HAND)
def test_somebody_changed_it_by_hand(
    account: DeployedAccount, change: Callable[[DeployedAccount], object], said: str
) -> None:
    account.deploy(expected(CUSTOM))
    change(account)
    [found] = account.differences(expected(CUSTOM))
    assert found.startswith(said)


def test_a_remediation_with_another_document(account: DeployedAccount) -> None:
    account.deploy(expected(CUSTOM))
    account.remediate(expected(CUSTOM), TargetId="AWS-Other")
    assert account.differences(expected(CUSTOM)) == [
        "remediation document: deployed AWS-Other, policy access-keys-rotated-remediation",
        "Automation document: not deployed; the policy wants a document",
    ]


def test_another_layout_of_the_document_is_no_difference(account: DeployedAccount) -> None:
    wanted = expected(CUSTOM)
    account.deploy(wanted)
    account.ssm.delete_document(Name=wanted.name("remediation"))
    text = str(wanted.runbook).replace('"0.3"', "'0.3'")
    assert text != wanted.runbook
    account.ssm.create_document(
        Name=wanted.name("remediation"), Content=text, DocumentType="Automation", DocumentFormat="YAML"
    )
    assert account.differences(wanted) == []


def test_the_printed_permissions_are_what_is_asked(account: DeployedAccount) -> None:
    account.deploy(expected(CUSTOM))
    session = ReadOnlySession()
    read(session, sought(expected(CUSTOM)))
    allowed = {action for statement in policy_document("drift")["Statement"] for action in statement["Action"]}
    assert {action.partition(":")[2] for action in allowed} == {*session.calls(), "ListAccountAliases"}


def test_what_cannot_be_read_is_no_verdict(account: DeployedAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Unreadable):
        account.differences(expected(MANAGED))


def test_a_denied_call_says_what_to_allow(account: DeployedAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_response: object) -> str:
        raise JsonRESTError("AccessDeniedException", "not you")

    monkeypatch.setattr(ConfigResponse, "describe_config_rules", denied)
    with pytest.raises(Unreadable, match="was denied: allow what `keyage permissions drift` prints"):
        account.differences(expected(MANAGED))


@pytest.mark.parametrize("named", [ACCOUNT, "444455556666"], ids=["this account", "another account"])
def test_what_is_for_one_account_is_deployed_in_every_account(account: DeployedAccount, named: str) -> None:
    policy = f"{MANAGED}rules: [{{id: mine, accounts: '{named}', maxAccessKeyAge: 3}}]\n"
    account.deploy(expected(policy))
    assert account.differences(expected(policy)) == []
    changed = policy.replace("maxAccessKeyAge: 3", "maxAccessKeyAge: 4")
    assert account.differences(expected(changed)) == [other_policy(policy, changed, OF_THE_RULE)]
