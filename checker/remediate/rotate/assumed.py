"""The account in which a rotation works: the caller's own, or another by a role that may change keys."""

from typing import Any

from botocore.credentials import RefreshableCredentials

from checker.errors import RotationFailed, UsageError
from checker.permissions import AUDIT_ROLE
from checker.remediate.rotate.secrecy import VERB
from checker.sources.audit_role import SESSION, Role
from checker.sources.aws.failures import FAILURES, explain
from checker.sources.aws.session import RotatingSession


def session_in(session: RotatingSession, account_id: str | None, role: Role) -> RotatingSession:
    """A session in the account, None: the caller's own; raises RotationFailed, UsageError.

    Credentials of a role are asked for anew before they end, as a rotation may wait for longer.
    """
    try:
        sts = session.client("sts")
        identity = sts.get_caller_identity()
    except FAILURES as error:
        raise RotationFailed(explain(error, VERB)) from None
    if account_id in (None, identity["Account"]):
        return session
    if role.name.rpartition("/")[2] == AUDIT_ROLE:
        raise UsageError(f"{AUDIT_ROLE} is the role that reads: name one that may change keys with --role-name")
    arn = role.arn(account_id, identity["Arn"].split(":")[1])
    external = {} if role.external_id is None else {"ExternalId": role.external_id}

    def assume() -> dict[str, Any]:
        answer = sts.assume_role(RoleArn=arn, RoleSessionName=SESSION, **external)["Credentials"]
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"].isoformat(),
        }

    try:
        credentials = RefreshableCredentials.create_from_metadata(assume(), refresh_using=assume, method="assume-role")
    except FAILURES as error:
        why = explain(error, VERB)
        raise RotationFailed(f"{arn} cannot be assumed: see that its trust policy names you ({why})") from None
    return session.signing_with(credentials)
