"""Reading the accounts of an organization: by the audit role in each, and the caller's own as it is."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from checker.decision import Account
from checker.errors import Unreadable
from checker.evaluate import AccountUnreadable, Reading
from checker.permissions import AUDIT_ROLE
from checker.sources import live
from checker.sources.aws.account_session import AccountSession, AccountSessions
from checker.sources.aws.failures import DENIED, EXPLICIT_DENY, FAILURES, explain
from checker.sources.aws.reader import listing
from checker.sources.aws.session import GuardedSession
from checker.sources.deployed.account import read_known as read_deployed
from checker.sources.deployed.code import Codes
from checker.sources.deployed.parts import DeployedIn, Sought

T = TypeVar("T")
ASSUMING = {"AssumeRole": 1}
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
        """Read the keys of one account; what fails comes back as a value."""
        if account.id == self._caller.account_id:
            return live.read_known(self._session.recounted(), account, asking)
        reading = self._by_role(account, lambda session: live.read_known(session, account, asking))
        return replace(reading, api_calls=ASSUMING | dict(reading.api_calls))

    def deployed(self, account: Account, sought: Sought, codes: Codes) -> DeployedIn | AccountUnreadable:
        """Read what is deployed in one account; what fails comes back as a value."""
        if account.id == self._caller.account_id:
            return read_deployed(self._session, account, sought, codes)
        return self._by_role(account, lambda session: read_deployed(session, account, sought, codes))

    @contextmanager
    def entered(self, account_id: str) -> Iterator[GuardedSession | AccountSession]:
        """What asks an account, for the code in the block: by its role, or the caller's own as it is.

        Raises Unreadable if the role cannot be assumed.
        """
        if account_id == self._caller.account_id:
            yield self._session.recounted()
            return
        arn = self._arn(account_id)
        try:
            credentials = self._assume(arn)
        except FAILURES as error:
            raise Unreadable(self._why(error, arn)) from None
        with self._sessions.of(credentials) as session:
            yield session

    def _by_role(self, account: Account, look: Callable[[GuardedSession | AccountSession], T]) -> T | AccountUnreadable:
        """What a look at the account by its role gives."""
        try:
            with self.entered(account.id) as session:
                reading = look(session)
        except Unreadable as error:
            return AccountUnreadable(account.id, account.name, str(error), ASSUMING)
        if isinstance(reading, AccountUnreadable):
            return replace(reading, reason=f"{reading.reason} (read as {self._arn(account.id)})")
        return reading

    def _arn(self, account_id: str) -> str:
        return self._role.arn(account_id, self._caller.partition)

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
