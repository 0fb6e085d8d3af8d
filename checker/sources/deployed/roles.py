"""IAM roles of what is deployed: what their policies allow."""

from typing import Any

from checker.pieces import is_role
from checker.sources.deployed.functions import services, statements, texts
from checker.sources.deployed.parts import InTheWay, Role, every, found


def read(iam: Any, arn: str) -> Role | None:
    """The role of that ARN; None if there is none."""
    name = arn.rpartition("/")[2]
    role = found(iam.get_role, RoleName=name)
    if role is None:
        return None
    policies = every(iam, "list_role_policies", "PolicyNames", RoleName=name)
    documents = [iam.get_role_policy(RoleName=name, PolicyName=each)["PolicyDocument"] for each in policies]
    granting = [each for document in documents for each in statements(document) if each.get("Effect") == "Allow"]
    attached = every(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name)
    return Role(
        name,
        frozenset(action for each in granting for action in _actions(each)),
        sorted(each["PolicyArn"] for each in attached),
        services(role["Role"].get("AssumeRolePolicyDocument") or {}),
    )


def _actions(statement: dict[str, Any]) -> list[str]:
    if "NotAction" in statement:
        return [f"all but {', '.join(texts(statement['NotAction']))}"]
    return texts(statement.get("Action"))


def in_the_way(iam: Any, names: list[str]) -> list[InTheWay]:
    """Roles of these names that are not keyage's."""
    there = {name: found(iam.get_role, RoleName=name) for name in names}
    return [
        InTheWay("IAM role", name)
        for name, answer in there.items()
        if answer is not None and not is_role(answer["Role"].get("Description"))
    ]
