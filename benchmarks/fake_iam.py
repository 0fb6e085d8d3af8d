"""A light fake of the STS and IAM calls that `keyage check` makes: fast, and nothing beyond those calls.

It knows no permissions, no throttling and no errors but NoSuchEntity; the tests use moto instead. What
it takes from AWS: the XML, pages of at most 1,000 users, a credential report that is first in the
making, and last-rotated dates that move when a key is switched on.
"""

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from emulator import Answer, Answering, Call
from traps import ACCOUNT_ID, Key, User

LARGEST_PAGE = 1_000
REPORT_COLUMNS = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,"
    "cert_1_active,cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
NO_KEY = "false,N/A,N/A,N/A,N/A"
NO_CONSOLE = "false,N/A,N/A,N/A,false"


def answering(users: Sequence[User], account_id: str = ACCOUNT_ID) -> Answering:
    """What answers calls about an account with these users."""
    account = _Account(users, account_id)
    operations: dict[str, Callable[[Call], str]] = {
        "GetCallerIdentity": account.get_caller_identity,
        "ListAccountAliases": account.list_account_aliases,
        "GenerateCredentialReport": account.generate_credential_report,
        "GetCredentialReport": account.get_credential_report,
        "ListUsers": account.list_users,
        "GetAccountAuthorizationDetails": account.get_account_authorization_details,
        "ListAccessKeys": account.list_access_keys,
    }

    def answer(call: Call) -> Answer:
        operation = operations.get(call.operation)
        if operation is None:
            return _error(400, "InvalidAction", f"the fake does not know {call.operation}")
        try:
            result = operation(call)
        except KeyError as error:
            return _error(404, "NoSuchEntity", f"there is no {error}")
        name = call.operation
        return Answer(200, f"<{name}Response><{name}Result>{result}</{name}Result></{name}Response>".encode())

    return answer


def _error(status: int, code: str, message: str) -> Answer:
    error = f"<Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message>"
    return Answer(status, f"<ErrorResponse><Error>{error}</Error></ErrorResponse>".encode())


class _Account:
    def __init__(self, users: Sequence[User], account_id: str) -> None:
        self._id = account_id
        self._users = sorted(users)
        self._by_name = {user.name: user for user in users}
        self._report_made = False
        self._made = datetime.now(UTC)

    def get_caller_identity(self, _call: Call) -> str:
        arn = f"arn:aws:iam::{self._id}:user/auditor"
        return f"<Arn>{arn}</Arn><UserId>AIDAAUDITOR</UserId><Account>{self._id}</Account>"

    def list_account_aliases(self, _call: Call) -> str:
        return "<IsTruncated>false</IsTruncated><AccountAliases><member>benchmark</member></AccountAliases>"

    def generate_credential_report(self, _call: Call) -> str:
        state = "COMPLETE" if self._report_made else "STARTED"
        self._report_made = True
        return f"<State>{state}</State>"

    def get_credential_report(self, _call: Call) -> str:
        report = "\n".join([REPORT_COLUMNS, *map(_row, self._users)])
        content = f"<Content>{b64encode(report.encode()).decode()}</Content><ReportFormat>text/csv</ReportFormat>"
        return f"{content}<GeneratedTime>{_moment(self._made)}</GeneratedTime>"

    def list_users(self, call: Call) -> str:
        return self._page(call, "Users", user_text)

    def get_account_authorization_details(self, call: Call) -> str:
        return self._page(call, "UserDetailList", lambda user: user_text(user) + _tags(user))

    def _page(self, call: Call, member: str, render: Callable[[User], str]) -> str:
        start = int(call.fields.get("Marker", "0"))
        end = start + min(int(call.fields.get("MaxItems", "100")), LARGEST_PAGE)
        members = "".join(f"<member>{render(user)}</member>" for user in self._users[start:end])
        more = f"<IsTruncated>true</IsTruncated><Marker>{end}</Marker>" if end < len(self._users) else ""
        return f"<{member}>{members}</{member}>{more or '<IsTruncated>false</IsTruncated>'}"

    def list_access_keys(self, call: Call) -> str:
        user = self._by_name[call.fields["UserName"]]
        members = "".join(f"<member>{key_text(user, key)}</member>" for key in user.keys)
        return f"<AccessKeyMetadata>{members}</AccessKeyMetadata><IsTruncated>false</IsTruncated>"


def user_text(user: User) -> str:
    return (
        f"<UserName>{user.name}</UserName><Path>{user.path}</Path><UserId>{user.id}</UserId>"
        f"<Arn>{user.arn}</Arn><CreateDate>{_moment(user.created)}</CreateDate>"
    )


def _tags(user: User) -> str:
    members = "".join(f"<member><Key>{key}</Key><Value>{value}</Value></member>" for key, value in user.tags.items())
    return f"<Tags>{members}</Tags>"


def key_text(user: User, key: Key) -> str:
    return (
        f"<UserName>{user.name}</UserName><AccessKeyId>{key.id}</AccessKeyId>"
        f"<Status>{'Active' if key.active else 'Inactive'}</Status><CreateDate>{_moment(key.created)}</CreateDate>"
    )


def _row(user: User) -> str:
    keys = [f"{str(key.active).lower()},{key.activated.isoformat()},N/A,N/A,N/A" for key in user.keys]
    slots = ",".join([*keys, NO_KEY, NO_KEY][:2])
    return f"{user.name},{user.arn},{user.created.isoformat()},{NO_CONSOLE},{slots},false,N/A,false,N/A"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
