"""Reading the accounts of an organization: by the audit role in each, and the caller's own as it is."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from checker.decision import Account
from checker.errors import Unreadable
from checker.evaluate import AccountUnreadable, Reading
from checker.permissions import AUDIT_ROLE
from checker.sources import live
from checker.sources.aws.account_session import AccountSessions
from checker.sources.aws.failures import DENIED, EXPLICIT_DENY, FAILURES, explain
from checker.sources.aws.reader import listing
from checker.sources.aws.session import GuardedSession

SESSION = "keyage"  # the role session's name, as CloudTrail shows it


class Caller(NamedTuple):
    """Whose credentials keyage was given."""

    account_id: str
    partition: str  # aws, aws-cn or aws-us-gov
    arn: str


class Role(NamedTuple):
    """The role to assume in every account but the caller's own."""

    name: str = AUDIT_ROLE  # with its path, if it has one
    external_id: str | None = None

    def arn(self, account_id: str, partition: str) -> str:
        return f"arn:{partition}:iam::{account_id}:role/{self.name}"


class Accounts:
    """Reads accounts with one session and one client of AWS STS; safe to share between threads."""

    def __init__(self, session: GuardedSession, role: Role) -> None:
        """Asks who the caller is; raises Unreadable."""
        self._session = session
        self._role = role
        self._sessions = AccountSessions(session)
        self._sts = session.client("sts")
        try:
            identity = self._sts.get_caller_identity()
        except FAILURES as error:
            raise Unreadable(explain(error)) from None
        self._caller = Caller(identity["Account"], identity["Arn"].split(":")[1], identity["Arn"])

    def read(self, account: Account, asking: live.Asking) -> Reading:
        """Read one account; what fails comes back as a value."""
        if account.id == self._caller.account_id:
            return live.read_known(self._session.recounted(), account, asking)
        assuming = {"AssumeRole": 1}
        try:
            with self.entered(account.id) as session:
                reading = live.read_known(session, account, asking)
        except Unreadable as error:
            return AccountUnreadable(account.id, account.name, str(error), assuming)
        calls = assuming | dict(reading.api_calls)
        if isinstance(reading, AccountUnreadable):
            arn = self._role.arn(account.id, self._caller.partition)
            return replace(reading, reason=f"{reading.reason} (read as {arn})", api_calls=calls)
        return replace(reading, api_calls=calls)

    @contextmanager
    def entered(self, account_id: str) -> Iterator[live.Session]:
        """What asks an account, for the code in the block: by its role, or the caller's own as it is.

        Raises Unreadable if the role cannot be assumed.
        """
        if account_id == self._caller.account_id:
            yield self._session.recounted()
            return
        arn = self._role.arn(account_id, self._caller.partition)
        try:
            credentials = self._assume(arn)
        except FAILURES as error:
            raise Unreadable(self._why(error, arn)) from None
        with self._sessions.of(credentials) as session:
            yield session

    def _assume(self, arn: str) -> Mapping[str, str]:
        """Credentials for an hour, which every role grants (AWS STS, AssumeRole)."""
        external = {} if self._role.external_id is None else {"ExternalId": self._role.external_id}
        answer: Any = self._sts.assume_role(RoleArn=arn, RoleSessionName=SESSION, **external)
        credentials: Mapping[str, str] = answer["Credentials"]
        return credentials

    def _why(self, error: Exception, arn: str) -> str:
        if isinstance(error, ClientError) and listing.error_code(error) in DENIED:
            message = " ".join(error.response["Error"].get("Message", "").split())
            if EXPLICIT_DENY in message:
                return f"{arn} cannot be assumed: {explain(error)}"
            return (
                f"{arn} cannot be assumed: see that the role is there, that its trust policy names {self._caller.arn}"
                " (and the --external-id, if it asks for one), and that the caller is allowed sts:AssumeRole on it"
                f" ({message})"
            )
        return f"{arn} cannot be assumed: {explain(error)}"
