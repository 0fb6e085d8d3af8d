"""`keyage drift` finds every way in which what is deployed can differ from the policy."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.config.responses import ConfigResponse
from moto.core.exceptions import JsonRESTError

from checker.compare.deployment import differences
from checker.errors import Unreadable
from checker.generate.archive import zipped
from checker.generate.deployment import RUNTIME, Deployment, deployment
from checker.permissions import policy_document
from checker.policy import inventory, loader
from checker.sources.aws.session import ReadOnlySession
from checker.sources.deployed import Deployed, read
from tests.fakes.function_code import function_code
from tests.fakes.remediation_configurations import remediation_configurations
from tests.support.moto_server import moto_server
from tests.support.processes import NOW, keyage

ACCOUNT = "123456789012"
REGION = "eu-west-1"
DEPLOY = f"deploy: {{region: {REGION}}}\n"
MANAGED = f"version: 1\ndefault: {{maxAccessKeyAge: 45}}\n{DEPLOY}"
CUSTOM = f"""version: 1
default: {{maxAccessKeyAge: 90}}
rules: [{{id: robots, users: svc-*, maxAccessKeyAge: 30}}]
remediation: {{action: delete, automatic: true, protectUsedWithinDays: 7, deleteAfterDays: 30}}
{DEPLOY}"""
RULE = "access-keys-rotated"
KEYS: dict[str, Any] = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": REGION}


EVALUATION, DEACTIVATION, DELETION = (f"{RULE}-{suffix}" for suffix in ("evaluation", "deactivation", "deletion"))


def expected(text: str, accounts: inventory.Inventory | None = None) -> Deployment:
    return deployment(loader.parse(text.encode(), "policies.yaml"), accounts or {})


class Account:
    """An account of the emulator, with clients that may write."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        names: tuple[Any, ...] = ("config", "lambda", "ssm", "iam", "scheduler")
        made = {name: boto3.client(name, **KEYS, endpoint_url=endpoint) for name in names}
        self.config, self.functions, self.ssm, self.iam, self.scheduler = made.values()

    def deploy(self, wanted: Deployment) -> None:
        """What the templates of a deployment make, as far as `drift` looks."""
        source: dict[str, Any] = {"Owner": "AWS", "SourceIdentifier": "ACCESS_KEYS_ROTATED"}
        rule: dict[str, Any] = {"ConfigRuleName": wanted.rule_name, "Source": source}
        if wanted.max_age is not None:
            rule["InputParameters"] = json.dumps({"maxAccessKeyAge": str(wanted.max_age)})
            rule["MaximumExecutionFrequency"] = wanted.frequency
        else:
            trigger = {"EventSource": "aws.config", "MessageType": "ScheduledNotification"}
            details = [trigger | {"MaximumExecutionFrequency": wanted.frequency}]
            arn = self.put_function(wanted, EVALUATION, "index.handler")
            rule["Source"] = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": arn, "SourceDetails": details}
        self.config.put_config_rule(ConfigRule=rule)
        if wanted.runbook is not None:
            self.put_function(wanted, DEACTIVATION, "index.remediate")
            self.put_document(wanted)
            self.remediate(wanted)
        if wanted.deletes:
            self.schedule(self.put_function(wanted, DELETION, "index.remediate"))

    def put_function(self, wanted: Deployment, name: str, handler: str) -> str:
        role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        code = {"ZipFile": zipped("index.py", str(wanted.code).encode())}
        settings = {"Runtime": RUNTIME, "Handler": handler, "Code": code, "Role": role}
        return str(self.functions.create_function(FunctionName=name, **settings)["FunctionArn"])

    def put_document(self, wanted: Deployment) -> None:
        self.ssm.create_document(
            Name=wanted.name("remediation"),
            Content=str(wanted.runbook),
            DocumentType="Automation",
            DocumentFormat="YAML",
        )

    def remediate(self, wanted: Deployment, **others: Any) -> None:
        values = {"Stage": "deactivate", "Trigger": wanted.trigger, "AutomationAssumeRole": "arn:aws:iam::1:role/r"}
        static = {name: {"StaticValue": {"Values": [value]}} for name, value in values.items()}
        parameters = static | {"ResourceId": {"ResourceValue": {"Value": "RESOURCE_ID"}}}
        configuration = {
            "ConfigRuleName": RULE,
            "TargetType": "SSM_DOCUMENT",
            "TargetId": wanted.name("remediation"),
            "Automatic": wanted.automatic,
            "MaximumAutomaticAttempts": 5,
            "RetryAttemptSeconds": 60,
            "Parameters": parameters,
        }
        self.config.put_remediation_configurations(RemediationConfigurations=[configuration | others])

    def schedule(self, function: str) -> None:
        self.scheduler.create_schedule(
            Name=DELETION,
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": function,
                "RoleArn": "arn:aws:iam::123456789012:role/r",
                "Input": json.dumps({"Stage": "delete", "Trigger": "automatic"}),
            },
        )

    def differences(self, wanted: Deployment) -> list[str]:
        there = read_for(wanted, ReadOnlySession())
        return [str(difference) for difference in differences(wanted, there)]


def read_for(wanted: Deployment, session: ReadOnlySession) -> Deployed:
    return read(session, REGION, RULE, wanted.name("deletion"), wanted.remediation_functions.values())


@pytest.fixture(scope="module")
def only_account() -> Iterator[Account]:
    with moto_server() as url:
        yield Account(url)


@pytest.fixture
def account(only_account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """With nothing in it: `mock_aws` forgets what a test made."""
    with ExitStack() as stack:
        for context in (mock_aws(), remediation_configurations(), function_code()):
            stack.enter_context(context)
        monkeypatch.setenv("AWS_ENDPOINT_URL", only_account.endpoint)
        yield only_account


@pytest.mark.parametrize("policy", [MANAGED, CUSTOM], ids=["managed", "custom"])
def test_what_was_deployed_from_the_policy_is_no_difference(account: Account, policy: str) -> None:
    account.deploy(expected(policy))
    assert account.differences(expected(policy)) == []


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (MANAGED, ["Config rule access-keys-rotated: deployed nothing, policy a rule"]),
        (
            CUSTOM,
            [
                "Config rule access-keys-rotated: deployed nothing, policy a rule",
                f"Lambda function {DEACTIVATION}: deployed nothing, policy a function",
                f"Lambda function {DELETION}: deployed nothing, policy a function",
                "remediation: deployed nothing, policy access-keys-rotated-remediation",
                "deletion schedule: deployed nothing, policy access-keys-rotated-deletion",
            ],
        ),
    ],
    ids=["managed", "custom"],
)
def test_nothing_is_deployed(account: Account, policy: str, said: list[str]) -> None:
    assert account.differences(expected(policy)) == said


OF_THE_RULE = "of the rule"


def other_code(function: str) -> str:
    what = f"Lambda function {function}: code"
    return f"{what}: deployed another source, policy what `keyage render` writes to lambda/index.py"


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
            [
                (
                    'rule triggers: deployed [["ScheduledNotification", "TwentyFour_Hours"]],'
                    ' policy [["ScheduledNotification", "One_Hour"]]'
                )
            ],
        ),
        (
            CUSTOM,
            CUSTOM.replace("maxAccessKeyAge: 30", "maxAccessKeyAge: 31"),
            [other_code(function) for function in (OF_THE_RULE, DEACTIVATION, DELETION)],
        ),
        (
            CUSTOM,
            CUSTOM.replace("automatic: true", "automatic: false"),
            [
                *(other_code(function) for function in (OF_THE_RULE, DEACTIVATION, DELETION)),
                "remediation is automatic: deployed true, policy false",
                'remediation trigger: deployed ["automatic"], policy ["manual"]',
            ],
        ),
        (
            CUSTOM,
            CUSTOM.replace("action: delete", "action: none"),
            [
                other_code(OF_THE_RULE),
                "remediation: deployed access-keys-rotated-remediation, policy nothing",
                "deletion schedule: deployed access-keys-rotated-deletion, policy nothing",
            ],
        ),
        (
            CUSTOM,
            CUSTOM.replace("action: delete", "action: deactivate"),
            [
                other_code(OF_THE_RULE),
                other_code(DEACTIVATION),
                "Automation document: deployed another text, policy what `keyage render` writes to remediation.yaml",
                "deletion schedule: deployed access-keys-rotated-deletion, policy nothing",
            ],
        ),
    ],
)
def test_the_policy_has_changed_since(account: Account, there: str, wanted: str, said: list[str]) -> None:
    account.deploy(expected(there))
    assert account.differences(expected(wanted)) == said


def test_a_rule_of_another_kind_is_a_difference_and_no_crash() -> None:
    rule = {"ConfigRuleName": RULE, "Source": {"Owner": "CUSTOM_POLICY", "CustomPolicyDetails": {}}}
    there = Deployed(rule, {}, None, None, None)
    for text, owner in ((MANAGED, "AWS"), (CUSTOM.replace("action: delete", "action: none"), "CUSTOM_LAMBDA")):
        found = [str(difference) for difference in differences(expected(text), there)]
        assert found == [f"rule owner: deployed CUSTOM_POLICY, policy {owner}"]


def broken_zip(account: Account, function: str) -> None:
    account.functions.update_function_code(FunctionName=function, ZipFile=zipped("other.py", b""))


def edited_code(account: Account, function: str) -> None:
    plain = str(expected(CUSTOM).code)
    edited = plain.replace("LONGEST_RUN = 540", "LONGEST_RUN = 5")
    assert edited != plain
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("index.py", edited)
    account.functions.update_function_code(FunctionName=function, ZipFile=content.getvalue())


def swapped_handler(account: Account, function: str, handler: str) -> None:
    account.functions.update_function_configuration(FunctionName=function, Handler=handler)


def deleted_function(account: Account, function: str) -> None:
    account.functions.delete_function(FunctionName=function)


def edited_document(account: Account) -> None:
    wanted = expected(CUSTOM)
    account.ssm.delete_document(Name=wanted.name("remediation"))
    edited = str(wanted.runbook).replace("read_timeout=590", "read_timeout=5")
    assert edited != wanted.runbook
    account.ssm.create_document(
        Name=wanted.name("remediation"), Content=edited, DocumentType="Automation", DocumentFormat="YAML"
    )


def reschedule(account: Account, **target: str) -> None:
    there = account.scheduler.get_schedule(Name=DELETION)
    kept = {key: there[key] for key in ("Name", "ScheduleExpression", "FlexibleTimeWindow", "State", "Target")}
    account.scheduler.update_schedule(**kept | {"Target": there["Target"] | target})


DOCUMENT = "Automation document: deployed another text, policy what `keyage render` writes to remediation.yaml"
BY_HAND: list[tuple[Callable[[Account], object], str]] = [
    *(
        (partial(change, function=function), other_code(OF_THE_RULE if function == EVALUATION else function))
        for change in (broken_zip, edited_code)
        for function in (EVALUATION, DEACTIVATION, DELETION)
    ),
    (edited_document, DOCUMENT),
    *(
        (partial(deleted_function, function=function), f"Lambda function {named}: deployed nothing, policy a function")
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
        "Automation document: deployed nothing, policy a document",
    ),
    (
        lambda account: account.config.delete_remediation_configuration(ConfigRuleName=RULE),
        "remediation: deployed nothing",
    ),
    (
        lambda account: account.scheduler.delete_schedule(Name=DELETION),
        "deletion schedule: deployed nothing",
    ),
    *(
        (partial(reschedule, Input=given), f"deletion stage: deployed {stage}, policy delete")
        for given, stage in (("delete the old ones", "nothing"), ("[]", "nothing"), ('{"Stage": []}', "[]"))
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
def test_somebody_changed_it_by_hand(account: Account, change: Callable[[Account], object], said: str) -> None:
    account.deploy(expected(CUSTOM))
    change(account)
    [found] = account.differences(expected(CUSTOM))
    assert found.startswith(said)


def test_a_remediation_with_another_document(account: Account) -> None:
    account.deploy(expected(CUSTOM))
    account.remediate(expected(CUSTOM), TargetId="AWS-Other")
    assert account.differences(expected(CUSTOM)) == [
        "remediation document: deployed AWS-Other, policy access-keys-rotated-remediation",
        "Automation document: deployed nothing, policy a document",
    ]


def test_another_layout_of_the_document_is_no_difference(account: Account) -> None:
    wanted = expected(CUSTOM)
    account.deploy(wanted)
    account.ssm.delete_document(Name=wanted.name("remediation"))
    text = str(wanted.runbook).replace('"0.3"', "'0.3'")
    assert text != wanted.runbook
    account.ssm.create_document(
        Name=wanted.name("remediation"), Content=text, DocumentType="Automation", DocumentFormat="YAML"
    )
    assert account.differences(wanted) == []


def test_the_printed_permissions_are_what_is_asked(account: Account) -> None:
    account.deploy(expected(CUSTOM))
    session = ReadOnlySession()
    read_for(expected(CUSTOM), session)
    allowed = {action for statement in policy_document("drift")["Statement"] for action in statement["Action"]}
    assert {action.partition(":")[2] for action in allowed} == {*session.calls(), "ListAccountAliases"}


def test_what_cannot_be_read_is_no_verdict(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(Unreadable):
        account.differences(expected(MANAGED))


@pytest.mark.parametrize(
    ("policy", "code", "said"),
    [
        (MANAGED, 0, "the managed rule access-keys-rotated: as the policy says\n"),
        (
            MANAGED.replace("45", "46"),
            1,
            "access-keys-rotated: 1 difference\n  maxAccessKeyAge: deployed 45, policy 46\n",
        ),
    ],
)
def test_the_command(account: Account, tmp_path: Path, policy: str, code: int, said: str) -> None:
    account.deploy(expected(MANAGED))
    (tmp_path / "policies.yaml").write_text(policy)
    credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    done = keyage(tmp_path, "drift", "--now", NOW, AWS_ENDPOINT_URL=account.endpoint, **credentials)
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith(f"account {ACCOUNT}, {REGION}, the managed rule")
    assert done.stdout.endswith(said)


def test_an_account_that_the_inventory_lacks_is_warned_about(account: Account, tmp_path: Path) -> None:
    policy = MANAGED + "rules: [{id: mine, accounts: mine-*, maxAccessKeyAge: 3}]\n"
    listed = tmp_path / "accounts.yaml"
    listed.write_text("version: 1\naccounts: [{id: 444455556666, name: mine-too}]\n")
    (tmp_path / "policies.yaml").write_text(policy)
    account.deploy(expected(policy, inventory.load(listed)))
    credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    done = keyage(tmp_path, "drift", "--now", NOW, AWS_ENDPOINT_URL=account.endpoint, **credentials)
    assert done.returncode == 0
    assert f"account {ACCOUNT} is not in the inventory, although mine would select it" in done.stderr


def test_a_denied_call_says_what_to_allow(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_response: object) -> str:
        raise JsonRESTError("AccessDeniedException", "not you")

    monkeypatch.setattr(ConfigResponse, "describe_config_rules", denied)
    with pytest.raises(Unreadable, match="was denied: allow what `keyage permissions drift` prints"):
        account.differences(expected(MANAGED))


@pytest.mark.parametrize("named", [ACCOUNT, "444455556666"], ids=["this account", "another account"])
def test_what_is_for_one_account_is_deployed_in_every_account(account: Account, named: str) -> None:
    policy = f"{MANAGED}rules: [{{id: mine, accounts: '{named}', maxAccessKeyAge: 3}}]\n"
    account.deploy(expected(policy))
    assert account.differences(expected(policy)) == []
    assert account.differences(expected(policy.replace("maxAccessKeyAge: 3", "maxAccessKeyAge: 4"))) == [
        other_code(OF_THE_RULE)
    ]


def test_the_command_compares_with_what_is_for_every_account(account: Account, tmp_path: Path) -> None:
    rule = "rules: [{id: theirs, accounts: '444455556666', maxAccessKeyAge: 3}]\n"
    (tmp_path / "policies.yaml").write_text(MANAGED + rule)
    account.deploy(expected(MANAGED))
    credentials = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
    done = keyage(tmp_path, "drift", "--now", NOW, AWS_ENDPOINT_URL=account.endpoint, **credentials)
    assert done.returncode == 1
    assert done.stdout == (
        f"account {ACCOUNT}, {REGION}, keyage's rule {RULE}: 1 difference\n"
        "  rule owner: deployed AWS, policy CUSTOM_LAMBDA\n"
    )
