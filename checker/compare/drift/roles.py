"""The roles of what is deployed, beside the catalogue of what each piece may call.

Actions are compared and who may assume a role; on what, under which conditions and within which boundary is not.
"""

from collections.abc import Iterator, Sequence

from checker.compare.drift.difference import Difference
from checker.compare.drift.rule import roles_of
from checker.generate.deployment import Deployment
from checker.permissions import DEPLOYED
from checker.sources.deployed.parts import Deployed, Role, Unread

LAMBDA = "lambda.amazonaws.com"
TRUSTED = {"automation": "ssm.amazonaws.com", "schedule": "scheduler.amazonaws.com"}
# What inputs of the modules may add: an encrypted queue for what failed.
BY_INPUT = frozenset({"kms:Decrypt", "kms:GenerateDataKey", "sqs:SendMessage"})


def differences(expected: Deployment, deployed: Deployed) -> Iterator[Difference]:
    """Of every role that could be read of a piece that the policy wants."""
    for piece in roles_of(expected):
        there = deployed.roles.get(piece)
        if piece not in deployed.roles or isinstance(there, Unread):
            continue
        what = f"IAM role of the {piece}"
        if there is None:
            yield Difference(what, "nothing", "a role")
        else:
            yield from _role(f"{what}, {there.name}", piece, there)


def _role(what: str, piece: str, there: Role) -> Iterator[Difference]:
    wanted = {action for actions in DEPLOYED[piece].values() for action in actions}
    lacking, more = sorted(wanted - there.allowed - BY_INPUT), sorted(there.allowed - wanted - BY_INPUT)
    if lacking:
        yield Difference(what, f"lacks {_listed(lacking)}", "allows it")
    if more or there.attached:
        yield Difference(what, f"allows also {_listed([*more, *there.attached])}", "allows only what it needs")
    trusted = TRUSTED.get(piece, LAMBDA)
    if set(there.services) != {trusted}:
        yield Difference(f"{what}: who may assume it", _listed(sorted(there.services)) or "no service", trusted)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
