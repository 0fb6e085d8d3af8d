"""The session of `apply` takes the calls that its plan needs, about the keys of the plan, and no others."""

from typing import Any

import pytest

from checker.embedded import aws
from checker.permissions import CHANGES, policy_document
from checker.sources.aws.changing_session import READS, Changes, ChangingSession
from checker.sources.aws.session import WriteRefused
from tests.fakes.stand_ins import Faults
from tests.support.fixtures import ACCOUNT, Emulated

KEY, OTHER = "AKIA0000000000000001", "AKIA0000000000000002"
MARK = "keyage:inactive-since:"
PLANNED = Changes({"UpdateAccessKey": {KEY}, "TagUser": {KEY}, "UntagUser": {KEY}})


def iam(changes: Changes = PLANNED) -> Any:
    return ChangingSession(changes, credentials=aws.credentials_for(ACCOUNT)).client("iam")


def tags(*names: str) -> list[dict[str, str]]:
    return [{"Key": name, "Value": "v"} for name in names]


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "what is never called": ("create_access_key", {"UserName": "u"}),
    "what is not planned": ("delete_access_key", {"UserName": "u", "AccessKeyId": KEY}),
    "another key": ("update_access_key", {"UserName": "u", "AccessKeyId": OTHER, "Status": "Inactive"}),
    "the other way": ("update_access_key", {"UserName": "u", "AccessKeyId": KEY, "Status": "Active"}),
    "another tag": ("tag_user", {"UserName": "u", "Tags": tags("team")}),
    "a mark of another key": ("tag_user", {"UserName": "u", "Tags": tags(MARK + OTHER)}),
    "another tag beside": ("tag_user", {"UserName": "u", "Tags": tags(MARK + KEY, "team")}),
    "another tag away": ("untag_user", {"UserName": "u", "TagKeys": [MARK + KEY, "team"]}),
    "no tag": ("untag_user", {"UserName": "u", "TagKeys": []}),
    "what another verb reads": ("list_roles", {}),
    "the report": ("generate_credential_report", {}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_before_it_leaves(emulated: Emulated, what: str) -> None:
    method, arguments = REFUSED[what]
    client = iam()
    emulated.faults.requests.clear()
    with pytest.raises(WriteRefused, match=r"refused to call: iam:.*please report this"):
        getattr(client, method)(**arguments)
    assert dict(emulated.faults.requests) == {}


def asked(faults: Faults) -> list[str]:
    return [operation for operation, _asked in faults.asked]


def test_what_is_planned_is_called(emulated: Emulated) -> None:
    emulated.user("u")
    key_id = emulated.key("u", 100)
    client = iam(Changes({name: {key_id} for name in ("UpdateAccessKey", "DeleteAccessKey", "TagUser", "UntagUser")}))
    emulated.faults.asked.clear()
    client.get_user(UserName="u")
    client.update_access_key(UserName="u", AccessKeyId=key_id, Status="Inactive")
    client.tag_user(UserName="u", Tags=tags(MARK + key_id))
    client.untag_user(UserName="u", TagKeys=[MARK + key_id])
    client.delete_access_key(UserName="u", AccessKeyId=key_id)
    assert asked(emulated.faults) == ["GetUser", "UpdateAccessKey", "TagUser", "UntagUser", "DeleteAccessKey"]


def test_to_switch_on_again_takes_another_session(emulated: Emulated) -> None:
    emulated.user("u")
    key_id = emulated.key("u", 100, status="Inactive")
    client = iam(Changes({"UpdateAccessKey": {key_id}}, "Active"))
    client.update_access_key(UserName="u", AccessKeyId=key_id, Status="Active")
    with pytest.raises(WriteRefused):
        client.update_access_key(UserName="u", AccessKeyId=key_id, Status="Inactive")


@pytest.mark.usefixtures("emulated")
def test_every_other_operation_of_iam_is_refused() -> None:
    session = ChangingSession(PLANNED, credentials=aws.credentials_for(ACCOUNT))
    service = session.client("iam").meta.service_model
    reads = {operation for name, operation in READS if name == "iam"}
    for operation in set(service.operation_names) - reads:
        with pytest.raises(WriteRefused):
            session.guard(model=service.operation_model(operation), params={"body": {}})


def test_what_it_may_call_is_what_its_policy_allows() -> None:
    allowed = {action for each in policy_document("remediate")["Statement"] for action in each["Action"]}
    changes = {f"{call.service}:{call.operation}" for call in CHANGES}
    reads = {f"{service}:{operation}" for service, operation in READS if service == "iam"}
    assert allowed == reads | changes
